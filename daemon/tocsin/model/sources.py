"""The cursor of a source, and the result of one poll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.hints import ResponseHints
from tocsin.model.entries import Entry, KeyKind
from tocsin.model.prices import Missing, RawQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Values with which a source is asked only for news. Validators are verbatim; *body_hash* is SHA-256 in hex."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    validated_at: datetime | None = None  # time of the last 200: validators are dropped when it is old
    moved_to: str = ""  # polled instead of the configured address; a poll does not change it


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The result of one poll. Nothing new is a value: *changed* is False and *entries* is empty."""

    source: str
    entries: tuple[Entry, ...]  # in the order of the document
    cursor: Cursor
    changed: bool
    size: int = 0  # decoded bytes of the body
    notes: tuple[str, ...] = ()  # repairs and omissions, in words
    has_ids: bool = True  # False when the document gives its entries no ids: title and day then identify
    volatile: frozenset[KeyKind] = frozenset()  # key kinds that change at every poll, so they identify nothing
    deleted: tuple[str, ...] = ()  # ids of entries that the document says are withdrawn
    form: str = ""  # the format of the document, in words
    prints: tuple[RawQuote, ...] = ()  # of a source of prices
    missing: tuple[Missing, ...] = ()  # symbols without a price
    answer: ResponseHints = ResponseHints()  # noqa: RUF009 (frozen)
