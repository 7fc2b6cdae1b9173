"""Where a life can be cut off: before and after every call of the store, of a source and of a receiver."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import tocsin
from tocsin.receivers import Receiver
from tocsin.sources import Source
from tocsin.store import Store
from tocsin.store.access import Queries

#: How the rooms that work on their own, and not for a command, call the store.
_CALLED = re.compile(r"\b_?(store\.(?:read\.)?\w+)")


#: Calls that no world on loopback leads to: only a public address can be out of reach, only another program judges again,
#: a clock is set back, a disk full and a database taken away only by a fault, a reload comes between claim and try by
#: chance only, only on a server has a worker others, no program pushes (see `tests/e2e/test_push.py`), no source of the
#: script fetches articles, no rule of it expects news, and no silence recurs.
ELSEWHERE = frozenset({
    "store.claim_articles",
    "store.clear_outage_failures",
    "store.enter_generation",
    "store.put_off_article",
    "store.give_up_article",
    "store.fall_silent",
    "store.find_absences",
    "store.give_back",
    "store.keep_silences",
    "store.probe",
    "store.push",
    "store.read.absences",
    "store.read.source",
    "store.rejudge",
    "store.rescue",
    "store.rewind",
    "store.take_article",
    "store.take_over",
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
    """Every call of the daemon over a border, as its protocols name them; one that is added later is among them.

    Of the store those that its own modules name: commands and replays call others.
    """
    package = Path(tocsin.__file__).parent
    modules = (module for room in ("ingest", "deliver", "service") for module in (package / room).glob("*.py"))
    named = {name for module in modules for name in _CALLED.findall(module.read_text(encoding="utf-8"))}
    protocols = {"store": Store, "store.read": Queries, "source": Source, "receiver": Receiver}
    return tuple(
        f"{name}.{method}"
        for name, protocol in protocols.items()
        for method, value in inspect.getmembers(protocol, inspect.isfunction)
        if not method.startswith("_") and (not name.startswith("store") or f"{name}.{method}" in named)
    )


def points() -> tuple[Point, ...]:
    """Both sides of every call."""
    return tuple(Point(call=call, side=side) for call in calls() for side in Side)
