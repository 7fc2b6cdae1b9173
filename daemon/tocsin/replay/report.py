"""Reports of a replay: the history of each alert, counts a week and a rule, and how two replays differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from tocsin.model.alerts import OPENING, Alert, MatchOutcome
from tocsin.replay.book import Sent
from tocsin.replay.replay import Result, Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHistory:
    """An alert, what led to it and what came of it.

    *opened* is the ruling that opened it, *later* its updates and the coverage that joined it, *sent* its messages, and
    *dropped* why it has none although a cooldown held one.
    One that was opened during the warm-up has no *opened*.
    """

    alert: Alert
    opened: Ruling | None
    later: tuple[Ruling, ...]
    sent: tuple[Sent, ...]
    dropped: str = ""

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """All of its rulings, the first first."""
        return (*((self.opened,) if self.opened else ()), *self.later)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The record of a rule in the week that begins on *week*, a Monday, by UTC; *outcomes* counts its matches."""

    week: date
    rule: str
    outcomes: Mapping[MatchOutcome, int]
    messages: int

    @property
    def matches(self) -> int:
        """All matches, whatever became of them."""
        return sum(self.outcomes.values())

    @property
    def alerts(self) -> int:
        """The alerts that were opened."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in OPENING)


class Change(StrEnum):
    """The difference of an alert between two rule sets."""

    GAINED = "gained"
    LOST = "lost"
    LOUDER = "louder"
    SOFTER = "softer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An alert that only one of two replays has, or that is as loud only in one; *other* is that of the older rules."""

    change: Change
    told: AlertHistory
    other: AlertHistory | None = None


def alerts(result: Result) -> tuple[AlertHistory, ...]:
    """Return every alert in the order in which it was opened."""
    rulings: dict[int, list[Ruling]] = defaultdict(list)
    for ruling in result.rulings:
        if ruling.decided.alert_id is not None:
            rulings[ruling.decided.alert_id].append(ruling)
    sent: dict[int, list[Sent]] = defaultdict(list)
    for message in result.sent:
        for number in message.alert_ids:
            sent[number].append(message)
    return tuple(
        AlertHistory(
            alert=alert,
            opened=next((item for item in rulings[number] if item.decided.outcome in OPENING), None),
            later=tuple(item for item in rulings[number] if item.decided.outcome not in OPENING),
            sent=tuple(sent[number]),
            dropped=result.dropped.get(number, ""),
        )
        for number, alert in result.alerts.items()
    )


def only_rule(result: Result, rule: str) -> Result:
    """Return the part of *result* that is about *rule*: its matches, its alerts, and the messages about these."""
    kept = {number: alert for number, alert in result.alerts.items() if alert.rule == rule}
    return replace(
        result,
        rulings=tuple(item for item in result.rulings if item.decided.match.rule.id == rule),
        sent=tuple(message for message in result.sent if kept.keys() & set(message.alert_ids)),
        alerts=kept,
        dropped={number: words for number, words in result.dropped.items() if number in kept},
        failures=tuple(item for item in result.failures if item.unevaluated.rule == rule),
    )


def counts(result: Result) -> tuple[Count, ...]:
    """Count what each rule did in each week in which it did anything, by week and rule."""
    outcomes: dict[tuple[date, str], Counter[MatchOutcome]] = defaultdict(Counter)
    messages: Counter[tuple[date, str]] = Counter()
    for ruling in result.rulings:
        outcomes[week(ruling.at), ruling.decided.match.rule.id][ruling.decided.outcome] += 1
    for message in result.sent:
        rules = {result.alerts[number].rule for number in message.alert_ids if number in result.alerts}
        messages.update((week(message.at), rule) for rule in rules)
    return tuple(
        Count(
            week=monday,
            rule=rule,
            outcomes=dict(sorted(outcomes[monday, rule].items())),
            messages=messages[monday, rule],
        )
        for monday, rule in sorted({*outcomes, *messages})
    )


def weeks(result: Result) -> tuple[date, ...]:
    """Return every Monday of the time that *result* covers, quiet weeks too."""
    if result.first is None or result.last is None:
        return ()
    last = max([result.last, *(message.at for message in result.sent)])
    monday, final = week(result.first), week(last)
    return tuple(monday + timedelta(weeks=n) for n in range((final - monday).days // 7 + 1))


def week(at: datetime) -> date:
    """Return the Monday of the week of *at*."""
    return at.date() - timedelta(days=at.weekday())


def differences(new: Result, old: Result) -> tuple[Difference, ...]:
    """Return what *new* has gained, lost, and made louder or softer than *old*, in the order of time.

    Two alerts are the same when they are of one rule (by its bare id) and share a report, since folding may differ, or
    when they are about one quote.
    """
    ours, theirs = alerts(new), alerts(old)
    their_homes, our_homes = _homes(theirs), _homes(ours)
    found: list[Difference] = []
    for told in ours:
        other = _twin(told, their_homes)
        if other is None:
            found.append(Difference(change=Change.GAINED, told=told))
        elif other.alert.severity is not told.alert.severity:
            louder = told.alert.severity.rank > other.alert.severity.rank
            found.append(Difference(change=Change.LOUDER if louder else Change.SOFTER, told=told, other=other))
    found += (Difference(change=Change.LOST, told=told) for told in theirs if _twin(told, our_homes) is None)
    return tuple(sorted(found, key=lambda item: (item.told.alert.opened_at, item.told.alert.id, item.change)))


def _homes(found: Sequence[AlertHistory]) -> dict[tuple[str, str, str], AlertHistory]:
    """By bare rule, source and entry, the alert that the entry belongs to."""
    homes: dict[tuple[str, str, str], AlertHistory] = {}
    for told in found:
        for name in _reports(told):
            homes.setdefault(name, told)
    return homes


def _twin(told: AlertHistory, homes: Mapping[tuple[str, str, str], AlertHistory]) -> AlertHistory | None:
    return next((homes[name] for name in _reports(told) if name in homes), None)


def _reports(told: AlertHistory) -> list[tuple[str, str, str]]:
    matches = [ruling.decided.match for ruling in told.rulings]
    bare = told.alert.rule.rpartition("/")[2]
    reports = [(bare, match.entry.source, match.entry.id) for match in matches if match.entry]
    return reports + [(bare, match.quote.instrument, match.quote.at.isoformat()) for match in matches if match.quote]
