"""What is forgotten, and what is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.rules import Unevaluated
from tocsin.policy.notifying.retry import Consequence

DAY = timedelta(days=1)
MONTH = 30 * DAY
MESSAGE = Message(kind=MessageKind.TEXT, subject="s", text="t")


def _sweep(store, now):
    pieces = []
    while forgotten := store.sweep(now, MONTH):
        pieces.append(forgotten)
    return pieces


@pytest.mark.everywhere
def test_text_and_proof_go_and_the_alert_stays(hands, store):
    """After the retention an alert can still be looked up, with its headline, without what others wrote."""
    told, quiet = hands.entry("told"), hands.entry("quiet")
    hands.poll(store, hands.batch(told, quiet), [hands.judged(told), hands.quiet(quiet)], hands.teller())
    assert _sweep(store, hands.now + MONTH) == []
    assert _sweep(store, hands.now + MONTH + DAY) != []
    assert store.read.entry(1) == replace(told, summary="", body="", keys=())
    assert store.read.entry(2) is None
    assert [view.pruned for view in store.read.find_entries("1")] == [True]
    detail = store.read.alert(1)
    assert (detail.content.evidence, detail.content.lead.title) == (None, told.title)
    assert detail.members[0].evidence is None
    assert store.unseen(hands.batch(told, quiet)).new == ()
    assert _sweep(store, hands.now + MONTH + DAY) == []


def test_a_message_goes_when_it_is_settled_and_old(hands, store):
    """A waiting delivery keeps its message; a finished one keeps its record and loses its message."""
    hands.tell(store, "one", hands.teller(to=(("a", ""), ("b", "")), lasts=90 * DAY))
    done, waits = store.claim_deliveries(hands.now, DAY)
    for delivery, state in ((done, DeliveryState.DELIVERED), (waits, DeliveryState.RETRY)):
        store.begin_attempt(delivery, MESSAGE, hands.now)
        store.settle(
            delivery,
            AttemptResult(error_class=ErrorClass.OK),
            lambda _, state=state: Consequence(settlement=Settlement(state=state, due_at=hands.now)),
            hands.now,
        )
    _sweep(store, hands.now + MONTH + DAY)
    assert store.read.delivery(done.id).message is None
    assert len(store.read.delivery(done.id).attempts) == 1
    assert store.read.delivery(waits.id).message == MESSAGE


def test_an_entry_that_can_no_longer_be_read_is_no_longer_judged_again(hands, store):
    """A rule that is repaired after months is not evaluated on empty text."""
    failure = Unevaluated(rule="minerals/bad", rule_hash="h1", error="no")
    entry = hands.entry()
    hands.poll(store, hands.batch(entry), [replace(hands.quiet(entry), unevaluated=(failure,))], hands.teller())
    _sweep(store, hands.now + MONTH + DAY)
    assert store.unevaluated({"minerals/bad": "h2"}, "1.0") == ()
    assert store.read.counts().entries == 0


def test_a_piece_is_bounded(hands, store):
    """A poll does not wait for a year of entries to be forgotten at once."""
    entries = [hands.entry(f"n{n}") for n in range(1200)]
    hands.poll(store, hands.batch(*entries), [hands.quiet(entry) for entry in entries], hands.teller())
    assert _sweep(store, hands.now + MONTH + DAY) == [500, 500, 200]
    hands.poll(store, hands.batch(hands.entry("new")), [], hands.teller(), now=hands.now + 300 * DAY)
    assert sum(_sweep(store, hands.now + 300 * DAY)) == 4 * 1200


def test_a_cooldown_is_forgotten_when_it_is_long_over(hands, store):
    """Rules that are keyed by story would otherwise leave a row for every story there ever was."""
    hands.tell(store)
    _sweep(store, hands.now + MONTH + DAY)
    decide = hands.teller()
    hands.tell(store, "two", decide)
    assert decide.seen[0].last_notified == {}
