"""Rules as the rest of the program knows them, and the results of their evaluation.

The evidence of a match is a tree of expressions, their spans in the text, and the matches behind a correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from tocsin.errors import Position, Problem
from tocsin.model.dates import AnnouncedDate
from tocsin.model.entries import Entry
from tocsin.model.prices import Labels, Quote

#: The pack of what is built in, and the operation of an event of the daemon; its children are rows with the name in `op` and the words in `text`.
OWN = "tocsin"


class Severity(StrEnum):
    """The importance of an alert; compare with `rank`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 0 for info up to 4 for critical."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A text from a file, with the position of each of its lines.

    *lines* holds (offset in the text, line, column) ascending; the first offset is 0.
    *source_lines* are the file's own lines, shared, for showing an excerpt.
    """

    text: str
    file: str
    lines: tuple[tuple[int, int, int], ...]
    source_lines: Sequence[str] = field(default=(), repr=False, compare=False)

    def at(self, offset: int = 0) -> Position:
        """Return the position in the file of the character at *offset*."""
        start, line, column = [row for row in self.lines if row[0] <= max(0, offset)][-1]
        return Position(file=self.file, line=line, column=column + max(0, offset) - start)

    def excerpt(self, offset: int = 0) -> str:
        """Return the line of the file that contains the character at *offset*."""
        line = self.at(offset).line
        return self.source_lines[line - 1] if 0 < line <= len(self.source_lines) else ""

    def problem(self, message: str, *, offset: int = 0, length: int | None = None, warning: bool = False) -> Problem:
        """Return a fault of the *length* characters from *offset* on (default: of all the text), within one line."""
        position, excerpt = self.at(offset), self.excerpt(offset)
        longest = max(1, len(excerpt) - position.column + 1)
        wanted = max(1, len(self.text) if length is None else length)
        return Problem(
            message=message, position=position, excerpt=excerpt, length=min(wanted, longest), warning=warning
        )

    def warning(self, message: str, offset: int = 0, length: int | None = None) -> Problem:
        """Return a `problem` that is a warning: it is allowed, but most likely a mistake."""
        return self.problem(message, offset=offset, length=length, warning=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """A rule, as far as the rest of the program needs to know it."""

    id: str  # pack/id
    hash: str  # changes whenever the meaning of the rule changes
    title: str  # may hold {label}
    severity: Severity
    event: str
    key: tuple[str, ...]
    cooldown: timedelta
    distinguish: tuple[str, ...] = ()  # labels of its pack that tell similar stories apart
    note: str = ""
    references: tuple[str, ...] = ()
    position: Position | None = None
    override: str = ""  # what the configuration changes in it, in words
    to: tuple[str, ...] = ()  # receivers in place of those of the routes, by an override
    ends: tuple[str, ...] = ()  # events of the daemon that are over with this one
    joins: tuple[Correlation, ...] = field(default=(), repr=False, compare=False)  # that its matches count for


class CorrelationKind(StrEnum):
    """The condition of a correlation on the matches in its window."""

    ALL_OF = "all_of"  # every member
    ANY_OF = "any_of"  # so many different members
    COUNT = "count"  # so many matches of one member that differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A rule about matches of the rules *members* (full ids), which lie *within* this time of each other.

    All matches must share a value of each label in *by*. *at_least* is the least number of different members (ANY_OF),
    or of different values of *distinct* (COUNT): origin, source, entry or a label. With *ordered* the matches must come
    in the order of the members. With *more_than* they must also be more than so many times the usual number (COUNT).
    With *new* nothing is counted: one match is enough whose value of that label was in none before (COUNT).
    With *none_within* it is true when no match came for so long (COUNT).
    """

    info: RuleInfo
    kind: CorrelationKind
    members: tuple[str, ...]
    within: timedelta
    at_least: int = 1
    distinct: str = "entry"
    by: tuple[str, ...] = ()
    ordered: bool = False
    more_than: float | None = None
    new: str | None = None
    none_within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Characters [start, end) of one field (title, summary, body) of an entry."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Spans of one sentence of one field that together satisfy an expression, and their labels."""

    spans: tuple[Span, ...]
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A match behind a correlation, as people see it; *source* is its publisher, or the instrument."""

    rule: str
    title: str
    at: datetime  # its event time
    link: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One node of the evidence: an expression, whether it is true, and where.

    *op* is the operator (`AND`, `OR`, `AND NOT`, `NEAR/8`, `term`, `list`, `title`, `label`, `age`,
    `match`, `unless`, `severity_if`, `all_of`, `member`, ...); *text* the expression as written;
    *hits* at most 20 of *count*; *note* the nearest miss or the cancellation, in words.
    """

    op: str
    text: str
    holds: bool
    hits: tuple[Hit, ...] = ()
    count: int = 0
    note: str = ""
    position: Position | None = None
    children: tuple[Evidence, ...] = ()
    witness: Witness | None = None  # of a `member` below a correlation

    @property
    def evidence(self) -> Evidence:
        """Return itself: it is a `Proof`, too."""
        return self

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """Return the matches behind a correlation, the earliest first."""
        inner = (witness for child in self.children for witness in child.witnesses)
        return (self.witness,) if self.witness else tuple(inner)


class Proof(Protocol):
    """Proof of a match: the *hits* at the root of its *evidence*, which may be made when it is first asked for."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Return the hits at the root."""
        ...

    @property
    def evidence(self) -> Evidence:
        """Return the whole tree."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule met by an observation, an *entry* or a *quote*; the daemon's own events have neither.

    *detail* describes in words a match without an entry: the numbers of a price, or the event of the daemon.
    """

    rule: RuleInfo
    severity: Severity
    labels: Labels
    proof: Proof
    event_time: datetime
    entry: Entry | None = None
    quote: Quote | None = None
    detail: str = ""

    @property
    def evidence(self) -> Evidence:
        """Return the whole tree of its proof."""
        return self.proof.evidence

    @property
    def source(self) -> str:
        """Return the source of its entry; empty for a quote, and for an event of the daemon."""
        return self.entry.source if self.entry else ""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Return the spans that met the rule, ascending, each once."""
        return tuple(sorted({span for hit in self.proof.hits for span in hit.spans}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unevaluated:
    """A rule whose evaluation raised on an entry: reported once, and tried again when the rule changes."""

    rule: str
    rule_hash: str
    error: str

    @classmethod
    def by(cls, error: Exception, rule: RuleInfo) -> Unevaluated:
        """Return the record that *rule* raised *error*, with the first 500 characters of its message."""
        return cls(rule=rule.id, rule_hash=rule.hash, error=f"{type(error).__name__}: {error}"[:500])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An entry with its matches, and the rules that could not be evaluated on it; one with matches has the *dates* that it announces."""

    entry: Entry
    matches: tuple[Match, ...] = ()
    unevaluated: tuple[Unevaluated, ...] = ()
    dates: tuple[AnnouncedDate, ...] = ()
