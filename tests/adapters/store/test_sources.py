"""The rows of the sources: due times by the Clock, leases by real time."""

from datetime import timedelta
from functools import partial

import pytest

from tocsin.errors import LeaseLostError
from tocsin.model.entries import Cursor
from tocsin.store.values import JudgedBatch, PollRecord, Rest

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
    hands.poll(store, hands.batch(), [], hands.teller(), record=PollRecord(due_at=hands.now + MINUTE))
    [lease] = store.claim_sources(hands.now + MINUTE, MINUTE, 9)
    store.sync_sources(_feeds("wire"), hands.now)
    assert store.claim_sources(hands.now + MINUTE, MINUTE, 9) == []
    store.commit(lease, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now, PollRecord(due_at=hands.now))


def test_a_changed_address_is_a_new_baseline(hands, store):
    """Another feed under an old name neither rings for its whole archive nor inherits validators."""
    entry = hands.entry()
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller())
    [underway] = store.claim_sources(hands.now, MINUTE, 9)
    store.sync_sources(_feeds("wire", address="https://example.org/other"), hands.now)
    with pytest.raises(LeaseLostError):
        store.commit(
            underway, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now, PollRecord(due_at=hands.now)
        )
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert (lease.baseline, lease.cursor) == (True, Cursor())
    assert store.unseen(hands.batch(entry)).new == ()


def test_a_source_that_is_not_named_is_no_longer_polled(hands, store):
    """A source that was removed is not polled, and is as it was when it comes back."""
    hands.poll(store, hands.batch(), [], hands.teller())
    [underway] = store.claim_sources(hands.now, MINUTE, 9)
    store.sync_sources([], hands.now)
    assert store.claim_sources(hands.now, MINUTE, 9) == []
    assert [view.disabled for view in store.read.sources()] == [True]
    with pytest.raises(LeaseLostError):
        store.commit(
            underway, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now, PollRecord(due_at=hands.now)
        )
    store.sync_sources(_feeds("wire"), hands.now)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert (lease.baseline, lease.cursor) == (False, hands.batch().cursor)


def _at(**addresses):
    return [(name, f"https://example.org/{path}", "feed") for name, path in addresses.items()]


def _known(store, hands, **addresses):
    """Sources that were polled once, each with an ETag that says its path."""
    store.sync_sources(_at(**addresses), hands.now)
    for lease in store.claim_sources(hands.now, MINUTE, 9):
        cursor = Cursor(etag=addresses[lease.name])
        store.complete_unchanged(
            [Rest(lease=lease, cursor=cursor, record=PollRecord(due_at=hands.now + MINUTE))], hands.now
        )


