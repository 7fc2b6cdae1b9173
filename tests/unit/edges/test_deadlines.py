"""Deadlines: all of them share a thread, and each is kept."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from tocsin.deadlines import Deadlines


def test_a_deadline_is_kept_beside_a_later_one_that_was_there_before() -> None:
    """An attempt with a short limit does not wait for the end of one with a long limit."""
    deadlines, called, done = Deadlines(), list[str](), Event()
    deadlines.add(60, lambda: called.append("late"))
    deadlines.add(0.02, lambda: (called.append("second"), done.set()))
    deadlines.add(0.01, lambda: called.append("first"))
    assert done.wait(10)
    assert called == ["first", "second"]


def test_a_cancelled_deadline_calls_nothing() -> None:
    """The socket of an attempt that ended in time may serve the next one by then."""
    deadlines, called, done = Deadlines(), list[str](), Event()
    deadlines.add(0.01, lambda: called.append("cancelled")).cancel()
    deadlines.add(0.02, done.set)
    assert done.wait(10)
    assert not called


def test_there_are_deadlines_again_after_a_pause() -> None:
    """The thread ends when there is nothing to wait for, and a later attempt has its limit all the same."""
    deadlines = Deadlines()
    for _ in range(20):
        done = Event()
        deadlines.add(0, done.set)
        assert done.wait(10)


def test_a_deadline_that_fails_costs_no_other_one(caplog: pytest.LogCaptureFixture) -> None:
    """Without its thread no attempt would have a limit any more, and a server that hangs would hold its lane for ever."""
    deadlines, done = Deadlines(), Event()

    def fail() -> None:
        raise ValueError("broken")

    deadlines.add(0, fail)
    deadlines.add(0.01, done.set)
    assert done.wait(10)
    assert "broken" in caplog.text


def test_a_thread_that_could_not_be_started_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no thread left for a moment takes the limit from one attempt, not from all that follow."""
    deadlines, done = Deadlines(), Event()

    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            deadlines.add(0, Event().set)
    deadlines.add(0, done.set)
    assert done.wait(10)
