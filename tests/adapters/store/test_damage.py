"""A cell that a disk or a hand has changed: it stops its own row, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tocsin.errors import DamagedError
from tocsin.model.deliveries import DeliveryState
from tocsin.policy.notifying.silence import parse
from tocsin.store.values import Claimable, DamagedKind

pytestmark = pytest.mark.sqlite

MINUTE = timedelta(minutes=1)


def _write(store, statement, *values):
    with closing(sqlite3.connect(store.database.path, timeout=10)) as connection, connection:
        assert connection.execute(statement, values).rowcount >= 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("habits", '{"arrivals": "x'),
        ("habits", '{"drifting": ["nonsense"]}'),
        ("habits", '{"arrivals": [1e30]}'),
        ("last_success", "yesterday"),
        ("due_at", "0000"),
        ("due_at", "zzz"),
        ("first_polled", b"\xff\xfe"),
        ("last_fault", "a fault that nobody knows"),
        ("errors", "many"),
        ("fence", "x"),
        ("etag", b"\xff\xff"),
    ],
)
def test_one_damaged_source_stops_alone_and_is_named(hands, store, column, value):
    """The others are claimed, even if the damage would stop the statement that reads all of them."""
    store.sync_sources([(name, f"https://example.org/{name}", "feed") for name in "abc"], hands.now)
    if isinstance(value, bytes):
        _write(store, f"UPDATE source SET {column} = CAST(? AS TEXT) WHERE name = 'b'", value)
    else:
        _write(store, f"UPDATE source SET {column} = ? WHERE name = 'b'", value)
    [found] = store.set_aside(hands.now)
    assert (found.kind, found.name) == (DamagedKind.SOURCE, "b")
    assert found.words
    assert [lease.name for lease in store.claim_sources(hands.now, MINUTE, 9)] == ["a", "c"]
    assert store.set_aside(hands.now) == ()


def test_sources_without_damage_are_read_together(hands, store, statements):
    """Each start looks at all of them before the first is polled."""
    counts = set()
    for many in (2, 50):
        store.sync_sources([(f"s{n}", f"https://example.org/{n}", "feed") for n in range(many)], hands.now)
        counts.add(statements(lambda: store.set_aside(hands.now)))
    assert len(counts) == 1


def test_a_claim_on_damage_is_damage_with_the_remedy(hands, store):
    """Not a bug of the program: a backup is needed."""
    store.sync_sources([("a", "https://example.org/a", "feed")], hands.now)
    _write(store, "UPDATE source SET first_polled = 'x'")
    with pytest.raises(DamagedError, match=r"is damaged: put a backup in its place.*Invalid isoformat|is damaged"):
        store.claim_sources(hands.now, MINUTE, 9)


def test_a_damaged_source_is_tried_anew_when_the_configuration_is_read_again(hands, store):
    """After a repair nothing else is needed to use it again."""
    configured = [("a", "https://example.org/a", "feed")]
    store.sync_sources(configured, hands.now)
    _write(store, "UPDATE source SET habits = 'x'")
    assert len(store.set_aside(hands.now)) == 1
    store.sync_sources(configured, hands.now)
    assert len(store.set_aside(hands.now)) == 1
    _write(store, "UPDATE source SET habits = ''")
    store.sync_sources(configured, hands.now)
    assert store.set_aside(hands.now) == ()
    assert len(store.claim_sources(hands.now, MINUTE, 9)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE delivery SET due_at = '2' WHERE rowid = 1",
        "UPDATE delivery SET kind = 'letter' WHERE rowid = 1",
        "UPDATE delivery SET message = '{' WHERE rowid = 1",
        "UPDATE alert SET labels = '[' WHERE id = 1",
        "UPDATE alert SET severity = 'huge' WHERE id = 1",
    ],
)
def test_one_damaged_delivery_stops_alone_and_is_named(hands, store, statement):
    """The other messages leave; this one is dead, with the reason."""
    for name in ("one", "two"):
        hands.tell(store, name)
    _write(store, statement)
    [found] = store.set_aside(hands.now)
    assert (found.kind, found.name.split(" to ")[1]) == (DamagedKind.DELIVERY, "desk")
    claimed = store.claim_deliveries(hands.now, MINUTE, Claimable(limit_per_receiver=9))
    assert len(claimed) == 1


def test_a_claim_of_content_that_cannot_be_read_gives_all_back(hands, store):
    """Content is read after the claim; the other messages must not wait until the lease ends."""
    for name in ("one", "two"):
        hands.tell(store, name)
    _write(store, "UPDATE match SET evidence = '[' WHERE id = 1")
    with pytest.raises(DamagedError):
        store.claim_deliveries(hands.now, MINUTE, Claimable(limit_per_receiver=9))
    assert {one.state for one in store.read.deliveries()} == {DeliveryState.READY}


def test_one_damaged_silence_ends_and_hides_nothing(hands, store):
    """It would keep every message from leaving."""
    silence = store.act.silence([parse("mineral=gallium")], hands.now, hands.now + MINUTE)
    _write(store, "UPDATE silence SET matchers = '[\"mineral\"]'")
    hands.tell(store, "one")
    with pytest.raises(DamagedError):
        store.claim_deliveries(hands.now, MINUTE)
    [found] = store.set_aside(hands.now)
    assert (found.kind, found.name) == (DamagedKind.SILENCE, str(silence.id))
    assert len(store.claim_deliveries(hands.now, MINUTE)) == 1


def test_a_damaged_delivery_that_was_claimed_does_not_keep_the_daemon_from_starting(hands, store):
    """The start returns it to the queue without reading it, and then it stops alone."""
    hands.tell(store, "one")
    assert len(store.claim_deliveries(hands.now, MINUTE)) == 1
    _write(store, "UPDATE delivery SET due_at = 'x', kind = 'letter'")
    assert store.lock(hands.now).deliveries == 1
    assert [found.kind for found in store.set_aside(hands.now)] == [DamagedKind.DELIVERY]