@pytest.mark.parametrize(
    ("before", "after", "etags"),
    [
        pytest.param({"a": "1"}, {"b": "1"}, {"b": "1"}, id="renamed"),
        pytest.param({"a": "1", "b": "2"}, {"a": "2", "b": "1"}, {"a": "2", "b": "1"}, id="names swapped"),
        pytest.param(
            {"a": "1", "b": "2", "c": "3"}, {"a": "3", "b": "1", "c": "2"}, {"a": "3", "b": "1", "c": "2"}, id="in turn"
        ),
        pytest.param({"a": "1", "b": "1"}, {"c": "1", "d": "1"}, {"c": "1", "d": "1"}, id="two of one address"),
        pytest.param({"a": "1", "b": "1"}, {"b": "1", "c": "1"}, {"b": "1", "c": "1"}, id="one of two renamed"),
        pytest.param({"a": "1", "b": "2"}, {"b": "1"}, {"b": "1"}, id="under the name of one that left"),
        pytest.param(
            {"a": "1"}, {"a": "2", "b": "1"}, {"a": "", "b": "1"}, id="renamed, and the name given to another"
        ),
        pytest.param({"a": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": ""}, id="one more of the same address"),
        pytest.param({"a": "1"}, {"b": "2"}, {"b": ""}, id="another name and another address"),
    ],
)
def test_a_source_keeps_its_row_under_another_name(hands, store, before, after, etags):
    """New entries of a renamed source are news: a new baseline would lose their alerts."""
    _known(store, hands, **before)
    store.sync_sources(_at(**after), hands.now + MINUTE)
    leases = store.claim_sources(hands.now + 2 * MINUTE, MINUTE, 9)
    assert {lease.name: lease.cursor.etag for lease in leases} == etags
    assert {lease.name: lease.baseline for lease in leases} == {name: not etag for name, etag in etags.items()}


@pytest.mark.everywhere
def test_many_sources_are_few_statements(hands, store, statements):
    """A start and a reload with thousands of sources hold the writer for less than a second."""
    names = [f"f{number}" for number in range(50)]
    first = {name: f"{number}" for number, name in enumerate(names)}
    other = {name: f"{number}" for number, name in enumerate(reversed(names))}
    new = {f"g{number}": "new" for number in range(50)}
    for sources in (first, other, new, first):
        assert statements(partial(store.sync_sources, _at(**sources), hands.now)) < 10


def test_a_poll_under_way_of_a_renamed_source_writes_nothing(hands, store):
    """It began under a name that is somebody else's now, whatever the fences of the two have counted to."""
    _known(store, hands, a="1", b="2")
    late = store.claim_sources(hands.now + MINUTE, MINUTE, 9)
    store.sync_sources(_at(a="2", b="1"), hands.now + MINUTE)
    held = store.claim_sources(hands.now + MINUTE, MINUTE, 9)
    assert len(held) == len(late) == 2
    rests = [Rest(lease=lease, cursor=Cursor(etag="late"), record=PollRecord(due_at=hands.now)) for lease in late]
    assert store.complete_unchanged(rests, hands.now) == 2


def test_a_name_goes_round_and_the_rows_without_one_stay(hands, store):
    """Names that change hands again and again never meet, and a row that lost its name is found when its address returns."""
    _known(store, hands, a="1", b="2")
    for wanted in ({"b": "1"}, {"a": "2"}, {"b": "2", "a": "1"}):
        store.sync_sources(_at(**wanted), hands.now + MINUTE)
    leases = store.claim_sources(hands.now + 2 * MINUTE, MINUTE, 9)
    assert {lease.name: lease.cursor.etag for lease in leases} == {"a": "1", "b": "2"}
    assert len(store.read.sources()) == 2


def test_prices_do_not_take_over_the_row_of_another_symbol(hands, store):
    """Rows of one table share an address; the validators of copper must not answer for aluminium."""
    table = "https://example.org/{symbol}"
    store.sync_sources([("lme:CU", table, "table")], hands.now)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    store.complete_unchanged(
        [Rest(lease=lease, cursor=Cursor(etag="copper"), record=PollRecord(due_at=hands.now))], hands.now
    )
    store.sync_sources([("lme:AL", table, "table")], hands.now)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert (lease.name, lease.cursor.etag) == ("lme:AL", "")


@pytest.mark.sqlite
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
    rests = [Rest(lease=lease, cursor=cursor, record=PollRecord(due_at=hands.now + MINUTE)) for lease in leases]
    assert store.complete_unchanged(rests, hands.now) == 0
    assert store.claim_sources(hands.now, MINUTE, 9) == []
    again = store.claim_sources(hands.now + MINUTE, MINUTE, 9)
    assert [(lease.name, lease.cursor, lease.last_success) for lease in again] == [
        ("a", cursor, hands.now),
        ("b", cursor, hands.now),
    ]
    assert [view.polls for view in store.read.sources()] == [1, 1]


def test_a_quiet_poll_that_lost_its_source_writes_nothing(hands, store):
    """A late poll must not end the lease of the next one."""
    store.sync_sources(_feeds("a"), hands.now)
    [late] = store.claim_sources(hands.now, MINUTE, 9)
    hands.real.pass_by(2 * MINUTE)
    [holder] = store.claim_sources(hands.now, MINUTE, 9)
    assert (
        store.complete_unchanged(
            [Rest(lease=late, cursor=Cursor(etag="late"), record=PollRecord(due_at=hands.now))], hands.now
        )
        == 1
    )
    assert (
        store.complete_unchanged(
            [Rest(lease=holder, cursor=Cursor(etag="held"), record=PollRecord(due_at=hands.now))], hands.now
        )
        == 0
    )
    [after] = store.claim_sources(hands.now, MINUTE, 9)
    assert after.cursor.etag == "held"
