"""Entries, the keys by which they are recognised, and the batches in which sources return them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.hints import ResponseHints
from tocsin.model.prices import Labels, Missing, RawQuote
from tocsin.model.reasons import NO_REASON, Reason

#: The kind of the sources that programs hand entries in to. All others are polled.
PUSH = "push"
#: An entry older than this when first seen does not alert on its own.
MAX_AGE = timedelta(hours=48)
#: A published time that lies further in the future is not believed.
MAX_AHEAD = timedelta(minutes=5)


class KeyKind(StrEnum):
    """The part of an entry that an identity key was made of; an entry has several keys."""

    ID = "id"
    ID_NOHOST = "id_nohost"
    LINK = "link"
    TITLE_DAY = "title_day"
    TEXT = "text"  # of the page of an entry with an id: it identifies nothing, but shows a changed text
    WORDING = "wording"  # of a known id: it identifies nothing, but shows that the entry was rewritten


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryKey:
    """One way to recognise an entry again; *value* is a 128-bit digest in hex."""

    kind: KeyKind
    value: str


#: Keys by which an entry can be told from others of its document, and the number of digits of each that do.
TELLING = (KeyKind.ID, KeyKind.LINK, KeyKind.TITLE_DAY)
TELLING_DIGITS = 8


def trace(keys: Iterable[EntryKey]) -> str:
    """Return eight digits each of the keys that are `TELLING`, in that order; dashes for one that *keys* lack."""
    values = {key.kind: key.value for key in keys}
    return "".join(values.get(kind, "")[-TELLING_DIGITS:].ljust(TELLING_DIGITS, "-") for kind in TELLING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One news item of one source."""

    source: str
    id: str  # as the source gives it, unescaped; else the link; else a digest. Never empty.
    keys: tuple[EntryKey, ...]
    title: str
    first_seen: datetime
    summary: str = ""
    body: str = ""
    removed: str = ""  # what its page no longer says: shown, but read by no rule
    link: str = ""  # as the source gives it: the link that people click
    canonical_link: str = ""  # for comparing only
    publisher: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # as its source names them
    language: str = ""  # BCP 47, lower case, empty when unknown
    published: datetime | None = None  # None when the source gave none that can be believed
    published_raw: str = ""  # as the source wrote it, believed or not
    labels: Labels = field(default_factory=dict)  # of its source
    article_at: int | None = None  # where the text of its article begins in the body, None without it
    dropped: Reason = NO_REASON  # by the filter of its source, so that no rule judged it
    edition: bool = False  # its id is the address of its page with a counter or time that rises with edits

    @property
    def event_time(self) -> datetime:
        """Return the published time, clamped to [first seen - max_age, first seen + 5 min]; first seen if there is none."""
        if self.published is None:
            return self.first_seen
        return max(self.first_seen - MAX_AGE, min(self.published, self.first_seen + MAX_AHEAD))

    @property
    def stale(self) -> bool:
        """Return True if it was published more than max_age before it was first seen."""
        return self.published is not None and self.published < self.first_seen - MAX_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Values with which a source is asked only for news. Validators are verbatim; *body_hash* is SHA-256 in hex."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    validated_at: datetime | None = None  # time of the last 200: validators are dropped when it is old
    moved_to: str = ""  # polled instead of the configured address; a poll does not change it
    kept: str = ""  # text that only the source reads, at its next poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The result of one poll. Nothing new is a value: *changed* is False and *entries* is empty.

    *entries* may lack those that stood in the last document just so, if that was committed on the same day. Then *traces*
    are those of all entries of the document.
    """

    source: str
    entries: tuple[Entry, ...]  # in the order of the document
    traces: tuple[str, ...] = ()
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

    @property
    def document(self) -> tuple[str, ...]:
        """Return the traces of all entries of the document, in its order."""
        return self.traces or tuple(trace(entry.keys) for entry in self.entries)
