"""Counters of what the daemon did since it started, for monitoring."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Counted(StrEnum):
    """Things that are counted, and the labels of each count in `LABELS`."""

    POLLS = "polls"
    ENTRIES = "entries"
    DROPPED = "dropped"
    ARTICLES = "articles"
    MATCHES = "matches"
    ALERTS = "alerts"
    DELIVERIES = "deliveries"
    ATTEMPTS = "attempts"
    TRANSLATIONS = "translations"


class Timed(StrEnum):
    """Spans of time that are measured, in seconds."""

    POLL = "poll"
    EVALUATION = "evaluation"
    COMMIT = "commit"
    NEWS_TO_DELIVERY = "news_to_delivery"


#: The names of the labels, in the order in which values are given.
LABELS: Mapping[Counted | Timed, tuple[str, ...]] = {
    Counted.POLLS: ("source", "outcome"),
    Counted.ENTRIES: ("source",),
    Counted.DROPPED: ("source",),
    Counted.ARTICLES: ("source", "outcome"),
    Counted.MATCHES: ("rule", "outcome"),
    Counted.ALERTS: ("rule", "severity"),
    Counted.DELIVERIES: ("receiver", "outcome"),
    Counted.ATTEMPTS: ("receiver", "class"),
    Counted.TRANSLATIONS: ("outcome",),
    Timed.POLL: (),
    Timed.EVALUATION: (),
    Timed.COMMIT: (),
    Timed.NEWS_TO_DELIVERY: ("receiver",),
}
#: Upper bounds of the buckets, in seconds. A message may be held for days.
QUICK = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
BOUNDS: Mapping[Timed, tuple[float, ...]] = {
    Timed.POLL: (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0),
    Timed.EVALUATION: QUICK,
    Timed.COMMIT: QUICK,
    Timed.NEWS_TO_DELIVERY: (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 21600.0, 86400.0),
}


@dataclass(slots=True)
class Spans:
    """Spans of one kind with the same labels: how many fell into each bucket, the last one for longer ones, and their sum."""

    buckets: list[int]
    total: float = 0.0


@dataclass(slots=True, kw_only=True)
class Counters:
    """The counters of one daemon. They are changed in the thread of its loop only."""

    counts: dict[tuple[Counted, tuple[str, ...]], int] = field(default_factory=dict)
    spans: dict[tuple[Timed, tuple[str, ...]], Spans] = field(default_factory=dict)

    def add(self, what: Counted, *labels: str, by: int = 1) -> None:
        """Count *by* more of *what* with these values of its labels."""
        self.counts[what, labels] = self.counts.get((what, labels), 0) + by

    def totals(self, what: Counted, label: str) -> dict[str, int]:
        """Return how many of *what* there were, by the values of *label*."""
        found: dict[str, int] = {}
        for (counted, labels), count in self.counts.items():
            if counted is what:
                value = labels[LABELS[what].index(label)]
                found[value] = found.get(value, 0) + count
        return found

    def observe(self, what: Timed, seconds: float, *labels: str) -> None:
        """Count one span of *what*."""
        bounds = BOUNDS[what]
        spans = self.spans.setdefault((what, labels), Spans([0] * (len(bounds) + 1)))
        spans.buckets[bisect_left(bounds, seconds)] += 1
        spans.total += seconds
