"""The evidence of a match: a tree of expressions, their spans in the text, and the matches behind a correlation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.errors import Position

#: The operation of an event of the daemon; its children are rows with the name in `op` and the words in `text`.
OWN = "tocsin"


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
    def witnesses(self) -> tuple[Witness, ...]:
        """Return the matches behind a correlation, the earliest first."""
        inner = (witness for child in self.children for witness in child.witnesses)
        return (self.witness,) if self.witness else tuple(inner)
