"""Items of the last document of a feed: what has not changed since need not be parsed again.

They are kept in memory alone, compressed. What the feed says is not affected: an item that is missing here is parsed.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.model.entries import Cursor
from tocsin.sources.documents.items import Item, Marks, Parsed, read_item

#: Bytes that are kept of a feed, compressed: some 70 short items, or the first 10 with long texts.
MOST = 32 * 1024
_FIELDS = tuple(one.name for one in dataclasses.fields(Item))


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

    def completed(self, document: Parsed, body_hash: str = "") -> tuple[Parsed, LastItems]:
        """Return *document* (its *body_hash*) with the items that its parser skipped, and the items to keep of it."""
        if document.marks is None:
            return document, LastItems()
        same = self.marks is not None and self.marks.context == document.marks.context
        known = dict(zip(self.marks.items, self.packed, strict=True)) if self.marks and same else {}
        new, skipped = iter(document.items), frozenset(document.skipped)
        items, kept, room = [], {}, MOST
        for number, mark in enumerate(document.marks.items):
            item = _unpacked(known[mark]) if number in skipped else next(new)
            packed = known.get(mark) or _packed(item)
            room -= len(packed)
            if room >= 0:
                kept[mark] = packed
            items.append(item)
        marks = replace(document.marks, items=tuple(kept))
        return replace(document, items=tuple(items), skipped=()), LastItems(
            marks=marks, packed=tuple(kept.values()), body_hash=body_hash
        )


@dataclass(slots=True)
class Memory:
    """The items of the *last* document of one source."""

    last: LastItems = field(default_factory=LastItems)


def _packed(item: Item) -> bytes:
    return zlib.compress(json.dumps([getattr(item, name) for name in _FIELDS], default=datetime.isoformat).encode())


def _unpacked(packed: bytes) -> Item:
    return read_item(dict(zip(_FIELDS, json.loads(zlib.decompress(packed)), strict=True)))
