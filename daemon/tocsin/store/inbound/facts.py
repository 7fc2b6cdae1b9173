"""What a decision is made from, read inside its transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import defer, load_only
from sqlmodel import Session, and_, col, func, or_, select

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import UNHEARD, DeliveryState
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.alerting.correlation import ActiveWindow, Member
from tocsin.policy.alerting.facts import Arrival, Facts, LastNotified, Reach, reach
from tocsin.policy.alerting.folding import touched
from tocsin.store.db import codec, mapping
from tocsin.store.db.sqlite import pieces
from tocsin.store.db.tables import (
    AlertRow,
    DeliveryAlertRow,
    DeliveryRow,
    EntryRow,
    MatchRow,
    SourceRow,
    StandingRow,
    StoryRow,
    ToldRow,
)
from tocsin.store.inbound import waiting
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.inbound.unevaluated import Circumstance
from tocsin.store.outbox import feedback

#: Earlier matches that one decision looks at, the newest.
_MOST_MEMBERS = 20_000


def read(
    session: Session,
    arrivals: Sequence[Arrival],
    circumstance: Circumstance,
    *,
    now: datetime,
    opened: OpenStories,
    corrections: Sequence[Correction] = (),
) -> Facts:
    """Everything that a decision about *arrivals*, of which each has a match, and *corrections* may look at.

    A flood may leave thousands of open stories and of messages that wait: of alerts, cooldowns and messages only those are
    read that are about stories which may grow. Of *opened* the stories are asked.
    """
    baseline, last_success = circumstance
    known = Facts(
        now=now,
        arrivals=tuple(arrivals),
        corrections=tuple(corrections),
        next_story=_next(session, StoryRow),
        next_alert=_next(session, AlertRow),
        baseline=baseline,
        last_success=last_success,
    )
    reached = reach(arrivals) if arrivals else None
    if reached:
        stories, indexed = opened.read(session, reached)
        known = replace(known, stories=stories, indexed=indexed)
    grown = touched(known)
    alerts = _alerts(session, grown.stories)
    numbers = {alert.id for alert in alerts}
    related = numbers | {item.alert.id for item in corrections} | _met(session, arrivals)
    late = any(match.entry is not None and match.entry.stale for one in arrivals for match in one.matches)
    known = replace(
        known,
        alerts=alerts,
        last_notified=_last_notified(session, grown.keys, reached.correlations if reached else ()),
        pending=waiting.read(session, related, {one.entry_id for one in arrivals}, now=now, late=late),
        notified=_notified(session, numbers, reached.rules if reached else ()),
        answered=feedback.by_number(session, numbers),
    )
    if reached and reached.correlations:
        known = replace(known, members=_members(session, reached), windows=_windows(session, reached))
    return known


def _alerts(session: Session, stories: Iterable[int]) -> tuple[Alert, ...]:
    found = [
        mapping.alert(row)
        for piece in pieces(stories)
        for row in session.exec(select(AlertRow).where(col(AlertRow.story_id).in_(piece)))
    ]
    return tuple(sorted(found, key=lambda alert: alert.id))


def _met(session: Session, arrivals: Sequence[Arrival]) -> set[int]:
    """The alerts that earlier matches of entries that arrive again belong to."""
    return {
        number
        for piece in pieces(one.entry_id for one in arrivals if one.entry_id is not None)
        for number in session.exec(select(MatchRow.alert_id).where(col(MatchRow.entry_id).in_(piece)))
        if number is not None
    }


def _notified(session: Session, alerts: Iterable[int], rules: Iterable[str]) -> dict[int, list[tuple[str, str]]]:
    """Who was sent something about each of *alerts*, as far as that may have arrived, in the order in which it was."""
    found: dict[int, dict[tuple[str, str], None]] = defaultdict(dict)
    sent = or_(DeliveryRow.attempts > 0, col(DeliveryRow.state) == DeliveryState.SENDING.value)
    for piece in pieces(alerts):
        for alert_id, receiver, recipient in session.exec(
            select(DeliveryAlertRow.alert_id, DeliveryRow.receiver, DeliveryRow.recipient)
            .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
            .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
            .where(
                col(AlertRow.id).in_(piece),
                col(AlertRow.rule).in_(rules),
                sent,
                col(DeliveryRow.state).not_in(UNHEARD),
            )
            .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
        ):
            found[alert_id][receiver, recipient] = None
    return {alert_id: list(people) for alert_id, people in found.items()}


def _last_notified(
    session: Session, keys: Collection[tuple[str, str]], rules: Collection[str]
) -> dict[tuple[str, str], LastNotified]:
    """When was last told under each of *keys*, and what *rules* told of all of theirs."""
    named, told = {rule for rule, _ in keys}, col(ToldRow.rule)
    rows = [
        row
        for piece in list(pieces(key for _, key in keys)) or [[]]
        for row in session.exec(
            select(ToldRow).where(or_(and_(told.in_(named), col(ToldRow.key).in_(piece)), told.in_(rules)))
        )
    ]
    return {(row.rule, row.key): mapping.read(LastNotified, row) for row in rows}


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


def _windows(session: Session, reached: Reach) -> dict[tuple[str, str], tuple[ActiveWindow, ...]]:
    rows = session.exec(select(StandingRow).where(col(StandingRow.rule).in_(reached.correlations)))
    return {
        (row.rule, row.key): tuple(
            ActiveWindow(first=first, last=last) for first, last in codec.times_from_json(row.times)
        )
        for row in rows
    }


def _next(session: Session, table: type[StoryRow | AlertRow]) -> int:
    return (session.exec(select(func.max(table.id))).one() or 0) + 1
