"""What nobody, or somebody, is not told: listed with the reason, and none of it lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.silence import parse

Hands = Any
Store = Any
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_what_waits_is_listed_with_its_time_and_reason(hands: Hands, store: Store) -> None:
    """The next to leave first."""
    hands.tell(
        store,
        "late",
        hands.teller(held=Reason(cause=Cause.DIGEST, until=hands.now + 2 * HOUR, by="desk"), wait=2 * HOUR),
    )
    hands.tell(
        store,
        "soon",
        hands.teller(held=Reason(cause=Cause.COOLDOWN, until=hands.now + HOUR, by="p/r"), wait=HOUR),
    )
    found = store.read.held()
    assert [(one.until, one.reason.main, one.state) for one in found] == [
        (hands.now + HOUR, Cause.COOLDOWN, "held"),
        (hands.now + 2 * HOUR, Cause.DIGEST, "held"),
    ]
    assert store.read.suppressed() == ()


def test_what_is_never_told_is_listed_with_its_reason(hands: Hands, store: Store) -> None:
    """A silence, an expiry, a first fetch: the newest first, and without an alert that was sent."""
    hands.tell(store, "told", hands.teller())
    told, *_ = store.read.deliveries()
    store.act.silence([parse("severity>=info")], hands.now, hands.now + HOUR, why="known")
    store.claim_deliveries(hands.now, MINUTE)
    (hidden,) = store.read.suppressed()
    assert (hidden.alert_id, hidden.state, hidden.reason.main) == (told.alert_ids[0], "suppressed", Cause.SILENCE)
    later = hands.now + timedelta(days=3)
    hands.tell(store, "dead", hands.teller())
    store.expire(later)
    dead, before = store.read.suppressed()
    assert (dead.state, before) == ("dead", hidden)
    assert store.read.suppressed(since=later) == (dead,)
    assert store.read.suppressed(limit=1) == (dead,)
