"""From a story to an answer: a mail that was received, its link in a client, and the alert in the command line."""

from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
from typing import Any

World = Any
BAN = "China bans exports of gallium"
LINK = r"https?://[^\s\"|>]+/a/1\.[^\s\"|>]+"


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _open(method: str, link: str) -> tuple[int, str]:
    """Status and text of an answer to a client without cookies."""
    try:
        with urllib.request.urlopen(urllib.request.Request(link, method=method), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_link_in_a_mail_acknowledges_its_alert(world: World) -> None:
    """Scanners change nothing, a tap does, and a link outlives a restart. Nobody else gets one to see."""
    port = _free()
    world.configure(extra=f"web: {{listen: '127.0.0.1:{port}', url: 'http://127.0.0.1:{port}'}}\n")
    daemon = world.start()
    world.baseline()
    world.web.publish("wire0", BAN)
    world.until(lambda: world.mailbox.mails and world.web.posts, "a mail and a message")
    [(_, mail)] = world.mailbox.mails
    text, html = (mail.get_body((kind,)).get_content().replace("\r", "") for kind in ("plain", "html"))
    links = dict(re.findall(rf"(?m)^(Seen|Snooze 4 h|Useful|Noise) +({LINK})$", text))
    assert list(links) == ["Seen", "Snooze 4 h", "Useful", "Noise"]
    assert all(f'href="{link}"' in html for link in links.values())
    for method in ("HEAD", "GET"):
        status, shown = _open(method, links["Seen"])
        assert (status, BAN in re.sub("</?mark>", "", shown)) == (200, method == "GET")
    assert not world.listing("alerts", "show", "1")[0]["answered"]["acked_at"]
    assert _open("POST", links["Seen"])[0] == 200
    assert re.search(r"seen \S+ \S+ by mail", world.run("alerts", "show", "1", "--config", str(world.config)))
    [chat] = re.findall(rf"<({LINK})\|Noise>", json.dumps(world.web.posts[0][1]["blocks"]))
    assert daemon.stop() == 0
    daemon = world.start()
    assert _open("POST", links["Seen"])[0] == 200
    assert _open("POST", chat)[0] == 200
    assert world.listing("alerts", "show", "1")[0]["answered"]["verdict"] == "noise"
    signatures = [link[-26:] for link in (*links.values(), chat)]
    sent = [one["id"] for one in world.listing("deliveries", "list")]
    told = [json.dumps(world.listing("deliveries", "show", one)) for one in sent]
    for one in (*told, world.run("deliveries", "show", sent[0], "--config", str(world.config))):
        assert "/a/1.1.ack." in one
        assert not [signature for signature in signatures if signature in one]
    assert daemon.stop() == 0
    logged = "".join(line for one in world.daemons for line in one.log)
    assert not [signature for signature in signatures if signature in logged]
