"""Log lines, clocks, the manager's socket: small things that must not surprise."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.clock import SystemClock
from tocsin.demo.run import ChapterClock
from tocsin.errors import ConfigError, Position, Problem
from tocsin.log import line
from tocsin.service.liveness import Notifier


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("line\nbreak", '"line\\nbreak"'),
        ("\x1b[31mred", '"�[31mred"'),
        ("", '""'),
        (1.5, "1.5"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "2026-03-02T12:00:00+00:00"),
        (timedelta(seconds=40, milliseconds=500), "40.5s"),
    ],
)
def test_a_log_line_stays_one_line_whatever_a_feed_says(value: object, written: str) -> None:
    """A headline cannot forge a line of the log or colour a terminal."""
    assert line("event", key=value, none=None) == f"event key={written}"


def test_clocks_are_aware_and_a_scaled_one_runs_faster() -> None:
    """Times without a zone must not enter the program."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert SystemClock().now().tzinfo is UTC
    clock = ChapterClock(start, 3600)
    assert clock.now() >= start
    assert ChapterClock(start, 1e6).now() - start >= timedelta(0)


def test_a_problem_points_at_its_place() -> None:
    """The caret stands under the character, behind tabs and wide characters too."""
    problem = Problem(
        message="bad", position=Position(file="x.yaml", line=2, column=5), excerpt="\t镓a: b", length=2, warning=True
    )
    assert str(problem) == "x.yaml:2:5: warning: bad\n    \t镓a: b\n    \t    ^^"
    assert str(Problem(message="alone")) == "alone"
    assert str(ConfigError([problem, Problem(message="alone")])).endswith("\nalone")


def test_without_systemd_nothing_is_told() -> None:
    """The same program runs in a terminal."""
    notifier = Notifier({})
    notifier.ready("up")
    assert notifier.watchdog is None


def test_a_deaf_manager_stops_nothing(tmp_path: Path) -> None:
    """The socket is gone: alerts go on."""
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "none")}).alive()


def test_the_abstract_socket_of_a_container_is_understood() -> None:
    """`@name` stands for Linux's abstract names."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0tocsin-test-notify")
        manager.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@tocsin-test-notify"}).status("two\nlines")
        assert manager.recv(100) == b"STATUS=two lines"


def test_a_long_start_asks_for_more_time() -> None:
    """An upgrade that is cut off at TimeoutStartSec would begin anew with every start."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0tocsin-test-more-time")
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": "@tocsin-test-more-time"})

        async def start() -> bytes:
            work = asyncio.to_thread(manager.recv, 200)  # which ends when the manager is asked
            return await notifier.wait(work, "opening the database", every=timedelta(milliseconds=1))

        assert asyncio.run(start()) == b"EXTEND_TIMEOUT_USEC=60000000\nSTATUS=opening the database"


def test_a_watchdog_of_another_process_is_not_ours() -> None:
    """Only the process that the manager means feeds it."""
    assert Notifier({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}).watchdog is None
    assert Notifier({"WATCHDOG_USEC": "3000000"}).watchdog == timedelta(seconds=3)
