"""The identity keys of entries: they show which entries of a document were seen before.

An entry is known if its id is known, or if its id without host or its link is known with the same normalised title. It
is new if it has a new id and another text: an issue of a bulletin, or an update, is news. An id that counts up behind its
link is an edition: with another title it is the same entry, rewritten. In a document without ids, an entry is known if
its title and day are. If ids change on every poll, it is known if its link is; if links change too, or it has none, if
its title and day are. Keys belong to one source. They outlive the entries: they stay while the source shows them, and
half a year longer (see `tocsin.store.maintenance`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from sqlalchemy import Insert, String, bindparam, select
from sqlmodel import Session, col, delete, update

from tocsin.model.articles import given
from tocsin.model.entries import Batch, Entry, EntryKey, KeyKind
from tocsin.policy.alerting.correction import substance
from tocsin.store.db import mapping
from tocsin.store.db.statements import insert_on_conflict, pieces, plain_time, put_plain
from tocsin.store.db.tables import EntryKeyRow
from tocsin.store.inbound import sources
from tocsin.store.inbound.entries import with_articles
from tocsin.store.values import Unseen
from tocsin.text.titles import normal

T = TypeVar("T")

#: The time of a key is not written again within this time.
TOUCH_AFTER = timedelta(days=1)

#: Entries that are needed to judge the ids of a source.
_MANY = 5
_TITLES_STAY, _KEYS_STAY = 0.7, 0.1

#: These identify an entry only together with its title.
_WITH_TITLE = frozenset({KeyKind.ID_NOHOST, KeyKind.LINK})


@dataclass(slots=True)
class Known:
    """The keys of a document that are on record and can matter: *titles* by kind and value.

    *drifting* are the kinds that are known to change on every poll of the source, *settled* the number of entries of the document
    that are known without a look. A title is normalised once, and only if a key needs it, because that costs more than a
    lookup.
    """

    has_ids: bool
    settled: int = 0
    drifting: frozenset[KeyKind] = frozenset()
    titles: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def sift(self, items: Iterable[T], entry_of: Callable[[T], Entry]) -> list[T]:
        """Return the *items* with new entries (*entry_of*), in order; of two equal entries the first."""
        new = []
        for item in items:
            entry = entry_of(item)
            if not any(self._proves(key, entry) for key in entry.keys):
                new.append(item)
                for key in entry.keys:
                    self.titles.setdefault((key.kind, key.value), set()).add(self.beside(key, entry))
        return new

    def rewritten(self, entry: Entry) -> bool:
        """Check whether *entry* is known by a key that is independent of its words, and its words have changed."""
        if self._steady is KeyKind.LINK:
            return self._has(entry, KeyKind.LINK) and not self._has_title(entry)
        worded = next((self.titles.get((k.kind, k.value)) for k in entry.keys if k.kind is KeyKind.WORDING), None)
        if worded:
            return self._digest(entry) not in worded
        if self._edited(entry):
            return True
        # Its last wording is not on record: an earlier version of the program kept headlines alone.
        return self._has(entry, KeyKind.ID) and not self._has_title(entry)

    def volatile(self, entries: Sequence[Entry]) -> frozenset[KeyKind]:
        """Return key kinds that changed on this poll for almost every known headline, so they cannot identify entries.

        At least 70 % of the headlines are known, but less than 10 % of the ids, or of the links of entries that have one.
        An id that differs only in its host, with the same headline, is the same id.
        """
        if not self.has_ids or len(entries) + self.settled < _MANY or KeyKind.LINK in self.drifting:
            return self.drifting
        if KeyKind.ID not in self.drifting and self._share(entries, KeyKind.ID, KeyKind.ID_NOHOST) >= _KEYS_STAY:
            return self.drifting
        linked = [entry for entry in entries if any(key.kind is KeyKind.LINK for key in entry.keys)]
        if linked and self._share(linked, KeyKind.LINK) < _KEYS_STAY:
            found = frozenset({KeyKind.ID, KeyKind.LINK})
        else:
            found = frozenset({KeyKind.ID})
        titles = self.settled + sum(map(self._has_title, entries))
        if found == self.drifting or titles < _TITLES_STAY * (self.settled + len(entries)):
            return self.drifting
        return found

    @property
    def _steady(self) -> KeyKind:
        """Return the kind of key that is independent of the words of an entry."""
        return KeyKind.LINK if KeyKind.ID in self.drifting else KeyKind.ID

    def _share(self, entries: Sequence[Entry], *kinds: KeyKind) -> float:
        known = sum(self._has(entry, *kinds) for entry in entries)
        return (self.settled + known) / (self.settled + len(entries))

    def _has(self, entry: Entry, *kinds: KeyKind) -> bool:
        """Check whether a key of *kinds* is on record for *entry*; an id without host needs the same title."""
        return any(
            self._same(key, entry) if key.kind is KeyKind.ID_NOHOST else (key.kind, key.value) in self.titles
            for key in entry.keys
            if key.kind in kinds
        )

    def _same(self, key: EntryKey, entry: Entry) -> bool:
        """Check whether *key* is on record with the words of *entry* that are stored with it."""
        titles = self.titles.get((key.kind, key.value))
        return titles is not None and self.beside(key, entry) in titles

    def _has_title(self, entry: Entry) -> bool:
        """Check whether the headline of *entry* is on record: by title and day, or with its link or its id."""
        if any(key.kind is KeyKind.TITLE_DAY and (key.kind, key.value) in self.titles for key in entry.keys):
            return True
        return any(self._same(key, entry) for key in entry.keys if key.kind in _WITH_TITLE)

    def beside(self, key: EntryKey, entry: Entry) -> str:
        """Return the digest of the words of *entry* that is stored with *key*, empty if it needs none."""
        if key.kind is KeyKind.WORDING:
            return self._digest(entry)
        if key.kind is KeyKind.TEXT:
            return mapping.digest(substance(f"{entry.summary}\n{given(entry.body, entry.article_at)}"))
        if key.kind not in _WITH_TITLE:
            return ""
        if entry.title not in self.digests:
            self.digests[entry.title] = mapping.digest(normal(entry.title))
        return self.digests[entry.title]

    def _proves(self, key: EntryKey, entry: Entry) -> bool:
        if (key.kind, key.value) not in self.titles or key.kind in {KeyKind.WORDING, KeyKind.TEXT}:
            return False
        if key.kind is KeyKind.TITLE_DAY and not self._by_title(entry):
            return False
        if key.kind is KeyKind.LINK and (self._steady is KeyKind.LINK or self._edited(entry)):
            return True
        return self._same(key, entry) and not (key.kind is KeyKind.LINK and self._says_other(entry))

    def _edited(self, entry: Entry) -> bool:
        """Check whether *entry* is another edition of a known page, under another title."""
        if not entry.edition or self._has(entry, KeyKind.ID):
            return False
        links = [key for key in entry.keys if key.kind is KeyKind.LINK]
        return self._has(entry, KeyKind.LINK) and not any(self._same(key, entry) for key in links)

    def _says_other(self, entry: Entry) -> bool:
        """Check whether *entry* has a text, and its page is on record only with other texts."""
        if not (entry.summary or entry.body):
            return False
        pages = (key for key in entry.keys if key.kind is KeyKind.TEXT)
        known = ((key, self.titles.get((key.kind, key.value))) for key in pages)
        return any(texts and self.beside(key, entry) not in texts for key, texts in known)

    def _by_title(self, entry: Entry) -> bool:
        """Check whether *entry* must be identified by title and day, because it has no better key."""
        if not self.has_ids or KeyKind.LINK in self.drifting:
            return True
        return KeyKind.ID in self.drifting and all(key.kind is not KeyKind.LINK for key in entry.keys)

    def _digest(self, entry: Entry) -> str:
        return mapping.digest(entry.title, entry.summary or given(entry.body, entry.article_at))


# A document of twenty entries has eighty keys: plain rows are read four times as fast as objects.
_TABLE = EntryKeyRow.metadata.tables[str(EntryKeyRow.__tablename__)]
_OF_SOURCE = _TABLE.c.source_id == bindparam("source")
_NAMED = _TABLE.c.value.in_(bindparam("values", expanding=True, type_=String))
_KEYS = select(_TABLE.c.kind, _TABLE.c.value, _TABLE.c.title).where(
    _TABLE.c.source_id
    == select(sources.TABLE.c.id).where(sources.TABLE.c.name == bindparam("source")).scalar_subquery(),
    _NAMED,
)
_SHOWN = select(_TABLE.c.id, _TABLE.c.kind, _TABLE.c.value, _TABLE.c.title).where(
    _OF_SOURCE, _NAMED, _TABLE.c.last_seen < bindparam("before")
)
#: Two thousand new entries have ten thousand keys.
_COLUMNS = ("source_id", "value", "kind", "title", "last_seen")


def known(session: Session, entries: Sequence[Entry], batch: Batch) -> Known:
    """Return the keys of *entries*, from the document *batch*, that are on record; none for a source without a row."""
    settled = max(0, len(batch.traces) - len(batch.entries))
    result = Known(has_ids=batch.has_ids, drifting=batch.volatile, settled=settled)
    for piece in pieces(key.value for entry in entries for key in entry.keys):
        found = session.connection().execute(_KEYS, {"source": batch.source, "values": piece})
        for kind, value, title in found.all():
            result.titles.setdefault((kind, value), set()).add(title)
    return result


def unseen(
    session: Session, batch: Batch, volatile: frozenset[KeyKind] = frozenset(), *, steady: bool = False
) -> Unseen:
    """Return the entries of *batch* that are new or rewritten, in order; keys of *volatile* kinds are ignored.

    If keys of other kinds turn out to change on every poll too, the next best kind identifies the entries. Keys that are
    *steady* never do.
    """
    entries = batch.entries
    found = known(session, entries, replace(batch, volatile=volatile))
    if not steady:
        found.drifting = found.volatile(entries)
    rewritten = with_articles(session, batch.source, [entry for entry in entries if found.rewritten(entry)])
    return Unseen(new=tuple(found.sift(entries, lambda entry: entry)), rewritten=rewritten, volatile=found.drifting)


def must_touch(document_at: datetime | None, now: datetime) -> bool:
    """Check whether the keys of a document must be touched, which last changed at *document_at*: on its first poll of a day."""
    return document_at is None or document_at.date() != now.date()


def touch(session: Session, source_id: int, batch: Batch, now: datetime) -> None:
    """Record that the source still shows the keys of the document, at most once a day each."""
    stale = [
        (number, kind, value, title)
        for piece in pieces(key.value for entry in batch.entries for key in entry.keys)
        for number, kind, value, title in session.connection()
        .execute(_SHOWN, {"source": source_id, "values": piece, "before": now - TOUCH_AFTER})
        .all()
    ]
    if not stale:
        return
    found = Known(has_ids=batch.has_ids)
    shown = {(key.kind, key.value, found.beside(key, entry)) for entry in batch.entries for key in entry.keys}
    for piece in pieces(number for number, *key in stale if tuple(key) in shown):
        session.exec(update(EntryKeyRow).where(col(EntryKeyRow.id).in_(piece)).values(last_seen=now))


def add(session: Session, source_id: int, found: Known, entries: Sequence[Entry], now: datetime) -> None:
    """Write the keys of new *entries*."""
    seen = plain_time(session, now)
    keys = [
        (source_id, key.value, key.kind.value, found.beside(key, entry), seen)
        for entry in entries
        for key in entry.keys
    ]
    put_plain(session, _add(), _COLUMNS, keys)


@cache
def _add() -> Insert:
    return insert_on_conflict(_TABLE).on_conflict_do_nothing(index_elements=("source_id", "value", "kind", "title"))


def reword(session: Session, source_id: int, found: Known, entries: Sequence[Entry], now: datetime) -> None:
    """Replace the recorded wording of known *entries* by their present one."""
    wordings = (key.value for entry in entries for key in entry.keys if key.kind is KeyKind.WORDING)
    for piece in pieces(wordings):
        old = (col(EntryKeyRow.source_id) == source_id, col(EntryKeyRow.value).in_(piece))
        session.exec(delete(EntryKeyRow).where(*old, col(EntryKeyRow.kind) == KeyKind.WORDING.value))
    add(session, source_id, found, entries, now)
