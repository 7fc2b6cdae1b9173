"""Requests that are sent again: what was done and what was answered are kept together, or neither is."""

from datetime import timedelta

import pytest

from tocsin.errors import ConflictError
from tocsin.policy.notifying.silence import Matcher
from tocsin.store.programs import RequestAnswer, RequestKey
from tocsin.store.values import PollRecord

REQUEST = RequestKey(by="token script", key="k1", digest="of the body")
MATCHERS = (Matcher(name="rule", op="=", value="ban"),)


def silence(now):
    """Work that adds a silence, reads it back, and answers with its number."""

    def work(read, act):
        made = act.silence(MATCHERS, now, now + timedelta(hours=1))
        assert made in read.silences()
        return RequestAnswer(status=201, text=str(made.id))

    return work


def test_a_repeated_request_acts_once_and_is_answered_as_before(hands, store):
    """Also after the daemon was killed and started again; another sender may choose the same key."""
    now = hands.now
    first = store.act.once(REQUEST, now, silence(now))
    store.close()
    store = hands.open()
    again = store.act.once(REQUEST, now, silence(now))
    other = store.act.once(RequestKey(by="token panel", key="k1", digest="x"), now, silence(now))
    assert (first.text, again.text, other.text) == ("1", "1", "2")
    assert (again.status, again.digest) == (201, "of the body")
    assert store.read.request_answer(REQUEST, now) == again
    assert len(store.read.silences()) == 2


def test_work_that_fails_leaves_nothing(hands, store):
    """Neither what it did before the error nor its key, so that the request can be sent again."""
    now = hands.now

    def fail(read, act):
        silence(now)(read, act)
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        store.act.once(REQUEST, now, fail)
    assert store.read.silences() == ()
    assert store.read.request_answer(REQUEST, now) is None
    done = store.act.once(REQUEST, now, silence(now))
    assert [str(one.id) for one in store.read.silences()] == [done.text]


def test_an_answer_is_kept_for_a_day(hands, store):
    """Then the key is free, and the sweep deletes it."""
    now, retention = hands.now, timedelta(days=90)
    store.act.once(REQUEST, now, silence(now))
    day = now + timedelta(hours=24)
    assert store.sweep(day, retention) == 0
    assert store.act.once(REQUEST, day, silence(now)).text == "1"
    assert store.act.once(REQUEST, day + timedelta(seconds=1), silence(now)).text == "2"
    assert store.sweep(day + timedelta(days=2), retention) == 1
    assert store.read.request_answer(REQUEST, now) is None


def test_a_change_to_a_row_is_seen_by_the_reads_behind_it(hands, store):
    """A poll that was asked for is in the answer."""
    hands.poll(store, hands.batch(), [], hands.teller(), record=PollRecord(due_at=hands.now + timedelta(hours=1)))
    later = hands.now + timedelta(seconds=90)

    def work(read, act):
        act.poll("wire", later)
        return RequestAnswer(status=202, text=str(read.source("wire").source.reasons))

    assert "somebody asked for it" in store.act.once(None, later, work).text
    assert "somebody asked for it" in store.read.source("wire").source.reasons
