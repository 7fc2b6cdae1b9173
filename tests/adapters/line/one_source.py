"""One real source on the line, and what came of its polls."""

from __future__ import annotations

from itertools import count, takewhile
from typing import TYPE_CHECKING

from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line


class OneSource:
    """The source *name*, which is polled on *line*."""

    def __init__(self, line: Line, name: str) -> None:
        self.line, self.name = line, name

    @property
    def entries(self) -> list[Entry]:
        """All entries, the oldest first."""
        return [*takewhile(bool, map(self.line.store.read.entry, count(1)))]

    @property
    def fates(self) -> list[tuple[str, MatchOutcome]]:
        """(rule, what became of it) of all matches, the oldest first."""
        return [(one.rule, one.fate) for one in self.line.store.read.matches(limit=None)][::-1]

    @property
    def error(self) -> str:
        """What is wrong with the source."""
        return self.line.store.read.source(self.name).source.last_error
