"""What a digest says beside the alerts that it brings: values, read elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.model.alerts import AlertContent
from tocsin.model.prices import PriceSummary
from tocsin.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """*count* alerts or matches, *what* they are, that the reader was not told of, and *why*."""

    what: str
    why: Reason
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailing:
    """A source that cannot be polled: its last error in *words*, and when it last could (None: never)."""

    source: str
    words: str
    last_success: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roundup:
    """What happened from *since* to *until*, as the reader of one digest is to see it.

    *needs* are loud alerts told to the reader before that nobody has answered; *movers* the instruments that moved most,
    the farthest first. *sources* is how many are polled, the other figures count what came in that time.
    """

    since: datetime
    until: datetime
    needs: tuple[AlertContent, ...] = ()
    movers: tuple[PriceSummary, ...] = ()
    held: tuple[HeldBack, ...] = ()
    ailing: tuple[Ailing, ...] = ()
    sources: int = 0
    entries: int = 0
    matches: int = 0
    alerts: int = 0
