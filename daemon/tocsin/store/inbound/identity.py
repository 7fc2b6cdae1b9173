"""What an entry is known by: which entries of a document were seen before.

An entry is known when its id is; when its id without host, or its link, is known with the same normalised title, unless an
id of its own came with another text: an issue of a bulletin, or an update, is news. An id that counts up behind its link
is an edition: with another title it is the same entry, rewritten. And,
in a document that gives no ids, when its title and day are. Where ids are others at every poll, it is known when its
link is; where the links are, too, or it has none, when its title and day are. Keys are those of one source. They outlive
the entries: they stay while the source shows them, and half a year longer (see `tocsin.store.maintenance.retention`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import String, bindparam, select
from sqlmodel import Session, col, delete, update

from tocsin.model.entries import Entry, EntryKey, KeyKind
from tocsin.model.sources import Batch
from tocsin.policy.alerting.wording import substance
from tocsin.store.db import mapping
from tocsin.store.db.columns import TIME_FORMAT
from tocsin.store.db.tables import EntryKeyRow
from tocsin.store.db.values import Unseen
from tocsin.store.inbound import sources
from tocsin.text.titles import normal

T = TypeVar("T")

#: A key that was seen more recently than this is not written again.
TOUCH_AFTER = timedelta(days=1)

#: Fewer entries say nothing about the ids of their source.
_MANY = 5
_TITLES_STAY, _KEYS_STAY = 0.7, 0.1

#: A database limits the parameters of a statement.
_CHUNK = 500

#: These prove nothing without the same title.
_WITH_TITLE = frozenset({KeyKind.ID_NOHOST, KeyKind.LINK})
#: These are asked for only where the others leave a doubt.
_SECOND = _WITH_TITLE | {KeyKind.TEXT}


@dataclass(slots=True)
class Known:
    """The keys of a document that are on record, as far as they can matter: *titles* by kind and value.

    *drifting* are the kinds of which its source is known to give others at every poll.
    Normalising a title costs more than looking it up: it is done when a key needs it, and once.
    """

    has_ids: bool
    drifting: frozenset[KeyKind] = frozenset()
    titles: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def sift(self, items: Iterable[T], entry_of: Callable[[T], Entry]) -> list[T]:
        """Those of *items*, whose entry *entry_of* gives, that are new, in order; of two alike the first."""
        new = []
        for item in items:
            entry = entry_of(item)
            if not any(self._proves(key, entry) for key in entry.keys):
                new.append(item)
                for key in entry.keys:
                    self.titles.setdefault((key.kind, key.value), set()).add(self.beside(key, entry))
        return new

    def rewritten(self, entry: Entry) -> bool:
        """Whether *entry* is known by what does not depend on its words, and has others than it had at last."""
        if self._steady is KeyKind.LINK:
            return self._has(entry, KeyKind.LINK) and not self._has_title(entry)
        worded = next((self.titles.get((k.kind, k.value)) for k in entry.keys if k.kind is KeyKind.WORDING), None)
        if worded:
            return self._digest(entry) not in worded
        if self._edited(entry):
            return True
        # What it said at last is not on record: it was seen by a version that kept headlines alone.
        return self._has(entry, KeyKind.ID) and not self._has_title(entry)

    def volatile(self, entries: Sequence[Entry]) -> frozenset[KeyKind]:
        """The kinds of key of a document that say nothing: most headlines of its entries are known, and hardly any of these.

        At least 70 % of the headlines, and less than 10 % of the ids or, of those with links of their own, of the links.
        An id that is known but for its host, with the same headline, is the same one.
        """
        if not self.has_ids or len(entries) < _MANY or KeyKind.LINK in self.drifting:
            return self.drifting
        if KeyKind.ID not in self.drifting and self._share(entries, KeyKind.ID, KeyKind.ID_NOHOST) >= _KEYS_STAY:
            return self.drifting
        linked = [entry for entry in entries if any(key.kind is KeyKind.LINK for key in entry.keys)]
        if linked and self._share(linked, KeyKind.LINK) < _KEYS_STAY:
            found = frozenset({KeyKind.ID, KeyKind.LINK})
        else:
            found = frozenset({KeyKind.ID})
        if found == self.drifting or sum(map(self._has_title, entries)) < _TITLES_STAY * len(entries):
            return self.drifting
        return found

    def settles(self, entry: Entry) -> bool:
        """Whether *entry* is known by its id and by its headline of the day, so that no other key can matter."""
        found = {key.kind for key in entry.keys if (key.kind, key.value) in self.titles}
        return KeyKind.ID in found and KeyKind.TITLE_DAY in found

    @property
    def _steady(self) -> KeyKind:
        """The kind of key that an entry has whatever it says."""
        return KeyKind.LINK if KeyKind.ID in self.drifting else KeyKind.ID

    def _share(self, entries: Sequence[Entry], *kinds: KeyKind) -> float:
        return sum(self._has(entry, *kinds) for entry in entries) / len(entries)

    def _has(self, entry: Entry, *kinds: KeyKind) -> bool:
        """Whether a key of *kinds* is on record for *entry*: one that needs a title to prove anything, with it."""
        return any(
            (titles := self.titles.get((key.kind, key.value))) is not None
            and (key.kind is not KeyKind.ID_NOHOST or self.beside(key, entry) in titles)
            for key in entry.keys
            if key.kind in kinds
        )

    def _has_title(self, entry: Entry) -> bool:
        """Whether the headline is on record for this entry: by title and day, or beside its link or its id."""
        if any(key.kind is KeyKind.TITLE_DAY and (key.kind, key.value) in self.titles for key in entry.keys):
            return True
        return any(
            (titles := self.titles.get((key.kind, key.value))) is not None and self.beside(key, entry) in titles
            for key in entry.keys
            if key.kind in _WITH_TITLE
        )

    def beside(self, key: EntryKey, entry: Entry) -> str:
        """What of the words of *entry* belongs to a key of it."""
        if key.kind is KeyKind.WORDING:
            return self._digest(entry)
        if key.kind is KeyKind.TEXT:
            return mapping.digest(substance(f"{entry.summary}\n{entry.body}"))
        if key.kind not in _WITH_TITLE:
            return ""
        if entry.title not in self.digests:
            self.digests[entry.title] = mapping.digest(normal(entry.title))
        return self.digests[entry.title]

    def _proves(self, key: EntryKey, entry: Entry) -> bool:
        titles = self.titles.get((key.kind, key.value))
        if titles is None or key.kind in {KeyKind.WORDING, KeyKind.TEXT}:
            return False
        if key.kind is KeyKind.TITLE_DAY and not self._by_title(entry):
            return False
        if key.kind is KeyKind.LINK and (self._steady is KeyKind.LINK or self._edited(entry)):
            return True
        return self.beside(key, entry) in titles and not (key.kind is KeyKind.LINK and self._says_other(entry))

    def _edited(self, entry: Entry) -> bool:
        """Whether *entry* is another edition of what its page was, under another title."""
        if not entry.edition or self._has(entry, KeyKind.ID):
            return False
        return self._has(entry, KeyKind.LINK) and not any(
            self.beside(key, entry) in self.titles.get((key.kind, key.value), ())
            for key in entry.keys
            if key.kind is KeyKind.LINK
        )

    def _says_other(self, entry: Entry) -> bool:
        """Whether *entry* has a text, and its page is on record with others alone."""
        if not (entry.summary or entry.body):
            return False
        pages = (key for key in entry.keys if key.kind is KeyKind.TEXT)
        known = ((key, self.titles.get((key.kind, key.value))) for key in pages)
        return any(texts and self.beside(key, entry) not in texts for key, texts in known)

    def _by_title(self, entry: Entry) -> bool:
        """Whether title and day tell *entry* apart, because nothing better does."""
        if not self.has_ids or KeyKind.LINK in self.drifting:
            return True
        return KeyKind.ID in self.drifting and all(key.kind is not KeyKind.LINK for key in entry.keys)

    def _digest(self, entry: Entry) -> str:
        return mapping.digest(entry.title, entry.summary or entry.body)


# A document of twenty entries has eighty keys: as plain rows they are read four times as fast as as objects.
_TABLE = EntryKeyRow.metadata.tables[str(EntryKeyRow.__tablename__)]
_OF_SOURCE = _TABLE.c.source_id == bindparam("source")
_NAMED = _TABLE.c.value.in_(bindparam("values", expanding=True, type_=String))
_KEYS = select(_TABLE.c.kind, _TABLE.c.value, _TABLE.c.title).where(_OF_SOURCE, _NAMED)
_SHOWN = select(_TABLE.c.id, _TABLE.c.kind, _TABLE.c.value, _TABLE.c.title).where(
    _OF_SOURCE, _NAMED, _TABLE.c.last_seen < bindparam("before")
)
#: Two thousand new entries have ten thousand keys: the driver alone writes them three times as fast.
_ADD = """
    INSERT INTO entry_key (source_id, value, kind, title, last_seen) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (source_id, value, kind, title) DO NOTHING
