"""The report of the daemon on itself: when, once, and with figures that are counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.errors import Fault
from tocsin.model.deliveries import AttemptResult, ErrorClass, MessageKind
from tocsin.policy.notifying.walltime import WeeklyTime
from tocsin.service.selfreport import self_report
from tocsin.store.values import PollFailure, PollRecord

Line = Any
MONDAYS = WeeklyTime(at=time(9), days=frozenset({0}), zone=ZoneInfo("Europe/London"))
FREE = 5_000_000_000
OK = AttemptResult(error_class=ErrorClass.OK)
GONE = AttemptResult(error_class=ErrorClass.NOBODY, code=550, words="no such user")


def told(line: Line, desk: AttemptResult = OK) -> Any:
    """The ops' receiver, after an alert that the desk gets or not; it is Monday, the second of March, past noon."""
    pipeline = line.pipeline(line.list_source("wire", [[], ["China bans gallium exports"]]))
    asyncio.run(pipeline.run_due())
    line.clock.move(minutes=16)
    asyncio.run(pipeline.run_due())
    receivers = [line.list_receiver("desk", [desk]), line.list_receiver("ops", [OK], kind=MessageKind.MAIL)]
    sender = line.dispatcher(pipeline.inbound.policy.decide, *receivers)
    asyncio.run(sender.run_due())

    def report(at: datetime, times: WeeklyTime = MONDAYS) -> Any:
        """The report that is due then, as it is sent."""
        line.clock.time = at
        found = self_report(line.store, times, at, free=FREE)
        if found:
            asyncio.run(pipeline.report(*found))
            asyncio.run(sender.run_due())
        return found

    return receivers[1], report


def test_a_report_says_what_was_checked_found_told_and_lost(line: Line) -> None:
    """It says that nothing was lost only if nothing was."""
    ops, report = told(line)
    assert report(datetime(2026, 3, 9, 9, 0, 1, tzinfo=UTC))
    ((_, message),) = ops.sent
    assert message.subject == "[tocsin INFO] Report: all is well"
    for words in (
        "From 2026-03-02 12:00 GMT to 2026-03-09 09:00 GMT.",
        "Checked     0 of 1 source read within a day, 1 new entry, 0 instruments with a price",
        "Found       1 match, 1 alert",
        "Sent        1 message, 0 suppressed, 0 waiting",
        "Failed      nothing",
        "Lost        nothing",
        "B, 5.0 GB free on its disk",
    ):
        assert words in message.text
    assert "5.0 GB free" in message.html


def test_a_report_names_what_failed(line: Line) -> None:
    """The subject says it, so that nobody has to open a report that says nothing."""
    ops, report = told(line, GONE)
    now = line.clock.now()
    (lease,) = line.store.claim_sources(now + timedelta(days=1), timedelta(minutes=1), 9)
    policy = line.pipeline().inbound.policy
    line.store.sync_sources([("wire", "http://wire", "feed")], now)
    (lease,) = line.store.claim_sources(now + timedelta(days=2), timedelta(minutes=1), 9) or (lease,)
    line.store.fail(
        lease,
        PollFailure(
            error="HTTP 503",
            fault=Fault.NETWORK,
            record=PollRecord(due_at=now + timedelta(days=99)),
            unhealthy=True,
            gone=False,
        ),
        policy.decide,
        now,
    )
    report(datetime(2026, 3, 9, 9, 0, 1, tzinfo=UTC))
    message = ops.sent[-1][1]
    assert message.subject == "[tocsin INFO] Report: 1 source cannot be read; 1 message given up"
    assert "Failed      source wire" in message.text
    assert "Lost        1 message given up, see: tocsin deliveries dead" in message.text


def test_a_report_comes_once_a_week_and_once_after_down_time(line: Line) -> None:
    """By the clock on the wall: summer time begins on the 29th of March."""
    _, report = told(line)
    moments = (
        datetime(2026, 3, 9, 8, 59, tzinfo=UTC),
        datetime(2026, 3, 9, 9, 0, tzinfo=UTC),
        datetime(2026, 3, 9, 9, 1, tzinfo=UTC),
        datetime(2026, 3, 25, 12, 0, tzinfo=UTC),
        datetime(2026, 3, 25, 12, 1, tzinfo=UTC),
        datetime(2026, 3, 30, 7, 59, tzinfo=UTC),
        datetime(2026, 3, 30, 8, 0, tzinfo=UTC),
    )
    assert [report(at) is not None for at in moments] == [False, True, False, True, False, False, True]


@pytest.mark.parametrize("polled", [False, True], ids=["nothing polled yet", "switched off"])
def test_there_is_no_report_where_there_is_nothing_to_say(line: Line, polled: bool) -> None:
    """A daemon that was just set up does not begin with a report on nothing."""
    if polled:
        told(line)
    times = replace(MONDAYS, days=frozenset()) if polled else MONDAYS
    assert self_report(line.store, times, datetime(2026, 6, 1, 9, tzinfo=UTC), free=FREE) is None
