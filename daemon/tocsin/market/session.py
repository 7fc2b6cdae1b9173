"""Sessions: the trading day that a time belongs to, and the trading time between two times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tocsin.model.prices import Hours

#: Prices this long after the close still belong to the session: the closing price, and late feeds.
_AFTER_CLOSE = timedelta(minutes=30)
_DAY = timedelta(days=1)
#: Market time is counted over at most this span.
_FARTHEST = timedelta(days=60)


def day_of(hours: Hours | None, at: datetime) -> date:
    """Return the day of the session in progress at *at*, or else of the last one before it. Without *hours*, the UTC day."""
    if hours is None:
        return at.astimezone(UTC).date()
    day = at.astimezone(_zone(hours.zone)).date()
    while not _trades(hours, day) or at < _bounds(hours, day)[0]:
        day -= _DAY
    return day


def in_session(hours: Hours | None, at: datetime) -> bool:
    """Return whether a price of *at* belongs to the session of its `day_of`. Its closing price does."""
    return hours is None or at <= _bounds(hours, day_of(hours, at))[1] + _AFTER_CLOSE


def next_open(hours: Hours, at: datetime) -> datetime:
    """Return the opening of the first session after *at*, in UTC."""
    day = at.astimezone(_zone(hours.zone)).date()
    while not _trades(hours, day) or _bounds(hours, day)[0] <= at:
        day += _DAY
    return _bounds(hours, day)[0]


def end_of(hours: Hours | None, day: date) -> datetime:
    """Return the close of the session of *day*, in UTC. Without *hours*, the last second of the day."""
    if hours is None:
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    return _bounds(hours, day)[1]


def market_time(hours: Hours | None, since: datetime, until: datetime) -> timedelta:
    """Return how much of the time from *since* to *until* was in sessions. At most the last 60 days are counted."""
    if hours is None or until <= since:
        return max(until - since, timedelta(0))
    since = max(since, until - _FARTHEST)
    total = timedelta(0)
    day = since.astimezone(_zone(hours.zone)).date() - _DAY
    while day <= until.astimezone(_zone(hours.zone)).date():
        if _trades(hours, day):
            opens, closes = _bounds(hours, day)
            total += max(min(closes, until) - max(opens, since), timedelta(0))
        day += _DAY
    return total


def _trades(hours: Hours, day: date) -> bool:
    return day.weekday() in hours.days


def _bounds(hours: Hours, day: date) -> tuple[datetime, datetime]:
    """Return the opening and the close of the session of *day*, in UTC."""
    zone = _zone(hours.zone)
    last = day + _DAY if hours.closes <= hours.opens else day
    opens, closes = datetime.combine(day, hours.opens, zone), datetime.combine(last, hours.closes, zone)
    return opens.astimezone(UTC), closes.astimezone(UTC)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
