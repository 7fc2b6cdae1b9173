"""Entries that a source rewrote or withdrew: their wordings, and the corrections that follow.

A recipient knows the wording that an entry had when a message with a recorded attempt was claimed. The order of commits
shows whether a claim or a wording came first; times cannot, because clocks are read before the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, and_, col, func, insert, select

from tocsin.model.alerts import NOTIFYING, Coverage, Revised
from tocsin.model.articles import fetched, given, with_article
from tocsin.model.deliveries import UNHEARD, UNTRIED, DeliveryKind, DeliveryState
from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Judged, Match
from tocsin.policy.alerting import correction
from tocsin.policy.alerting.correction import MOST_REVISIONS, Claim, Correction, Wording
from tocsin.policy.alerting.facts import Arrival
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryAlertRow, DeliveryRow, TransitionRow
from tocsin.store.db.tables import AlertRow, EntryRow, MatchRow, RevisionRow
from tocsin.store.outbox import enqueue

_OWN = (DeliveryKind.OPERATOR, DeliveryKind.TEST)

#: Characters of a text by which wordings are compared.
_HEAD = 5000

#: An alert and one of its readers: (receiver, recipient).
_Reader = tuple[int, tuple[str, str]]
History = Sequence[RevisionRow]
T = TypeVar("T", Entry, Coverage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The result of rewritten and withdrawn entries: *arrivals* for rules that they meet now, and *corrections*.

    *numbers* are the row numbers of the entries with a new wording, by the id that the source gives them.
    """

    arrivals: tuple[Arrival, ...] = ()
    corrections: tuple[Correction, ...] = ()
    numbers: Mapping[str, int]


@dataclass(slots=True, kw_only=True)
class _Sent:
    """The messages that one reader was sent about an alert: *claim* is the number of the last claim with an attempt.

    *corrected* is the time of the last correction, *waiting* the id of a correction that was not tried yet.
    """

    claim: int = 0
    corrected: datetime | None = None
    waiting: str = ""


def take_in(
    session: Session,
    source_id: int,
    rewritten: Sequence[Judged],
    deleted: Collection[str],
    now: datetime,
    *,
    by_link: bool = False,
) -> Taken:
    """Write the new wordings of entries of a source that were *rewritten* or *deleted* (their ids).

    With *by_link* the ids of the source change on every poll, so links identify its entries.
    """
    if not rewritten and not deleted:
        return Taken(numbers={})
    by_key = {item.entry.canonical_link if by_link else item.entry.id: item for item in rewritten}
    arrivals: list[Arrival] = []
    corrections: list[Correction] = []
    numbers: dict[str, int] = {}
    rows = _rows(session, source_id, [*by_key, *deleted], by_link=by_link)
    # An edition has a new id, so its row is found by its link.
    pages = {i.entry.canonical_link: key for key, i in by_key.items() if i.entry.edition and key not in rows}
    found = _rows(session, source_id, list(pages), by_link=True)
    rows |= {key: found[link] for link, key in pages.items() if link in found}
    histories = of(session, [mapping.identity(row.id) for row in rows.values()])
    for key, row in rows.items():
        number = mapping.identity(row.id)
        history = histories.get(number, ())
        judged = None if row.ident in deleted else by_key.get(key)
        if not _is_news(row, history, judged):
            continue
        matches = session.exec(select(MatchRow).where(MatchRow.entry_id == number)).all()
        corrections += _correct(session, row, history, matches, judged=judged, now=now)
        met = {match.rule for match in matches}
        new: tuple[Match, ...] = ()
        if judged and not judged.entry.dropped:
            new = tuple(match for match in judged.matches if match.rule.id not in met)
            row.dropped = NO_REASON  # the filter of its source lets the new wording in
        if judged:
            numbers[judged.entry.id] = number
        if new:
            arrivals.append(Arrival(entry_id=number, matches=new))
        _write(session, number, judged, now, proves=bool(new))
    return Taken(arrivals=tuple(arrivals), corrections=tuple(corrections), numbers=numbers)


