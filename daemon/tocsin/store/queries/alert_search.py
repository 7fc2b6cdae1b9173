"""Searches of alerts: a filter, the alerts that pass it a part at a time, and counts of what else could be chosen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Executable, type_coerce
from sqlmodel import Session, col, func, or_, select

from tocsin.market.summary import beside
from tocsin.model.alerts import Alert, AlertContent, AlertState, Answered
from tocsin.model.deliveries import UNHEARD, DeliveryState
from tocsin.model.prices import Instrument, Labels
from tocsin.model.records import Card
from tocsin.model.rules import Severity
from tocsin.store.db import codec, mapping
from tocsin.store.db.columns import SafeText
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow, EntryRow, MatchRow
from tocsin.store.outbox import feedback
from tocsin.store.queries import content
from tocsin.store.queries.ranges import ranges
from tocsin.store.views import Place, Which

#: Alerts that one search looks at, and values of a facet that it counts.
MOST = 20_000
_MOST_VALUES = 30
_MOST_ABOUT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """A part of the alerts that pass a filter, the newest first: *total* counts all. Others follow *next*, None at the end.

    *facets* count them by value of `severity`, `state`, `rule` and each label (`label:mineral`), the most frequent first.
    A search for words is not *complete* if its time ran out: older alerts were not looked at then.
    """

    cards: tuple[Card, ...]
    total: int
    next: Place | None
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The entry that opened an alert, in short."""

    title: str
    link: str
    publisher: str


class _Found(NamedTuple):
    """The columns of an alert by which it is filtered and counted."""

    id: int
    opened_at: datetime
    severity: Severity
    rule: str
    labels: Labels


_TABLE = AlertRow.metadata.tables["alert"]
_LABELS = codec.Json[Labels](Labels)


def find(session: Session, which: Which, now: datetime, *, after: Place | None = None, limit: int = 50) -> AlertList:
    """Return the first *limit* alerts that pass *which* at *now*, of those that follow the place *after*."""
    states = feedback.states(session, which.since, now)
    rows, complete = _rows(session, which)
    found = [row for row in rows if _passes(row, which, states)]
    rest = [row for row in found if after is None or (row.opened_at, row.id) < (after.at, after.number)]
    shown = rest[:limit]
    return AlertList(
        cards=cards(session, [row.id for row in shown]),
        total=len(found),
        next=Place(at=shown[-1].opened_at, id=str(shown[-1].id)) if len(rest) > limit else None,
        facets=_facets(found, states),
        complete=complete,
    )


def every(session: Session, which: Which, now: datetime, limit: int = MOST) -> tuple[tuple[Alert, Answered], ...]:
    """Return the first *limit* alerts that pass *which* at *now*, with their answers."""
    states = feedback.states(session, which.since, now)
    numbers = [row.id for row in _rows(session, which)[0] if _passes(row, which, states)][:limit]
    alerts: dict[int, Alert] = {}
    for piece in pieces(numbers):
        rows = session.exec(select(AlertRow).where(col(AlertRow.id).in_(piece)))
        alerts |= {row.id: mapping.alert(row) for row in rows}
    answered: dict[int, Answered] = {}
    for piece in pieces(numbers if states else ()):
        answered |= feedback.by_number(session, piece)
    return tuple((alerts[number], answered.get(number, Answered())) for number in numbers)


def headlines(session: Session, numbers: Sequence[int]) -> dict[int, Headline]:
    """Return the entry that opened each of the alerts *numbers*; those without an entry are left out."""
    found: dict[int, Headline] = {}
    for piece in pieces(numbers):
        first = select(func.min(MatchRow.id)).where(col(MatchRow.alert_id).in_(piece)).group_by(col(MatchRow.alert_id))
        rows = session.exec(
            select(MatchRow.alert_id, EntryRow.title, EntryRow.link, EntryRow.publisher)
            .join(EntryRow, col(EntryRow.id) == MatchRow.entry_id)
            .where(col(MatchRow.id).in_(first))
        )
        found |= {number or 0: Headline(title=title, link=link, publisher=by) for number, title, link, by in rows}
    return found


def cards(session: Session, numbers: Sequence[int]) -> tuple[Card, ...]:
    """Return the alerts *numbers* in this order, as a list shows them; numbers that are no alert are left out."""
    contents = content.of_alerts(session, numbers, most=0)
    return _cards(session, numbers, contents)


def bare_cards(session: Session, numbers: Sequence[int]) -> tuple[Card, ...]:
    """Return the alerts *numbers* as `cards` does, but without evidence and coverage, which cost most to read."""
    rows = session.exec(select(AlertRow).where(col(AlertRow.id).in_(numbers)))
    return _cards(session, numbers, {row.id: AlertContent(alert=mapping.alert(row)) for row in rows})


