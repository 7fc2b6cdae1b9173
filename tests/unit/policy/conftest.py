"""Builders for facts: everything that a decision looks at, in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.alerts import Alert, Story
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Match, RuleInfo, Severity
from tocsin.policy.alerting.facts import Arrival, Decision, Facts, LastNotified, Pending
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rule(name: str = "export", *, severity: Severity = Severity.HIGH, key: tuple[str, ...] = ("mineral",)) -> RuleInfo:
    """A rule of the pack `p`."""
    return RuleInfo(
        id=f"p/{name}",
        hash="h",
        title="{mineral}: " + name,
        severity=severity,
        event=f"trade.{name}",
        key=key,
        cooldown=timedelta(hours=12),
    )


@dataclass
class World:
    """A store in a dictionary: what one decision says is what the next one sees."""

    policy: Policy
    now: datetime = NOON
    stories: dict[int, Story] = field(default_factory=dict)
    alerts: dict[int, Alert] = field(default_factory=dict)
    last_notified: dict[tuple[str, str], LastNotified] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    notified: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    entries: int = 0
    rule: Callable[..., RuleInfo] = rule

    def match(
        self,
        title: str,
        *,
        info: RuleInfo | None = None,
        severity: Severity | None = None,
        labels: Mapping[str, tuple[str, ...]] | None = None,
        published: datetime | None = None,
        **fields: str,
    ) -> Match:
        """A match of *info* on an entry with *title*."""
        info = info or rule()
        entry = Entry(
            source=fields.pop("source", "wire"),
            id=title,
            keys=(),
            title=title,
            first_seen=self.now,
            published=published or self.now,
            **fields,
        )
        return Match(
            rule=info,
            severity=severity or info.severity,
            labels=labels if labels is not None else {"mineral": ("gallium",)},
            proof=Evidence(op="rule", text="", holds=True),
            event_time=entry.event_time,
            entry=entry,
        )

    def decide(self, *matches: Match, **circumstances: object) -> Decision:
        """Decide about entries, one a match, and remember what the decision says; `keep` or `send` its messages."""
        arrivals = []
        for match in matches:
            self.entries += 1
            arrivals.append(Arrival(entry_id=self.entries if match.entry else None, matches=(match,)))
        return self.judge(*arrivals, **circumstances)

    def judge(self, *arrivals: Arrival, **circumstances: object) -> Decision:
        """As `decide`, for arrivals that bring several matches each."""
        facts = Facts(
            now=self.now,
            arrivals=arrivals,
            stories=tuple(self.stories.values()),
            alerts=tuple(self.alerts.values()),
            last_notified=self.last_notified,
            pending=lambda people: {
                to: [one for one in self.pending if (one.receiver, one.recipient) == to] for to in people
            },
            notified=self.notified,
            next_story=max(self.stories, default=0) + 1,
            next_alert=max(self.alerts, default=0) + 1,
            **circumstances,  # type: ignore[arg-type]
        )
        decision = self.policy.decide(facts)
        self.stories |= {item.id: item for item in decision.stories}
        self.alerts |= {item.id: item for item in decision.alerts}
        self.last_notified |= decision.last_notified
        return decision

    def send(self, decision: Decision) -> None:
        """Let the messages of *decision* leave."""
        for plan in decision.planned:
            for number in plan.alert_ids:
                self.notified.setdefault(number, []).append((plan.receiver, plan.recipient))

    def keep(self, decision: Decision) -> None:
        """Put the messages of *decision* into the outbox, untried."""
        for number, plan in enumerate(decision.planned, start=len(self.pending)):
            self.pending.append(
                Pending(
                    delivery_id=f"d{number}",
                    receiver=plan.receiver,
                    recipient=plan.recipient,
                    kind=plan.kind,
                    due_at=plan.due_at,
                    alert_ids=plan.alert_ids,
                    story_ids=frozenset(self.alerts[i].story_id for i in plan.alert_ids),
                    entry_ids=frozenset(),
                )
            )

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@pytest.fixture
def world() -> World:
    """A desk that is told everything and an operator."""
    receivers = (
        ReceiverInfo(name="desk", recipients=("a",)),
        ReceiverInfo(name="ops", recipients=("",), operator=True),
    )
    return World(policy=Policy(routes=(Route(to=("desk",)),), receivers=receivers))
