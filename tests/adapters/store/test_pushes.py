"""Entries that programs hand in: one transaction with its answer, on a row that is never due."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.errors import ConflictError
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import PUSH
from tocsin.policy.polling.history import PollHistory
from tocsin.store.programs import Pushed, Receipt, RequestAnswer, RequestKey
from tocsin.store.values import Fetch, JudgedBatch

KEY = RequestKey(by="token script", key="k1", digest="d")


@pytest.fixture
def push(hands, store):
    """Hand entries in to the source `desk`: `push(*entries)` returns what became of each, and the answer."""
    store.sync_sources([("wire", "https://example.org/feed", "feed"), ("desk", "items", PUSH)], hands.now)

    def hand_in(*entries, source="desk", decide=None, answer=None, **fields):
        handed = []

        def told(found):
            handed.extend(found)
            return RequestAnswer(status=201, text=" ".join(f"{one.state}:{one.number}" for one in found))

        batch = hands.batch(*entries, source=source)
        unseen = store.unseen(batch, steady=True)
        found = JudgedBatch(
            batch=batch,
            judged=[hands.judged(one, hands.rule()) for one in unseen.new],
            rewritten=[hands.judged(one, hands.rule()) for one in unseen.rewritten],
        )
        fetch, habits = Fetch(at=hands.now, size=99), PollHistory(arrivals=(hands.now,))
        pushed = Pushed(found=found, fetch=fetch, habits=habits, answer=answer or told, **fields)
        _, kept = store.push(pushed, decide or hands.teller(), hands.now)
        return handed, kept.text

    return hand_in


def test_what_is_handed_in_is_stored_with_its_answer(hands, store, push):
    """The first of a source is no history; what is known keeps its number, with another wording too."""
    one = hands.entry("one", source="desk")
    first, text = push(one, hands.entry("two", source="desk"))
    assert [(item.state, item.number) for item in first] == [(Receipt.NEW, 1), (Receipt.NEW, 2)]
    assert text == "new:1 new:2"
    assert {match.fate for match in store.read.matches()} != {MatchOutcome.BASELINE}
    again, _ = push(one, hands.entry("three", source="desk"))
    assert [(item.state, item.number) for item in again] == [(Receipt.KNOWN, 1), (Receipt.NEW, 3)]
    detail = store.read.source("desk")
    assert (detail.source.polls, detail.source.last_success, detail.source.state) == (2, hands.now, "ok")
    assert detail.source.habits.arrivals == (hands.now.replace(microsecond=0),)
    assert [(fetch.new, fetch.size) for fetch in detail.fetches] == [(1, 99), (2, 99)]


def test_a_repeated_request_is_answered_as_before_and_writes_nothing(hands, store, push):
    """Whatever it says is known by now."""
    entry = hands.entry("one", source="desk")
    _, first = push(entry, request=KEY)
    handed, second = push(entry, request=KEY)
    assert (first, second, handed) == ("new:1", "new:1", [])
    assert store.read.source("desk").source.polls == 1


def test_what_cannot_be_answered_is_not_stored(hands, store, push):
    """Neither the entry nor the key: its program sends it again."""

    def broken(_):
        raise ValueError("no answer")

    entry = hands.entry("one", source="desk")
    with pytest.raises(ValueError, match="no answer"):
        push(entry, answer=broken, request=KEY)
    assert store.read.history().entries == 0
    assert push(entry, request=KEY)[1].startswith("new:")


@pytest.mark.parametrize("source", ["wire", "nobody"])
def test_only_a_source_that_programs_push_to_takes_entries(hands, push, source):
    """A polled one has its own."""
    with pytest.raises(ConflictError, match=f"{source} takes no entries now"):
        push(hands.entry("one", source=source), source=source)


def test_its_row_is_never_due_and_not_counted_among_those_that_are_polled(hands, store, push):
    """Also when it was removed and came back, and after the clock was set back."""
    push(hands.entry("one", source="desk"))
    store.sync_sources([], hands.now)
    store.sync_sources([("desk", "items", PUSH)], hands.now)
    store.rewind(hands.now - timedelta(hours=1))
    assert store.claim_sources(hands.now + timedelta(days=9), timedelta(minutes=5), 9) == []
    assert store.read.statistics(hands.now, hands.now).sources == 0
    assert replace(store.read.source("desk").source, disabled=False).polled is False
    with pytest.raises(ConflictError, match="desk is not polled"):
        store.act.poll("desk", hands.now)
