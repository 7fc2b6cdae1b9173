"""The usual number of matches at this time of the week, from the weeks before. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.rules import Correlation

WEEK = timedelta(weeks=1)
#: The weeks that are looked at, and the fewest of them that show what is usual.
WEEKS, FEWEST = 8, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """The median *number* of matches in the same hours of so many *weeks*: one week of noise does not move it."""

    number: float
    weeks: int


def spans(earliest: datetime, latest: datetime, within: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times in the weeks before from which `usual` counts, for windows that end from *earliest* to *latest*."""
    for week in range(1, WEEKS + 1):
        yield earliest - week * WEEK - within, latest - week * WEEK


def usual(
    within: timedelta, times: Iterable[tuple[datetime, Collection[str]]], at: datetime, since: datetime | None
) -> Usual | None:
    """Return the usual number of different values in a window of *within* that ends *at*; None if it is unknown.

    *times* are event times with the values that each adds to the count. A week is known if the window began after
    *since*, when the rule matched for the first time.
    """
    known = list(times)
    counts = []
    for start, end in spans(at, at, within):
        if since is None or start < since:
            break
        counts.append(len({value for moment, values in known if start < moment <= end for value in values}))
    return Usual(number=statistics.median(counts), weeks=len(counts)) if len(counts) >= FEWEST else None


def least(correlation: Correlation, found: Usual | None) -> int | None:
    """Return the number of matches from which *correlation* is true; None while what is usual is unknown."""
    if correlation.more_than is None:
        return correlation.at_least
    if found is None:
        return None
    return max(correlation.at_least, math.floor(correlation.more_than * found.number) + 1)
