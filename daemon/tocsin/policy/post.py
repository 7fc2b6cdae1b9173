"""Which alerts leave in one message: one happening, one message for a recipient (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.model import Alert, DeliveryKind
from tocsin.policy.facts import Pending, Planned
from tocsin.policy.retry import LIFE, is_price, life


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A message that this decision plans; more alerts may still join it."""

    planned: Planned
    story_ids: set[int]
    entry_ids: set[int]
    price_rule: str = ""  # what one announcement does to thirty instruments is one message


@dataclass(slots=True, kw_only=True)
class Post:
    """The messages of one decision, with those of earlier ones that were never tried."""

    now: datetime
    pending: Sequence[Pending]
    joined: dict[str, list[int]] = field(default_factory=dict)
    hastened: dict[str, None] = field(default_factory=dict)
    news: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    released: dict[tuple[str, int], None] = field(default_factory=dict)
    _drafts: list[_Draft] = field(default_factory=list)
    _dropped: dict[tuple[str, str], Planned] = field(default_factory=dict)

    @property
    def planned(self) -> tuple[Planned, ...]:
        """The new messages, in the order in which they were thought of, and those that nobody is sent."""
        return (*(draft.planned for draft in self._drafts), *self._dropped.values())

    def drop(self, alert: Alert, to: tuple[str, str], kind: DeliveryKind, why: str) -> None:
        """Put on record that *to* is not told about *alert*."""
        before = self._dropped.get(to)
        alerts = (*before.alert_ids, alert.id) if before else (alert.id,)
        self._dropped[to] = Planned(
            receiver=to[0],
            recipient=to[1],
            kind=kind,
            alert_ids=tuple(dict.fromkeys(alerts)),
            due_at=self.now,
            expires_at=self.now + LIFE,
            dropped=why,
        )

    def tell(
        self,
        alert: Alert,
        to: tuple[str, str],
        *,
        kind: DeliveryKind,
        due_at: datetime,
        held: str,
        entry_id: int | None,
        news: tuple[str, ...] = (),
    ) -> None:
        """Tell *to* about *alert* at *due_at*: in a message that waits already, if it is about the same, else a new one.

        *news* is what is new about an alert that *to* knows.
        """
        self._leave_digests(alert, to, due_at)
        if self._tells_already(alert, to, due_at=due_at, held=held, news=news):
            return
        carrying = [one for one in self.pending if self._carries(one, alert, to, kind=kind, due_at=due_at)]
        if carrying:
            for message in carrying:
                self._note(message.delivery_id, alert, news)
                if due_at <= self.now < message.due_at:
                    self.hastened[message.delivery_id] = None
            return
        for message in self.pending:
            if self._takes(message, alert, to, kind=kind, due_at=due_at, entry_id=entry_id):
                numbers = self.joined.setdefault(message.delivery_id, [])
                if alert.id not in numbers:
                    numbers.append(alert.id)
                self._note(message.delivery_id, alert, news)
                return
        for draft in self._drafts:
            if self._fits(draft, alert, to, kind=kind, due_at=due_at, entry_id=entry_id):
                self._add(draft, alert, entry_id, news)
                lasts = max(draft.planned.expires_at, due_at + life(alert, kind, entry_id))
                draft.planned = replace(draft.planned, expires_at=lasts)
                return
        plan = Planned(
            receiver=to[0],
            recipient=to[1],
            kind=kind,
            alert_ids=(alert.id,),
            due_at=due_at,
            expires_at=due_at + life(alert, kind, entry_id),
            held=held,
            news={alert.id: news} if news else {},
        )
        entries = set() if entry_id is None else {entry_id}
        rule = alert.rule if is_price(alert, kind, entry_id) else ""
        self._drafts.append(_Draft(planned=plan, story_ids={alert.story_id}, entry_ids=entries, price_rule=rule))

    def _leave_digests(self, alert: Alert, to: tuple[str, str], due_at: datetime) -> None:
        """Take *alert* out of digests to *to* that leave later than *due_at*: the others in them go on waiting."""
        for message in self.pending:
            if (
                message.kind is not DeliveryKind.DIGEST
                or (message.receiver, message.recipient) != to
                or message.due_at <= due_at
            ):
                continue
            if alert.id in message.alert_ids:
                self.released[message.delivery_id, alert.id] = None
                self.news.pop((message.delivery_id, alert.id), None)
            elif alert.id in self.joined.get(message.delivery_id, ()):
                self.joined[message.delivery_id].remove(alert.id)
                self.news.pop((message.delivery_id, alert.id), None)
        for draft in tuple(self._drafts):
            plan = draft.planned
            late = plan.kind is DeliveryKind.DIGEST and plan.due_at > due_at
            if late and (plan.receiver, plan.recipient) == to and alert.id in plan.alert_ids:
                others = tuple(number for number in plan.alert_ids if number != alert.id)
                news = {number: words for number, words in plan.news.items() if number != alert.id}
                draft.planned = replace(plan, alert_ids=others, news=news)
                if not others:
                    self._drafts.remove(draft)

    def _tells_already(
        self, alert: Alert, to: tuple[str, str], *, due_at: datetime, held: str, news: tuple[str, ...]
    ) -> bool:
        """Whether a message of this very decision speaks of *alert*: it shows all that the decision adds to it.

        It then leaves at the earlier of the two times: one decision tells nobody twice of one alert.
        """
        for draft in self._drafts:
            plan = draft.planned
            if (plan.receiver, plan.recipient) == to and alert.id in plan.alert_ids:
                if due_at < plan.due_at:
                    lasts = plan.expires_at - plan.due_at
                    draft.planned = replace(plan, due_at=due_at, expires_at=due_at + lasts, held=held)
                self._add(draft, alert, None, news)
                return True
        for message in self.pending:
            if alert.id in self.joined.get(message.delivery_id, ()) and (message.receiver, message.recipient) == to:
                self._note(message.delivery_id, alert, news)
                if due_at <= self.now < message.due_at:
                    self.hastened[message.delivery_id] = None
                return True
        return False

    def _carries(
        self, message: Pending, alert: Alert, to: tuple[str, str], *, kind: DeliveryKind, due_at: datetime
    ) -> bool:
        """Whether *message*, which nobody has seen, speaks of *alert* already, and early enough.

        A held one leaves at once for what is due now. A correction waits for its own time: it tells what stands then.
        """
        if (message.receiver, message.recipient) != to or alert.id not in message.alert_ids:
            return False
        if (message.delivery_id, alert.id) in self.released:
            return False
        return due_at <= self.now or (message.due_at <= due_at and kind is not DeliveryKind.CORRECTION)

    def _note(self, delivery_id: str, alert: Alert, news: tuple[str, ...]) -> None:
        if news:
            known = self.news.get((delivery_id, alert.id), ())
            self.news[delivery_id, alert.id] = tuple(dict.fromkeys((*known, *news)))

    def _takes(
        self,
        message: Pending,
        alert: Alert,
        to: tuple[str, str],
        *,
        kind: DeliveryKind,
        due_at: datetime,
        entry_id: int | None,
    ) -> bool:
        if (message.receiver, message.recipient) != to or _apart(message.kind, kind):
            return False
        if due_at > self.now:  # held: what ends with the same cooldown is told together
            return message.due_at == due_at
        related = alert.story_id in message.story_ids or (entry_id is not None and entry_id in message.entry_ids)
        return message.due_at <= self.now and related

    def _fits(
        self,
        draft: _Draft,
        alert: Alert,
        to: tuple[str, str],
        *,
        kind: DeliveryKind,
        due_at: datetime,
        entry_id: int | None,
    ) -> bool:
        plan = draft.planned
        if (plan.receiver, plan.recipient) != to or _apart(plan.kind, kind) or plan.due_at != due_at:
            return False
        related = alert.story_id in draft.story_ids or (entry_id is not None and entry_id in draft.entry_ids)
        alike = draft.price_rule == alert.rule and is_price(alert, kind, entry_id)
        return related or alike or due_at > self.now or kind is DeliveryKind.CATCH_UP

    def _add(self, draft: _Draft, alert: Alert, entry_id: int | None, news: tuple[str, ...]) -> None:
        plan = draft.planned
        if alert.id not in plan.alert_ids:
            plan = replace(plan, alert_ids=(*plan.alert_ids, alert.id))
        if news:
            known = plan.news.get(alert.id, ())
            plan = replace(plan, news={**plan.news, alert.id: tuple(dict.fromkeys((*known, *news)))})
        draft.planned = plan
        draft.story_ids.add(alert.story_id)
        if entry_id is not None:
            draft.entry_ids.add(entry_id)


def _apart(one: DeliveryKind, other: DeliveryKind) -> bool:
    """Whether two kinds of message must not be mixed: news that is late and the daemon's own keep to themselves."""
    alone = (
        DeliveryKind.CATCH_UP,
        DeliveryKind.CORRECTION,
        DeliveryKind.DIGEST,
        DeliveryKind.OPERATOR,
        DeliveryKind.TEST,
    )
    return one is not other and (one in alone or other in alone)
