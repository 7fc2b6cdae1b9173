"""Plan notifications: recipients, times and kinds, by routes, cooldowns and answers. It has the state of one decision."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Match, Severity
from tocsin.policy.alerting import cooldown
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.alerting.facts import Facts, LastNotified, Recovery
from tocsin.policy.alerting.growth import Growth
from tocsin.policy.alerting.keys import key_values
from tocsin.policy.notifying.grouping import MessageGrouper, Notice
from tocsin.policy.notifying.people import To, reason, winners
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route, recipients
from tocsin.policy.notifying.timing import Timing, timed
from tocsin.units import duration

_People = tuple[To, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What became of a notice: why nobody is notified now, if it *rests* for all; else whether all wait or some are told.

    *choice* is the receiver over which a person with several is told.
    """

    rests: Reason
    state: Reason
    choice: Reason | None


class NotificationPlanner:
    """Plans the messages of one decision about *facts*, and remembers the last notifications."""

    def __init__(self, routes: Sequence[Route], receivers: Sequence[ReceiverInfo], facts: Facts) -> None:
        self.messages = MessageGrouper(now=facts.now, find=facts.pending)
        # New notifications shadow the earlier ones, which are not copied: they can be years of history.
        before = cast(MutableMapping[tuple[str, str], LastNotified], facts.last_notified)
        self._last_notified: ChainMap[tuple[str, str], LastNotified] = ChainMap({}, before)
        self._routes = routes
        self._receivers = {receiver.name: receiver for receiver in receivers}
        self._persons = {receiver.name: receiver.person for receiver in receivers if receiver.person}
        self._present = {(receiver.name, recipient) for receiver in receivers for recipient in receiver.recipients}
        self._facts = facts

    def changed(self) -> Mapping[tuple[str, str], LastNotified]:
        """Return the new last notifications, by (rule, key value)."""
        return {
            key: last for key, last in self._last_notified.maps[0].items() if self._facts.last_notified.get(key) != last
        }

    def notify(
        self, notice: Notice, match: Match, kind: DeliveryKind, *, only: Sequence[str] = (), why: Reason | None = None
    ) -> Reason:
        """Plan the messages about *notice* to the recipients of the routes and to those who know its alert.

        Return the reason of their state, with *why* behind it. *only* are the values that are new: the cooldown of other
        values does not delay the messages.
        """
        alert, now = notice.alert, self._facts.now
        keys = key_values(match, alert.story_id)
        free = tuple(key for key in keys if set(key.split("|")) & set(only)) or keys
        due_at = (
            now
            if kind is DeliveryKind.CATCH_UP
            else cooldown.due(match.rule, free, match.severity, self._last_notified, now)
        )
        held = Reason(cause=Cause.COOLDOWN, until=due_at, by=match.rule.id) if due_at > now else NO_REASON
        knowing = [to for to in self._facts.notified.get(alert.id, ()) if to in self._present]
        everybody = tuple(dict.fromkeys((*self._routed(alert, match, self._routes), *knowing)))
        planned = self._plan(notice, everybody, Timing(kind=kind, due_at=due_at, held=held))
        if not planned.rests:  # a snoozed or dropped alert starts no cooldown for other stories
            self._remember(match, keys, due_at)
        return replace(planned.rests or held or planned.state, because=_behind(why, planned.choice))

    def notify_growth(
        self, grown: Growth, match: Match, entry_id: int | None, *, why: Reason | None = None
    ) -> Reason | None:
        """Plan the messages about what is new; return the reason of their state, None if nobody has to be notified.

        *why* is the reason for which the match is about the alert.
        """
        alert = grown.alert
        confirmed = self._confirmed(grown, match)
        words = grown.words(confirmed=bool(confirmed))
        why = Reason(cause=Cause.GROWTH, by=str(alert.id), words="; ".join(words), because=why)
        notice = Notice(alert=alert, entry_id=entry_id, news=words)
        if grown.matters:
            return self.notify(notice, match, DeliveryKind.UPDATE, only=grown.values, why=why)
        if not confirmed:
            return None
        # All of them know this story, so no cooldown delays it.
        planned = self._plan(notice, confirmed, Timing(kind=DeliveryKind.UPDATE, due_at=self._facts.now))
        return replace(planned.state, because=_behind(why, planned.choice))

    def notify_operators(self, alert: Alert, match: Match) -> int:
        """Plan the messages about an event of the daemon; return how many."""
        everybody = self._routed(alert, match, self._routes)
        self._plan(Notice(alert=alert), everybody, Timing(kind=DeliveryKind.OPERATOR, due_at=self._facts.now))
        return len(everybody)

    def correct(self, items: Sequence[Correction]) -> None:
        """Plan the messages to the recipients of alerts that their entries have changed, one to each person."""
        by_alert: dict[int, dict[To, tuple[Correction, Timing]]] = defaultdict(dict)
        places = list(self._receivers)
        for item in sorted(items, key=lambda one: places.index(one.to[0]) if one.to[0] in places else len(places)):
            wait = item.due_at > self._facts.now
            held = Reason(cause=Cause.CORRECTION, until=item.due_at) if wait else NO_REASON
            wanted = Timing(kind=DeliveryKind.CORRECTION, due_at=item.due_at, held=held)
            receiver = self._receivers.get(item.to[0])
            if receiver:
                wanted = timed(receiver, item.alert.severity, wanted, now=self._facts.now)
            by_alert[item.alert.id][item.to] = item, wanted
        for found in by_alert.values():
            over = winners({to: timing for to, (_, timing) in found.items()}, self._persons)
            for to, (item, timing) in found.items():
                if over[to] == to:
                    self.messages.add(Notice(alert=item.alert), to, timing)

    def recover(self, alert: Alert, recovery: Recovery) -> None:
        """Plan the messages that *alert* is over, to those who were sent it, one to each person."""
        lasted = duration(max(self._facts.now - alert.event_time, timedelta(0)))
        notice = Notice(alert=alert, news=(f"over after {lasted}: {recovery.ending.detail}",))
        rested = self._rested(alert.id, self._facts.now)
        held = Reason(cause=Cause.SNOOZE, until=rested, by=str(alert.id)) if rested > self._facts.now else NO_REASON
        wanted = Timing(kind=DeliveryKind.RECOVERY, due_at=rested, held=held)
        timings = {
            to: timed(self._receivers[to[0]], alert.severity, wanted, now=self._facts.now)
            for to in recovery.people
            if to in self._present
        }
        over = winners(timings, self._persons)
        for to, timing in timings.items():
            if over[to] == to:
                self.messages.add(notice, to, timing)

    def _confirmed(self, grown: Growth, match: Match) -> _People:
        """Return the recipients of routes that ask for this number of origins; none if somebody has seen the alert."""
        asking = [route for route in self._routes if grown.reaches(route.origins)]
        answered = self._facts.answered.get(grown.alert.id)
        if match.rule.to or not asking or (answered and answered.seen):
            return ()
        return self._routed(grown.alert, match, asking)

    def _rested(self, alert_id: int, due_at: datetime) -> datetime:
        """Return when an update that is due then may be sent: later, if the alert is snoozed."""
        answered = self._facts.answered.get(alert_id)
        until = answered.snoozed_until if answered else None
        return due_at if until is None else max(until, due_at)

    def _routed(self, alert: Alert, match: Match, routes: Sequence[Route]) -> _People:
        """Return the recipients that *routes*, or an override of the rule, name."""
        return recipients(routes, tuple(self._receivers.values()), alert, match.rule.to)

    def _plan(self, notice: Notice, everybody: _People, asked: Timing) -> _Planned:
        """Notify *everybody* as *asked*; those who know the alert get an update, and only they wait while it is snoozed.

        A person with several receivers is notified over one of them, but of the daemon's own health over all: it may be
        one of these that fails.
        """
        alert = notice.alert
        persons = {} if asked.kind is DeliveryKind.OPERATOR else self._persons
        notified = self._facts.notified.get(alert.id, ())
        knowing = {persons.get(to[0], to) for to in notified}
        rested = self._rested(alert.id, asked.due_at)
        snooze = Reason(cause=Cause.SNOOZE, until=rested, by=str(alert.id)) if rested > asked.due_at else NO_REASON
        self.messages.look_for(everybody)
        timings: dict[To, Timing] = {}
        for to in everybody:
            anew = asked.kind is DeliveryKind.UPDATE and to not in notified
            wanted = replace(asked, kind=DeliveryKind.ALERT) if anew else asked
            if persons.get(to[0], to) in knowing:
                wanted = replace(wanted, due_at=rested, held=snooze or wanted.held)
            pending = self.messages.waiting(to)
            timings[to] = timed(self._receivers[to[0]], alert.severity, wanted, now=self._facts.now, pending=pending)
        over = winners(timings, persons)
        told = {to: timing for to, timing in timings.items() if over[to] == to}
        for to in timings.keys() - told.keys():
            self.messages.withdraw(alert.id, to, timings[over[to]].due_at)
        for to, timing in told.items():
            news = () if asked.kind is DeliveryKind.UPDATE and to not in notified else notice.news
            self.messages.add(replace(notice, news=news), to, timing)
        rests = snooze if all(persons.get(to[0], to) in knowing for to in told) else NO_REASON
        dropped, held = [timing.dropped for timing in told.values()], [timing.held for timing in told.values()]
        return _Planned(
            rests=dropped[0] if dropped and all(dropped) else rests,
            state=held[0] if held and all(held) else _notified(len(told)),
            choice=reason(timings, over, persons),
        )

    def _remember(self, match: Match, keys: Sequence[str], at: datetime) -> None:
        for key in keys:
            last = cooldown.standing(self._last_notified.get((match.rule.id, key)), match.rule, self._facts.now)
            latest = at if last is None else max(last.at, at)
            self._last_notified[match.rule.id, key] = LastNotified(
                at=latest, severity=_louder(last, match.severity, at)
            )


def _notified(people: int) -> Reason:
    return Reason(cause=Cause.NOTIFIED if people else Cause.NO_ROUTE, count=people)


def _behind(why: Reason | None, last: Reason | None) -> Reason | None:
    """Return *why* with the reason *last* behind it."""
    return last if why is None else replace(why, because=_behind(why.because, last))


def _louder(last: LastNotified | None, severity: Severity, at: datetime) -> Severity:
    """Return the severity of the last notification; of two at the same time, the higher one."""
    if last is not None and last.at >= at and last.severity.rank > severity.rank:
        return last.severity
    return severity
