"""Overviews of a period: the round-up of a digest for one recipient, and the statistics of the daemon."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, distinct, func, select

from tocsin.model.alerts import AlertContent, MatchOutcome
from tocsin.model.articles import ArticleState
from tocsin.model.deliveries import UNHEARD, WAITING, Delivery, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.entries import PUSH
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.records import LOUD, Ailing, HeldBack, Roundup
from tocsin.model.rules import Severity
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryAlertRow, DeliveryRow, ReceiverRow, TransitionRow
from tocsin.store.db.price_tables import CloseRow
from tocsin.store.db.statements import size
from tocsin.store.db.tables import AlertRow, ArticleRow, EntryRow, MatchRow, SourceRow, UnevaluatedRow
from tocsin.store.outbox import feedback
from tocsin.store.queries import content
from tocsin.store.views import PeriodStatistics

#: The period of a recipient's first digest, and the longest period: a week and a day of delay.
USUAL = timedelta(days=1)
LONGEST = timedelta(days=8)
#: Rows read of each kind: a digest shows fewer.
MOST = 100
_ACTIVE = col(SourceRow.disabled).is_(False)
_POLLED = and_(_ACTIVE, col(SourceRow.kind) != PUSH)
#: One that was never read need not fail for long to be known as such: its address may be wrong.
_NEVER_READ = and_(col(SourceRow.errors) > 0, col(SourceRow.last_success).is_(None))
_ILL = col(SourceRow.unhealthy) | col(SourceRow.gone) | col(SourceRow.dead) | _NEVER_READ
_LOUD = [severity for severity in Severity if severity.rank >= LOUD.rank]
#: The reason why a match without an alert was not sent, by outcome.
_UNSENT = {
    MatchOutcome.BASELINE: Reason(cause=Cause.BASELINE),
    MatchOutcome.FLOOD: Reason(cause=Cause.FLOOD),
    MatchOutcome.OLD: Reason(cause=Cause.OLD),
}
#: A source counts as read if its last success is within _READ; a message is overdue if it waits longer than _OVERDUE.
_READ = timedelta(days=1)
_OVERDUE = timedelta(hours=1)


def roundup(session: Session, delivery: Delivery, now: datetime) -> Roundup:
    """Return what happened since the last digest to the recipient of *delivery*, without price moves."""
    since = _since(session, delivery, now)
    included = {item.alert.id for item in delivery.content}
    # Longer than this digest: for the end of a cooldown, or for another digest.
    waits = (col(DeliveryRow.state) == DeliveryState.HELD, col(DeliveryRow.due_at) > now)
    return Roundup(
        since=since,
        until=now,
        needs=_needs(session, delivery, min(since, now - USUAL), now, included),
        held=(*_unsent(session, delivery, since), *_counted(session, delivery, *waits), *_passed_over(session, since)),
        ailing=ailing(session),
        sources=sources(session),
        entries=session.exec(select(func.count()).where(col(EntryRow.first_seen) >= since)).one(),
        matches=session.exec(select(func.count()).where(col(MatchRow.decided_at) >= since)).one(),
        alerts=session.exec(select(func.count()).where(col(AlertRow.opened_at) >= since)).one(),
    )


def _since(session: Session, delivery: Delivery, now: datetime) -> datetime:
    last = session.exec(
        select(func.max(DeliveryRow.delivered_at)).where(
            DeliveryRow.receiver == delivery.receiver,
            DeliveryRow.recipient == delivery.recipient,
            DeliveryRow.kind == DeliveryKind.DIGEST,
            DeliveryRow.id != delivery.id,
        )
    ).one()
    return max(last, now - LONGEST) if last else now - USUAL


def _needs(
    session: Session, delivery: Delivery, since: datetime, now: datetime, included: Collection[int]
) -> tuple[AlertContent, ...]:
    """Return the alerts of high severity sent to the recipient and opened *since* then that nobody has answered."""
    numbers = session.exec(
        select(AlertRow.id)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.alert_id) == AlertRow.id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(
            DeliveryRow.receiver == delivery.receiver,
            DeliveryRow.recipient == delivery.recipient,
            DeliveryRow.state == DeliveryState.DELIVERED,
            DeliveryRow.kind != DeliveryKind.OPERATOR,
            col(AlertRow.severity).in_(_LOUD),
            col(AlertRow.opened_at) >= since,
            col(AlertRow.id).not_in(included),
            col(AlertRow.id).not_in(feedback.seen()),
        )
        .distinct()
        .order_by(col(AlertRow.id).desc())
        .limit(MOST)
    ).all()
    rest = {
        number
        for number, said in feedback.by_number(session, numbers).items()
        if said.snoozed_until and said.snoozed_until > now
    }
    return tuple(content.of_alerts(session, [number for number in numbers if number not in rest]).values())


def _unsent(session: Session, delivery: Delivery, since: datetime) -> list[HeldBack]:
    """Return the suppressed and dead messages to the recipient, by rule and reason."""
    ended = select(TransitionRow.delivery_id).where(
        col(TransitionRow.state).in_(UNHEARD), col(TransitionRow.at) >= since
    )
    return _counted(session, delivery, col(DeliveryRow.state).in_(UNHEARD), col(DeliveryRow.id).in_(ended))


def _counted(session: Session, delivery: Delivery, *which: ColumnElement[bool]) -> list[HeldBack]:
    rows = session.exec(
        select(AlertRow.rule, func.max(AlertRow.title), col(DeliveryRow.reason), func.count(distinct(AlertRow.id)))
        .select_from(DeliveryRow)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(DeliveryRow.receiver == delivery.receiver, DeliveryRow.recipient == delivery.recipient, *which)
        .group_by(col(AlertRow.rule), col(DeliveryRow.reason))
        .limit(MOST)
    ).all()
    return [HeldBack(what=title if count == 1 else rule, why=why, count=count) for rule, title, why, count in rows]


def _passed_over(session: Session, since: datetime) -> list[HeldBack]:
    """Return the matches that were sent to nobody, for every recipient alike."""
    rows = session.exec(
        select(MatchRow.fate, func.count())
        .where(col(MatchRow.decided_at) >= since, col(MatchRow.fate).in_(_UNSENT))
        .group_by(col(MatchRow.fate))
    ).all()
    return [HeldBack(what="matches", why=_UNSENT[MatchOutcome(fate)], count=count) for fate, count in rows]


def sources(session: Session) -> int:
    """Return the number of sources that are polled, or to which programs hand in."""
    return session.exec(select(func.count()).where(_ACTIVE)).one()


def unread(session: Session) -> int:
    """Return the number of sources that cannot be read."""
    return session.exec(select(func.count()).where(_POLLED, _ILL)).one()


def ailing(session: Session) -> tuple[Ailing, ...]:
    """Return the first of the sources that cannot be read, with the error."""
    rows = session.exec(
        select(SourceRow.name, SourceRow.last_error, SourceRow.last_success)
        .where(_POLLED, _ILL)
        .order_by(col(SourceRow.name))
        .limit(MOST)
    ).all()
    return tuple(Ailing(source=name, words=words, last_success=last) for name, words, last in rows)


def reported(session: Session, rule: str) -> datetime | None:
    """Return when the reporting *rule* last matched, else when polling began, else None."""
    last = session.exec(select(func.max(MatchRow.decided_at)).where(MatchRow.rule == rule)).one()
    return last or session.exec(select(func.min(SourceRow.first_polled))).one()


def statistics(session: Session, since: datetime, now: datetime) -> PeriodStatistics:
    """Return the activity from *since* to *now*, and the status at *now*."""

    def ended(state: DeliveryState) -> int:
        statement = select(func.count(distinct(TransitionRow.delivery_id))).where(
            TransitionRow.state == state, col(TransitionRow.at) >= since
        )
        return session.exec(statement).one()

    def count(*which: object) -> int:
        return session.exec(select(func.count()).where(*which)).one()  # type: ignore[arg-type]

    return PeriodStatistics(
        sources=count(_POLLED),
        read=count(_POLLED, col(SourceRow.last_success) >= now - _READ),
        ailing=tuple(session.exec(select(SourceRow.name).where(_POLLED, _ILL).order_by(col(SourceRow.name)))),
        entries=count(col(EntryRow.first_seen) >= since),
        unfetched=count(ArticleRow.state == ArticleState.FAILED, col(ArticleRow.ended_at) >= since),
        dropped=count(col(EntryRow.first_seen) >= since, col(EntryRow.dropped) != NO_REASON),
        instruments=session.exec(
            select(func.count(distinct(CloseRow.instrument))).where(col(CloseRow.at) >= since)
        ).one(),
        matches=count(col(MatchRow.decided_at) >= since),
        alerts=count(col(AlertRow.opened_at) >= since),
        delivered=ended(DeliveryState.DELIVERED),
        suppressed=ended(DeliveryState.SUPPRESSED),
        dead=ended(DeliveryState.DEAD),
        waiting=count(col(DeliveryRow.state).in_(WAITING)),
        overdue=count(
            col(DeliveryRow.state).in_(WAITING),
            func.coalesce(DeliveryRow.wanted_at, DeliveryRow.due_at) < now - _OVERDUE,
        ),
        doubtful=count(AttemptRow.outcome == ErrorClass.AMBIGUOUS, col(AttemptRow.started_at) >= since),
        blocked=tuple(
            session.exec(select(ReceiverRow.name).where(ReceiverRow.refused != "").order_by(col(ReceiverRow.name)))
        ),
        unevaluated=tuple(session.exec(select(UnevaluatedRow.rule).distinct().order_by(col(UnevaluatedRow.rule)))),
        size=size(session),
    )