def of(session: Session, numbers: Iterable[int], before: int | None = None) -> dict[int, History]:
    """Return the later wordings of the entries *numbers*, the earliest first: those *before* that change of a delivery, or all."""
    found: dict[int, list[RevisionRow]] = defaultdict(list)
    wanted = col(RevisionRow.entry_id).in_(list(numbers))
    for row in session.exec(select(RevisionRow).where(wanted).order_by(col(RevisionRow.id))):
        if before is None or row.after < before:
            found[row.entry_id].append(row)
    return dict(found)


def coverage(row: EntryRow, source: str, history: History, at: datetime) -> Coverage:
    """Return an entry as a message shows it: the wording that was judged *at* that time, and the later ones."""
    shown = mapping.coverage(row, source)
    said = _in_force(history, at)
    if said:
        shown = _worded(shown, said)
    later = [one for one in history if one.at > at]
    if not later:
        return shown
    return replace(shown, revised=_revised(later))


def current(entry: Entry, history: History, at: datetime | None = None) -> Entry:
    """Return *entry* with its present wording, or with the one *at* that time."""
    said = _in_force(history, at) if at else next((one for one in reversed(history) if not one.withdrawn), None)
    return _worded(entry, said) if said else entry


def _worded(shown: T, said: RevisionRow) -> T:
    """Return *shown* in the wording *said*. The text of its article, which was fetched once, stays behind it."""
    if shown.article_at is None:
        return replace(shown, title=said.title, summary=said.summary, body=said.body or shown.body)
    before = said.body or given(shown.body, shown.article_at)
    body, start = with_article(before, fetched(shown.body, shown.article_at))
    return replace(shown, title=said.title, summary=said.summary, body=body, article_at=start)


def views(history: History) -> tuple[Revised, ...]:
    """Return the later wordings of an entry."""
    return tuple(_revised([one]) for one in history)


def _revised(later: Sequence[RevisionRow]) -> Revised:
    last = later[-1]
    between = tuple(dict.fromkeys(one.title for one in later[:-1]))
    return Revised(
        at=last.at, title=last.title, summary=last.summary or last.body, withdrawn=last.withdrawn, between=between
    )


def _in_force(history: History, at: datetime) -> RevisionRow | None:
    """Return the wording of an entry *at* that time, None for its first."""
    return next((one for one in reversed(history) if one.at <= at and not one.withdrawn), None)


def _wording(one: Entry | EntryRow | RevisionRow) -> Wording:
    body = one.body if isinstance(one, RevisionRow) else given(one.body, one.article_at)
    return Wording(title=one.title, text=one.summary or body)


def _rows(session: Session, source_id: int, keys: Sequence[str], *, by_link: bool) -> dict[str, EntryRow]:
    """Return the newest row of each of *keys* that still has its text."""
    if not keys:
        return {}
    column = col(EntryRow.canonical_link) if by_link else col(EntryRow.ident)
    wanted = (col(EntryRow.source_id) == source_id, column.in_(keys), col(EntryRow.pruned).is_(False))
    rows = session.exec(select(EntryRow).where(*wanted).order_by(col(EntryRow.id))).all()
    return {row.canonical_link if by_link else row.ident: row for row in rows}


def _is_news(row: EntryRow, history: History, judged: Judged | None) -> bool:
    """Check whether the wording of an entry differs from its last one."""
    last = history[-1] if history else None
    if last and last.withdrawn:
        return False
    if judged is None:
        return True
    return len(history) < MOST_REVISIONS and not _wording(last or row).same(_wording(judged.entry))


def _correct(
    session: Session,
    row: EntryRow,
    history: History,
    matches: Sequence[MatchRow],
    *,
    judged: Judged | None,
    now: datetime,
) -> list[Correction]:
    """Return the corrections that a new wording requires, and cancel those that it makes needless."""
    sent = _sent(session, [match.alert_id for match in matches if match.fate in NOTIFYING and match.alert_id])
    if not sent:
        return []
    said = _wording(judged.entry) if judged else Wording(title="")
    found = []
    needless = []
    for claim in _claims(session, row, history, matches, sent):
        state = sent[claim.alert.id, claim.to]
        if correction.matters(claim, said, judged):
            due_at = correction.due(state.corrected, now, withdrawn=judged is None)
            found.append(Correction(alert=claim.alert, to=claim.to, due_at=due_at))
        elif state.waiting:
            needless.append((state.waiting, claim.alert.id))
    enqueue.cancel(session, needless, now, Reason(cause=Cause.UNCHANGED))
    return found


