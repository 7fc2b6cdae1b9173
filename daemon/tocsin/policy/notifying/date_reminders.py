"""Reminders of confirmed dates: 30, 7 and 1 days before, to those who were sent the alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from tocsin.model.alerts import Alert
from tocsin.model.dates import KeptDate
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.alerting.facts import Planned
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.reminders import SentMessage, repetitions, was_told
from tocsin.policy.notifying.retry import LIFE
from tocsin.policy.notifying.timing import Timing, timed

#: Days before a date at which it is reminded of, and the time of day.
AHEAD = (30, 7, 1)
_AT = time(9)
#: A date that is confirmed meanwhile by another process is noticed after this time.
_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedDate:
    """A confirmed *date* of *alert*, with the messages about it; *reminded* is the last of `AHEAD` that was planned."""

    date: KeptDate
    alert: Alert
    messages: tuple[SentMessage, ...]
    reminded: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReminders:
    """Reminders to *people*, by the days and clocks of *zone*."""

    people: Sequence[ReceiverInfo] = ()
    zone: tzinfo = UTC

    def today(self, now: datetime) -> date:
        """Return the day of *now*."""
        return now.astimezone(self.zone).date()

    def due(
        self, confirmed: Iterable[ConfirmedDate], now: datetime
    ) -> tuple[tuple[Planned, ...], Mapping[int, int], datetime]:
        """Return the reminders that are due *now*, how many days ahead each date was reminded of by them, and when to ask again.

        Of several that a stop of the daemon left out, the last is sent. What was past when somebody confirmed is not.
        """
        planned, reminded = list[Planned](), dict[int, int]()
        again, earlier = now + _AGAIN, Counter[tuple[int, str, str]]()
        for one in confirmed:
            marks = {days: self._mark(one.date.day, days) for days in AHEAD if days < (one.reminded or AHEAD[0] + 1)}
            again = min([again, *(at for at in marks.values() if at > now)])
            passed = [days for days, at in marks.items() if (one.date.judged_at or now) < at <= now]
            if passed and self.today(now) < one.date.day:
                reminded[one.date.id] = min(passed)
                planned += self._planned(one, now, earlier)
        return tuple(planned), reminded, again

    def _mark(self, day: date, days: int) -> datetime:
        return datetime.combine(day - timedelta(days=days), _AT, self.zone).astimezone(UTC)

    def _planned(self, one: ConfirmedDate, now: datetime, earlier: Counter[tuple[int, str, str]]) -> Iterator[Planned]:
        """Yield the reminders of a date; *earlier* counts those that were planned just now."""
        reason = Reason(
            cause=Cause.DATE,
            by=str(one.date.id),
            count=(one.date.day - self.today(now)).days,
            words=f"{one.date.day} {one.date.kind}: “{one.date.words}”",
        )
        told = {(message.receiver, message.recipient) for message in one.messages if was_told(message)}
        for person in self.people:
            for recipient in person.recipients or ("",):
                if (person.name, recipient) not in told:
                    continue
                place = (one.alert.id, person.name, recipient)
                earlier[place] += 1
                timing = timed(person, one.alert.severity, Timing(kind=DeliveryKind.DATE, due_at=now), now=now)
                yield Planned(
                    receiver=person.name,
                    recipient=recipient,
                    kind=DeliveryKind.DATE,
                    alert_ids=(one.alert.id,),
                    due_at=timing.due_at,
                    expires_at=timing.due_at + LIFE,
                    held=replace(timing.held, because=reason) if timing.held else timing.held,
                    dropped=replace(timing.dropped, because=reason) if timing.dropped else timing.dropped,
                    why=reason,
                    again={one.alert.id: repetitions(one.messages, person.name, recipient) + earlier[place]},
                )
