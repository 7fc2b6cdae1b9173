"""Messages until somebody answers: reminders of those who were told, and escalations to others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.model.alerts import Alert, Answered
from tocsin.model.deliveries import DeliveryKind, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.alerting.facts import Planned
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.retry import LIFE
from tocsin.policy.notifying.route import OWN, Selection
from tocsin.policy.notifying.timing import Timing, timed

#: Kinds of message that are sent because nobody answers.
INSISTING = (DeliveryKind.REMINDER, DeliveryKind.ESCALATION)
#: Kinds of message that tell nothing new of an alert.
REPEATING = (*INSISTING, DeliveryKind.DATE)
#: Time after which a message that should have been sent is not sent any more, as after a long stop of the daemon.
GRACE = timedelta(days=1)
#: Alerts of one message.
MOST_ALERTS = 20
_UNASKED = (DeliveryKind.OPERATOR, DeliveryKind.TEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Alerts that pass *which* are sent to the receivers *to*, *after* that time without an answer."""

    to: tuple[str, ...]
    after: timedelta
    which: Selection = Selection()  # noqa: RUF009 (frozen)

    def __str__(self) -> str:
        return f"{self.which} to {','.join(self.to) or 'nobody'}".lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message about an alert to one recipient, which was or will be due *at* that time."""

    receiver: str
    recipient: str
    kind: DeliveryKind
    state: DeliveryState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """An alert that nobody has seen, with the messages about it."""

    alert: Alert
    answered: Answered
    messages: tuple[SentMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The next message to a recipient if nobody answers: a reminder, *number* *of* so many, or an escalation.

    *again* counts such messages about the alert to the recipient. *since* is when it was first sent, to *told*. A step *waits*
    while an earlier message is on its way.
    """

    kind: DeliveryKind
    receiver: str
    recipient: str
    at: datetime
    since: datetime
    again: int
    number: int = 0
    of: int = 0
    told: str = ""
    waits: bool = False

    @property
    def reason(self) -> Reason:
        """Return why the message is sent."""
        if self.kind is DeliveryKind.REMINDER:
            return Reason(cause=Cause.REMINDER, at=self.since, count=self.number, words=str(self.of))
        return Reason(cause=Cause.ESCALATION, at=self.since, by=self.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """The *escalations* of one good configuration, and the reminders that *people* ask for."""

    people: Sequence[ReceiverInfo] = ()
    escalations: Sequence[Escalation] = ()

    @property
    def spans(self) -> tuple[timedelta, ...]:
        """All times without an answer after which a message is sent; none if nothing is."""
        repeats = (one.repeat.every for one in self.people if one.repeat)
        return (*repeats, *(one.after for one in self.escalations))

    def wants(self, kind: DeliveryKind, receiver: str, alert: Alert) -> bool:
        """Return whether such a message about *alert* is configured."""
        if kind is DeliveryKind.REMINDER:
            return any(one.repeat for one in self.people if one.name == receiver)
        return any(receiver in one.to and one.which.fits(alert) for one in self.escalations)

    def steps(self, one: Unanswered) -> Iterator[Step]:
        """Yield the next message to each recipient if nobody answers; times may be past. A snooze puts them off."""
        heard = [message for message in one.messages if was_told(message) and message.kind is not DeliveryKind.DATE]
        if one.answered.seen or one.alert.over_at or one.alert.rule.startswith(OWN) or not heard:
            return
        for step in (*self._reminders(one, heard), *self._escalations(one.alert, heard)):
            yield replace(step, at=max(step.at, one.answered.snoozed_until or step.at))

    def due(self, unanswered: Iterable[Unanswered], now: datetime) -> tuple[tuple[Planned, ...], datetime]:
        """Return the messages that are due *now*, and when the next may be."""
        again = now + min(self.spans)
        found: dict[tuple[DeliveryKind, str, str, Timing], list[tuple[Alert, Step]]] = defaultdict(list)
        for one in unanswered:
            for step in self.steps(one):
                if step.at > now:
                    again = min(again, step.at)
                elif step.at > now - GRACE and not step.waits:
                    timing = self.timing(replace(step, at=now), one.alert, now)
                    found[step.kind, step.receiver, step.recipient, timing].append((one.alert, step))
        planned = []
        for (_, _, _, timing), items in found.items():
            items.sort(key=lambda item: -item[0].severity.rank)
            planned += [
                _planned(timing, items[first : first + MOST_ALERTS]) for first in range(0, len(items), MOST_ALERTS)
            ]
        return tuple(planned), again

    def timing(self, step: Step, alert: Alert, now: datetime) -> Timing:
        """Return when the message of *step* is sent: at the end of quiet hours, or not at all if they drop it."""
        person = next(one for one in self.people if one.name == step.receiver)
        return timed(person, alert.severity, Timing(kind=step.kind, due_at=step.at), now=now)

    def _reminders(self, about: Unanswered, heard: Sequence[SentMessage]) -> Iterator[Step]:
        for person in self.people:
            # What may wait for a digest is not urgent.
            if person.repeat is None or (person.digest and person.digest.takes(about.alert.severity)):
                continue
            for recipient, messages in _by_recipient(heard, person.name).items():
                number = sum(one.kind is DeliveryKind.REMINDER for one in messages) + 1
                if number <= person.repeat.at_most:
                    yield Step(
                        kind=DeliveryKind.REMINDER,
                        receiver=person.name,
                        recipient=recipient,
                        at=max(one.at for one in messages) + person.repeat.every,
                        since=min(one.at for one in messages),
                        again=repetitions(about.messages, person.name, recipient) + 1,
                        number=number,
                        of=person.repeat.at_most,
                        waits=any(one.state not in _SETTLED for one in messages),
                    )

    def _escalations(self, alert: Alert, heard: Sequence[SentMessage]) -> Iterator[Step]:
        first = min(heard, key=lambda one: one.at)
        for person in self.people:
            spans = [one.after for one in self.escalations if person.name in one.to and one.which.fits(alert)]
            if spans and all(one.receiver != person.name for one in heard):
                for recipient in person.recipients or ("",):
                    yield Step(
                        kind=DeliveryKind.ESCALATION,
                        receiver=person.name,
                        recipient=recipient,
                        at=first.at + min(spans),
                        since=first.at,
                        again=1,
                        told=first.receiver,
                    )


_SETTLED = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.SUPPRESSED)


