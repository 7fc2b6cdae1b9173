"""Facts and decisions: the values that cross the write transaction.

The store reads `Facts` inside its transaction, hands them to `tocsin.policy.decide`, and writes the `Decision`
it gets back, so that reading, deciding and writing are one step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.model.alerts import Alert, Answered, Ending, MatchOutcome, Story
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON, Reason
from tocsin.model.rules import Correlation, Match, RuleInfo, Severity
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.alerting.correlation import ActiveWindows, Member, member_of
from tocsin.policy.alerting.story import STORY_WINDOW, Stories
from tocsin.policy.alerting.usual import spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A new observation: its row, if it is an entry, and its matches."""

    entry_id: int | None
    matches: tuple[Match, ...]
    flood: bool = False  # old news that its source published all at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The rows that a decision needs: stories of *events* with an entry after *since*, and notifications of *rules*.

    Also the matches of *members* of *correlations* between *earliest* and *latest*, and by rule the times from which it is
    known what is *usual*, and the known *values* by rule and label.
    """

    events: frozenset[str]
    rules: frozenset[str]
    since: datetime
    correlations: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    earliest: datetime
    latest: datetime
    usual: Mapping[str, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)
    values: frozenset[tuple[str, str]] = frozenset()

    @property
    def measured(self) -> frozenset[str]:
        """The rules of which it counts when they first matched."""
        return frozenset([*self.usual, *(rule for rule, _ in self.values)])


def reach(arrivals: Sequence[Arrival]) -> Reach:
    """Return the reach of a decision about *arrivals*, of which at least one has a match."""
    matches = [match for arrival in arrivals for match in arrival.matches]
    times = [match.event_time for match in matches]
    joined = correlations_of(match.rule for match in matches)
    longest = max((item.within for item in joined), default=timedelta(0))
    return Reach(
        events=frozenset(match.rule.event for match in matches),
        rules=frozenset([*(match.rule.id for match in matches), *(item.info.id for item in joined)]),
        since=min(times) - STORY_WINDOW,
        correlations=frozenset(item.info.id for item in joined),
        members=frozenset(name for item in joined for name in item.members),
        # A chain of correlations reaches further with each link.
        earliest=min(times) - longest * max(1, len(joined)),
        latest=max(times) + longest * max(1, len(joined)),
        usual={
            item.members[0]: tuple(spans(min(times), max(times), item.within))
            for item in sorted(joined, key=lambda item: item.within)
            if item.more_than is not None
        },
        values=frozenset((item.members[0], item.new) for item in joined if item.new is not None),
    )


def correlations_of(rules: Iterable[RuleInfo]) -> tuple[Correlation, ...]:
    """Return the correlations that matches of *rules* count for, and those that these count for, each once."""
    found: dict[str, Correlation] = {}
    waiting = [item for rule in rules for item in rule.joins]
    while waiting:
        item = waiting.pop()
        if item.info.id not in found:
            found[item.info.id] = item
            waiting += item.info.joins
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LastNotified:
    """The last notification of a rule about a key value, and its severity."""

    at: datetime
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A delivery without an attempt: more alerts may still join its message."""

    delivery_id: str
    receiver: str
    recipient: str
    kind: DeliveryKind
    due_at: datetime
    alert_ids: tuple[int, ...]
    story_ids: frozenset[int]
    entry_ids: frozenset[int]


_To = tuple[str, str]

#: What finds the deliveries without an attempt to each (receiver, recipient), the oldest first.
Waiting = Callable[[Collection[_To]], Mapping[_To, Sequence[Pending]]]


def nothing_waits(people: Collection[_To]) -> Mapping[_To, Sequence[Pending]]:
    """Return no delivery for any recipient."""
    return dict.fromkeys(people, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The *ending* of an *alert*, to tell the *people* who were sent it, as (receiver, recipient).

    Others are told by the message of the alert, if one still *waits*.
    """

    alert: Alert
    people: tuple[tuple[str, str], ...]
    ending: Ending
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that a decision may look at.

    *stories* are the open ones of the events of the arrivals, at least those that these may join, and *alerts* are the
    alerts of these stories.
    *last_notified* are the last notifications by (rule id, key value); *pending* finds the deliveries without an attempt.
    *notified* are the recipients of messages by alert, as (receiver, recipient), and *answered* their answers.
    *members* are earlier matches that correlations may count; *windows* are the times in which these were true, and
    *counted_since* is the time of the first match of each rule that is compared with what is usual or known. *values* are
    the known values of such a rule's label, by both.
    *indexed* are all open stories by event, in an index.
    """

    now: datetime
    arrivals: tuple[Arrival, ...]
    stories: tuple[Story, ...] = ()
    indexed: Mapping[str, Stories] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    last_notified: Mapping[tuple[str, str], LastNotified] = field(default_factory=dict)
    pending: Waiting = nothing_waits
    notified: Mapping[int, Sequence[tuple[str, str]]] = field(default_factory=dict)
    answered: Mapping[int, Answered] = field(default_factory=dict)
    next_story: int = 1
    next_alert: int = 1
    members: tuple[Member, ...] = ()
    windows: ActiveWindows = field(default_factory=dict)
    counted_since: Mapping[str, datetime] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    baseline: bool = False  # the first fetch of the source: it causes no alerts
    last_success: datetime | None = None  # of the source, before this poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The outcome of one match, and the reason."""

    entry_id: int | None
    match: Match
    outcome: MatchOutcome
    reason: Reason
    story_id: int | None = None
    origin: str = ""
    alert_id: int | None = None

    @property
    def member(self) -> Member:
        """Return the match as correlations see it."""
        return member_of(self.match, self.outcome, entry_id=self.entry_id, origin=self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A new delivery; the store gives it its id. *held* is what it waits for, *news* what is new about each alert.

    *dropped* is why it is never sent; such a delivery is only recorded. *why* is the reason of a
    message that repeats a notification, and *again* counts these repetitions by alert.
    """

    receiver: str
    recipient: str
    kind: DeliveryKind
    alert_ids: tuple[int, ...]
    due_at: datetime
    expires_at: datetime
    held: Reason = NO_REASON
    dropped: Reason = NO_REASON
    news: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    why: Reason = NO_REASON
    again: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that has to be written. *stories* and *alerts* are whole rows, new or changed."""

    decided: tuple[Decided, ...] = ()
    stories: tuple[Story, ...] = ()
    alerts: tuple[Alert, ...] = ()
    last_notified: Mapping[tuple[str, str], LastNotified] = field(default_factory=dict)
    planned: tuple[Planned, ...] = ()
    joined: tuple[tuple[str, tuple[int, ...]], ...] = ()  # (delivery id, alert ids that join it)
    # by (delivery id, alert): what else is new about an alert in a delivery
    news: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    windows: ActiveWindows = field(default_factory=dict)  # those that changed
    released: tuple[str, ...] = ()  # held deliveries that are sent now: an alert in them grew past its cooldown
    cancelled: tuple[tuple[str, int], ...] = ()  # (delivery id, alert): taken out of a held digest, to be sent earlier
