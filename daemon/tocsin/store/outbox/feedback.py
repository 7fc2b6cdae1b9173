"""Answers of people to alerts, and their effects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, distinct, func, insert, select
from sqlmodel.sql.expression import SelectOfScalar

from tocsin.errors import ConflictError
from tocsin.model.alerts import Alert, AlertState, Answer, Answered, AnswerKind
from tocsin.model.deliveries import DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.retry import LIFE
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.tables import AlertRow, AnswerRow
from tocsin.store.outbox import delivery_rows, enqueue
from tocsin.store.views import RuleStats

_ANSWERS = AnswerRow.metadata.tables["answer"]
_SEEN = (AnswerKind.ACK, AnswerKind.USEFUL, AnswerKind.NOISE)
_VERDICTS = (AnswerKind.USEFUL, AnswerKind.NOISE)
NO_ANSWER = Answered()


def of(session: Session, which: ColumnElement[bool]) -> dict[int, Answered]:
    """Return the answers to the alerts for which *which* is true, by number; alerts without an answer are left out."""
    rows = session.exec(
        select(AnswerRow)
        .join(AlertRow, col(AlertRow.id) == AnswerRow.alert_id)
        .where(which)
        .order_by(col(AnswerRow.id))
    )
    found: dict[int, Answered] = {}
    for row in rows:
        found[row.alert_id] = _with(found.get(row.alert_id, Answered()), row)
    return found


def by_number(session: Session, numbers: Collection[int]) -> dict[int, Answered]:
    """Return the answers to the alerts *numbers*; those without an answer are left out."""
    if not numbers:
        return {}
    return of(session, col(AlertRow.id).in_(numbers))


def history(session: Session, numbers: Collection[int]) -> dict[int, tuple[Answer, ...]]:
    """Return every answer to the alerts *numbers*, the oldest first; alerts without an answer are left out."""
    found: dict[int, tuple[Answer, ...]] = {}
    wanted = col(AnswerRow.alert_id).in_(numbers)
    for row in session.exec(select(AnswerRow).where(wanted).order_by(col(AnswerRow.id))):
        found[row.alert_id] = (*found.get(row.alert_id, ()), mapping.read(Answer, row))
    return found


def states(session: Session, since: datetime | None, now: datetime) -> dict[int, AlertState]:
    """Return the states at *now* of the alerts opened *since* then; those without an answer are left out."""
    said: dict[int, tuple[tuple[AnswerKind, bool | None], ...]] = defaultdict(tuple)
    statement = select(_ANSWERS.c.alert_id, _ANSWERS.c.kind, _ANSWERS.c.until > now)
    if since is not None:
        statement = statement.join(AlertRow, col(AlertRow.id) == _ANSWERS.c.alert_id).where(_opened(since))
    # Rows of a plain statement: an object for each of thousands of answers would take longer than all else.
    for number, kind, lasts in session.connection().execute(statement.order_by(_ANSWERS.c.id)):
        said[number] += ((kind, lasts),)
    # Thousands of alerts have few different answers.
    state = cache(lambda answers: _state(answers, now))
    return {number: state(answers) for number, answers in said.items()}


def _state(answers: Iterable[tuple[AnswerKind, bool | None]], now: datetime) -> AlertState:
    """Return the state at *now* of an alert with *answers*: the kind of each, and if it is a snooze that lasts."""
    answered = Answered()
    for kind, lasts in answers:
        until = now + timedelta.resolution if lasts else None
        answered = _with(answered, AnswerRow(alert_id=0, kind=kind, at=now, by="", until=until, why=""))
    return answered.state(now)


def seen() -> SelectOfScalar[int]:
    """Return a query of the numbers of the alerts with an answer that shows that somebody has seen them."""
    return select(AnswerRow.alert_id).where(col(AnswerRow.kind).in_(_SEEN))


def add(
    session: Session,
    numbers: Sequence[int],
    kind: AnswerKind,
    now: datetime,
    *,
    by: str = "",
    until: datetime | None = None,
    why: str = "",
) -> None:
    """Record an answer to each of the alerts *numbers*; waiting updates are held *until* then.

    Raises:
        ConflictError: there is no alert with one of these numbers; nothing is written.
    """
    known = set(session.exec(select(AlertRow.id).where(col(AlertRow.id).in_(numbers))))
    unknown = [str(number) for number in numbers if number not in known]
    if unknown:
        raise ConflictError(f"there is no alert {', '.join(unknown)}; see: tocsin alerts list")
    for number in dict.fromkeys(numbers):
        session.exec(insert(AnswerRow).values(alert_id=number, kind=kind, at=now, by=by, until=until, why=why))
    if until is not None:
        _rest(session, numbers, now)


def _rest(session: Session, numbers: Sequence[int], now: datetime) -> None:
    """Hold the waiting updates whose alerts are all snoozed, until the first of these snoozes ends."""
    for delivery_id in enqueue.waiting_updates(session, numbers):
        members = session.exec(
            select(DeliveryAlertRow.alert_id).where(DeliveryAlertRow.delivery_id == delivery_id)
        ).all()
        answered = by_number(session, members)
        until, first = min((answered.get(number, Answered()).snoozed_until or now, number) for number in members)
        if until > now:
            reason = Reason(cause=Cause.SNOOZE, until=until, by=str(first))
            delivery_rows.change(
                session, [delivery_id], now, DeliveryState.HELD, reason, due_at=until, expires_at=until + LIFE
            )


def stats(session: Session, since: datetime | None = None) -> dict[str, RuleStats]:
    """Return the results of each rule's alerts opened *since* then, by rule id; rules without alerts are left out."""
    alerts = select(AlertRow.rule, func.count()).where(_opened(since)).group_by(col(AlertRow.rule))
    delivered = (
        select(AlertRow.rule, func.count(distinct(AlertRow.id)))
        .join(DeliveryAlertRow, col(DeliveryAlertRow.alert_id) == AlertRow.id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(DeliveryRow.state == DeliveryState.DELIVERED, _opened(since))
        .group_by(col(AlertRow.rule))
    )
    last = select(func.max(AnswerRow.id)).where(col(AnswerRow.kind).in_(_VERDICTS)).group_by(col(AnswerRow.alert_id))
    judged = (
        select(AlertRow.rule, AnswerRow.kind, func.count())
        .join(AnswerRow, col(AnswerRow.alert_id) == AlertRow.id)
        .where(col(AnswerRow.id).in_(last), _opened(since))
        .group_by(col(AlertRow.rule), col(AnswerRow.kind))
    )
    sent = dict(session.exec(delivered).all())
    said = {(rule, kind): count for rule, kind, count in session.exec(judged)}
    found = {}
    for rule, count in session.exec(alerts):
        useful, noise = (said.get((rule, kind), 0) for kind in (AnswerKind.USEFUL, AnswerKind.NOISE))
        precision = useful / (useful + noise) if useful or noise else None
        found[rule] = RuleStats(
            rule=rule, alerts=count, sent=sent.get(rule, 0), useful=useful, noise=noise, precision=precision
        )
    return found


def verdicts(session: Session, rule: str | None = None) -> list[tuple[Alert, Answered]]:
    """Return the alerts that people judged, of *rule*, the oldest first."""
    judged = select(AnswerRow.alert_id).where(col(AnswerRow.kind).in_(_VERDICTS))
    statement = select(AlertRow).where(col(AlertRow.id).in_(judged)).order_by(col(AlertRow.id))
    rows = session.exec(statement if rule is None else statement.where(AlertRow.rule == rule)).all()
    answered = by_number(session, [row.id for row in rows])
    return [(mapping.alert(row), answered[row.id]) for row in rows]


def _opened(since: datetime | None) -> ColumnElement[bool]:
    return true() if since is None else col(AlertRow.opened_at) >= since


def _with(answered: Answered, row: AnswerRow) -> Answered:
    if row.kind is AnswerKind.ACK:
        return replace(answered, acked_at=row.at, acked_by=row.by)
    if row.kind is AnswerKind.SNOOZE:
        return replace(answered, snoozed_until=row.until, snoozed_by=row.by)
    return replace(answered, verdict=row.kind, judged_at=row.at, judged_by=row.by, why=row.why)
