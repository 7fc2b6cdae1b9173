"""The time until which a claim finds nothing: too late a one would delay news, whatever is written."""

from datetime import timedelta

import pytest

from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.silence import parse
from tocsin.store.values import PollRecord

MINUTE, LEASE = timedelta(minutes=1), timedelta(minutes=5)


def _sources(store, now):
    return [lease.name for lease in store.claim_sources(now, LEASE, 9)]


@pytest.mark.everywhere
def test_a_source_is_due_when_its_row_says_so(hands, store):
    """Between two polls nothing is claimed, and the next poll is as prompt as before."""
    assert store.read.next_poll(hands.now) is None
    hands.poll(store, hands.batch(), [], hands.teller(), record=PollRecord(due_at=hands.now + MINUTE))
    due_at = store.read.next_poll(hands.now)
    assert due_at == hands.now + MINUTE
    assert _sources(store, due_at - timedelta(microseconds=1)) == []
    assert _sources(store, due_at) == ["wire"]
    assert store.read.next_poll(due_at) == due_at  # until its poll has ended


@pytest.mark.everywhere
def test_a_message_is_due_or_expires_whatever_comes_first(hands, store):
    """A digest waits for its hour, and what came too late is given up then."""
    assert store.read.next_delivery(hands.now) is None
    waiting = Reason(cause=Cause.GATHERED)
    hands.tell(store, "one", hands.teller(wait=3 * MINUTE, lasts=5 * MINUTE, held=waiting))
    assert store.read.next_delivery(hands.now) == hands.now + 3 * MINUTE
    hands.tell(store, "two", hands.teller(wait=3 * MINUTE, lasts=2 * MINUTE, held=waiting))
    assert store.read.next_delivery(hands.now) == hands.now + 2 * MINUTE
    assert store.claim_deliveries(hands.now + 2 * MINUTE, LEASE) == []
    assert len(store.expire(hands.now + 2 * MINUTE)) == 1
    assert len(store.claim_deliveries(hands.now + 3 * MINUTE, LEASE)) == 1
    assert store.read.next_delivery(hands.now) is None  # it is being sent: its end is a commit


@pytest.mark.everywhere
def test_a_silenced_message_is_due_at_the_end_of_its_silence(hands, store):
    """What outlives a silence is sent at its end."""
    store.act.silence([parse("severity>=info")], hands.now, hands.now + MINUTE)
    hands.tell(store)
    assert store.claim_deliveries(hands.now, LEASE) == []
    due_at = store.read.next_delivery(hands.now)
    assert due_at == hands.now + MINUTE
    assert len(store.claim_deliveries(due_at, LEASE)) == 1
