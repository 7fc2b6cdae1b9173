"""Values of what programs ask for: requests that may be sent again, and entries that are handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tocsin.policy.polling.history import PollHistory
from tocsin.store.values import Fetch, JudgedBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """A request that may be sent again: by whom, the *key* that its sender chose, and a *digest* of all that it says."""

    by: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswer:
    """The answer to a request: an HTTP *status* and a *text*. *digest* is that of the request, if it is a kept one."""

    status: int
    text: str
    digest: str = ""


class Receipt(StrEnum):
    """What an entry that was handed in is: new, new but dropped by a filter, known in these words, or known in other ones."""

    NEW = "new"
    DROPPED = "dropped"
    KNOWN = "known"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """An entry that was handed in. *number* is None if a known one is stored no more, or has another id and link."""

    id: str
    number: int | None
    state: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """Entries that a program handed in, judged, and the record of it.

    *habits* are those of the source after it. *answer* makes the answer of what became of the entries; *request* is known if
    the program may send it again.
    """

    found: JudgedBatch
    fetch: Fetch
    habits: PollHistory
    answer: Callable[[Sequence[HandedIn]], RequestAnswer]
    request: RequestKey | None = None
