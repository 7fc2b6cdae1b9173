"""Why an alert was raised, in one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tocsin.explain.sentence import because
from tocsin.model.alerts import Alert, AlertContent, Coverage
from tocsin.model.rules import OWN, Evidence, Hit, Severity, Span, Witness

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALERT = Alert(
    id=1, rule="p/halt", rule_hash="", rule_position="", title="copper: halt", event="e", severity=Severity.HIGH,
    labels={}, key=(), story_id=1, opened_at=NOON, updated_at=NOON, event_time=NOON, detail="up 9%",
)  # fmt: skip
LEAD = Coverage(title="Peru halts copper", link="", publisher="", source="wire", published=None, first_seen=NOON)
FOUND = Evidence(
    op="rule",
    text="p/halt",
    holds=True,
    hits=(Hit(spans=(Span(field="title", start=5, end=10), Span(field="title", start=11, end=17))),),
)
TWO = tuple(
    Evidence(op="member", text="", holds=True, witness=Witness(rule=f"p/{name}", title="", at=NOON)) for name in "ab"
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (AlertContent(alert=ALERT, lead=LEAD, evidence=FOUND), "“halts” and “copper” in the headline met rule halt."),
        (AlertContent(alert=ALERT, evidence=replace(FOUND, hits=())), "Rule halt is true of the price: up 9%"),
        (AlertContent(alert=ALERT, evidence=replace(FOUND, children=TWO)), "Rule halt joins 2 matches of a and b."),
        (AlertContent(alert=ALERT, evidence=replace(FOUND, op=OWN)), "tocsin reports this about itself: up 9%"),
        (
            AlertContent(alert=ALERT, lead=LEAD),
            "Rule halt matched. Retention has removed the evidence; the alert stays.",
        ),
        (
            AlertContent(alert=ALERT, lead=replace(LEAD, title=""), evidence=FOUND),
            "Rule halt matched. Retention has removed the text in which it did.",
        ),
    ],
    ids=["news", "price", "correlation", "own", "no evidence", "no text"],
)
def test_the_reason_is_one_sentence(content, words):
    """A reader need not know the rule language."""
    assert because(content) == words
