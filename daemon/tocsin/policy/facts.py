"""What a decision is made from, and what it says: values that cross the write transaction.

The store reads `Facts` inside its transaction, hands them to `tocsin.policy.decide`, and writes the `Decision`
it gets back, so that judging and writing cannot be torn apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.model import Alert, DeliveryKind, Fate, Match, Severity, Story

#: A story takes in what happens within this time of its last entry; further apart is not the same happening.
STORY_WINDOW = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What one observation brought: its row, if it is an entry, and its matches."""

    entry_id: int | None
    matches: tuple[Match, ...]
    flood: bool = False  # old news that its source shows all at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a decision has to see: the stories of *events* whose last entry is not before *since*, the telling of *rules*."""

    events: frozenset[str]
    rules: frozenset[str]
    since: datetime


def reach(arrivals: Sequence[Arrival]) -> Reach:
    """What a decision about *arrivals*, of which at least one has a match, has to see."""
    matches = [match for arrival in arrivals for match in arrival.matches]
    return Reach(
        events=frozenset(match.rule.event for match in matches),
        rules=frozenset(match.rule.id for match in matches),
        since=min(match.event_time for match in matches) - STORY_WINDOW,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When a rule last told about a key value, and how loudly."""

    at: datetime
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A delivery that was never tried: more alerts may still join its message."""

    delivery_id: str
    receiver: str
    recipient: str
    kind: DeliveryKind
    due_at: datetime
    alert_ids: tuple[int, ...]
    story_ids: frozenset[int]
    entry_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may look at.

    *stories* are the open ones of the events that arrived, *alerts* those of these stories, *told* the rows of the
    rules that arrived, keyed by (rule id, key value), *pending* the deliveries that were never tried.
    """

    now: datetime
    arrivals: tuple[Arrival, ...]
    stories: tuple[Story, ...] = ()
    alerts: tuple[Alert, ...] = ()
    told: Mapping[tuple[str, str], Told] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()
    next_story: int = 1
    next_alert: int = 1
    baseline: bool = False  # the first fetch of the source: nothing alerts
    last_success: datetime | None = None  # of the source, before this poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of one match, and why."""

    entry_id: int | None
    match: Match
    fate: Fate
    reason: str
    story_id: int | None = None
    origin: str = ""
    alert_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A new delivery; the store gives it its id. *held* says that it waits for a cooldown."""

    receiver: str
    recipient: str
    kind: DeliveryKind
    alert_ids: tuple[int, ...]
    due_at: datetime
    expires_at: datetime
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be written. *stories* and *alerts* are whole rows, new or changed."""

    decided: tuple[Decided, ...] = ()
    stories: tuple[Story, ...] = ()
    alerts: tuple[Alert, ...] = ()
    told: Mapping[tuple[str, str], Told] = field(default_factory=dict)
    planned: tuple[Planned, ...] = ()
    joined: tuple[tuple[str, tuple[int, ...]], ...] = ()  # (delivery id, alert ids that join it)
    hastened: tuple[str, ...] = ()  # held deliveries that leave now: an alert in them broke through its cooldown
