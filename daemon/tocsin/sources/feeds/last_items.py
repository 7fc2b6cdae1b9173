"""Items of the last document of a feed: those that have not changed since need not be parsed again.

Nor need their entries be drafted, or be looked for in the store on the day on which it has seen all of them. The items
are kept in memory alone, compressed. What the feed says is not affected: an item that is missing here is parsed.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from tocsin.model.entries import TELLING_DIGITS, Cursor, EntryKey, KeyKind, trace
from tocsin.sources.documents.items import Item, Marks, Parsed, read_item
from tocsin.sources.feeds.entries import Draft, Identity, draft, feed_host

#: Bytes that are kept of a feed, compressed: some 60 short items, or the first 10 with long texts.
MOST = 32 * 1024
_FIELDS = tuple(one.name for one in dataclasses.fields(Item))
_KINDS = tuple(KeyKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An item with its draft, *packed*, and the *trace* of its entry; *named* if it has an id."""

    packed: bytes
    trace: str
    named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A *document* with its items and their *drafts*, and what to keep of it.

    There are no drafts of a document that was read as a whole because its items depend on each other. With *traces*, those
    of all entries, the document has only items that were not in the last one.
    """

    document: Parsed
    drafts: tuple[Draft, ...] = ()
    traces: tuple[str, ...] = ()
    named: bool
    last: LastItems


@dataclass(frozen=True, slots=True, kw_only=True)
class LastItems:
    """Items with their *marks*, *kept* in the same order; *body_hash* is that of their document, as in its cursor.

    *distinct* is true if none shared its id or link with another one. All of them were last given to the store on the day
    *whole*.
    """

    marks: Marks | None = None
    kept: tuple[Kept, ...] = ()
    body_hash: str = ""
    distinct: bool = False
    whole: date | None = None

    def repeated(self, document: Parsed, cursor: Cursor) -> bool:
        """Check whether *document* has all these items and no more, after the last one was committed with *cursor*."""
        return self._committed(cursor) and document.marks == self.marks and not document.notes and not document.deleted

    def _committed(self, cursor: Cursor) -> bool:
        return bool(self.body_hash) and cursor.body_hash == self.body_hash

    def completed(
        self, document: Parsed, cursor: Cursor, now: datetime, *, body_hash: str = "", url: str = ""
    ) -> Completed:
        """Return *document* (its *body_hash*, at *url*) with the items that its parser skipped, as they are needed.

        They are not if the last document was committed with *cursor*, on the same day: then the store has their entries.
        """
        if document.marks is None:
            named = any(item.id for item in document.items)
            return Completed(document=document, named=named, last=LastItems())
        host = feed_host(document, url)
        same = self.marks is not None and self.marks.context == document.marks.context
        known = dict(zip(self.marks.items, self.kept, strict=True)) if self.marks and same else {}
        new, skipped = iter(document.items), frozenset(document.skipped)
        read: dict[int, tuple[Item, Draft]] = {}
        kept: list[Kept] = []
        for number, mark in enumerate(document.marks.items):
            if number not in skipped:
                item = next(new)
                read[number] = item, draft(item, host)
            kept.append(known.get(mark) or _keep(*read[number]))
        traces = tuple(one.trace for one in kept)
        distinct = _distinct(traces)
        today = self.whole == now.date()
        settled = today and distinct and self.distinct and self._committed(cursor)
        found = list(read.values())
        if not settled:
            found = [read.get(number) or _unpacked(one.packed) for number, one in enumerate(kept)]
        fitting = _fitting(document.marks.items, kept)
        return Completed(
            document=replace(document, items=tuple(item for item, _ in found), skipped=()),
            drafts=tuple(drafted for _, drafted in found),
            traces=traces if settled else (),
            named=any(one.named for one in kept),
            last=LastItems(
                marks=replace(document.marks, items=tuple(fitting)),
                kept=tuple(fitting.values()),
                body_hash=body_hash,
                distinct=distinct,
                whole=self.whole if settled else now.date(),
            ),
        )


@dataclass(slots=True)
class Memory:
    """The items of the *last* document of one source."""

    last: LastItems = field(default_factory=LastItems)


def _distinct(traces: Sequence[str]) -> bool:
    """Check whether no two of *traces* have the same id or link."""
    ids = [one[:TELLING_DIGITS] for one in traces]
    links = [link for one in traces if (link := one[TELLING_DIGITS : 2 * TELLING_DIGITS]).strip("-")]
    return len(set(ids)) == len(ids) and len(set(links)) == len(links)


def _fitting(marks: Sequence[str], kept: Sequence[Kept]) -> dict[str, Kept]:
    """Return items by their *marks*, as many as may be *kept*."""
    found, room = {}, MOST
    for mark, one in zip(marks, kept, strict=True):
        room -= len(one.packed)
        if room >= 0:
            found[mark] = one
    return found


def _keep(item: Item, drafted: Draft) -> Kept:
    identity = drafted.identity
    found = [
        [getattr(item, name) for name in _FIELDS],
        [drafted.link, drafted.direct, drafted.publisher],
        [identity.id, identity.link, identity.edition],
        [(_KINDS.index(key.kind), key.value) for key in identity.keys],
    ]
    packed = zlib.compress(json.dumps(found, default=datetime.isoformat).encode())
    return Kept(packed=packed, trace=trace(identity.keys), named=bool(item.id))


def _unpacked(packed: bytes) -> tuple[Item, Draft]:
    item, (link, direct, publisher), (name, own, edition), keys = json.loads(zlib.decompress(packed))
    found = tuple(EntryKey(kind=_KINDS[kind], value=value) for kind, value in keys)
    identity = Identity(id=name, keys=found, link=own, edition=edition)
    drafted = Draft(link=link, direct=direct, publisher=publisher, identity=identity)
    return read_item(dict(zip(_FIELDS, item, strict=True))), drafted
