"""Every error that tocsin raises on purpose.

    TocsinError                 str() is a sentence for the operator
    ├── ConfigError             a configuration or a rule pack has faults; carries all of them
    │   └── CredentialsError         it uses credentials that only the service has
    ├── SourceError             one poll failed; carries what kind of failure it was
    ├── StoreError              the database cannot be used
    │   ├── LostError                its files were deleted or replaced while it was in use
    │   ├── DamagedError             a value or a page of it cannot be read
    │   ├── LockedError              another process works on it
    │   ├── OutdatedError            its tables are of an older version
    │   ├── LeaseLostError           the row has another lease now; what was done under the old one is void
    │   └── OvertakenError           another worker has changed what was judged, or how; it has to be judged again
    ├── FileError               a file that somebody named cannot be read
    └── UsageError              the command was called in a way that cannot work

A failed delivery is not an error but a value: `tocsin.model.deliveries.AttemptResult`.
Position and Problem are here, because the errors carry them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

#: Characters of a name that are compared: to compare costs more than linear time.
_LONGEST_NAME = 80
#: Places of use that a problem names.
_MOST_USES = 3
#: The remedy for a file that this user may not use.
AS_OWNER = ": run this command as the user that tocsin runs as, such as: sudo -u tocsin tocsin status"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in a file; line and column count from 1, columns in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault (or warning) of a file, in words that name the remedy.

    *excerpt* is the line of the file at *position*, without its line end; empty where there is none.
    *length* is how many characters of it are meant (at least 1); *uses* are the places where what has the fault is used.
    """

    message: str
    position: Position | None = None
    excerpt: str = ""
    length: int = 1
    warning: bool = False
    uses: tuple[Position, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the message, with the places where what has the fault is used."""
        return f"{self.message}{_used_at(self.uses)}"

    def __str__(self) -> str:
        """Return `file:line:col: message`, then the line and a caret under the place that is meant."""
        where = f"{self.position}: " if self.position else ""
        kind = "warning: " if self.warning else ""
        text = f"{where}{kind}{self.sentence}"
        if not self.position or not self.excerpt:
            return text
        before = self.excerpt[: self.position.column - 1]
        # Tabs stay tabs and wide characters take two cells, so that the caret stands under its place.
        pad = "".join(
            "\t" if c == "\t" else "  " if ord(c) >= 0x1100 and not c.isascii() and _wide(c) else " " for c in before
        )
        return f"{text}\n    {self.excerpt}\n    {pad}{'^' * max(1, self.length)}"


def each_once(problems: Iterable[Problem]) -> list[Problem]:
    """Return *problems* each once, with all uses of those that were found several times."""
    found: dict[Problem, set[Position]] = {}
    for problem in problems:
        found.setdefault(replace(problem, uses=()), set()).update(problem.uses)
    return [replace(problem, uses=tuple(sorted(uses))) for problem, uses in found.items()]


def warned_once(problems: Iterable[Problem]) -> list[tuple[Problem, int]]:
    """Return *problems*, those in the same words together, each with the number of other places that it stands for.

    A fault is mended at each of its places, so each is returned. Of warnings in the same words only the first is.
    """
    together: dict[tuple[bool, str], list[Problem]] = {}
    for problem in problems:
        together.setdefault((problem.warning, problem.message), []).append(problem)
    return [
        found
        for (warning, _), alike in together.items()
        for found in ([(alike[0], len(alike) - 1)] if warning else [(problem, 0) for problem in alike])
    ]


def _used_at(uses: Sequence[Position]) -> str:
    if not uses:
        return ""
    more = f" and {len(uses) - _MOST_USES} more" if len(uses) > _MOST_USES else ""
    return f"; used at {', '.join(f'{at.file}:{at.line}' for at in uses[:_MOST_USES])}{more}"


def by_place(problems: Iterable[Problem]) -> list[Problem]:
    """Return *problems* in the order of their files, lines and columns; those without a place come first."""
    nowhere = Position(file="", line=0, column=0)
    return sorted(problems, key=lambda problem: problem.position or nowhere)


def meant(word: str, known: Iterable[str], *, sigil: str = "") -> str:
    """Return `; did you mean x?` when *word* is nearly one of *known*, which is written behind *sigil*, else nothing."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower()[:_LONGEST_NAME], list(names), n=1)
    return f"; did you mean {sigil}{names[near[0]]}?" if near else ""


def _wide(character: str) -> bool:
    point = ord(character)
    return (
        0x1100 <= point <= 0x115F or 0x2E80 <= point <= 0xA4CF or 0xAC00 <= point <= 0xD7A3 or 0xFF00 <= point <= 0xFF60
    )


class TocsinError(Exception):
    """Base of every error raised on purpose."""


class ConfigError(TocsinError):
    """A configuration or a rule pack has faults; *problems* are all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CredentialsError(ConfigError):
    """Secrets are used that systemd passes to the service only; *names* are those of the credentials."""

    def __init__(self, problems: Sequence[Problem], names: Sequence[str]) -> None:
        super().__init__(problems)
        self.names = tuple(names)


class Fault(StrEnum):
    """The kind of failure of a poll."""

    UNREACHABLE = "unreachable"  # no connection: DNS, connect
    NETWORK = "network"  # a connection that came to nothing: TLS, reset, timeout
    STATUS = "status"  # an HTTP status that is an error
    RATE_LIMITED = "rate_limited"  # 429 and 503
    BUSY = "busy"  # not now: other polls of that server come first, it asked for quiet, or there is no room
    AUTH = "auth"  # 401, 403
    CHALLENGE = "challenge"  # 403 of a service that lets only browsers through
    GONE = "gone"  # 410
    BLOCKED_ADDRESS = "blocked_address"  # an address that this source may not reach
    TOO_LARGE = "too_large"
    NOT_A_FEED = "not_a_feed"  # bytes arrived but are not what was promised
    NOT_DATA = "not_data"  # the same, where a price was promised
    NOT_FOUND = "not_found"  # it answers, but does not know what it was asked for
    STALE = "stale"  # it answers with what is far too old
    BAD_REDIRECT = "bad_redirect"
    INTERNAL = "internal"  # our own fault: an exception that nobody expected


class SourceError(TocsinError):
    """One poll failed.

    *status* is the HTTP status, if there was an answer; *retry_after* what the server asked for; *instead* are addresses
    that may have been meant; *remedy* is what to do, where the answer says it.
    """

    def __init__(
        self,
        message: str,
        *,
        fault: Fault,
        status: int | None = None,
        retry_after: timedelta | None = None,
        instead: Sequence[str] = (),
        remedy: str = "",
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.status = status
        self.retry_after = retry_after
        self.instead = tuple(instead)
        self.remedy = remedy


class StoreError(TocsinError):
    """The database cannot be used as asked."""


class ConflictError(StoreError):
    """What was asked for does not fit the rows as they are now: there is no such row, or it has changed."""


class LostError(StoreError):
    """The files of the database were deleted or replaced while it was in use."""


class DamagedError(StoreError):
    """A value or a page of the database cannot be read."""


class LockedError(StoreError):
    """Another process works on the database."""


class OutdatedError(StoreError):
    """The tables of the database are of an older version, and only a backup may come before an upgrade."""


class OvertakenError(StoreError):
    """Another worker has changed the row or the configuration meanwhile, and nothing was written: it has to be judged again."""


class LeaseLostError(StoreError):
    """The row is leased to somebody else by now."""


class FileError(TocsinError):
    """A file cannot be read; str() goes on after its name."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


class UsageError(TocsinError):
    """The command was called in a way that cannot work."""
