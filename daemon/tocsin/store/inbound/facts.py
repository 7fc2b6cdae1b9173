"""The facts of a decision, read inside its transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy.orm import defer, load_only
from sqlmodel import Session, and_, col, func, or_, select

from tocsin.model.alerts import Alert, Ending
from tocsin.model.deliveries import UNHEARD, DeliveryState
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.alerting.correlation import ActiveWindow, Member
from tocsin.policy.alerting.facts import Arrival, Facts, LastNotified, Reach, Recovery, reach
from tocsin.policy.alerting.folding import touched
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow, EntryRow, LastNotifiedRow, MatchRow, SourceRow, StandingRow, StoryRow
from tocsin.store.inbound import waiting
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.inbound.unevaluated import Circumstance
from tocsin.store.outbox import feedback

#: The last alerts of a rule among which the one that is over is looked for.
_MOST_ALERTS = 1000
#: Earlier matches that one decision may use, the newest.
_MOST_MEMBERS = 20_000
_MATCHES, _TOLD = (kind.metadata.tables[str(kind.__tablename__)].c for kind in (MatchRow, LastNotifiedRow))
# Every decision reads these: built once, because that costs more than to run them.
#: The numbers of the last story, of the last alert and of the last match.
_LAST = select(
    *(select(func.coalesce(func.max(kind.id), 0)).scalar_subquery() for kind in (StoryRow, AlertRow, MatchRow))
)
_MET = select(_MATCHES.alert_id, _MATCHES.entry_id).where(
    _MATCHES.entry_id.in_(bindparam("entries", expanding=True)), _MATCHES.alert_id.is_not(None)
)
_OF_KEY = and_(_TOLD.rule.in_(bindparam("rules", expanding=True)), _TOLD.key.in_(bindparam("keys", expanding=True)))
_OF_KEYS = select(*_TOLD).where(_OF_KEY)
_OF_KEYS_AND_RULES = select(*_TOLD).where(or_(_OF_KEY, _TOLD.rule.in_(bindparam("all", expanding=True))))


def read(
    session: Session,
    arrivals: Sequence[Arrival],
    circumstance: Circumstance,
    *,
    now: datetime,
    opened: OpenStories,
    corrections: Sequence[Correction] = (),
    recoveries: Sequence[Recovery] = (),
) -> Facts:
    """Return the facts for a decision about *arrivals*, each with a match, and about *corrections* and *recoveries*.

    A flood may leave thousands of open stories and waiting messages, so the facts have only stories that may grow, and
    alerts and cooldowns are read only for these; messages are read for each recipient whom the decision asks about. The
    stories come from *opened*, which finds them by their words.
    """
    baseline, last_success = circumstance
    story, alert, match = session.connection().execute(_LAST).one()
    known = Facts(
        now=now,
        arrivals=tuple(arrivals),
        corrections=tuple(corrections),
        recoveries=tuple(recoveries),
        next_story=story + 1,
        next_alert=alert + 1,
        baseline=baseline,
        last_success=last_success,
    )
    reached = reach(arrivals) if arrivals else None
    if reached:
        stories, indexed = opened.read(session, reached, match)
        known = replace(known, stories=stories, indexed=indexed)
    grown = touched(known)
    alerts = _alerts(session, grown.stories)
    numbers = {alert.id for alert in alerts}
    met = _met(session, arrivals)
    over = {item.alert.id for item in recoveries}
    related = numbers | over | {item.alert.id for item in corrections} | set(met)
    late = any(match.entry is not None and match.entry.stale for one in arrivals for match in one.matches)
    known = replace(
        known,
        stories=tuple(story for story in known.stories if story.id in grown.stories),
        alerts=alerts,
        last_notified=_last_notified(session, grown.keys, reached.correlations if reached else ()),
        pending=waiting.messages(session, related, met, now=now, late=late),
        notified=_notified(session, numbers, reached.rules if reached else ()),
        answered=feedback.by_number(session, numbers | over),
    )
    if reached and reached.correlations:
        known = replace(
            known,
            members=_members(session, reached),
            windows=_windows(session, reached),
            counted_since=_counted_since(session, reached.measured),
            values=_values(session, reached.values),
        )
    return known


def recoveries(session: Session, endings: Iterable[Ending]) -> tuple[Recovery, ...]:
    """Return, for each of *endings*, its alert and those who were sent it; none if that alert is over already."""
    found = []
    for ending in endings:
        rows = session.exec(
            select(AlertRow)
            .where(col(AlertRow.rule).in_(ending.rules))
            .order_by(col(AlertRow.id).desc())
            .limit(_MOST_ALERTS)
        )
        last = next((alert for alert in map(mapping.alert, rows) if ending.ends(alert)), None)
        if last is not None and last.over_at is None:
            people = _notified(session, [last.id], ending.rules).get(last.id, ())
            waits = waiting.is_waiting(session, last.id)
            found.append(Recovery(alert=last, people=tuple(people), ending=ending, waits=waits))
    return tuple(found)


def _alerts(session: Session, stories: Iterable[int]) -> tuple[Alert, ...]:
    found = [
        mapping.alert(row)
        for piece in pieces(stories)
        for row in session.exec(select(AlertRow).where(col(AlertRow.story_id).in_(piece)))
    ]
    return tuple(sorted(found, key=lambda alert: alert.id))


def _met(session: Session, arrivals: Sequence[Arrival]) -> dict[int, set[int]]:
    """Return the alerts of earlier matches of entries that arrive again, with those of their entries."""
    found: dict[int, set[int]] = defaultdict(set)
    for piece in pieces(one.entry_id for one in arrivals if one.entry_id is not None):
        for alert_id, entry_id in session.connection().execute(_MET, {"entries": piece}):
            found[alert_id].add(entry_id)
    return found


def _notified(session: Session, alerts: Iterable[int], rules: Iterable[str]) -> dict[int, list[tuple[str, str]]]:
    """Return the recipients whose messages about each of *alerts* may have arrived, in the order of the messages."""
    found: dict[int, dict[tuple[str, str], None]] = defaultdict(dict)
    sent = or_(DeliveryRow.attempts > 0, col(DeliveryRow.state) == DeliveryState.SENDING)
    for piece in pieces(alerts):
        for alert_id, receiver, recipient in session.exec(
            select(DeliveryAlertRow.alert_id, DeliveryRow.receiver, DeliveryRow.recipient)
            .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
            .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
            .where(
                col(AlertRow.id).in_(piece), col(AlertRow.rule).in_(rules), sent, col(DeliveryRow.state).not_in(UNHEARD)
            )
            .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
        ):
            found[alert_id][receiver, recipient] = None
    return {alert_id: list(people) for alert_id, people in found.items()}


def _last_notified(
    session: Session, keys: Collection[tuple[str, str]], rules: Collection[str]
) -> dict[tuple[str, str], LastNotified]:
    """Return the last notification for each of *keys*, and for all keys of *rules*."""
    named = sorted({rule for rule, _ in keys})
    wanted = list(pieces(key for _, key in keys)) or ([[]] if rules else [])
    statement, more = (_OF_KEYS_AND_RULES, {"all": sorted(rules)}) if rules else (_OF_KEYS, {})
    rows = [
        row
        for piece in wanted
        for row in session.connection().execute(statement, {"rules": named, "keys": piece, **more})
    ]
    return {(row.rule, row.key): mapping.read(LastNotified, row) for row in rows}


def _members(session: Session, reached: Reach) -> tuple[Member, ...]:
    """Return the matches of the members of correlations, and of the correlations themselves."""
    rows = session.exec(
        select(MatchRow, EntryRow, SourceRow.name)
        .join(EntryRow, col(EntryRow.id) == MatchRow.entry_id, isouter=True)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id, isouter=True)
        .where(
            or_(
                and_(
                    col(MatchRow.rule).in_(reached.members | reached.correlations),
                    col(MatchRow.event_time).between(reached.earliest, reached.latest),
                ),
                *(
                    and_(col(MatchRow.rule) == rule, col(MatchRow.event_time).between(start, end))
                    for rule, spans in reached.usual.items()
                    for start, end in spans
                ),
            )
        )
        # Without evidence and texts: there can be thousands of matches in a window.
        .options(defer(MatchRow.evidence), load_only(EntryRow.title, EntryRow.link, EntryRow.publisher))  # type: ignore[arg-type]  # columns
        .order_by(col(MatchRow.event_time).desc())
        .limit(_MOST_MEMBERS)
    )
    return tuple(mapping.member(row, entry, source or "") for row, entry, source in rows)


def _counted_since(session: Session, rules: Collection[str]) -> dict[str, datetime]:
    """Return the time of the first match of each of *rules*."""
    if not rules:
        return {}
    first = select(MatchRow.rule, func.min(MatchRow.event_time)).where(col(MatchRow.rule).in_(rules))
    return dict(session.exec(first.group_by(col(MatchRow.rule))).all())


def _values(session: Session, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """Return the values that the matches of a rule had of a label, by both."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule, label in wanted:
        labels = session.exec(select(MatchRow.labels).where(MatchRow.rule == rule).distinct())
        found[rule, label] = {value for one in labels for value in one.get(label, ())}
    return found


def _windows(session: Session, reached: Reach) -> dict[tuple[str, str], tuple[ActiveWindow, ...]]:
    rows = session.exec(select(StandingRow).where(col(StandingRow.rule).in_(reached.correlations)))
    return {
        (row.rule, row.key): tuple(ActiveWindow(first=first, last=last) for first, last in row.times) for row in rows
    }
