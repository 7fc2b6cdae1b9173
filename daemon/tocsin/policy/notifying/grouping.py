"""Alerts that are sent in one message: a recipient gets one message about one story."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON
from tocsin.policy.alerting.facts import Pending, Planned, Waiting
from tocsin.policy.notifying.retry import LIFE, is_price, life
from tocsin.policy.notifying.timing import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An alert to notify people of, because of the entry *entry_id* or of a quote.

    *news* is what is new about it for those who know it.
    """

    alert: Alert
    entry_id: int | None = None
    news: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A message that this decision plans; more alerts may still join it. *news* is what is new about each alert."""

    number: int
    to: tuple[str, str]
    timing: Timing
    expires_at: datetime
    news: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def planned(self) -> Planned:
        """Return the message as it is now."""
        return Planned(
            receiver=self.to[0],
            recipient=self.to[1],
            kind=self.timing.kind,
            alert_ids=tuple(self.news),
            due_at=self.timing.due_at,
            expires_at=self.expires_at,
            held=self.timing.held,
            dropped=self.timing.dropped,
            news={alert: words for alert, words in self.news.items() if words},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A notice for one recipient, and its timing."""

    notice: Notice
    to: tuple[str, str]
    timing: Timing

    @property
    def alert(self) -> Alert:
        """Return the alert that it is about."""
        return self.notice.alert

    @property
    def expires_at(self) -> datetime:
        """Return the time until which it is worth sending."""
        return self.timing.due_at + life(self.alert, self.timing.kind, self.notice.entry_id)

    @property
    def price_rule(self) -> str:
        """Return the rule of a price, else nothing: a rule that fires for many instruments at once gives one message."""
        return self.alert.rule if is_price(self.alert, self.timing.kind, self.notice.entry_id) else ""


#: A recipient, and a key by which messages to it are found.
_Place = tuple[tuple[str, str], object]


