"""What a source needs to be asked, and what one poll of it brings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.hints import ResponseHints
from tocsin.model.entries import Entry, KeyKind
from tocsin.model.prices import Missing, RawQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What a source needs to ask only for news, and where. Validators are verbatim; *body_hash* is SHA-256 in hex."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    validated_at: datetime | None = None  # of the last 200: validators are dropped when it grows old
    moved_to: str = ""  # the address to ask in place of the configured one; a poll leaves it as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The result of one poll. Nothing new is a value: *changed* is False and *entries* is empty."""

    source: str
    entries: tuple[Entry, ...]  # in the order of the document
    cursor: Cursor
    changed: bool
    size: int = 0  # decoded bytes of the body
    notes: tuple[str, ...] = ()  # what was repaired or left out, in words
    has_ids: bool = True  # False when the document gives its entries no ids: title and day then identify
    volatile: frozenset[KeyKind] = frozenset()  # what its source gives others of at every poll: it tells nothing
    deleted: tuple[str, ...] = ()  # ids of entries that the document says are withdrawn
    form: str = ""  # what the document is written in, in words
    prints: tuple[RawQuote, ...] = ()  # what a source of prices says of its symbols
    missing: tuple[Missing, ...] = ()  # and of which it says nothing
    answer: ResponseHints = ResponseHints()  # noqa: RUF009 (frozen)
