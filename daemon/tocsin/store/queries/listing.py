"""Listings for the command line: plain frozen values, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, islice

from sqlmodel import Session, col, func, select

from tocsin.model.alerts import Alert, Answered, MatchOutcome
from tocsin.model.deliveries import DeliveryState
from tocsin.model.records import AlertDetail, DeliveryView, MatchView
from tocsin.model.rules import Severity
from tocsin.store.db import codec, mapping
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryAlertRow, DeliveryRow, TransitionRow
from tocsin.store.db.tables import AlertRow, EntryRow, MatchRow, SourceRow, StoryRow
from tocsin.store.inbound import entries
from tocsin.store.outbox import feedback
from tocsin.store.queries import alert_search, content, dates
from tocsin.store.views import AttemptView, Counts, DeliveryDetail, Tally, TransitionView, Which

#: Events of two rules that are read to know which are not over.
_MOST_EVENTS = 1000


def counts(session: Session) -> Counts:
    """Return the number of rows of each kind; every outcome and every state is included, also with 0."""
    fates = dict(session.exec(select(MatchRow.fate, func.count()).group_by(col(MatchRow.fate))).all())
    states = dict(session.exec(select(DeliveryRow.state, func.count()).group_by(col(DeliveryRow.state))).all())
    return Counts(
        polled=session.exec(select(func.sum(SourceRow.polls))).one() or 0,
        entries=_count(session, EntryRow),
        matches={fate: fates.get(fate, 0) for fate in MatchOutcome},
        stories=_count(session, StoryRow),
        alerts=_count(session, AlertRow),
        deliveries={state: states.get(state, 0) for state in DeliveryState},
    )


def tally(session: Session, since: datetime, now: datetime) -> Tally:
    """Return the matches and alerts of each rule between *since*, or the first poll of any source, and *now*."""
    first = session.exec(select(func.min(SourceRow.first_polled))).one()
    matches = select(MatchRow.rule, func.count()).where(col(MatchRow.decided_at) >= since).group_by(col(MatchRow.rule))
    alerts = select(AlertRow.rule, func.count()).where(col(AlertRow.opened_at) >= since).group_by(col(AlertRow.rule))
    return Tally(
        length=now - max(since, first) if first else timedelta(0),
        matches=dict(session.exec(matches).all()),
        alerts=dict(session.exec(alerts).all()),
    )


def _count(session: Session, table: type[EntryRow | StoryRow | AlertRow]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def alerts(
    session: Session,
    since: datetime | None = None,
    limit: int = 50,
    which: Which = Which(),  # noqa: B008 (frozen)
) -> tuple[Alert, ...]:
    """Return the alerts opened *since* then that pass *which*."""
    statement = select(AlertRow).order_by(col(AlertRow.opened_at).desc(), col(AlertRow.id).desc())
    statement = statement.where(*alert_search.conditions(which))
    if since is not None:
        statement = statement.where(col(AlertRow.opened_at) >= since)
    with closing(session.exec(statement.execution_options(yield_per=500))) as rows:
        found = (mapping.alert(row) for row in rows)
        fitting = (alert for alert in found if all(v in alert.labels.get(name, ()) for name, v in which.labels))
        return tuple(islice(fitting, limit))


def alert(session: Session, number: int) -> AlertDetail | None:
    """Return one alert with its matches, deliveries and answers, or None."""
    found = content.of_alerts(session, [number]).get(number)
    if found is None:
        return None
    rows = session.exec(
        select(DeliveryRow, col(DeliveryAlertRow.overflow))
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .where(DeliveryAlertRow.alert_id == number)
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    ).all()
    members = matches(session, alert_id=number, limit=None)
    answered = feedback.by_number(session, [number]).get(number, Answered())
    views = delivery_views(session, [row for row, _ in rows])
    deliveries = tuple(
        replace(view, reason=mapping.because(row, limit)) for view, (row, limit) in zip(views, rows, strict=True)
    )
    return AlertDetail(
        content=found,
        members=members,
        deliveries=deliveries,
        answered=answered,
        dates=dates.of_alert(session, number),
    )


def matches(
    session: Session,
    *,
    alert_id: int | None = None,
    entry_id: int | None = None,
    rule: str | None = None,
    before: int | None = None,
    limit: int | None = 50,
) -> tuple[MatchView, ...]:
    """Return matches and their outcomes: of an alert or an entry the oldest first, else the newest first.

    With *before* only those with lower numbers are looked at.
    """
    wanted = {"alert_id": alert_id, "entry_id": entry_id, "rule": rule}
    given = {name: value for name, value in wanted.items() if value is not None}
    statement = select(MatchRow).filter_by(**given).limit(limit)
    if before is not None:
        statement = statement.where(col(MatchRow.id) < before)
    order = col(MatchRow.id).desc() if alert_id is None and entry_id is None else col(MatchRow.id).asc()
    rows = session.exec(statement.order_by(order)).all()
    found = entries.by_number(session, {row.entry_id for row in rows if row.entry_id is not None})
    return tuple(mapping.match_view(row, *found.get(row.entry_id or 0, (None, ""))) for row in rows)


def last_matches(session: Session) -> dict[str, datetime]:
    """Return the event time of the newest match of each rule; rules that never matched are left out."""
    newest = select(MatchRow.rule, func.max(MatchRow.event_time)).group_by(col(MatchRow.rule))
    return {rule: at for rule, at in session.exec(newest).all() if at is not None}


def first_matches(session: Session) -> dict[str, datetime]:
    """Return the event time of the first match of each rule; rules that never matched are left out."""
    first = select(MatchRow.rule, func.min(MatchRow.event_time)).group_by(col(MatchRow.rule))
    return {rule: at for rule, at in session.exec(first).all() if at is not None}


def lasts_since(session: Session, begins: str, ends: str) -> datetime | None:
    """Return the event time of the newest match of *begins*, None if there is none or one of *ends* is newer."""
    statement = select(MatchRow.rule, MatchRow.event_time).where(col(MatchRow.rule).in_((begins, ends)))
    last = session.exec(statement.order_by(col(MatchRow.id).desc()).limit(1)).first()
    return last[1] if last and last[0] == begins else None


def lasting(session: Session, begins: str, ends: str) -> frozenset[str]:
    """Return the label values for which the newest match of these two rules is one of *begins*."""
    found: dict[str, str] = {}
    statement = select(MatchRow.rule, MatchRow.labels).where(col(MatchRow.rule).in_((begins, ends)))
    for rule, labels in session.exec(statement.order_by(col(MatchRow.id).desc()).limit(_MOST_EVENTS)):
        for value in chain.from_iterable(labels.values()):
            found.setdefault(value, rule)
    return frozenset(value for value, rule in found.items() if rule == begins)


def deliveries(session: Session, state: DeliveryState | None = None, limit: int = 50) -> tuple[DeliveryView, ...]:
    """Return deliveries in *state*, or in any."""
    statement = select(DeliveryRow).order_by(col(DeliveryRow.created_at).desc(), col(DeliveryRow.id).desc())
    if state is not None:
        statement = statement.where(DeliveryRow.state == state)
    return delivery_views(session, session.exec(statement.limit(limit)).all())


def delivery_ids(session: Session, beginning: str) -> tuple[str, ...]:
    """Return the ids that begin with *beginning*, at most two: then it means no single delivery."""
    wanted = col(DeliveryRow.id).between(beginning, f"{beginning}g")  # ids are hexadecimal
    return tuple(session.exec(select(DeliveryRow.id).where(wanted).limit(2)).all())


def delivery(session: Session, delivery_id: str) -> DeliveryDetail | None:
    """Return one delivery with its attempts and changes of state, or None."""
    row = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).one_or_none()
    if row is None:
        return None
    attempts = session.exec(
        select(AttemptRow).where(AttemptRow.delivery_id == delivery_id).order_by(col(AttemptRow.n))
    ).all()
    transitions = session.exec(
        select(TransitionRow).where(TransitionRow.delivery_id == delivery_id).order_by(col(TransitionRow.id))
    ).all()
    return DeliveryDetail(
        delivery=delivery_views(session, [row])[0],
        content=content.of_delivery(session, delivery_id, row.kind),
        message=codec.message_from_json(row.message) if row.message else None,
        attempts=tuple(_attempt(attempt) for attempt in attempts),
        transitions=tuple(mapping.read(TransitionView, item) for item in transitions),
    )


def attempts(session: Session, deliveries: Collection[str]) -> dict[str, tuple[AttemptView, ...]]:
    """Return the attempts of each of *deliveries*, the oldest first; those without an attempt are left out."""
    found: dict[str, tuple[AttemptView, ...]] = {}
    wanted = col(AttemptRow.delivery_id).in_(deliveries)
    for row in session.exec(select(AttemptRow).where(wanted).order_by(col(AttemptRow.n))):
        found[row.delivery_id] = (*found.get(row.delivery_id, ()), _attempt(row))
    return found


def _attempt(row: AttemptRow) -> AttemptView:
    wait = None if row.retry_after is None else timedelta(seconds=row.retry_after)
    return mapping.read(AttemptView, row, retry_after=wait)


def delivery_views(session: Session, rows: Sequence[DeliveryRow]) -> tuple[DeliveryView, ...]:
    """Return the deliveries of *rows* with their alerts."""
    members: dict[str, list[AlertRow]] = defaultdict(list)
    for delivery_id, row in session.exec(
        select(DeliveryAlertRow.delivery_id, AlertRow)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(col(DeliveryAlertRow.delivery_id).in_([row.id for row in rows]))
    ):
        members[delivery_id].append(row)
    firsts = {row.resend_of or row.id for row in rows}
    copies = dict(
        session.exec(
            select(DeliveryRow.resend_of, func.max(DeliveryRow.resend))
            .where(col(DeliveryRow.resend_of).in_(firsts))
            .group_by(col(DeliveryRow.resend_of))
        ).all()
    )
    return tuple(
        _delivery_view(row, members[row.id], resent=copies.get(row.resend_of or row.id, 0) > row.resend) for row in rows
    )


def _delivery_view(row: DeliveryRow, members: Sequence[AlertRow], *, resent: bool) -> DeliveryView:
    ordered = sorted(members, key=lambda member: (-member.severity.rank, member.id))
    return mapping.read(
        DeliveryView,
        row,
        severity=list(Severity)[row.rank],
        title=ordered[0].title if ordered else "",
        alert_ids=tuple(member.id for member in ordered),
        resent=resent,
    )
