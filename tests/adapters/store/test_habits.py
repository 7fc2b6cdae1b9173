"""PollHistory and fetches as text in a row."""

import json
from datetime import timedelta

import pytest

from tocsin.errors import Fault
from tocsin.hints import PollHints
from tocsin.policy.polling.history import Moved, PollHistory
from tocsin.store.db.habits import MOST_FETCHES, add_fetch, read_fetches, read_habits, write_habits
from tocsin.store.values import Deferral, Fetch, GroupHold, PollFailure, PollRecord

MINUTE = timedelta(minutes=1)


def _habits(now):
    now = now.replace(microsecond=0)  # they are kept to the second
    return PollHistory(
        arrivals=(now - MINUTE, now),
        longest=timedelta(days=2),
        longest_at=now,
        fresh=timedelta(0),
        validators=True,
        poll_hints=PollHints(
            ttl=MINUTE, period=timedelta(hours=1), skip_hours=frozenset({0, 23}), skip_days=frozenset({6})
        ),
        empty=2,
        lulls=1,
        silent=True,
        hollow=True,
        moved=Moved(url="https://new.example/", since=now, count=3, used=True),
    )


def test_habits_come_back_as_they_were_written(hands):
    """A restart must not forget the history."""
    habits = _habits(hands.now)
    assert read_habits(write_habits(habits)) == habits


def test_a_source_of_which_nothing_is_known_takes_no_room():
    """Most columns of a fresh row are empty."""
    assert write_habits(PollHistory()) == ""
    assert read_habits("") == PollHistory()
    assert json.loads(write_habits(PollHistory(validators=True))) == {"validators": True}


def test_fetches_come_back_newest_first_and_are_bounded(hands):
    """The row of a source that is polled for years does not grow; an error is one line whatever it says."""
    text = ""
    now = hands.now.replace(microsecond=0)
    for n in range(30):
        fetch = Fetch(at=now + n * MINUTE, status=200, size=n, new=1, took=timedelta(milliseconds=n))
        text = add_fetch(text, fetch)
    failed = Fetch(at=hands.now, fault=Fault.NETWORK, error="two\nlines " + "x" * 900)
    text = add_fetch(text, failed)
    found = read_fetches(text)
    assert len(found) == MOST_FETCHES
    assert (found[0].fault, found[0].error[:9], len(found[0].error)) == (Fault.NETWORK, "two\nlines", 200)
    assert [item.size for item in found[1:]] == list(range(29, 29 - MOST_FETCHES + 1, -1))
    assert found[1] == Fetch(at=now + 29 * MINUTE, status=200, size=29, new=1, took=timedelta(milliseconds=29))


def _feeds(*names):
    return [(name, f"https://{name}.example/feed", "feed") for name in names]


def test_a_poll_leaves_what_it_learned(hands, store):
    """A commit writes habits, reasons and the fetch with the number that was really new."""
    habits = _habits(hands.now)
    record = PollRecord(
        due_at=hands.now, reasons=("one", "two"), habits=habits, fetch=Fetch(at=hands.now, status=200, new=9)
    )
    entry = hands.entry()
    hands.poll(store, hands.batch(entry), [hands.quiet(entry)], hands.teller(), record=record)
    lease = hands.lease(store)
    assert lease.habits == habits
    assert lease.cursor.moved_to == "https://new.example/"
    detail = store.read.source("wire")
    assert (detail.source.reasons, [item.new for item in detail.fetches]) == (("one", "two"), [1])


def test_a_changed_address_forgets_what_was_learned(hands, store):
    """Another feed has another rhythm, and did not move."""
    record = PollRecord(due_at=hands.now, reasons=("one",), habits=_habits(hands.now), fetch=Fetch(at=hands.now))
    hands.poll(store, hands.batch(), [], hands.teller(), record=record)
    store.sync_sources([("wire", "https://elsewhere.example/", "feed")], hands.now)
    detail = store.read.source("wire")
    assert (detail.source.habits, detail.source.reasons, detail.fetches) == (PollHistory(), (), ())


