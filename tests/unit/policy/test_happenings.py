"""Alerts about one happening are one card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.alerts import Alert, AlertContent, Answered
from tocsin.model.records import Card
from tocsin.model.rules import Severity
from tocsin.policy.notifying.happenings import happenings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COOLDOWNS = {"p/ban": timedelta(hours=12)}


def card(number, *, rule="p/ban", key="gallium", story=0, entries=(), hours=0.0, severity=Severity.HIGH):
    """An alert opened *hours* before noon."""
    alert = Alert(
        id=number, rule=rule, rule_hash="", rule_position="", title=rule, event="e", severity=severity, labels={},
        key=(key,), story_id=story or number, opened_at=NOON - timedelta(hours=hours), updated_at=NOON, event_time=NOON,
    )  # fmt: skip
    return Card(content=AlertContent(alert=alert), answered=Answered(), entries=frozenset(entries or (number * 10,)))


def groups(*cards):
    """The numbers in each group."""
    return [tuple(one.alert.id for one in group) for group in happenings(cards, COOLDOWNS)]


def test_alerts_of_one_story_or_one_entry_are_one_card():
    """Two rules that one headline met ask for one answer."""
    assert groups(card(3, rule="p/a", story=7), card(2, rule="p/b", story=7, key="x"), card(1, key="y")) == [
        (3, 2),
        (1,),
    ]
    assert groups(card(2, rule="p/a", entries=(5,)), card(1, rule="p/b", entries=(5, 6), key="x")) == [(2, 1)]


def test_a_rule_and_key_value_within_the_cooldown_is_one_card():
    """Each follows the one before by no more than the cooldown; other values and other rules stay apart."""
    assert groups(card(3), card(2, hours=11), card(1, hours=22)) == [(3, 2, 1)]
    assert groups(card(2), card(1, hours=13)) == [(2,), (1,)]
    assert groups(card(2), card(1, key="cobalt")) == [(2,), (1,)]
    assert groups(card(2, rule="p/other"), card(1, rule="p/other", hours=1)) == [(2,), (1,)]


def test_a_price_rule_that_fires_for_several_at_once_is_one_card():
    """As it is one message."""
    several = [card(number, rule="p/spike", key=f"i{number}") for number in (3, 2, 1)]
    bare = [Card(content=one.content, answered=one.answered) for one in several]
    assert groups(*bare) == [(3, 2, 1)]


def test_the_highest_severity_leads_a_card():
    """People see the worst of it first."""
    assert groups(card(2, story=7), card(1, story=7, key="x", severity=Severity.CRITICAL)) == [(1, 2)]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5), st.sampled_from("ab"), st.floats(0, 48)), max_size=20))
def test_every_alert_is_on_one_card(rows):
    """Grouping loses none and shows none twice, however they are joined."""
    cards = [
        card(number, story=story, entries=(entry,), key=key, hours=hours)
        for number, (story, entry, key, hours) in enumerate(rows, 1)
    ]
    found = [
        number for group in groups(*sorted(cards, key=lambda one: -one.alert.opened_at.timestamp())) for number in group
    ]
    assert sorted(found) == [one.alert.id for one in cards]
