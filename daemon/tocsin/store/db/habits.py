"""PollHistory and fetches as text in the row of their source.

A poll without news writes only its row, so its record is short text and not a table of its own.
"""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.errors import Fault
from tocsin.hints import PollHints
from tocsin.model.entries import KeyKind
from tocsin.policy.polling.findings import Findings
from tocsin.policy.polling.history import Moved, PollHistory
from tocsin.store.db.codec import reading
from tocsin.store.values import Fetch

#: Fetches of a source that are kept, the newest first.
MOST_FETCHES = 20
_LONGEST_WORDS = 200
#: Fields of a history that are written as they are.
_PLAIN = ("validators", "empty", "lulls", "silent", "hollow", "shown")
_MILLISECOND = timedelta(milliseconds=1)


def add_fetch(text: str, fetch: Fetch) -> str:
    """Return *text*, the fetches of a source, with *fetch* before them and without the oldest."""
    record: list[Any] = [round(fetch.at.timestamp()), fetch.status, fetch.size, fetch.new, fetch.took // _MILLISECOND]
    if fetch.fault is not None:
        record += [fetch.fault.value, fetch.error[:_LONGEST_WORDS]]
    line = json.dumps(record, separators=(",", ":"))
    return "\n".join([line, *text.split("\n", MOST_FETCHES)[: MOST_FETCHES - 1]]) if text else line


@reading
def read_fetches(text: str) -> tuple[Fetch, ...]:
    """Return the fetches in *text*, the newest first; times to the second."""
    return tuple(_fetch(json.loads(line)) for line in text.splitlines())


def write_habits(habits: PollHistory) -> str:
    """Return *habits* as JSON, times and spans in whole seconds; initial values are left out."""
    found = {
        "arrivals": [_epoch(time) for time in habits.arrivals],
        "longest": _seconds(habits.longest),
        "longest_at": _epoch(habits.longest_at) if habits.longest_at else None,
        "ttl": _seconds(habits.poll_hints.ttl),
        "period": _seconds(habits.poll_hints.period),
        "skip_hours": sorted(habits.poll_hints.skip_hours),
        "skip_days": sorted(habits.poll_hints.skip_days),
        "drifting": sorted(habits.volatile),
        **{name: getattr(habits, name) for name in _PLAIN},
    }
    kept: dict[str, Any] = {name: value for name, value in found.items() if value}
    if habits.fresh is not None:
        kept["fresh"] = _seconds(habits.fresh)
    if habits.moved is not None:
        moved = habits.moved
        kept["moved"] = [moved.url, _epoch(moved.since), moved.count, moved.used]
    if habits.unfinished is not None:
        begun = habits.unfinished
        kept["begun"] = [begun.held, begun.new, begun.late, sorted(begun.volatile), list(begun.redated)]
    return json.dumps(kept, separators=(",", ":")) if kept else ""


@functools.lru_cache(maxsize=4096)  # a quiet source has the same text at every poll
@reading
def read_habits(text: str) -> PollHistory:
    """Return the poll history in *text*."""
    if not text:
        return PollHistory()
    kept = json.loads(text)
    moved = kept.get("moved")
    return PollHistory(
        arrivals=tuple(_time(seconds) for seconds in kept.get("arrivals", ())),
        longest=_span(kept.get("longest")) or timedelta(0),
        longest_at=_time(kept["longest_at"]) if "longest_at" in kept else None,
        fresh=_span(kept.get("fresh")),
        poll_hints=PollHints(
            ttl=_span(kept.get("ttl")),
            period=_span(kept.get("period")),
            skip_hours=frozenset(kept.get("skip_hours", ())),
            skip_days=frozenset(kept.get("skip_days", ())),
        ),
        volatile=frozenset(map(KeyKind, kept.get("drifting", ()))),
        moved=Moved(url=moved[0], since=_time(moved[1]), count=moved[2], used=moved[3]) if moved else None,
        unfinished=_findings(*kept["begun"]) if "begun" in kept else None,
        **{name: kept[name] for name in _PLAIN if name in kept},
    )


def _findings(held: int | None, new: int, late: int, volatile: list[str], redated: list[str]) -> Findings:
    kinds = frozenset(map(KeyKind, volatile))
    return Findings(held=held, new=new, late=late, volatile=kinds, redated=tuple(redated))


def _fetch(record: list[Any]) -> Fetch:
    at, status, size, new, ms, fault, error = record if len(record) > 5 else (*record, "", "")
    return Fetch(
        at=_time(at),
        status=status,
        size=size,
        new=new,
        took=timedelta(milliseconds=ms),
        fault=Fault(fault) if fault else None,
        error=error,
    )


def _epoch(time: datetime) -> int:
    return int(time.timestamp())


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
