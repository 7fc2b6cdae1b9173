"""What people say of alerts: it is kept, it is counted, and it reaches the next decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tocsin.errors import StoreError
from tocsin.model.alerts import Answered, AnswerKind
from tocsin.model.deliveries import DeliveryKind, DeliveryState
from tocsin.render.reasons import in_words
from tocsin.store.views import RuleStats, Which

HOUR = timedelta(hours=1)


def test_the_last_word_of_each_kind_counts(hands: Any, store: Any) -> None:
    """The last answer of each kind counts, and answers of another kind are not affected."""
    hands.tell(store)
    now = hands.now
    store.act.answer([1], AnswerKind.NOISE, now, by="ann", why="old")
    store.act.answer([1], AnswerKind.ACK, now, by="ann")
    store.act.answer([1], AnswerKind.SNOOZE, now, until=now + 4 * HOUR)
    store.act.answer([1], AnswerKind.USEFUL, now + HOUR, by="ben", why="it was new")
    expected = Answered(
        acked_at=now,
        acked_by="ann",
        snoozed_until=now + 4 * HOUR,
        verdict=AnswerKind.USEFUL,
        judged_at=now + HOUR,
        judged_by="ben",
        why="it was new",
    )
    assert store.read.answered([1, 2]) == {1: expected}
    assert store.read.alert(1).answered == expected
    assert expected.seen
    assert not Answered(snoozed_until=now).seen


def test_an_answer_reaches_the_next_decision_about_its_story(hands: Any, store: Any) -> None:
    """The command line writes a row, and the daemon reads it in the transaction in which it decides."""
    hands.tell(store)
    store.act.answer([1], AnswerKind.ACK, hands.now, by="ann")
    decide = hands.teller()
    hands.tell(store, "two", decide, title=hands.entry().title)
    assert decide.seen[0].answered == {1: Answered(acked_at=hands.now, acked_by="ann")}


def test_an_alert_that_is_not_there_is_refused_with_all_that_was_said(hands: Any, store: Any) -> None:
    """A typing mistake in a list of five must not be half done."""
    hands.tell(store)
    with pytest.raises(StoreError, match=r"there is no alert 7, 9; see: tocsin alerts list"):
        store.act.answer([1, 7, 9], AnswerKind.ACK, hands.now)
    assert store.read.answered([1]) == {}


def _states(store: Any) -> list[tuple[DeliveryState, Any]]:
    return [(view.state, view.due_at) for view in reversed(store.read.deliveries())]


def test_a_snooze_holds_the_update_that_waits(hands: Any, store: Any) -> None:
    """A snooze begins at once, and also holds updates that already wait."""
    hands.tell(store, decide=hands.teller(kind=DeliveryKind.UPDATE))
    until = hands.now + 4 * HOUR
    store.act.answer([1], AnswerKind.SNOOZE, hands.now, until=until)
    assert _states(store) == [(DeliveryState.HELD, until)]
    (view,) = store.read.deliveries()
    assert view.expires_at == until + timedelta(hours=24)
    assert (
        in_words(store.read.delivery(view.id).transitions[-1].reason)
        == "held until 2026-03-02 16:00 UTC: alert 1 is snoozed"
    )


def test_a_snooze_holds_no_first_message_and_none_about_other_alerts(hands: Any, store: Any) -> None:
    """A snooze of one alert must not hold messages about other alerts, or messages that are no updates."""
    hands.tell(store, decide=hands.teller(to=(("boss", ""),)))
    decide = hands.teller(kind=DeliveryKind.UPDATE)

    def both(facts: Any) -> Any:
        decision = decide(facts)
        (plan,) = decision.planned
        return replace(decision, planned=(replace(plan, alert_ids=(1, 2)),))

    hands.tell(store, "two", both)
    before = _states(store)
    store.act.answer([1], AnswerKind.SNOOZE, hands.now, until=hands.now + HOUR)
    assert _states(store) == before
    store.act.answer([2], AnswerKind.SNOOZE, hands.now, until=hands.now + 2 * HOUR)
    assert _states(store) == [before[0], (DeliveryState.HELD, hands.now + HOUR)]


def test_rules_are_counted_by_what_was_told_and_what_was_said(hands: Any, store: Any) -> None:
    """An alert counts once, whatever its earlier answers, and counts as notified only if a message arrived."""
    other = hands.rule(id="minerals/lift")
    for number, rule in enumerate((None, None, None, other)):
        hands.tell(store, f"n{number}", rule=rule)
    for number, kind in ((1, AnswerKind.NOISE), (1, AnswerKind.USEFUL), (2, AnswerKind.NOISE), (3, AnswerKind.ACK)):
        store.act.answer([number], kind, hands.now)
    assert store.read.rule_stats() == {
        "minerals/ban": RuleStats(rule="minerals/ban", alerts=3, sent=0, useful=1, noise=1, precision=0.5),
        "minerals/lift": RuleStats(rule="minerals/lift", alerts=1),
    }
    assert store.read.rule_stats()["minerals/ban"].precision == 0.5
    assert store.read.rule_stats()["minerals/lift"].precision is None
    assert store.read.rule_stats(since=hands.now + HOUR) == {}
    assert [alert.id for alert, _ in store.read.verdicts()] == [1, 2]
    assert store.read.verdicts("minerals/lift") == []


@pytest.mark.everywhere
@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Which(), [3, 2, 1]),
        (Which(rule="minerals/ban"), [3, 1]),
        (Which(rule="ban"), [3, 1]),
        (Which(rule="minerals"), [3, 2, 1]),
        (Which(rule="b%n"), []),
        (Which(labels=(("mineral", "gallium"),)), [3, 2, 1]),
        (Which(labels=(("mineral", "gallium"), ("mineral", "tin"))), []),
        (Which(unseen=True), [2]),
    ],
    ids=["all", "full id", "bare id", "pack", "no pattern", "label", "two labels", "unseen"],
)
def test_alerts_are_found_by_rule_label_and_answer(hands: Any, store: Any, which: Which, found: list[int]) -> None:
    """After a night of forty alerts people look for their own."""
    for number, rule in enumerate((None, hands.rule(id="minerals/lift"), None)):
        hands.tell(store, f"n{number}", rule=rule)
    store.act.answer([1], AnswerKind.ACK, hands.now)
    store.act.answer([2], AnswerKind.SNOOZE, hands.now, until=hands.now + HOUR)
    store.act.answer([3], AnswerKind.NOISE, hands.now)
    assert [alert.id for alert in store.read.alerts(which=which)] == found
    assert [alert.id for alert in store.read.alerts(which=which, limit=1)] == found[:1]
