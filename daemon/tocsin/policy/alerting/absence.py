"""Expected matches that do not come. Pure: it is asked again and again, because nothing happens when nothing comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.rules import Correlation, Evidence, Match
from tocsin.units import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of the rule that is waited for: its *last* match, and when its absence was *told* last."""

    last: datetime | None = None
    told: datetime | None = None


def deadline(correlation: Correlation, seen: Seen) -> datetime | None:
    """Return when the next match is overdue. None if it was told already, or if the rule never matched: that is unknown."""
    if correlation.none_within is None or seen.last is None or (seen.told is not None and seen.told > seen.last):
        return None
    return seen.last + correlation.none_within


def overdue(correlation: Correlation, seen: Seen, now: datetime, read_until: datetime | None) -> Match | None:
    """Return the match of *correlation* if the match that it waits for is overdue *now*.

    *read_until* is the time until which every source that answers has been read; what was published before it is known.
    None means that no source answers, and then nothing is known of what does not come.
    """
    due = deadline(correlation, seen)
    if due is None or read_until is None or min(now, read_until) <= due:
        return None
    return absent(correlation, seen, now)


def absent(correlation: Correlation, seen: Seen, now: datetime) -> Match:
    """Return the match that says that nothing came until *now*."""
    info = correlation.info
    assert seen.last is not None
    name = correlation.members[0].rpartition("/")[2]
    words = f"no match of {name} since {utc(seen.last)}"
    proof = Evidence(op=correlation.kind.value, text=words, holds=True, position=info.position)
    rule = Evidence(op="rule", text=info.id, holds=True, position=info.position, children=(proof,))
    return Match(rule=info, severity=info.severity, labels={}, proof=rule, event_time=now, detail=words)


#: How often it is asked.
EVERY = timedelta(minutes=1)
