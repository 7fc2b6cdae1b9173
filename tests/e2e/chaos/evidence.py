"""What both sides wrote down: values that the invariants judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
Tables = Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message that a receiving server took: *key* is its idempotency key, *real* in seconds of a monotonic clock."""

    receiver: str
    key: str
    recipient: str
    body: bytes
    at: datetime
    real: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A request for a source, from its arrival to its answer, in seconds of a monotonic clock.

    *host* is the one that it names, empty for an address of loopback.
    """

    source: str
    began: float
    ended: float
    status: int
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A try of a delivery as its receiver saw it, from its arrival to its answer; *key* is its idempotency key."""

    receiver: str
    key: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A *row* of a *table* that is leased to a *worker* under a *fence*."""

    table: str
    row: str
    fence: int
    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a shared database: the workers that are *alive*, and all leases; *real* seconds of a monotonic clock."""

    real: float
    alive: frozenset[int]
    leases: frozenset[Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A publication: *title* in *feed*, which meets *rule* (or nothing)."""

    feed: str
    title: str
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An end of a life (or a stop): at which *point*, what the database said then, and when that was."""

    point: str
    tables: Tables
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One run: *tables* at its end, what was *accepted*, *published* and *polls*, and every *cut*.

    *recipients* are (receiver, recipient) of everybody who is told; *versions* the titles of a feed by ETag; *late* is
    how many messages came after a restart without news; *log* is all that the daemon printed, *canaries* the secrets
    that stand nowhere; *sound* is what the database says of itself; *zombies* counts lives that were stopped and went
    on, *hung* are the times in which the webhook hung; *quiet* are the (receiver, first, last) times in which a receiver is not to be told.
    *calls* are all tries, *looks* those at a database that workers share, and *gap* the seconds between two requests to a host.
    """

    tables: Tables
    accepted: tuple[Accepted, ...]
    published: tuple[Told, ...]
    polls: tuple[Poll, ...]
    cuts: tuple[Cut, ...]
    recipients: frozenset[tuple[str, str]]
    versions: Mapping[str, tuple[str, ...]]
    late: int
    log: str
    canaries: tuple[str, ...]
    sound: str
    zombies: int = 0
    hung: tuple[tuple[datetime, datetime], ...] = ()
    quiet: tuple[tuple[str, datetime, datetime], ...] = ()
    calls: tuple[Call, ...] = ()
    looks: tuple[Look, ...] = ()
    gap: float = 1.0


def moment(text: str) -> datetime:
    """A time of the database, aware."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
