"""Links to answer in messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.model.deliveries import Message, MessageKind
from tocsin.render.answer_links import masked, masked_text
from tocsin.render.objects import plain

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


def test_every_part_of_a_message_is_masked_and_nothing_else_changes() -> None:
    """HTML, JSON and the shortest form hold the link, too."""
    parts = {"subject": "a ban", "text": "see /a/1.x", "html": "<p>", "payload": "{}"}
    clean = Message(kind=MessageKind.MAIL, brief=("a ban", "Alert 12"), **parts)
    assert masked(clean) == clean
    full = replace(clean, subject=LINK, text=LINK, html=LINK, payload=LINK, brief=("a ban", LINK))
    for shown in (repr(masked(full)), repr(plain(full))):
        assert MAC not in shown
        assert shown.count("(hidden)") == 5