def repetitions(messages: Iterable[SentMessage], receiver: str, recipient: str) -> int:
    """Return how many of *messages* told this recipient nothing new."""
    there = (receiver, recipient)
    return sum(one.kind in REPEATING and (one.receiver, one.recipient) == there for one in messages)


def was_told(message: SentMessage) -> bool:
    """Return whether its recipient was told by *message*, or asked before."""
    if message.kind in INSISTING:
        return True
    return message.kind not in _UNASKED and message.state is not DeliveryState.SUPPRESSED


def _by_recipient(messages: Iterable[SentMessage], receiver: str) -> dict[str, list[SentMessage]]:
    found: dict[str, list[SentMessage]] = defaultdict(list)
    for one in messages:
        if one.receiver == receiver:
            found[one.recipient].append(one)
    return found


def _planned(timing: Timing, part: Sequence[tuple[Alert, Step]]) -> Planned:
    step = part[0][1]
    return Planned(
        receiver=step.receiver,
        recipient=step.recipient,
        kind=step.kind,
        alert_ids=tuple(alert.id for alert, _ in part),
        due_at=timing.due_at,
        expires_at=timing.due_at + LIFE,
        held=replace(timing.held, because=step.reason) if timing.held else timing.held,
        dropped=replace(timing.dropped, because=step.reason) if timing.dropped else timing.dropped,
        why=step.reason,
        again={alert.id: one.again for alert, one in part},
    )
