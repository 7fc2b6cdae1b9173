"""The severity of an alert as each service shows it: a priority, a type, a colour."""

from __future__ import annotations

import email
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.pushover import NotifyPushover

from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.model.rules import Severity
from tocsin.receivers.kinds import build
from tocsin.render.severity import COLOURS

#: A test has none, and arrives as most messages do.
LEVELS = (*Severity, None)


def request(url: str, web: Any, post: Any, severity: Severity | None, headline: str = "China bans gallium") -> Any:
    """The body of the request that one message of *severity* makes."""
    web.requests.clear()
    receiver = build("desk", url)
    sent = post(MessageKind.TEXT, headline, receiver.recipients[0])
    outcome = receiver.send(sent.delivery, replace(sent.message, severity=severity))
    assert outcome.error_class is ErrorClass.OK, outcome
    ((_, _, body),) = web.requests
    return (
        json.loads(body) if body[:1] == b"{" else {name: values[0] for name, values in parse_qs(body.decode()).items()}
    )


@pytest.mark.parametrize(
    ("address", "priorities"),
    [
        pytest.param("ntfy://{host}/metals", ["low", "low", "", "high", "max", ""], id="ntfy"),
        pytest.param("ntfy://{host}/metals?priority=max", ["max"] * 6, id="the operator's word"),
        pytest.param("gotify://{host}/token", ["3", "3", "5", "8", "10", "5"], id="gotify"),
        pytest.param(f"pover://{'u' * 30}@{'t' * 30}", ["-1", "-1", "0", "1", "1", "0"], id="pushover"),
        pytest.param(f"pover://{'u' * 30}@{'t' * 30}?priority=emergency", ["2"] * 6, id="an emergency only if asked"),
    ],
)
def test_a_phone_rings_by_the_severity(
    address: str, priorities: list[str], web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody should be woken by what is low, and nothing is hidden; a priority in the address wins."""
    monkeypatch.setattr(NotifyPushover, "notify_url", f"{web.url}/messages.json")
    web.answers[0].body = b'{"status": 1}'
    url = address.format(host=web.url.removeprefix("http://"))
    found = []
    for level in LEVELS:
        payload = request(url, web, post, level)
        found.append(str(payload.get("priority", web.requests[0][1].get("X-Priority", ""))))  # ntfy has it in a header
    assert found == priorities


def test_a_receiver_imports_no_library_of_another_service() -> None:
    """Pushover's plugin brings a library for encryption, which takes more memory than all that sends a mail."""
    code = "import sys; import tocsin.receivers.kinds; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"apprise.plugins.pushover", "cryptography"}.intersection(done.stdout.split())


def test_other_services_get_the_type_of_apprise(web: Any, post: Any) -> None:
    """It chooses a sign, and the severity of an incident."""
    types = [request(web.url.replace("http", "json"), web, post, level)["type"] for level in LEVELS]
    assert types == ["info", "info", "warning", "warning", "failure", "info"]


def test_discord_shows_the_headline_and_a_card_in_the_colour(
    web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification of a phone shows the content; the colour is beside the rest. A card of the address stays one."""
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"{web.url}/discord")
    web.answers[0].status, web.answers[0].body = 204, b""
    url = f"discord://{'1' * 18}/{'a' * 68}"
    for options in ("", "?format=markdown"):
        payload = request(url + options, web, post, Severity.CRITICAL, "@everyone <@1> look")
        (card,) = payload["embeds"]
        assert f"#{card['color']:06x}" == COLOURS[Severity.CRITICAL]
        assert payload["allowed_mentions"] == {"parse": []}
        assert "@everyone" not in json.dumps(payload)
        assert "look" in payload.get("content", card.get("title"))
    payload = request(f"{url}?ping=@here", web, post, Severity.CRITICAL)
    assert (payload["allow_mentions"]["parse"], "embeds" in payload) == (["here"], False)


def test_teams_shows_a_band_behind_the_headline(teams: str, web: Any, post: Any) -> None:
    """A card has styles, no colours; a test has none."""
    bodies = [request(teams, web, post, level)["attachments"][0]["content"]["body"] for level in LEVELS]
    styles = [next((block["style"] for block in body if block["type"] == "Container"), None) for body in bodies]
    assert styles == ["default", "accent", "warning", "warning", "attention", None]


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_slack_shows_a_bar_in_the_colour(severity: Severity, web: Any, post: Any) -> None:
    """The headline stays outside of it: Slack hides what is long in an attachment."""
    sent = post(MessageKind.SLACK, "<!channel> China bans gallium", severity=severity)
    receiver = build("desk", f"slack+{web.url}/services/T0/B0/x")
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    payload = json.loads(web.requests[0][2])
    assert [bar["color"] for bar in payload["attachments"]] == [COLOURS[severity]]
    assert "China bans gallium" in json.dumps(payload["blocks"])
    assert "<!channel>" not in json.dumps(payload)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            "", [("5", "low"), ("5", "low"), (None, None), ("2", "high"), ("1", "high"), (None, None)], id="ours"
        ),
        pytest.param(
            "&%2Bx-priority=3",
            [("3", "low"), ("3", "low"), ("3", None), ("3", "high"), ("3", "high"), ("3", None)],
            id="of the address",
        ),
    ],
)
def test_a_mail_says_how_urgent_it_is(
    options: str, expected: list[tuple[str | None, str | None]], mailbox: Any, post: Any
) -> None:
    """Outlook, Apple Mail and Thunderbird mark it by either header, of which there is one each."""
    url = f"mailto://127.0.0.1:{mailbox.port}?from=tocsin@example.org&to=desk@example.org&mode=insecure{options}"
    receiver = build("mail", url)
    for level in LEVELS:
        sent = post(MessageKind.MAIL, recipient="desk@example.org")
        receiver.send(sent.delivery, replace(sent.message, severity=level))
    found = [email.message_from_bytes(octets) for octets in mailbox.letters]
    assert [(mail["X-Priority"], mail["Importance"]) for mail in found] == expected
    assert all(len(mail.get_all("X-Priority", [])) <= 1 for mail in found)