def _cards(session: Session, numbers: Sequence[int], contents: Mapping[int, AlertContent]) -> tuple[Card, ...]:
    answered = feedback.by_number(session, numbers)
    entries: dict[int, set[int]] = defaultdict(set)
    pairs = select(MatchRow.alert_id, MatchRow.entry_id).where(col(MatchRow.alert_id).in_(numbers))
    for number, entry in session.exec(pairs):
        if number is not None and entry is not None:
            entries[number].add(entry)
    return tuple(
        Card(
            content=contents[number],
            answered=answered.get(number, Answered()),
            entries=frozenset(entries.get(number, ())),
        )
        for number in numbers
        if number in contents
    )


def about(session: Session, instrument: Instrument, since: datetime, least: Severity) -> tuple[Alert, ...]:
    """Return the newest alerts opened *since* then, of severity *least* or above, that *instrument* is shown beside."""
    levels = [level for level in Severity if level.rank >= least.rank]
    values = {instrument.id, *(value for values in instrument.labels.values() for value in values)}
    rows = session.exec(
        select(AlertRow)
        .where(
            col(AlertRow.opened_at) >= since,
            col(AlertRow.severity).in_(levels),
            # Fewer rows are read; which of them are meant is decided below.
            or_(*(type_coerce(_TABLE.c.labels, SafeText).contains(value, autoescape=True) for value in values)),
        )
        .order_by(col(AlertRow.opened_at).desc())
        .limit(_MOST_ABOUT)
    )
    return tuple(alert for row in rows if beside((alert := mapping.alert(row)).labels, (instrument,)))


def conditions(which: Which) -> Iterator[ColumnElement[bool]]:
    """Yield what *which* asks of an alert that its row and its messages answer."""
    if which.since is not None:
        yield col(AlertRow.opened_at) >= which.since
    if which.until is not None:
        yield col(AlertRow.opened_at) < which.until
    if which.rule:
        rule = col(AlertRow.rule)
        bare = rule.endswith(f"/{which.rule}", autoescape=True)
        yield or_(rule == which.rule, bare, rule.startswith(f"{which.rule}/", autoescape=True))
    if which.unseen:
        yield col(AlertRow.id).not_in(feedback.seen())
    if which.severities:
        yield col(AlertRow.severity).in_(which.severities)
    for wanted, states in ((which.held, (DeliveryState.HELD,)), (which.suppressed, UNHEARD)):
        if wanted:
            yield col(AlertRow.id).in_(
                select(DeliveryAlertRow.alert_id)
                .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
                .where(col(DeliveryRow.state).in_(states))
            )
    for word in which.words:
        yield _says(word)


def _says(word: str) -> ColumnElement[bool]:
    """Return a test for alerts with *word* in them or in one of their entries, or with it as their number."""
    number = word.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19 and (word != number or len(number) < 5):
        return or_(col(AlertRow.id) == int(number), _text(word))
    return _text(word)


def _text(word: str) -> ColumnElement[bool]:
    own = (col(column).icontains(word, autoescape=True) for column in (AlertRow.title, AlertRow.rule, AlertRow.detail))
    texts = (EntryRow.title, EntryRow.summary, EntryRow.body, EntryRow.publisher)
    entry = (col(column).icontains(word, autoescape=True) for column in texts)
    return or_(
        *own,
        select(MatchRow.id)
        .join(EntryRow, col(EntryRow.id) == MatchRow.entry_id)
        .where(MatchRow.alert_id == AlertRow.id, or_(*entry))
        .exists(),
    )


def _rows(session: Session, which: Which) -> tuple[list[_Found], bool]:
    """Return the newest alerts for which the conditions of *which* are true, and False if the time ran out."""
    labels: Any = type_coerce(_TABLE.c.labels, SafeText)
    columns = [*(_TABLE.c[name] for name in _Found._fields[:-1]), labels]
    statement = select(*columns).where(*conditions(which)).order_by(_TABLE.c.opened_at.desc(), _TABLE.c.id.desc())
    if not which.words:
        return _read(session, statement.limit(MOST)), True
    found: list[_Found] = []
    bottom = 1
    for bottom, above in ranges(1, (session.exec(select(func.max(AlertRow.id))).one() or 0) + 1):
        found += _read(session, statement.where(_TABLE.c.id >= bottom, _TABLE.c.id < above))
        if len(found) >= MOST:
            return found, True
    return found, bottom <= 1


def _read(session: Session, statement: Executable) -> list[_Found]:
    # Thousands of alerts have few different labels.
    labels = cache(_LABELS.read)
    rows = session.connection().execute(statement)
    return [_Found(number, at, severity, rule, labels(text)) for number, at, severity, rule, text in rows]


def _passes(row: _Found, which: Which, states: Mapping[int, AlertState]) -> bool:
    if which.states and states.get(row.id, AlertState.OPEN) not in which.states:
        return False
    return all(value in row.labels.get(name, ()) for name, value in which.labels)


def _facets(found: Sequence[_Found], states: Mapping[int, AlertState]) -> dict[str, tuple[tuple[str, int], ...]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in found:
        counts["severity"][row.severity] += 1
        counts["state"][states.get(row.id, AlertState.OPEN)] += 1
        counts["rule"][row.rule] += 1
        for name, values in row.labels.items():
            counts[f"label:{name}"].update(values)
    return {name: tuple(counter.most_common(_MOST_VALUES)) for name, counter in counts.items()}
