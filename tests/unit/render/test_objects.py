"""Values as objects of JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tocsin.model.deliveries import Message, MessageKind
from tocsin.model.rules import Severity
from tocsin.render.objects import plain, with_more


@dataclass(frozen=True)
class Thing:
    """A value with a part."""

    name: str
    at: datetime


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(Severity.HIGH, "high", id="enum"),
        pytest.param("gallium\u202e", "gallium", id="invisible"),
        pytest.param(Decimal("1.50"), "1.50", id="decimal"),
        pytest.param(timedelta(minutes=1), 60.0, id="span"),
        pytest.param(b"\x89PNG", "iVBORw==", id="picture"),
        pytest.param(frozenset({"b", "a"}), ["a", "b"], id="set"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_a_value_is_written_as_json_has_it(value, written):
    """Numbers keep their digits, pictures are Base64."""
    assert plain(value) == written


def test_a_mail_with_a_picture_is_an_object():
    """The picture of a chart must not end the command that prints the message."""
    message = Message(kind=MessageKind.MAIL, subject="s", text="t", pictures=(("chart", b"\x89PNG"),))
    assert json.loads(json.dumps(plain(message)))["pictures"] == [["chart", "iVBORw=="]]


def test_more_fields_stand_behind_those_of_the_value():
    """One object, not one within another."""
    found = with_more(Thing(name="x", at=datetime(2026, 3, 2, tzinfo=UTC)), span=timedelta(seconds=2))
    assert found == {"name": "x", "at": "2026-03-02T00:00:00+00:00", "span": 2.0}
