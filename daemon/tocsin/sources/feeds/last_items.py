"""Items of the last document of a feed: what has not changed since need not be parsed again, nor its entry drafted.

They are kept in memory alone, compressed. What the feed says is not affected: an item that is missing here is parsed.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.model.entries import Cursor, EntryKey, KeyKind
from tocsin.sources.documents.items import Item, Marks, Parsed, read_item
from tocsin.sources.feeds.entries import Draft, Identity, draft, feed_host

#: Bytes that are kept of a feed, compressed: some 60 short items, or the first 10 with long texts.
MOST = 32 * 1024
_FIELDS = tuple(one.name for one in dataclasses.fields(Item))
_KINDS = tuple(KeyKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastItems:
    """Items with their *marks*, *packed* in the same order; *body_hash* is that of their document, as in its cursor."""

    marks: Marks | None = None
    packed: tuple[bytes, ...] = ()
    body_hash: str = ""

    def repeated(self, document: Parsed, cursor: Cursor) -> bool:
        """Check whether *document* has all these items and no more, after the last one was committed with *cursor*."""
        committed = bool(self.body_hash) and cursor.body_hash == self.body_hash
        return committed and document.marks == self.marks and not document.notes and not document.deleted

    def completed(
        self, document: Parsed, body_hash: str = "", url: str = ""
    ) -> tuple[Parsed, tuple[Draft, ...], LastItems]:
        """Return *document* (its *body_hash*, at *url*) with the items that its parser skipped, their drafts, and what to keep of it.

        There are no drafts of a document that was read as a whole because its items depend on each other.
        """
        if document.marks is None:
            return document, (), LastItems()
        host = feed_host(document, url)
        same = self.marks is not None and self.marks.context == document.marks.context
        known = dict(zip(self.marks.items, self.packed, strict=True)) if self.marks and same else {}
        new, skipped = iter(document.items), frozenset(document.skipped)
        items, drafts, kept, room = [], [], {}, MOST
        for number, mark in enumerate(document.marks.items):
            if number in skipped:
                item, drafted = _unpacked(known[mark])
            else:
                item = next(new)
                drafted = draft(item, host)
            packed = known.get(mark) or _packed(item, drafted)
            room -= len(packed)
            if room >= 0:
                kept[mark] = packed
            items.append(item)
            drafts.append(drafted)
        marks = replace(document.marks, items=tuple(kept))
        last = LastItems(marks=marks, packed=tuple(kept.values()), body_hash=body_hash)
        return replace(document, items=tuple(items), skipped=()), tuple(drafts), last


@dataclass(slots=True)
class Memory:
    """The items of the *last* document of one source."""

    last: LastItems = field(default_factory=LastItems)


def _packed(item: Item, drafted: Draft) -> bytes:
    identity = drafted.identity
    found = [
        [getattr(item, name) for name in _FIELDS],
        [drafted.link, drafted.direct, drafted.publisher],
        [identity.id, identity.link, identity.edition],
        [(_KINDS.index(key.kind), key.value) for key in identity.keys],
    ]
    return zlib.compress(json.dumps(found, default=datetime.isoformat).encode())


def _unpacked(packed: bytes) -> tuple[Item, Draft]:
    item, (link, direct, publisher), (name, own, edition), keys = json.loads(zlib.decompress(packed))
    found = tuple(EntryKey(kind=_KINDS[kind], value=value) for kind, value in keys)
    identity = Identity(id=name, keys=found, link=own, edition=edition)
    drafted = Draft(link=link, direct=direct, publisher=publisher, identity=identity)
    return read_item(dict(zip(_FIELDS, item, strict=True))), drafted