"""


def known(session: Session, source_id: int | None, entries: Sequence[Entry], batch: Batch) -> Known:
    """What is on record of *entries*, of the document *batch*; nothing, for a source without a row.

    Nearly every entry of a document is known by its id and its headline: only for the others the rest is asked for.
    """
    result = Known(has_ids=batch.has_ids, drifting=batch.volatile)
    _learn(session, source_id, result, (k.value for e in entries for k in e.keys if k.kind not in _SECOND))
    others = [entry for entry in entries if not result.settles(entry)]
    _learn(session, source_id, result, (k.value for e in others for k in e.keys if k.kind in _SECOND))
    return result


def _learn(session: Session, source_id: int | None, result: Known, values: Iterable[str]) -> None:
    """Put what is on record under *values* into *result*."""
    for piece in _pieces(values):
        for kind, value, title in session.connection().execute(_KEYS, {"source": source_id, "values": piece}).all():
            result.titles.setdefault((kind, value), set()).add(title)


def _pieces(values: Iterable[str]) -> Iterable[list[str]]:
    found = sorted(set(values))
    return (found[start : start + _CHUNK] for start in range(0, len(found), _CHUNK))


def unseen(session: Session, batch: Batch, volatile: frozenset[KeyKind] = frozenset()) -> Unseen:
    """Return the entries of *batch* that are new or rewritten, in order, where keys of *volatile* kinds say nothing.

    Where keys of other kinds turn out to say nothing either, the next best tell the entries apart.
    """
    source, entries = sources.number(session, batch.source), batch.entries
    found = known(session, source, entries, replace(batch, volatile=volatile))
    found.drifting = found.volatile(entries)
    rewritten = tuple(entry for entry in entries if found.rewritten(entry))
    return Unseen(new=tuple(found.sift(entries, lambda entry: entry)), rewritten=rewritten, volatile=found.drifting)


def touch(session: Session, source_id: int, batch: Batch, now: datetime) -> None:
    """Note that the keys of the document are still shown, at most once a day each."""
    stale = [
        (number, kind, value, title)
        for piece in _pieces(key.value for entry in batch.entries for key in entry.keys)
        for number, kind, value, title in session.connection()
        .execute(_SHOWN, {"source": source_id, "values": piece, "before": now - TOUCH_AFTER})
        .all()
    ]
    if not stale:
        return
    found = Known(has_ids=batch.has_ids)
    shown = {(key.kind, key.value, found.beside(key, entry)) for entry in batch.entries for key in entry.keys}
    numbers = [number for number, *key in stale if tuple(key) in shown]
    for start in range(0, len(numbers), _CHUNK):
        piece = numbers[start : start + _CHUNK]
        session.exec(update(EntryKeyRow).where(col(EntryKeyRow.id).in_(piece)).values(last_seen=now))


def add(session: Session, source_id: int, found: Known, entries: Sequence[Entry], now: datetime) -> None:
    """Put the keys of new *entries* on record."""
    seen = now.astimezone(UTC).strftime(TIME_FORMAT)
    keys = [
        (source_id, key.value, key.kind.value, found.beside(key, entry), seen)
        for entry in entries
        for key in entry.keys
    ]
    if keys:
        session.connection().exec_driver_sql(_ADD, keys)


def reword(session: Session, source_id: int, found: Known, entries: Sequence[Entry], now: datetime) -> None:
    """Put on record how *entries* that were known read now; how they read at last is forgotten."""
    wordings = (key.value for entry in entries for key in entry.keys if key.kind is KeyKind.WORDING)
    for piece in _pieces(wordings):
        old = (col(EntryKeyRow.source_id) == source_id, col(EntryKeyRow.value).in_(piece))
        session.exec(delete(EntryKeyRow).where(*old, col(EntryKeyRow.kind) == KeyKind.WORDING.value))
    add(session, source_id, found, entries, now)
