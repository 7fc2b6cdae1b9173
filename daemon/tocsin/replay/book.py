"""The state of a replay, kept in memory as the store keeps it in rows.

It gives `policy.decide` the same facts as the store does, and records the decisions. Nothing is decided here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from tocsin.model.alerts import Alert, Ending, Story
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.entries import MAX_AGE
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Correlation, Severity
from tocsin.policy.alerting.absence import Seen
from tocsin.policy.alerting.correlation import ActiveWindow, Member
from tocsin.policy.alerting.facts import (
    Arrival,
    Decided,
    Decision,
    Facts,
    LastNotified,
    Pending,
    Planned,
    Recovery,
    reach,
)
from tocsin.policy.alerting.story import STORY_WINDOW
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.timing import ALWAYS, NEWS, SPAN, limits, room

#: The span that a decision may look back over, apart from cooldowns: no event is older than MAX_AGE.
LOOKS_BACK = MAX_AGE + STORY_WINDOW
#: The reason of a held message that is sent early.
_RELEASED = Reason(cause=Cause.RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """The state of a source at a poll: the first fetch is a *baseline*; *last_success* is the time of the poll before."""

    baseline: bool = False
    last_success: datetime | None = None


#: The state of a source of which nothing is known.
KNOWN_NOTHING = Circumstance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message sent at *at*. *held* is the reason for which it waited, *number* counts the planned messages from 1."""

    number: int
    at: datetime
    planned_at: datetime
    receiver: str
    recipient: str
    kind: DeliveryKind
    alert_ids: tuple[int, ...]
    held: Reason = NO_REASON


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A message that is not sent yet; more alerts may join it."""

    number: int
    planned: Planned
    created_at: datetime
    due_at: datetime
    alert_ids: set[int]
    held: Reason


class Book:
    """Stories, alerts, notifications and waiting messages of one replay. Time never runs backwards."""

    def __init__(self) -> None:
        self.alerts: dict[int, Alert] = {}
        self._last_notified: dict[tuple[str, str], LastNotified] = {}
        self._entries = 0
        self._messages = 0
        self._next_story = 1
        # Only the part that a decision may still look at: open stories by event, and their alerts by story.
        self._stories: dict[str, dict[int, Story]] = defaultdict(dict)
        self._alerts_of: dict[int, dict[int, None]] = defaultdict(dict)
        self._entries_of: dict[int, set[int]] = defaultdict(set)
        self._waiting: dict[int, _Waiting] = {}
        self._left: dict[tuple[str, str], list[datetime]] = defaultdict(
            list
        )  # times of messages, for the limit an hour
        self._notified: dict[int, dict[tuple[str, str], None]] = defaultdict(dict)
        self._members: dict[str, list[Member]] = defaultdict(list)  # matches that correlations count, by time
        self._windows: dict[tuple[str, str], tuple[ActiveWindow, ...]] = {}
        self._absent: dict[str, datetime] = {}  # when it was told that expected matches did not come

    def number(self) -> int:
        """Return the number of one more entry."""
        self._entries += 1
        return self._entries

    def decide(
        self,
        policy: Policy,
        arrivals: Sequence[Arrival],
        circumstance: Circumstance,
        now: datetime,
        endings: Iterable[Ending] = (),
    ) -> Decision:
        """Decide about *arrivals* and *endings* at *now* by *policy*, and record the decision; without a match there is none."""
        matched = tuple(arrival for arrival in arrivals if arrival.matches)
        recoveries = tuple(self._recoveries(endings))
        if not matched and not recoveries:
            return Decision()
        known = self._facts(matched, circumstance, now) if matched else self._nothing(now)
        decision = policy.decide(replace(known, recoveries=recoveries) if recoveries else known)
        self._write(decision, now)
        return decision

    def lapse(
        self, before: datetime | None, cooldowns: Mapping[str, timedelta], ended: Callable[[Alert, datetime], str]
    ) -> dict[int, str]:
        """Drop alerts about prices that are due before *before* and no longer true; return the reasons by alert.

        *ended* returns the reason, empty for an alert that is still true. *cooldowns* are those of the price rules, which
        held the alerts, as in `tocsin.store.outbox.holds`.
        """
        over: dict[int, str] = {}
        lapsed: set[tuple[str, str]] = set()
        for message in list(self._waiting.values()):
            if not message.held or message.planned.kind not in NEWS or (before and message.due_at >= before):
                continue
            for number in sorted(message.alert_ids):
                alert = self.alerts[number]
                held = self._held_until(alert, message.due_at) if alert.rule in cooldowns else set()
                if held and (words := ended(alert, message.due_at)):
                    over[number] = words
                    lapsed |= held
                    message.alert_ids.remove(number)
            if not message.alert_ids:
                del self._waiting[message.number]
        for rule, key in lapsed:
            last = self._last_notified[rule, key]
            self._last_notified[rule, key] = replace(last, at=last.at - cooldowns[rule])
        return over

    def _held_until(self, alert: Alert, due_at: datetime) -> set[tuple[str, str]]:
        """Return the keys of *alert* whose cooldown ended by *due_at*: their notification was still planned when it opened."""
        keys = {(alert.rule, key) for key in alert.key}
        return {
            key for key in keys & self._last_notified.keys() if alert.opened_at < self._last_notified[key].at <= due_at
        }

    def send(self, before: datetime | None, receivers: Iterable[ReceiverInfo] = ()) -> tuple[Sent, ...]:
        """Send the messages due before *before* (None: all), and return them in the order of sending.

        News over the limit of one of *receivers* waits for a digest, as in `tocsin.store.outbox.receivers`.
        """
        limited = {one.name: one for one in receivers if one.max_per_hour is not None}
        due = [self._turn(message) for message in self._waiting.values() if before is None or message.due_at < before]
        heapify(due)
        left = []
        while due:
            message = self._waiting[heappop(due)[-1]]
            if message.planned.receiver in limited and self._over_limit(message, limited[message.planned.receiver]):
                if message.number in self._waiting and (before is None or message.due_at < before):
                    heappush(due, self._turn(message))
                continue
            del self._waiting[message.number]
            for number in message.alert_ids:
                self._notified[number][message.planned.receiver, message.planned.recipient] = None
            left.append(message)
        return tuple(_sent(message) for message in sorted(left, key=lambda one: (one.due_at, one.number)))

    def _turn(self, message: _Waiting) -> tuple[datetime, int, int]:
        """Return the sort key of sending: by time, then by severity, then by age."""
        return message.due_at, -self._loudest(message).rank, message.number

    def _loudest(self, message: _Waiting) -> Severity:
        found = (self.alerts[number].severity for number in message.alert_ids)
        return max(found, key=lambda severity: severity.rank, default=Severity.INFO)

    def _over_limit(self, message: _Waiting, receiver: ReceiverInfo) -> bool:
        """Return whether *message* is over the limit of *receiver*; if it is, let it wait for a digest."""
        at, loudest, limit = message.due_at, self._loudest(message), limits([receiver], message.due_at)[receiver.name]
        to = (message.planned.receiver, message.planned.recipient)
        free = room([sent for sent in self._left[to][-limit.most :] if sent > at - SPAN], limit.most)
        if message.planned.kind not in NEWS or loudest is ALWAYS or free is None:
            self._left[to].append(at)
            return False
        until = limit.until(free, loudest)
        digests = [
            one
            for one in self._waiting.values()
            if (one.planned.receiver, one.planned.recipient, one.planned.kind) == (*to, DeliveryKind.DIGEST)
            and one.due_at <= until
        ]
        if digests:
            min(digests, key=lambda one: one.due_at).alert_ids.update(message.alert_ids)
            del self._waiting[message.number]
            return True
        message.planned = replace(message.planned, kind=DeliveryKind.DIGEST)
        message.due_at, message.held = until, limit.reason(receiver.name, until)
        return True

    def _facts(self, arrivals: tuple[Arrival, ...], circumstance: Circumstance, now: datetime) -> Facts:
        reached = reach(arrivals)
        stories = sorted(
            (
                story
                for event in reached.events
                for story in self._open(event, now).values()
                if story.last_at >= reached.since
            ),
            key=lambda story: story.id,
        )
        numbers = sorted(number for story in stories for number in self._alerts_of.get(story.id, ()))
        return Facts(
            now=now,
            arrivals=arrivals,
            stories=tuple(stories),
            alerts=tuple(self.alerts[number] for number in numbers),
            last_notified=self._last_notified,  # of all rules: it is only looked up
            pending=self._pending_to,
            notified={number: tuple(self._notified[number]) for number in numbers if number in self._notified},
            next_story=self._next_story,
            next_alert=len(self.alerts) + 1,
            members=tuple(
                member
                for rule in sorted(reached.members)
                for start, end in ((reached.earliest, reached.latest), *reached.usual.get(rule, ()))
                for member in _between(self._members.get(rule, ()), start, end)
            ),
            counted_since={
                rule: members[0].event_time for rule in reached.measured if (members := self._members.get(rule))
            },
            values={
                (rule, label): {v for member in self._members.get(rule, ()) for v in member.labels.get(label, ())}
                for rule, label in reached.values
            },
            windows=self._windows,
            baseline=circumstance.baseline,
            last_success=circumstance.last_success,
        )

    def _open(self, event: str, now: datetime) -> Mapping[int, Story]:
        """Return the open stories of *event*, and forget those that are closed by now."""
        stories = self._stories[event]
        for number in [story.id for story in stories.values() if story.last_at < now - LOOKS_BACK]:
            del stories[number]
            self._alerts_of.pop(number, None)
        return stories

    def seen(self, correlation: Correlation) -> Seen:
        """Return when the rule that *correlation* waits for matched last, and when its absence was told."""
        members = self._members.get(correlation.members[0])
        return Seen(last=members[-1].event_time if members else None, told=self._absent.get(correlation.info.id))

    def _nothing(self, now: datetime) -> Facts:
        """Return the facts of a decision without a match."""
        return Facts(now=now, arrivals=(), pending=self._pending_to, next_alert=len(self.alerts) + 1)

    def _recoveries(self, endings: Iterable[Ending]) -> Iterator[Recovery]:
        """Yield the alert of each of *endings* that is not over yet, and those who were sent it."""
        for ending in endings:
            last = next((alert for alert in reversed(self.alerts.values()) if ending.ends(alert)), None)
            if last and last.over_at is None:
                waits = any(last.id in message.alert_ids for message in self._waiting.values())
                people = tuple(self._notified.get(last.id, ()))
                yield Recovery(alert=last, people=people, ending=ending, waits=waits)

    def _pending_to(self, people: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Sequence[Pending]]:
        found: dict[tuple[str, str], list[Pending]] = {to: [] for to in people}
        for message in self._waiting.values():
            to = message.planned.receiver, message.planned.recipient
            if to in found:
                found[to].append(self._pending(message))
        return found

    def _pending(self, message: _Waiting) -> Pending:
        numbers = sorted(message.alert_ids)
        return Pending(
            delivery_id=str(message.number),
            receiver=message.planned.receiver,
            recipient=message.planned.recipient,
            kind=message.planned.kind,
            due_at=message.due_at,
            alert_ids=tuple(numbers),
            story_ids=frozenset(self.alerts[number].story_id for number in numbers),
            entry_ids=frozenset(entry for number in numbers for entry in self._entries_of.get(number, ())),
        )

    def _write(self, decision: Decision, now: datetime) -> None:
        for story in decision.stories:
            # In the order in which the store reads them.
            members = sorted(story.entries, key=lambda member: (member.event_time, member.entry_id))
            self._stories[story.event][story.id] = replace(story, entries=tuple(members))
            self._next_story = max(self._next_story, story.id + 1)
        for alert in decision.alerts:
            self.alerts[alert.id] = alert
            self._alerts_of[alert.story_id][alert.id] = None
        for item in decision.decided:
            self._note(item)
        self._last_notified.update(decision.last_notified)
        self._windows.update(decision.windows)
        for delivery_id, number in decision.cancelled:
            message = self._waiting[int(delivery_id)]
            message.alert_ids.discard(number)
            if not message.alert_ids:
                del self._waiting[int(delivery_id)]
        for planned in decision.planned:
            if not planned.dropped:
                self._plan(planned, now)
        for delivery_id, numbers in decision.joined:
            self._waiting[int(delivery_id)].alert_ids.update(numbers)
        for delivery_id in decision.released:
            message = self._waiting[int(delivery_id)]
            if message.held:
                message.due_at, message.held = now, replace(message.held, because=_RELEASED)

    def _note(self, item: Decided) -> None:
        """Remember a match, by its alert and for the correlations that count it."""
        match = item.match
        if item.alert_id is not None and item.entry_id is not None:
            self._entries_of[item.alert_id].add(item.entry_id)
        if match.entry is None and match.quote is None:
            self._absent[match.rule.id] = match.event_time
        if match.rule.joins:
            insort(self._members[match.rule.id], item.member, key=_time)

    def _plan(self, planned: Planned, now: datetime) -> None:
        self._messages += 1
        self._waiting[self._messages] = _Waiting(
            number=self._messages,
            planned=planned,
            created_at=now,
            due_at=planned.due_at,
            alert_ids=set(planned.alert_ids),
            held=planned.held,
        )


def _time(member: Member) -> datetime:
    return member.event_time


def _between(members: Sequence[Member], earliest: datetime, latest: datetime) -> Sequence[Member]:
    return members[bisect_left(members, earliest, key=_time) : bisect_right(members, latest, key=_time)]


def _sent(message: _Waiting) -> Sent:
    return Sent(
        number=message.number,
        at=message.due_at,
        planned_at=message.created_at,
        receiver=message.planned.receiver,
        recipient=message.planned.recipient,
        kind=message.planned.kind,
        alert_ids=tuple(sorted(message.alert_ids)),
        held=message.held,
    )
