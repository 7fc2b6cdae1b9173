"""Nested values as JSON and back."""

import json
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from tocsin.model.deliveries import Message, MessageKind
from tocsin.model.prices import Hours, Labels, Quote
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Evidence, Severity
from tocsin.store.db import codec
from tocsin.store.db.columns import UtcDateTime
from tocsin.store.db.price_tables import Progress


def test_evidence_comes_back_whole_and_small(hands):
    """The proof that a message shows is the proof that was found; an empty node costs next to nothing."""
    evidence = hands.evidence()
    assert codec.evidence_from_json(codec.evidence_to_json(evidence)) == evidence
    leaf = Evidence(op="term", text="镓", holds=False)
    assert codec.evidence_to_json(leaf) == '{"op":"term","text":"镓","holds":false}'


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message(kind=MessageKind.TEXT, subject="", text=""), id="empty"),
        pytest.param(Message(kind=MessageKind.MAIL, subject="镓", text="a\r\n\u2028b\0", html="<b>"), id="mail"),
        pytest.param(
            Message(kind=MessageKind.MAIL, subject="s", text="t", dated=datetime(2026, 3, 2, 12, tzinfo=UTC)),
            id="dated",
        ),
        pytest.param(Message(kind=MessageKind.TEXT, subject="s", text="t", severity=Severity.CRITICAL), id="severity"),
        pytest.param(Message(kind=MessageKind.SLACK, subject="s", text="t", payload=json.dumps({"a": "é"})), id="json"),
        pytest.param(
            Message(kind=MessageKind.MAIL, subject="s", text="t", pictures=(("a@b", bytes(range(256))),)), id="picture"
        ),
    ],
)
def test_a_message_comes_back_byte_for_byte(message):
    """A retry sends the same bytes as the first try."""
    assert codec.message_from_json(codec.message_to_json(message)) == message


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "reason",
    [
        NO_REASON,
        Reason(cause=Cause.COOLDOWN, until=NOON, by="p/ban"),
        Reason(cause=Cause.EXPIRED, at=NOON, count=3, because=Reason(cause=Cause.FAILED, words='{"cause":"镓"}')),
    ],
    ids=["none", "held", "nested"],
)
def test_a_reason_comes_back_as_it_was(reason):
    """A listing shows tomorrow the reason that was decided today."""
    assert codec.reason_from_json(codec.reason_to_json(reason)) == reason


@pytest.mark.parametrize("words", ["held until 2026-03-02 12:00 UTC by the digest of desk", '{"error":"no"}', "{"])
def test_free_text_of_an_earlier_version_is_shown_as_it_is(words):
    """Reasons in an older database stay readable."""
    assert codec.reason_from_json(words) == Reason(cause=Cause.OTHER, words=words)


def test_values_of_an_earlier_version_are_read_as_they_were():
    """A database is taken over with times that end in +00:00 and with fields that have no value."""
    held = '{"cause":"cooldown","until":"2026-03-02T12:00:00+00:00"}'
    assert codec.reason_from_json(held) == Reason(cause=Cause.COOLDOWN, until=NOON)
    quote = '{"instrument":"copper","price":"4.20","at":"2026-03-02T12:00:00+00:00","first_seen":"2026-03-02T12:00:00+00:00"}'
    hours = '{"days":[0,1],"zone":"UTC","opens":"09:30:00","closes":"16:00:00"}'
    found = codec.Json[Progress](Progress).read(f'{{"newest":{quote},"held":null,"split_day":null,"hours":{hours}}}')
    newest = Quote(instrument="copper", price=Decimal("4.20"), at=NOON, first_seen=NOON)
    opens = Hours(days=frozenset({0, 1}), opens=time(9, 30), closes=time(16), zone="UTC")
    assert found == Progress(newest=newest, hours=opens)


def test_labels_keep_their_order():
    """The first value of a label leads a title; it must still lead after a restart."""
    labels, column = {"mineral": ("zinc", "antimony"), "country": ()}, codec.Json(Labels)
    assert list(column.read(column.write(labels)).items()) == list(labels.items())


def test_a_time_without_a_zone_is_refused(hands):
    """A naive time would be off by hours and nobody would know."""
    with pytest.raises(ValueError, match="without a zone"):
        UtcDateTime().process_bind_param(hands.now.replace(tzinfo=None), None)
