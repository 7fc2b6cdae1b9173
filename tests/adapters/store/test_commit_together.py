"""Several polls, one transaction: as if each had been committed by itself."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tocsin.errors import LeaseLostError
from tocsin.ingest.commits import CommitQueue
from tocsin.model.deliveries import DeliveryState
from tocsin.store.inbound.results import PollResult
from tocsin.store.values import Committed, JudgedBatch, PollRecord

HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=5)


@pytest.fixture
def commits():
    """The transactions that were committed with a change, as far as this process knows."""
    found = []

    def note(connection):
        if connection.get_execution_options().get("write"):
            found.append(connection)

    event.listen(Engine, "commit", note)
    yield found
    event.remove(Engine, "commit", note)


@pytest.fixture
def polls(hands, store):
    """A function that polls a known source for each of some lists of judged entries, and returns the results."""

    def made(*found, decide=None):
        names = [f"s{number}" for number in range(len(found))]
        store.sync_sources([(name, f"https://{name}.example/feed", "feed") for name in names], hands.now)
        for lease in store.claim_sources(hands.now, LEASE, 99):  # what the first poll of a source finds is history
            empty = JudgedBatch(batch=hands.batch(source=lease.name))
            store.commit(lease, empty, hands.teller(), hands.now, PollRecord(due_at=hands.now))
        leases = {lease.name: lease for lease in store.claim_sources(hands.now, LEASE, 99)}
        return [
            PollResult(
                lease=leases[name],
                found=JudgedBatch(batch=hands.batch(*(item.entry for item in judged), source=name), judged=judged),
                decide=decide or hands.teller(),
                now=hands.now,
                record=PollRecord(due_at=hands.now + HOUR),
            )
            for name, judged in zip(names, found, strict=True)
        ]

    return made


def _all(store, polls):
    """What came of each of *polls*, however many transactions that took."""
    results = []
    while len(results) < len(polls):
        results += store.commit_together(polls[len(results) :])
    return results


@pytest.mark.everywhere
def test_polls_that_wait_are_committed_at_once(hands, store, polls, commits):
    """A commit waits for the disk, and the polls of a busy minute would wait for one another."""
    found = polls(*([hands.quiet(hands.entry(str(number)))] for number in range(3)))
    del commits[:]
    results = store.commit_together(found)
    assert len(commits) == 1
    assert [result.entries for result in results] == [1] * len(results)
    _all(store, found[len(results) :])
    assert store.read.counts().entries == 3
    assert store.claim_sources(hands.now, HOUR, 9) == []
    assert len(store.claim_sources(hands.now + HOUR, HOUR, 9)) == 3


@pytest.mark.everywhere
def test_a_failure_undoes_itself_alone(hands, store, polls):
    """A poll that outlived its lease, or news on which a decision fails, must not cost the others theirs."""
    found = polls(*([hands.judged(hands.entry(str(number)))] for number in range(5)))

    def fails(_):
        raise ValueError("no decision")

    found[1] = replace(found[1], lease=replace(found[1].lease, fence=99))
    found[3] = replace(found[3], decide=fails)
    kinds = [type(result) for result in _all(store, found)]
    assert kinds == [Committed, LeaseLostError, Committed, ValueError, Committed]
    counts = store.read.counts()
    assert (counts.entries, counts.alerts, counts.deliveries[DeliveryState.READY]) == (3, 3, 3)
    assert [lease.name for lease in store.claim_sources(hands.now + HOUR, HOUR, 9)] == ["s0", "s2", "s4"]


@pytest.mark.everywhere
def test_a_decision_knows_those_before_it_in_the_transaction(hands, store, polls):
    """Two feeds with one headline in one second are one story."""
    teller = hands.teller()
    found = polls(
        *([hands.judged(hands.entry(name, title="China bans exports of gallium"))] for name in "ab"), decide=teller
    )
    _all(store, found)
    assert [len(facts.stories) for facts in teller.seen[-2:]] == [0, 1]


def test_what_was_undone_is_no_story(hands, store, polls):
    """Stories are remembered from one decision to the next, and those of a transaction that failed never were."""
    teller, same = hands.teller(), "China bans exports of gallium"
    found = polls(*([hands.judged(hands.entry(name, title=same))] for name in "abc"), decide=teller)
    lost = replace(found[1], lease=replace(found[1].lease, fence=99))
    _all(store, [found[0], lost])
    _all(store, [found[2]])
    (story,) = teller.seen[-1].stories
    assert [member.title for member in story.entries] == [same]


def test_a_transaction_of_many_polls_is_bounded(hands, store, polls):
    """Messages that are to be sent wait for it, as they do for a part of a long document."""
    found = polls(*([hands.quiet(hands.entry(f"{one} {number}")) for number in range(60)] for one in range(2)))
    assert len(store.commit_together(found)) == 1
    assert store.read.counts().entries == 60


def test_only_results_that_wait_share_a_transaction(hands, store, polls):
    """The first of all goes at once; those with decisions go apart, so that on a server the others need not wait for these."""
    entries = [hands.entry(str(number)) for number in range(7)]
    found = polls(*([(hands.judged if number in {2, 5} else hands.quiet)(one)] for number, one in enumerate(entries)))
    found[4] = replace(found[4], lease=replace(found[4].lease, fence=99))
    begun = []

    async def work():
        gate, entered = asyncio.Event(), asyncio.Event()

        async def write(call, /, *args, **named):
            begun.append(len(args[0]) if call.__name__ == "commit_together" else 1)
            entered.set()
            await gate.wait()
            return call(*args, **named)

        queue = CommitQueue(store, write)
        first = asyncio.create_task(queue.commit(found[0]))
        await entered.wait()
        waiting = [asyncio.create_task(queue.commit(one)) for one in found[1:]]
        await asyncio.sleep(0)
        waiting[2].cancel()
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(first, *waiting, return_exceptions=True)

    results = asyncio.run(work())
    committed = [number for number, result in enumerate(results) if isinstance(result, Committed)]
    assert committed == [0, 1, 2, 5, 6]
    assert isinstance(results[3], asyncio.CancelledError)
    assert isinstance(results[4], LeaseLostError)
    assert begun[:2] == [1, 3]
    assert store.read.counts().entries == 5


def test_what_is_too_large_for_a_transaction_goes_back_to_its_place(hands, store, polls):
    """Ahead of all, large results of one kind that keep coming would keep those of the other kind waiting for ever."""
    entries = [[hands.entry(f"{one} {number}") for number in range(60)] for one in range(4)]
    found = polls(*([(hands.quiet if one == 2 else hands.judged)(entry) for entry in entries[one]] for one in range(4)))
    written = []

    async def work():
        gate = asyncio.Event()

        async def write(call, /, *args, **named):
            await gate.wait()
            return call(*args, **named)

        async def commit(number):
            await queue.commit(found[number])
            written.append(number)

        queue = CommitQueue(store, write)
        waiting = [asyncio.create_task(commit(number)) for number in range(4)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*waiting)

    asyncio.run(work())
    assert written == [0, 1, 2, 3]


def test_a_result_that_comes_when_the_last_one_is_written_is_written_too(hands, store, polls):
    """It would wait for the next news of any source, and its lease would end meanwhile."""
    found = polls(*([hands.quiet(hands.entry(str(number)))] for number in range(3)))

    async def write(call, /, *args, **named):
        return call(*args, **named)

    async def work():
        queue = CommitQueue(store, write)
        async with asyncio.timeout(30):
            return [await queue.commit(one) for one in found]

    assert [result.entries for result in asyncio.run(work())] == [1, 1, 1]
