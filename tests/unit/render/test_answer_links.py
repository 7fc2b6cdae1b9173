"""Links to answer in messages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import Alert, AlertContent, AnswerKind, AnswerLinks, no_links
from tocsin.model.deliveries import DeliveryKind, Message, MessageKind
from tocsin.model.records import Roundup
from tocsin.render.answer_links import masked, masked_text
from tocsin.render.message import render
from tocsin.render.objects import plain
from tocsin.store.db.codec import message_from_json, message_to_json

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

MAC = "abcdefghijklmnopqrstuvwx23"
LINK = f"https://ops.example.org/alarm/a/1.12.ack.desk.eu.1772539200.{MAC}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Seen  {LINK}\n", id="text"),
        pytest.param(f'<a href="{LINK}">Seen</a>', id="html"),
        pytest.param(f'{{"answers":{{"ack":"{LINK}"}}}}', id="json"),
        pytest.param(f"<{LINK}|Seen> {LINK}", id="twice"),
        pytest.param(f"refused: {LINK}{MAC}", id="a server that repeats it"),
    ],
)
def test_no_signature_is_left_of_a_link_that_is_shown_again(text: str) -> None:
    """Whoever looks at a message that was sent to somebody else must not answer in their name."""
    assert f"1772539200.{MAC}" not in masked_text(text)
    assert masked_text(text).count("/a/1.12.ack.desk.eu.1772539200.(hidden)") == text.count("/a/1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(LINK.replace("/", "\\/"), "1772539200.(hidden)", id="JSON that escapes slashes"),
        pytest.param(LINK.replace("/", "%2F"), "1772539200.(hidden)", id="a query"),
        pytest.param(LINK.replace("/", "&#x2F;"), "1772539200.(hidden)", id="HTML that escapes slashes"),
        pytest.param(f"{LINK[:-1]}…", "1772539200.(hidden)…", id="all but a character"),
    ],
)
def test_a_link_that_a_server_repeats_in_its_own_way_is_masked(text: str, shown: str) -> None:
    """The server's words are shown with a delivery, and a signature is one however the address before it is written."""
    assert masked_text(text).endswith(shown)


def test_every_part_of_a_message_is_masked_and_nothing_else_changes() -> None:
    """HTML, JSON and the shortest form hold the link, too."""
    parts = {"subject": "a ban", "text": "see /a/1.x", "html": "<p>", "payload": "{}"}
    clean = Message(kind=MessageKind.MAIL, brief=("a ban", "Alert 12"), **parts)
    assert masked(clean) == clean
    full = replace(clean, subject=LINK, text=LINK, html=LINK, payload=LINK, brief=("a ban", LINK))
    for shown in (repr(masked(full)), repr(plain(full))):
        assert MAC not in shown
        assert shown.count("(hidden)") == 5


URL = "https://ops.example.org/alarm/a/1"


def _links(alert: Alert) -> Mapping[AnswerKind, str]:
    """Links that say what they are for."""
    return {kind: f"{URL}.{alert.id}.{kind}.desk.1772539200.{MAC}" for kind in AnswerKind}


def _found(text: str) -> list[tuple[str, str]]:
    """Number and answer of each link in *text*, in order."""
    return re.findall(rf"{re.escape(URL)}\.(\d+)\.([a-z]+)\.desk\.1772539200\.{MAC}", text)


ALL = [kind.value for kind in AnswerKind]


@pytest.mark.parametrize(
    ("kind", "part", "answers"),
    [
        pytest.param(MessageKind.MAIL, "text", ALL, id="mail, text"),
        pytest.param(MessageKind.MAIL, "html", ALL, id="mail, html"),
        pytest.param(MessageKind.SLACK, "payload", ALL, id="slack"),
        pytest.param(MessageKind.HOOK, "text", ALL, id="webhook, text"),
        pytest.param(MessageKind.TEXT, "text", ["ack"], id="chat"),
        pytest.param(MessageKind.CONSOLE, "text", [], id="console"),
    ],
)
def test_a_message_of_each_kind_carries_the_links_that_fit_it(
    tell: Any, kind: MessageKind, part: str, answers: list[str]
) -> None:
    """Mail and Slack show names; a chat shows whole addresses, so one is enough; a console has the commands."""
    many = [tell(id=number) for number in range(1, 10)]
    message = _rendered(kind, *many)
    wanted = [(str(number), answer) for number in range(1, 7) for answer in answers]
    brief = [(str(number), "ack") for number in range(7, 10)] if answers else []
    assert _found(getattr(message, part)) == wanted + brief


def test_a_program_gets_the_links_of_each_alert_by_answer(tell: Any) -> None:
    """Another system shows buttons of its own; a test and a message without links have none."""
    message = _rendered(MessageKind.HOOK, tell(id=7), tell(id=0))
    assert [one["answers"] for one in json.loads(message.payload)["alerts"]] == [_links(tell(id=7).alert), {}]
    without = _rendered(MessageKind.HOOK, tell(id=7), links=no_links)
    assert json.loads(without.payload)["alerts"][0]["answers"] == {}


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        pytest.param(MessageKind.MAIL, "text", id="mail, text"),
        pytest.param(MessageKind.MAIL, "html", id="mail, html"),
        pytest.param(MessageKind.SLACK, "payload", id="slack"),
        pytest.param(MessageKind.TEXT, "text", id="chat"),
    ],
)
def test_a_digest_carries_one_link_an_alert(tell: Any, kind: MessageKind, part: str) -> None:
    """It opens a page with all four buttons; alerts that need an answer have one, too."""
    roundup = Roundup(since=NOW, until=NOW, needs=(tell(id=50),))
    message = _rendered(
        kind, *(tell(id=number) for number in range(1, 9)), delivery=DeliveryKind.DIGEST, roundup=roundup
    )
    assert _found(getattr(message, part)) == [(str(number), "ack") for number in (50, *range(1, 9))]


def test_buttons_are_for_a_message_about_one_alert(tell: Any) -> None:
    """A tap on `Seen` must not leave out the second alert of a message. A kept message has them for a retry."""
    one = _rendered(MessageKind.TEXT, tell(id=7))
    assert [name for name, _ in one.answers] == ["Seen", "Snooze 4 h", "Useful", "Noise"]
    assert message_from_json(message_to_json(one)) == one
    assert masked(one).answers == ()
    assert _rendered(MessageKind.TEXT, tell(id=7), tell(id=8)).answers == ()
    assert _rendered(MessageKind.TEXT, tell(id=0), delivery=DeliveryKind.TEST).answers == ()


def _rendered(
    kind: MessageKind,
    *contents: AlertContent,
    delivery: DeliveryKind = DeliveryKind.ALERT,
    roundup: Roundup | None = None,
    links: AnswerLinks = _links,
) -> Message:
    return render(
        contents,
        kind=kind,
        delivery_id="01JQ",
        delivery_kind=delivery,
        zone=ZoneInfo("UTC"),
        roundup=roundup,
        links=links,
    )
