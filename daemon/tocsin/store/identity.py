"""What an entry is known by: which entries of a document were seen before.

An entry is known when its id is; when its id without host, or its link, is known with the same normalised title; and,
in a document that gives no ids, when its title and day are. Keys are those of one source. They outlive the entries:
they stay while the source shows them, and half a year longer (see `tocsin.store.retention`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session, col, select, update

from tocsin.model import Batch, Entry, EntryKey, KeyKind
from tocsin.store import mapping
from tocsin.store.sqlite import upsert
from tocsin.store.tables import EntryKeyRow
from tocsin.text.titles import normal

T = TypeVar("T")

#: A key that was seen more recently than this is not written again.
TOUCH_AFTER = timedelta(days=1)

#: A database limits the parameters of a statement.
_CHUNK = 500

#: These prove nothing without the same title.
_WITH_TITLE = frozenset({KeyKind.ID_NOHOST, KeyKind.LINK})


@dataclass(slots=True)
class Known:
    """The keys of a document that are on record: *titles* by kind and value, *rows* by all three."""

    has_ids: bool
    titles: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    rows: dict[tuple[str, str, str], tuple[int, datetime]] = field(default_factory=dict)

    def sift(self, items: Iterable[T], entry_of: Callable[[T], Entry]) -> list[T]:
        """Those of *items*, whose entry *entry_of* gives, that are new, in order; of two alike in one document the first."""
        new = []
        for item in items:
            entry = entry_of(item)
            title = _title(entry)
            if not any(self._proves(key, title) for key in entry.keys):
                new.append(item)
                for key in entry.keys:
                    self.titles.setdefault((key.kind, key.value), set()).add(_beside(key, title))
        return new

    def _proves(self, key: EntryKey, title: str) -> bool:
        if key.kind is KeyKind.TITLE_DAY and self.has_ids:
            return False
        return _beside(key, title) in self.titles.get((key.kind, key.value), ())


def known(session: Session, source_id: int | None, batch: Batch) -> Known:
    """What is on record of the document *batch*; nothing, for a source without a row."""
    result = Known(has_ids=batch.has_ids)
    values = sorted({key.value for entry in batch.entries for key in entry.keys})
    for start in range(0, len(values), _CHUNK):
        piece = values[start : start + _CHUNK]
        for row in session.exec(
            select(EntryKeyRow).where(EntryKeyRow.source_id == source_id, col(EntryKeyRow.value).in_(piece))
        ):
            result.titles.setdefault((row.kind, row.value), set()).add(row.title)
            result.rows[row.kind, row.value, row.title] = (mapping.identity(row.id), row.last_seen)
    return result


def touch(session: Session, found: Known, batch: Batch, now: datetime) -> None:
    """Note that the keys of the document are still shown, at most once a day each."""
    shown = {
        (key.kind, key.value, _beside(key, title)) for entry, title in _titled(batch.entries) for key in entry.keys
    }
    stale = [number for key, (number, seen) in found.rows.items() if key in shown and seen < now - TOUCH_AFTER]
    for start in range(0, len(stale), _CHUNK):
        session.exec(
            update(EntryKeyRow).where(col(EntryKeyRow.id).in_(stale[start : start + _CHUNK])).values(last_seen=now)
        )


def add(session: Session, source_id: int, entries: Sequence[Entry], now: datetime) -> None:
    """Put the keys of new *entries* on record."""
    keys = [
        {
            "source_id": source_id,
            "value": key.value,
            "kind": key.kind.value,
            "title": _beside(key, title),
            "last_seen": now,
        }
        for entry, title in _titled(entries)
        for key in entry.keys
    ]
    if keys:
        session.exec(upsert(EntryKeyRow, ("source_id", "value", "kind", "title")), params=keys)


def _titled(entries: Iterable[Entry]) -> Iterable[tuple[Entry, str]]:
    return ((entry, _title(entry)) for entry in entries)


def _title(entry: Entry) -> str:
    return mapping.digest(normal(entry.title))


def _beside(key: EntryKey, title: str) -> str:
    """What of the title belongs to a key."""
    return title if key.kind in _WITH_TITLE else ""
