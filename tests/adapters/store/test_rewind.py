"""A clock that ran ahead and was set back."""

from datetime import timedelta

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.retry import Consequence
from tocsin.store.values import JudgedBatch, PollRecord

HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=2)
MESSAGE = Message(kind=MessageKind.TEXT, subject="ban", text="ban")
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")


def _polled_at(hands, store, now):
    [lease] = store.claim_sources(now, LEASE, 9)
    store.commit(
        lease, JudgedBatch(batch=hands.batch()), hands.teller(), now, PollRecord(due_at=now + timedelta(minutes=5))
    )


def test_a_source_is_asked_though_its_last_poll_lies_ahead(hands, store):
    """An hour's error of the clock, put right, must not make the daemon deaf for an hour."""
    hands.lease(store)
    store.lock(hands.now)
    _polled_at(hands, store, hands.now + HOUR)
    assert store.claim_sources(hands.now, LEASE, 9) == []
    assert store.rewind(hands.now) == 1
    assert store.rewind(hands.now) == 0
    assert len(store.claim_sources(hands.now, LEASE, 9)) == 1


def test_a_source_whose_next_poll_is_merely_later_is_not_asked_sooner(hands, store):
    """Others' servers do not pay for our clock."""
    hands.lease(store)
    store.lock(hands.now)
    _polled_at(hands, store, hands.now)
    assert store.rewind(hands.now) == 0
    assert store.claim_sources(hands.now, LEASE, 9) == []


def test_what_was_planned_or_tried_ahead_leaves_now(hands, store):
    """An alert is not held back by the hour that never was; what a cooldown holds, is."""
    hands.now += HOUR
    hands.tell(store, "one", hands.teller(to=(("a", ""), ("b", ""))))
    hands.tell(
        store,
        "two",
        hands.teller(to=(("c", ""),), held=Reason(cause=Cause.OTHER, words="cooldown of minerals/ban"), wait=HOUR),
    )
    tried, _ = store.claim_deliveries(hands.now, LEASE)
    store.begin_attempt(tried, MESSAGE, hands.now)
    later = Settlement(
        state=DeliveryState.RETRY,
        due_at=hands.now + timedelta(seconds=5),
        reason=Reason(cause=Cause.OTHER, words="busy"),
    )
    store.settle(tried, DOWN, lambda _: Consequence(settlement=later), hands.now)
    hands.now -= HOUR
    fresh = hands.open()
    fresh.lock(hands.now)
    assert {item.receiver for item in fresh.claim_deliveries(hands.now, LEASE)} == {"a", "b"}
