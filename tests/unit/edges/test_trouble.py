"""A store that fails again and again is one piece of news, and that it works again is another."""

from __future__ import annotations

import logging

import pytest

from tocsin.errors import StoreError
from tocsin.trouble import Trouble

FULL = StoreError("no space is left")


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged."""
    caplog.set_level(logging.INFO, logger="tocsin.trouble")
    return caplog


def test_a_disk_that_is_full_for_hours_says_so_once_a_minute(clock: Clock, said: pytest.LogCaptureFixture) -> None:
    """Two claims a second fail, others succeed between them, and every poll fails, too."""
    trouble = Trouble(clock)
    for _ in range(2 * 600):
        trouble.failed(FULL, source="wire")
        trouble.worked()
        clock.now += 0.5
    assert len(said.messages) == 10
    assert said.messages[0] == 'store failed source=wire reason="no space is left"'
    assert said.messages[1] == 'store failed source=wire reason="no space is left" times=120'
    clock.now += 5
    trouble.worked()
    trouble.worked()
    assert said.messages[10:] == ["store works again failures=119"]


def test_another_reason_is_other_news_and_a_quick_relapse_is_none(clock: Clock, said: pytest.LogCaptureFixture) -> None:
    """What changes is said at once; a disk on the verge of full does not alternate in the log."""
    trouble = Trouble(clock)
    trouble.failed(FULL)
    trouble.failed(StoreError("the disk failed"))
    trouble.failed(FULL)
    assert [message.partition(" times")[0] for message in said.messages] == [
        'store failed reason="no space is left"',
        'store failed reason="the disk failed"',
    ]
    clock.now += 10
    trouble.worked()
    trouble.failed(FULL)
    assert len(said.messages) == 3
    assert trouble.lasts
    clock.now += 60
    assert not trouble.lasts