def test_a_claim_can_be_given_back_without_a_poll(hands, store):
    """Nothing is counted and nothing forgotten; a lost claim writes nothing."""
    store.sync_sources(_feeds("a"), hands.now)
    [late] = store.claim_sources(hands.now, MINUTE, 9)
    hands.real.pass_by(2 * MINUTE)
    [lease] = store.claim_sources(hands.now, MINUTE, 9)
    assert store.complete_unchanged([], hands.now, [Deferral(lease=late, due_at=hands.now, reason="late")]) == 1
    assert (
        store.complete_unchanged([], hands.now, [Deferral(lease=lease, due_at=hands.now + MINUTE, reason="later")]) == 0
    )
    detail = store.read.source("a")
    assert (detail.source.polls, detail.source.reasons) == (0, ("later",))
    assert store.claim_sources(hands.now, MINUTE, 9) == []
    assert len(store.claim_sources(hands.now + MINUTE, MINUTE, 9)) == 1


def test_a_hold_puts_off_the_sources_of_one_group_only(hands, store):
    """Sources of other hosts, private ones and those due later are not postponed."""
    groups = {"a": "e.com", "b": "e.com", "c": "other.com", "far": "e.com"}
    store.sync_sources(_feeds("a", "b", "c", "own"), hands.now, groups)
    store.sync_sources(_feeds("a", "b", "c", "own", "far"), hands.now + 9 * MINUTE, groups)
    leases = {lease.name: lease for lease in store.claim_sources(hands.now, MINUTE, 1)}
    hold = GroupHold(group="e.com", until=hands.now + 5 * MINUTE, reason="429")
    fields = {"record": PollRecord(due_at=hands.now + MINUTE), "unhealthy": False, "gone": False}
    store.fail(
        leases["a"], PollFailure(error="429", fault=Fault.RATE_LIMITED, hold=hold, **fields), hands.teller(), hands.now
    )
    due = {view.name: view.due_at - hands.now for view in store.read.sources()}
    assert due == {"a": MINUTE, "b": 5 * MINUTE, "c": timedelta(0), "own": timedelta(0), "far": 9 * MINUTE}
    assert store.read.source("b").source.reasons == ("429",)


@pytest.mark.parametrize(
    ("group", "fault", "failures", "errors"),
    [
        ("e.com", Fault.UNREACHABLE, 1, 0),
        ("e.com", Fault.UNREACHABLE, 2, 2),
        ("e.com", Fault.STATUS, 1, 1),
        ("", Fault.UNREACHABLE, 1, 1),
    ],
    ids=["first failure", "failing before", "it answered", "private"],
)
def test_only_what_the_network_did_is_forgiven(hands, store, group, fault, failures, errors):
    """After an outage of our own network, first failures of public servers are cleared; older failures stay."""
    store.sync_sources(_feeds("a"), hands.now, {"a": group})
    fields = {"record": PollRecord(due_at=hands.now), "unhealthy": False, "gone": False}
    for _ in range(failures):
        [lease] = store.claim_sources(hands.now, MINUTE, 9)
        store.fail(lease, PollFailure(error="down", fault=fault, **fields), hands.teller(), hands.now)
    store.clear_outage_failures(hands.now)
    assert store.read.source("a").source.errors == errors


def test_a_host_group_follows_the_configuration(hands, store):
    """A source that was declared private later is no longer put off with others."""
    store.sync_sources(_feeds("a", "b"), hands.now, {"a": "e.com", "b": "e.com"})
    store.sync_sources(_feeds("a", "b"), hands.now, {"a": "e.com"})
    [lease, _] = store.claim_sources(hands.now, MINUTE, 9)
    hands.real.pass_by(2 * MINUTE)
    [lease] = [item for item in store.claim_sources(hands.now, MINUTE, 1) if item.name == "a"]
    hold = GroupHold(group="e.com", until=hands.now + 5 * MINUTE, reason="429")
    fields = {"record": PollRecord(due_at=hands.now), "unhealthy": False, "gone": False}
    store.fail(
        lease, PollFailure(error="429", fault=Fault.RATE_LIMITED, hold=hold, **fields), hands.teller(), hands.now
    )
    assert store.read.source("b").source.due_at == hands.now


def test_fetches_of_a_removed_source_go_after_the_retention(hands, store):
    """Fetches of removed sources are deleted; the others keep their last few."""
    for name in ("a", "b"):
        record = PollRecord(due_at=hands.now, fetch=Fetch(at=hands.now, status=200))
        hands.poll(store, hands.batch(source=name), [], hands.teller(), record=record)
    store.sync_sources([("b", "https://example.org/feed", "feed")], hands.now)
    while store.sweep(hands.now + timedelta(days=91), timedelta(days=90)):
        pass
    assert [len(store.read.source(name).fetches) for name in ("a", "b")] == [0, 1]
