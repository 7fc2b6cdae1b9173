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
    """An alert, its rulings and its messages.

    *opened* is the ruling that opened it (None: during the warm-up), *later* are its updates and the coverage that joined
    it, *sent* its messages, and *dropped* the reason for which a message was held by a cooldown and never sent.
    """

    alert: Alert
    opened: Ruling | None
    later: tuple[Ruling, ...]
    sent: tuple[Sent, ...]
    dropped: str = ""

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """Return all rulings, the earliest first."""
        return (*((self.opened,) if self.opened else ()), *self.later)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The counts of a rule in the week (UTC) that begins on the Monday *week*. *outcomes* counts its matches."""

    week: date
    rule: str
    outcomes: Mapping[MatchOutcome, int]
    messages: int

    @property
    def matches(self) -> int:
        """Return the number of all matches."""
        return sum(self.outcomes.values())

    @property
    def alerts(self) -> int:
        """Return the number of alerts that were opened."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in OPENING)


class Change(StrEnum):
    """The difference of an alert between two rule sets."""

    GAINED = "gained"
    LOST = "lost"
    LOUDER = "louder"
    SOFTER = "softer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An alert that only one of two replays has, or that has another severity in the *other*, of the older rules."""

    change: Change
    history: AlertHistory
    other: AlertHistory | None = None


def alerts(result: Result) -> tuple[AlertHistory, ...]:
    """Return every alert, in order of opening."""
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
    """Return the counts by week and rule, without those of a rule in a week of which nothing is to be counted."""
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
    """Return the Mondays of all weeks of *result*, also of weeks without a match."""
    if result.first is None or result.last is None:
        return ()
    last = max([result.last, *(message.at for message in result.sent)])
    monday, final = week(result.first), week(last)
    return tuple(monday + timedelta(weeks=n) for n in range((final - monday).days // 7 + 1))


def week(at: datetime) -> date:
    """Return the Monday of the week of *at*."""
    return at.date() - timedelta(days=at.weekday())


def differences(new: Result, old: Result) -> tuple[Difference, ...]:
    """Return the alerts that *new* gained, lost, or made louder or softer than *old*, in order of time.

    Two alerts are the same if they are of one rule (by its bare id) and share an entry, since folding may differ, or are
    about one quote.
    """
    ours, theirs = alerts(new), alerts(old)
    their_homes, our_homes = _homes(theirs), _homes(ours)
    found: list[Difference] = []
    for history in ours:
        other = _twin(history, their_homes)
        if other is None:
            found.append(Difference(change=Change.GAINED, history=history))
        elif other.alert.severity is not history.alert.severity:
            louder = history.alert.severity.rank > other.alert.severity.rank
            found.append(Difference(change=Change.LOUDER if louder else Change.SOFTER, history=history, other=other))
    found += (
        Difference(change=Change.LOST, history=history) for history in theirs if _twin(history, our_homes) is None
    )
    return tuple(sorted(found, key=lambda item: (item.history.alert.opened_at, item.history.alert.id, item.change)))


def _homes(found: Sequence[AlertHistory]) -> dict[tuple[str, str, str], AlertHistory]:
    """Return alerts by their reports: bare rule, source and entry."""
    homes: dict[tuple[str, str, str], AlertHistory] = {}
    for history in found:
        for name in _reports(history):
            homes.setdefault(name, history)
    return homes


def _twin(history: AlertHistory, homes: Mapping[tuple[str, str, str], AlertHistory]) -> AlertHistory | None:
    return next((homes[name] for name in _reports(history) if name in homes), None)


def _reports(history: AlertHistory) -> list[tuple[str, str, str]]:
    matches = [ruling.decided.match for ruling in history.rulings]
    bare = history.alert.rule.rpartition("/")[2]
    reports = [(bare, match.entry.source, match.entry.id) for match in matches if match.entry]
    return reports + [(bare, match.quote.instrument, match.quote.at.isoformat()) for match in matches if match.quote]
