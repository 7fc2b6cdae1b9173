"""The page inside the daemon as a process."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

World = Any
KILLING = (Path(__file__).parent / "killing.py").read_text(encoding="utf-8")
BAN = "China bans exports of gallium"


def _ask(url: str, *, cookie: str = "", form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, text and cookie of an answer; a redirect is not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers.get("Set-Cookie", "").partition(";")[0]


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_answer_whose_daemon_was_killed_is_given_once(world: World) -> None:
    """The browser gets no answer. Its open page is told of the restart, is still logged in, and sends the form again."""
    world.configure(extra=f"web: {{listen: '127.0.0.1:{_free()}'}}\n")
    daemon = world.start("after-answer", str(world.config), script=KILLING)
    world.baseline()
    world.web.publish("wire0", BAN)
    world.until(lambda: world.web.posts, "an alert")
    base, _, code = (
        world.run("web", "link", "--by", "ann", "--config", str(world.config)).strip().partition("/login?code=")
    )
    _, _, cookie = _ask(f"{base}/login", form={"code": code})
    [number] = re.findall(r'data-change="(\d+)"', _ask(f"{base}/alerts/1", cookie=cookie)[1])
    form = {"numbers": "1", "answer": "useful", "why": "told us first"}
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        _ask(f"{base}/answers", cookie=cookie, form=form)
    assert daemon.wait() == -signal.SIGKILL
    daemon = world.start()
    assert _ask(f"{base}/changes?since={number}", cookie=cookie)[0] == 200
    assert _ask(f"{base}/answers", cookie=cookie, form=form)[0] == 303
    assert daemon.stop() == 0
    with closing(sqlite3.connect(world.config.with_name("tocsin.db"))) as database:
        assert database.execute("SELECT alert_id, kind, by, why FROM answer").fetchall() == [
            (1, "useful", "ann", "told us first")
        ]


def test_the_page_is_served_by_the_daemon_and_its_port_never_stops_the_alarm(world: World) -> None:
    """A link logs in; a taken port is told to operators, and messages go on."""
    port = _free()
    world.configure(extra=f"web: {{listen: '127.0.0.1:{port}'}}\n")
    daemon = world.start()
    world.baseline()
    base, _, code = (
        world.run("web", "link", "--by", "ann", "--config", str(world.config)).strip().partition("/login?code=")
    )
    status, _, cookie = _ask(f"{base}/login", form={"code": code})
    assert status == 303
    status, text, _ = _ask(f"{base}/sources", cookie=cookie)
    assert (status, "wire0" in text, "ann · " in text) == (200, True, True)
    assert _ask(f"{base}/readyz")[0] == 200
    metrics = _ask(f"{base}/metrics", cookie=cookie)[1]
    assert 'tocsin_polls_total{outcome="changed",source="wire0"} 1.0' in metrics
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        world.configure(extra=f"web: {{listen: '127.0.0.1:{taken.getsockname()[1]}'}}\n")
        daemon.wait_for("page not served")
        world.web.publish("wire0", BAN)
        world.until(lambda: world.web.posts, "a message without a page")
    assert daemon.stop() == 0
    assert daemon.says("Address already in use")
