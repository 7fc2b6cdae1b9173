"""The rows of the sources: due times by the Clock, leases by real time."""

from datetime import timedelta

import pytest

from tocsin.errors import LeaseLostError
from tocsin.model import Cursor
from tocsin.store import Rest

MINUTE = timedelta(minutes=1)


def _feeds(*names, address="https://example.org/feed"):
    return [(name, address, "feed") for name in names]


def test_the_longest_due_is_claimed_first_and_once(hands, store):
    """After a long sleep no source starves, and no two tasks poll one source."""
    store.sync_sources(_feeds("c"), hands.now)
    store.sync_sources(_feeds("c", "a"), hands.now - MINUTE)
    store.sync_sources(_feeds("c", "a", "b"), hands.now + MINUTE)
    assert [lease.name for lease in store.claim_sources(hands.now, MINUTE, 1)] == ["a"]
    assert [lease.name for lease in store.claim_sources(hands.now, MINUTE, 9)] == ["c"]
    assert store.claim_sources(hands.now, MINUTE, 9) == []


def test_a_lease_ends_in_real_time(hands, store):
    """A simulated clock that jumps a year does not hand a source that is being polled to somebody else."""
    store.sync_sources(_feeds("a"), hands.now)
    [first] = store.claim_sources(hands.now, MINUTE, 9)
    assert store.claim_sources(hands.now + timedelta(days=365), MINUTE, 9) == []
    hands.real.pass_by(MINUTE + timedelta(seconds=1))
    [second] = store.claim_sources(hands.now, MINUTE, 9)
    assert second.fence == first.fence + 1


def test_a_new_source_starts_with_a_baseline(hands, store):
    """The first poll of a source knows that it is the first, and when the first attempt was."""
    store.sync_sources(_feeds("a"), hands.now)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert (lease.baseline, lease.last_success, lease.first_polled) == (True, None, hands.now)
    assert (lease.cursor, lease.errors, lease.unhealthy, lease.gone) == (Cursor(), 0, False, False)


def test_the_same_configuration_changes_nothing(hands, store):
    """A reload neither polls everybody at once nor disturbs a poll under way."""
    hands.poll(store, hands.batch(), [], hands.teller(), due_at=hands.now + MINUTE)
    [lease] = store.claim_sources(hands.now + MINUTE, MINUTE, 9)
    store.sync_sources(_feeds("wire"), hands.now)
    assert store.claim_sources(hands.now + MINUTE, MINUTE, 9) == []
    store.commit(lease, hands.batch(), [], hands.teller(), now=hands.now, due_at=hands.now)


def test_a_changed_address_is_a_new_baseline(hands, store):
    """Another feed under an old name neither rings for its whole archive nor inherits validators."""
    entry = hands.entry()
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller())
    [underway] = store.claim_sources(hands.now, MINUTE, 9)
    store.sync_sources(_feeds("wire", address="https://example.org/other"), hands.now)
    with pytest.raises(LeaseLostError):
        store.commit(underway, hands.batch(), [], hands.teller(), now=hands.now, due_at=hands.now)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert (lease.baseline, lease.cursor) == (True, Cursor())
    assert store.unseen(hands.batch(entry), hands.now).new == ()


def test_a_source_that_is_not_named_is_no_longer_polled(hands, store):
    """What was taken out of the configuration is left in peace, and is as it was when it comes back."""
    hands.poll(store, hands.batch(), [], hands.teller())
    [underway] = store.claim_sources(hands.now, MINUTE, 9)
    store.sync_sources([], hands.now)
    assert store.claim_sources(hands.now, MINUTE, 9) == []
    assert [view.disabled for view in store.read.sources()] == [True]
    with pytest.raises(LeaseLostError):
        store.commit(underway, hands.batch(), [], hands.teller(), now=hands.now, due_at=hands.now)
    store.sync_sources(_feeds("wire"), hands.now)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert (lease.baseline, lease.cursor) == (False, hands.batch().cursor)


def test_an_address_is_not_written_to_the_database(hands, store):
    """The address of a feed may hold a token; the database is copied to places where it must not be."""
    store.sync_sources(_feeds("a", address="https://example.org/feed?token=canary-7f3a"), hands.now)
    store.close()
    assert b"canary-7f3a" not in b"".join(path.read_bytes() for path in hands.path.parent.iterdir())


def test_polls_that_brought_nothing_are_given_back_together(hands, store):
    """A quiet poll must leave its cursor, its success and its next time, and free the source."""
    store.sync_sources(_feeds("a", "b"), hands.now)
    leases = store.claim_sources(hands.now, MINUTE, 9)
    cursor = Cursor(etag='"7"')
    rests = [Rest(lease=lease, cursor=cursor, due_at=hands.now + MINUTE) for lease in leases]
    assert store.rest(rests, hands.now) == 0
    assert store.claim_sources(hands.now, MINUTE, 9) == []
    again = store.claim_sources(hands.now + MINUTE, MINUTE, 9)
    assert [(lease.name, lease.cursor, lease.last_success) for lease in again] == [
        ("a", cursor, hands.now),
        ("b", cursor, hands.now),
    ]
    assert [view.polls for view in store.read.sources()] == [1, 1]


def test_a_quiet_poll_that_lost_its_source_writes_nothing(hands, store):
    """Who comes back late must not take the source from the one who has it now."""
    store.sync_sources(_feeds("a"), hands.now)
    [late] = store.claim_sources(hands.now, MINUTE, 9)
    hands.real.pass_by(2 * MINUTE)
    [holder] = store.claim_sources(hands.now, MINUTE, 9)
    assert store.rest([Rest(lease=late, cursor=Cursor(etag="late"), due_at=hands.now)], hands.now) == 1
    assert store.rest([Rest(lease=holder, cursor=Cursor(etag="held"), due_at=hands.now)], hands.now) == 0
    [after] = store.claim_sources(hands.now, MINUTE, 9)
    assert after.cursor.etag == "held"
