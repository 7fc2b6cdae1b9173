"""Where a life can be cut off: before and after every call of the store, of a source and of a receiver."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum

from tocsin.receivers import Receiver
from tocsin.sources import Source
from tocsin.store import Store

#: Methods of the store that commands call, or tests and replays; the daemon never does.
COMMANDS = frozenset({
    "alert", "alerts", "counts", "deliveries", "delivery", "entry", "failure", "find_entries", "history",
    "history_entries", "history_quotes", "matches", "next_due", "resend", "source", "sources", "tally",
})  # fmt: skip


class Side(StrEnum):
    """Before the call, or when it has returned."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Point:
    """One side of one call, such as `before store.commit`; *call* is `OBJECT.METHOD`."""

    call: str
    side: Side

    def __str__(self) -> str:
        return f"{self.side} {self.call}"


def calls() -> tuple[str, ...]:
    """Every call of the daemon over a border, as its protocols name them; one that is added later is among them."""
    protocols = {"store": Store, "source": Source, "receiver": Receiver}
    return tuple(
        f"{name}.{method}"
        for name, protocol in protocols.items()
        for method, value in inspect.getmembers(protocol, inspect.isfunction)
        if not method.startswith("_") and not (protocol is Store and method in COMMANDS)
    )


def points() -> tuple[Point, ...]:
    """Both sides of every call."""
    return tuple(Point(call=call, side=side) for call in calls() for side in Side)