class MessageGrouper:
    """The messages of one decision at *now*; *find* finds those of earlier ones that had no attempt.

    One decision may plan ten thousand messages: they are indexed by recipient and subject.
    """

    def __init__(self, *, now: datetime, find: Waiting) -> None:
        self.joined: dict[str, dict[int, None]] = defaultdict(dict)
        self.released: dict[str, None] = {}
        self.news: dict[tuple[str, int], tuple[str, ...]] = {}
        self.cancelled: dict[tuple[str, int], None] = {}
        self._now = now
        self._find = find
        self._waiting: dict[tuple[str, str], Sequence[Pending]] = {}
        self._count = 0
        self._drafts: dict[int, _Draft] = {}
        self._drafts_by: defaultdict[_Place, dict[int, _Draft]] = defaultdict(dict)
        self._dropped: dict[tuple[str, str], _Draft] = {}

    @property
    def planned(self) -> tuple[Planned, ...]:
        """Return the new messages in the order in which they were planned, then the dropped ones."""
        return tuple(draft.planned for draft in (*self._drafts.values(), *self._dropped.values()))

    def look_for(self, people: Iterable[tuple[str, str]]) -> None:
        """Find the messages of earlier decisions to *people* that had no attempt, all at once."""
        new = [to for to in people if to not in self._waiting]
        if new:
            self._waiting |= self._find(new)

    def waiting(self, to: tuple[str, str]) -> Sequence[Pending]:
        """Return the messages of earlier decisions to *to* that had no attempt."""
        self.look_for((to,))
        return self._waiting[to]

    def add(self, notice: Notice, to: tuple[str, str], timing: Timing) -> None:
        """Plan *notice* for *to* at the time of *timing*: in a waiting message about the same story, or in a new one.

        A dropped notice is recorded, and not sent.
        """
        wanted = _Wanted(notice=notice, to=to, timing=timing)
        if timing.dropped:
            self._drop(wanted)
            return
        self._leave_digests(wanted)
        if not self._announces(wanted) and not self._carries(wanted) and not self._joins(wanted):
            related = (draft for draft in self._related(wanted) if not _apart(draft.timing.kind, timing.kind))
            draft = next((draft for draft in related if draft.timing.due_at == timing.due_at), None)
            draft = draft or self._new(wanted)
            draft.expires_at = max(draft.expires_at, wanted.expires_at)
            self._add(draft, wanted)

    def _drop(self, wanted: _Wanted) -> None:
        timing = replace(wanted.timing, due_at=self._now, held=NO_REASON)
        new = _Draft(number=0, to=wanted.to, timing=timing, expires_at=self._now + LIFE)
        draft = self._dropped.setdefault(wanted.to, new)
        draft.timing = timing
        draft.news[wanted.alert.id] = ()

    def withdraw(self, alert_id: int, to: tuple[str, str], since: datetime) -> None:
        """Take an alert out of all messages to *to* that are due at *since* or later."""
        self._leave(alert_id, to, lambda message: message.due_at >= since)

    def _leave_digests(self, wanted: _Wanted) -> None:
        """Take an alert out of digests that are sent later than *wanted*; the other alerts in them still wait."""
        self._leave(
            wanted.alert.id,
            wanted.to,
            lambda message: message.kind is DeliveryKind.DIGEST and message.due_at > wanted.timing.due_at,
        )

    def _leave(self, number: int, to: tuple[str, str], late: Callable[[Pending | Timing], bool]) -> None:
        """Take the alert *number* out of the messages to *to* that are *late*; the other alerts in them still wait."""
        for message in filter(late, self.waiting(to)):
            if number in message.alert_ids:
                self.cancelled[message.delivery_id, number] = None
                self.news.pop((message.delivery_id, number), None)
            elif number in self.joined.get(message.delivery_id, ()):
                del self.joined[message.delivery_id][number]
                self.news.pop((message.delivery_id, number), None)
        for draft in list(self._drafts_by[to, ("alert", number)].values()):
            if late(draft.timing):
                del draft.news[number]
                del self._drafts_by[to, ("alert", number)][draft.number]
                if not draft.news:
                    del self._drafts[draft.number]

    def _announces(self, wanted: _Wanted) -> bool:
        """Add the notice to a message of this decision about the same alert; return whether there is one.

        It is then sent at the earlier of the two times: one decision sends nobody two messages about one alert.
        """
        for draft in self._about(wanted)[:1]:
            due_at = wanted.timing.due_at
            if due_at < draft.timing.due_at:
                draft.expires_at += due_at - draft.timing.due_at
                draft.timing = replace(draft.timing, due_at=due_at, held=wanted.timing.held)
                self._drafts_by[draft.to, due_at][draft.number] = draft
            self._add(draft, replace(wanted, notice=replace(wanted.notice, entry_id=None)))
            return True
        for message in self.waiting(wanted.to):
            if wanted.alert.id in self.joined.get(message.delivery_id, ()):
                self._carry(message, wanted)
                return True
        return False

    def _carries(self, wanted: _Wanted) -> bool:
        """Add the notice to unsent messages that contain the alert and are due in time; return whether there are any.

        A held one is sent at once if the notice is due now. A correction waits for its own time, to show the text of then.
        """
        timing = wanted.timing
        carrying = [
            message
            for message in self.waiting(wanted.to)
            if wanted.alert.id in message.alert_ids
            and (message.delivery_id, wanted.alert.id) not in self.cancelled
            and (
                timing.due_at <= self._now
                or (message.due_at <= timing.due_at and timing.kind is not DeliveryKind.CORRECTION)
            )
        ]
        for message in carrying:
            self._carry(message, wanted)
        return bool(carrying)

    def _carry(self, message: Pending, wanted: _Wanted) -> None:
        self._note(message.delivery_id, wanted)
        if wanted.timing.due_at <= self._now < message.due_at:
            self.released[message.delivery_id] = None

    def _joins(self, wanted: _Wanted) -> bool:
        """Let the alert join a waiting message about the same story; return whether there is one."""
        for message in self.waiting(wanted.to):
            if self._takes(message, wanted):
                self.joined[message.delivery_id].setdefault(wanted.alert.id)
                self._note(message.delivery_id, wanted)
                return True
        return False

    def _note(self, delivery_id: str, wanted: _Wanted) -> None:
        if wanted.notice.news:
            known = self.news.get((delivery_id, wanted.alert.id), ())
            self.news[delivery_id, wanted.alert.id] = tuple(dict.fromkeys((*known, *wanted.notice.news)))

    def _takes(self, message: Pending, wanted: _Wanted) -> bool:
        kind, due_at, entry = wanted.timing.kind, wanted.timing.due_at, wanted.notice.entry_id
        if _apart(message.kind, kind):
            return False
        if due_at > self._now:  # held: alerts whose cooldowns end together are sent together
            return message.due_at == due_at
        related = (
            wanted.alert.story_id in message.story_ids
            or (entry is not None and entry in message.entry_ids)
            or kind is DeliveryKind.CATCH_UP
        )
        return message.due_at <= self._now and related

    def _about(self, wanted: _Wanted) -> list[_Draft]:
        """Return the new messages that contain the alert, in order."""
        return list(self._drafts_by[wanted.to, ("alert", wanted.alert.id)].values())

    def _related(self, wanted: _Wanted) -> list[_Draft]:
        """Return the new messages to the same recipient that the alert may join, in order."""
        found: dict[int, _Draft] = {}
        for place in self._places(wanted):
            found |= self._drafts_by[place]
        return [self._drafts[number] for number in sorted(found) if number in self._drafts]

    def _places(self, wanted: _Wanted) -> list[_Place]:
        """Return the keys by which messages are found that *wanted* may join."""
        places: list[object] = [("story", wanted.alert.story_id)]
        if wanted.notice.entry_id is not None:
            places.append(("entry", wanted.notice.entry_id))
            # Reports of one happening in several languages may be alerts with the same rule and key values.
            places.append(("key", wanted.alert.rule, wanted.alert.key))
        if wanted.price_rule:
            places.append(("price", wanted.price_rule))
        if wanted.timing.due_at > self._now:
            places.append(wanted.timing.due_at)
        if wanted.timing.kind is DeliveryKind.CATCH_UP:
            places.append(wanted.timing.kind)
        return [(wanted.to, place) for place in places]

    def _new(self, wanted: _Wanted) -> _Draft:
        self._count += 1
        draft = _Draft(number=self._count, to=wanted.to, timing=wanted.timing, expires_at=wanted.expires_at)
        self._drafts[draft.number] = draft
        for place in self._places(wanted):
            self._drafts_by[place][draft.number] = draft
        return draft

    def _add(self, draft: _Draft, wanted: _Wanted) -> None:
        alert, to = wanted.alert, wanted.to
        known = draft.news.get(alert.id, ())
        draft.news[alert.id] = tuple(dict.fromkeys((*known, *wanted.notice.news)))
        self._drafts_by[to, ("alert", alert.id)][draft.number] = draft
        self._drafts_by[to, ("story", alert.story_id)][draft.number] = draft
        if wanted.notice.entry_id is not None:
            self._drafts_by[to, ("entry", wanted.notice.entry_id)][draft.number] = draft


def _apart(one: DeliveryKind, other: DeliveryKind) -> bool:
    """Return whether two kinds must not be mixed in a message, as catch-up and operator messages."""
    alone = (
        DeliveryKind.CATCH_UP,
        DeliveryKind.CORRECTION,
        DeliveryKind.DIGEST,
        DeliveryKind.OPERATOR,
        DeliveryKind.RECOVERY,
        DeliveryKind.TEST,
    )
    return one is not other and (one in alone or other in alone)