def _claims(
    session: Session, row: EntryRow, history: History, matches: Sequence[MatchRow], sent: Mapping[_Reader, _Sent]
) -> list[Claim]:
    """Return the wording of an entry that each reader knows, for each alert that it leads."""
    numbers = {number for number, _ in sent}
    alerts = {one.id: mapping.alert(one) for one in session.exec(select(AlertRow).where(col(AlertRow.id).in_(numbers)))}
    claims = []
    for match in matches:
        for (number, to), state in sent.items():
            if number != match.alert_id or match.fate not in NOTIFYING or not state.claim:
                continue
            said = _in_force(history, match.decided_at)
            field = "summary" if (said or row).summary else "body"
            quotes = correction.quoted(field, _wording(said or row).text, match.evidence)
            labels: Labels | None = match.labels
            latest = next((one for one in reversed(history) if one.after < state.claim), None)
            if latest and latest.at > match.decided_at:
                # A later wording has a record of the rules that it met.
                said, labels, quotes = latest, latest.met.get(match.rule), ()
            claim = Claim(alert=alerts[number], to=to, wording=_wording(said or row), labels=labels, quotes=quotes)
            claims.append(claim)
    return claims


def _sent(session: Session, alerts: Sequence[int]) -> dict[_Reader, _Sent]:
    """Return the messages about *alerts* that each reader was sent."""
    if not alerts:
        return {}
    claimed = (
        select(
            TransitionRow.delivery_id, func.max(TransitionRow.id).label("claim"), func.max(TransitionRow.at).label("at")
        )
        .join(AttemptRow, and_(col(AttemptRow.delivery_id) == TransitionRow.delivery_id, AttemptRow.n == 1))
        .where(TransitionRow.state == DeliveryState.SENDING, col(TransitionRow.at) <= col(AttemptRow.started_at))
        .group_by(col(TransitionRow.delivery_id))
        .subquery()
    )
    statement = (
        select(DeliveryAlertRow.alert_id, DeliveryRow, claimed.c.claim, claimed.c.at)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .join(claimed, claimed.c.delivery_id == DeliveryRow.id, isouter=True)
        .where(
            col(DeliveryAlertRow.alert_id).in_(alerts),
            col(DeliveryRow.state).not_in(UNHEARD),
            col(DeliveryRow.kind).not_in(_OWN),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    found: dict[_Reader, _Sent] = {}
    for alert, row, claim, at in session.exec(statement):
        state = found.setdefault((alert, (row.receiver, row.recipient)), _Sent())
        state.claim = max(claim or 0, state.claim)
        if row.kind == DeliveryKind.CORRECTION:
            last = at or row.due_at
            state.corrected = max(last, state.corrected) if state.corrected else last
            state.waiting = row.id if row.state in UNTRIED and not row.attempts else state.waiting
    return found


def _write(session: Session, number: int, judged: Judged | None, now: datetime, *, proves: bool) -> None:
    """Write a wording; with the whole body if it *proves* a match, else with its head if there is no summary."""
    entry = judged.entry if judged else None
    matches = judged.matches if judged else ()
    body = given(entry.body, entry.article_at) if entry else ""
    session.exec(
        insert(RevisionRow).values(
            entry_id=number,
            at=now,
            after=session.exec(select(func.max(TransitionRow.id))).one() or 0,
            title=entry.title if entry else "",
            summary=entry.summary if entry else "",
            body=body if proves else body[: 0 if entry and entry.summary else _HEAD],
            met={match.rule.id: match.labels for match in matches},
            withdrawn=entry is None,
        )
    )
