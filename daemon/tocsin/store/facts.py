"""What a decision is made from, read inside its transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import defer, load_only
from sqlmodel import Session, col, func, or_, select

from tocsin.model import Alert, DeliveryKind, DeliveryState, Severity, Story
from tocsin.policy.correlation import Member, Standing
from tocsin.policy.facts import Arrival, Facts, Pending, Reach, Told, reach
from tocsin.store import answers, codec, mapping
from tocsin.store.tables import (
    AlertRow,
    DeliveryAlertRow,
    DeliveryRow,
    EntryRow,
    MatchRow,
    SourceRow,
    StandingRow,
    StoryEntryRow,
    StoryRow,
    ToldRow,
)
from tocsin.store.unevaluated import Circumstance

#: Earlier matches that one decision looks at, the newest.
_MOST_MEMBERS = 20_000
#: States in which a delivery that was never tried may still take in alerts.
_OPEN = (DeliveryState.HELD.value, DeliveryState.READY.value)
#: States of a delivery that reached nobody.
_UNTOLD = (DeliveryState.DEAD.value, DeliveryState.SUPPRESSED.value)


def read(session: Session, arrivals: Sequence[Arrival], circumstance: Circumstance, *, now: datetime) -> Facts:
    """Everything that a decision about *arrivals*, of which each has a match, may look at."""
    baseline, last_success = circumstance
    if not arrivals:
        return Facts(now=now, arrivals=(), pending=_pending(session, now))
    reached = reach(arrivals)
    return Facts(
        now=now,
        arrivals=tuple(arrivals),
        stories=_stories(session, reached),
        alerts=_alerts(session, reached),
        told=_told(session, reached.rules),
        pending=_pending(session, now),
        heard=_heard(session, reached),
        answered=answers.of(session, _opened_in(reached)),
        next_story=_next(session, StoryRow),
        next_alert=_next(session, AlertRow),
        members=_members(session, reached) if reached.correlations else (),
        standings=_standings(session, reached) if reached.correlations else {},
        baseline=baseline,
        last_success=last_success,
    )


def _stories(session: Session, reached: Reach) -> tuple[Story, ...]:
    are_open = (col(StoryRow.event).in_(reached.events), col(StoryRow.last_at) >= reached.since)
    members = defaultdict(list)
    for row in session.exec(
        select(StoryEntryRow)
        .join(StoryRow, col(StoryRow.id) == StoryEntryRow.story_id)
        .where(*are_open)
        .order_by(col(StoryEntryRow.event_time), col(StoryEntryRow.entry_id))
    ):
        members[row.story_id].append(mapping.story_entry(row))
    rows = session.exec(select(StoryRow).where(*are_open).order_by(col(StoryRow.id))).all()
    return tuple(mapping.story(row, tuple(members[row.id])) for row in rows)


def _alerts(session: Session, reached: Reach) -> tuple[Alert, ...]:
    rows = session.exec(select(AlertRow).where(_opened_in(reached)).order_by(col(AlertRow.id))).all()
    return tuple(mapping.alert(row) for row in rows)


def _opened_in(reached: Reach) -> ColumnElement[bool]:
    """Alerts of the open stories."""
    stories = select(StoryRow.id).where(col(StoryRow.event).in_(reached.events), col(StoryRow.last_at) >= reached.since)
    return col(AlertRow.story_id).in_(stories)


def _heard(session: Session, reached: Reach) -> dict[int, list[tuple[str, str]]]:
    """Who was sent something about an alert, as far as that may have arrived, in the order in which it was."""
    found: dict[int, dict[tuple[str, str], None]] = defaultdict(dict)
    sent = or_(DeliveryRow.attempts > 0, col(DeliveryRow.state) == DeliveryState.SENDING.value)
    for alert_id, receiver, recipient in session.exec(
        select(DeliveryAlertRow.alert_id, DeliveryRow.receiver, DeliveryRow.recipient)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(
            _opened_in(reached),
            col(AlertRow.rule).in_(reached.rules),
            sent,
            col(DeliveryRow.state).not_in(_UNTOLD),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    ):
        found[alert_id][receiver, recipient] = None
    return {alert_id: list(people) for alert_id, people in found.items()}


def _told(session: Session, rules: frozenset[str]) -> dict[tuple[str, str], Told]:
    rows = session.exec(select(ToldRow).where(col(ToldRow.rule).in_(rules))).all()
    return {(row.rule, row.key): Told(at=row.at, severity=Severity(row.severity)) for row in rows}


def _pending(session: Session, now: datetime) -> tuple[Pending, ...]:
    untried = (col(DeliveryRow.state).in_(_OPEN), DeliveryRow.attempts == 0)
    alerts: dict[str, list[int]] = defaultdict(list)
    stories: dict[str, set[int]] = defaultdict(set)
    for delivery_id, alert_id, story_id in session.exec(
        select(DeliveryAlertRow.delivery_id, AlertRow.id, AlertRow.story_id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(*untried)
        .order_by(col(AlertRow.id))
    ):
        alerts[delivery_id].append(alert_id)
        stories[delivery_id].add(story_id)
    entries: dict[str, set[int]] = defaultdict(set)
    for delivery_id, entry_id in session.exec(
        select(DeliveryAlertRow.delivery_id, MatchRow.entry_id)
        .join(MatchRow, col(MatchRow.alert_id) == DeliveryAlertRow.alert_id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(*untried)
    ):
        if entry_id is not None:
            entries[delivery_id].add(entry_id)
    rows = session.exec(select(DeliveryRow).where(*untried).order_by(col(DeliveryRow.created_at), col(DeliveryRow.id)))
    return tuple(
        Pending(
            delivery_id=row.id,
            receiver=row.receiver,
            recipient=row.recipient,
            kind=DeliveryKind(row.kind),
            # One that is ready waits for the rest of its document alone: it is due.
            due_at=min(row.due_at, now) if row.state == DeliveryState.READY.value else row.due_at,
            alert_ids=tuple(alerts[row.id]),
            story_ids=frozenset(stories[row.id]),
            entry_ids=frozenset(entries[row.id]),
        )
        for row in rows
    )


def _members(session: Session, reached: Reach) -> tuple[Member, ...]:
    """Matches of the members of correlations, and of the correlations themselves."""
    rows = session.exec(
        select(MatchRow, EntryRow, SourceRow.name)
        .join(EntryRow, col(EntryRow.id) == MatchRow.entry_id, isouter=True)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id, isouter=True)
        .where(
            col(MatchRow.rule).in_(reached.members | reached.correlations),
            col(MatchRow.event_time).between(reached.earliest, reached.latest),
        )
        # Neither proofs nor texts: a window can hold thousands of matches.
        .options(defer(MatchRow.evidence), load_only(EntryRow.title, EntryRow.link, EntryRow.publisher))  # type: ignore[arg-type]  # columns
        .order_by(col(MatchRow.event_time).desc())
        .limit(_MOST_MEMBERS)
    )
    return tuple(mapping.member(row, entry, source or "") for row, entry, source in rows)


def _standings(session: Session, reached: Reach) -> dict[tuple[str, str], tuple[Standing, ...]]:
    rows = session.exec(select(StandingRow).where(col(StandingRow.rule).in_(reached.correlations)))
    return {
        (row.rule, row.key): tuple(Standing(first=first, last=last) for first, last in codec.times_from_json(row.times))
        for row in rows
    }


def _next(session: Session, table: type[StoryRow | AlertRow]) -> int:
    return (session.exec(select(func.max(table.id))).one() or 0) + 1
