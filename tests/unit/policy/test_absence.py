"""Expected matches that do not come: told once, and not while it is unknown what came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.rules import Correlation, CorrelationKind, RuleInfo, Severity
from tocsin.policy.alerting.absence import Seen, deadline, overdue
from tocsin.policy.alerting.correlation import condition

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
INFO = RuleInfo(id="p/a", hash="h", title="a", severity=Severity.HIGH, event="e", key=("story",), cooldown=DAY)
RULE = Correlation(info=INFO, kind=CorrelationKind.COUNT, members=("p/fix",), within=timedelta(0), none_within=DAY)


@pytest.mark.parametrize(
    ("last", "told", "now", "read", "found"),
    [
        (NOON, None, NOON + DAY + HOUR, NOON + DAY + HOUR, True),
        (NOON, None, NOON + DAY, NOON + DAY, False),  # both ends belong to the time in which it may come
        (NOON, NOON + DAY + HOUR, NOON + 5 * DAY, NOON + 5 * DAY, False),  # once
        (NOON + 6 * DAY, NOON + DAY + HOUR, NOON + 8 * DAY, NOON + 8 * DAY, True),  # it came, so it is armed again
        (None, None, NOON + 9 * DAY, NOON + 9 * DAY, False),  # it never came: unknown
        (NOON, None, NOON + 2 * DAY, NOON + HOUR, False),  # the daemon was down: the sources are read first
        (NOON, None, NOON + 2 * DAY, None, False),  # no source answers
    ],
)
def test_what_is_overdue_is_found_once(
    last: datetime | None, told: datetime | None, now: datetime, read: datetime | None, found: bool
) -> None:
    """An alert that something is missing must itself rest on something that is known."""
    match = overdue(RULE, Seen(last=last, told=told), now, read)
    assert bool(match) is found
    if match:
        assert match.event_time == now
        assert match.detail == f"no match of fix since {last:%Y-%m-%d %H:%M} UTC"


def test_the_deadline_counts_from_the_last_match() -> None:
    """A backtest and a rule test jump there."""
    assert deadline(RULE, Seen(last=NOON)) == NOON + DAY
    assert deadline(RULE, Seen(last=NOON, told=NOON + DAY)) is None
    assert condition(RULE) == "no match of fix within 1d"
