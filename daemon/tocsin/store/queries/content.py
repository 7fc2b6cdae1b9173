"""The content of messages: their alerts, with evidence and coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import true, type_coerce
from sqlmodel import Session, col, func, select

from tocsin.model.alerts import AlertContent, Coverage, MatchOutcome
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.rules import Evidence, Severity
from tocsin.store.db import codec, mapping
from tocsin.store.db.columns import SafeText
from tocsin.store.db.delivery_tables import DeliveryAlertRow, TransitionRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow, EntryRow, MatchRow
from tocsin.store.inbound import entries, revisions
from tocsin.store.outbox import delivery_rows

#: Entries of coverage that are read for an alert.
MOST_COVERAGE = 100
#: Alerts of several messages that are read at a time.
_MOST_TOGETHER = 50


class _Met(NamedTuple):
    """The columns of a match that decide which one leads; evidence is read only for that one of perhaps thousands."""

    id: int
    alert_id: int
    entry_id: int | None
    severity: Severity
    fate: MatchOutcome
    decided_at: datetime


_TABLE = MatchRow.metadata.tables["match"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """A moment in the order of commits: the numbers of the last match and of the last change of a delivery by then."""

    match: int
    change: int


def present(session: Session) -> Until:
    """Return the present moment, in a transaction that takes its turn among those that decide."""
    last = (select(func.coalesce(func.max(column), 0)).scalar_subquery() for column in (MatchRow.id, TransitionRow.id))
    match, change = session.exec(select(*last)).one()
    return Until(match=match, change=change)


def of_delivery(session: Session, delivery_id: str, kind: DeliveryKind) -> tuple[AlertContent, ...]:
    """Return the alerts of a delivery, the highest severity first, then the oldest."""
    return of_deliveries(session, {delivery_id: kind})[delivery_id]


def of_deliveries(
    session: Session, kinds: Mapping[str, DeliveryKind], until: Until | None = None
) -> dict[str, tuple[AlertContent, ...]]:
    """Return the alerts of each of the deliveries in *kinds*, as of *until*, the highest severity first, then the oldest."""
    members = delivery_rows.members_of(session, kinds)
    # The content of an alert without news is the same in all messages of a kind, and read once for them.
    alike: dict[tuple[DeliveryKind, str], list[str]] = defaultdict(list)
    for number, kind in kinds.items():
        alike[kind, number if any(member.news for member in members[number]) else ""].append(number)
    found = {}
    for (kind, _), numbers in alike.items():
        for together in _bounded(numbers, members):
            news = {member.alert_id: member.news for number in together for member in members[number]}
            read = of_alerts(session, news, kind, news=news, until=until)
            for number in together:
                each = (replace(read[member.alert_id], overflow=member.overflow) for member in members[number])
                found[number] = tuple(sorted(each, key=lambda item: (-item.alert.severity.rank, item.alert.id)))
    return found


def _bounded(numbers: Sequence[str], members: Mapping[str, Sequence[DeliveryAlertRow]]) -> Iterator[list[str]]:
    """Yield the deliveries *numbers* in lists with few alerts each; one delivery may have more."""
    together: list[str] = []
    alerts: set[int] = set()
    for number in numbers:
        own = {member.alert_id for member in members[number]}
        if together and len(alerts | own) > _MOST_TOGETHER:
            yield together
            together, alerts = [], set()
        together.append(number)
        alerts |= own
    if together:
        yield together


def of_alerts(
    session: Session,
    numbers: Collection[int],
    kind: DeliveryKind = DeliveryKind.ALERT,
    news: Mapping[int, tuple[str, ...]] = MappingProxyType({}),
    most: int = MOST_COVERAGE,
    *,
    until: Until | None = None,
) -> dict[int, AlertContent]:
    """Return each alert with the evidence and the entry of its leading match, and its other entries, at *most* so many.

    With none of them, the evidence has no tree below its root. The first match of the highest severity leads. In an update, and for an alert with *news*, the latest match with
    something new leads. Matches and wordings after *until* are left out.
    """
    matches = defaultdict(list)
    for found_match in session.connection().execute(
        select(*(_TABLE.c[name] for name in _Met._fields))
        .where(_TABLE.c.alert_id.in_(numbers), _TABLE.c.id <= until.match if until else true())
        .order_by(_TABLE.c.event_time, _TABLE.c.id)
    ):
        row = _Met(*found_match)
        matches[row.alert_id].append(row)
    grown = {number for number, words in news.items() if words and number in matches}
    leads = {number: _lead(rows, DeliveryKind.UPDATE if number in grown else kind) for number, rows in matches.items()}
    firsts = {number: min(matches[number], key=lambda row: row.id) for number in grown}
    shown = {row.entry_id for rows in matches.values() for row in rows[: most + 1] if row.entry_id}
    shown |= {row.entry_id for row in (*leads.values(), *firsts.values()) if row.entry_id}
    found = entries.by_number(session, shown)
    reworded = revisions.of(
        session, [row.entry_id for row in leads.values() if row.entry_id], before=until.change if until else None
    )
    proofs = _proofs(session, [row.id for row in leads.values()], brief=not most)
    result = {}
    for alert in session.exec(select(AlertRow).where(col(AlertRow.id).in_(numbers)).order_by(col(AlertRow.id))):
        lead = leads.get(alert.id)
        result[alert.id] = AlertContent(
            alert=mapping.alert(alert),
            evidence=proofs[lead.id] if lead else None,
            lead=revisions.coverage(*found[lead.entry_id], reworded.get(lead.entry_id, ()), lead.decided_at)
            if lead and lead.entry_id
            else None,
            related=_related(matches[alert.id], lead, found)[:most],
            news=news.get(alert.id, ()),
            first=_first(firsts.get(alert.id), found),
        )
    return result


def _proofs(session: Session, matches: Sequence[int], *, brief: bool) -> dict[int, Evidence | None]:
    """Return the evidence of *matches* by number; *brief* ones have no tree below the root."""
    column: Any = type_coerce(_TABLE.c.evidence, SafeText) if brief else _TABLE.c.evidence
    found = {
        number: proof
        for piece in pieces(matches)
        for number, proof in session.connection().execute(select(_TABLE.c.id, column).where(_TABLE.c.id.in_(piece)))
    }
    return {n: codec.evidence_head_from_json(text) if text else None for n, text in found.items()} if brief else found


def _lead(rows: Sequence[_Met], kind: DeliveryKind) -> _Met:
    updates = [row for row in rows if row.fate == MatchOutcome.UPDATED]
    if kind is DeliveryKind.UPDATE and updates:
        return max(updates, key=lambda row: row.id)
    telling = [row for row in rows if row.fate != MatchOutcome.JOINED] or rows
    return min(telling, key=lambda row: (-row.severity.rank, row.id))


def _first(row: _Met | None, found: Mapping[int, tuple[EntryRow, str]]) -> Coverage | None:
    """Return the entry that opened an alert, without its text."""
    if row is None or row.entry_id is None or row.entry_id not in found:
        return None
    return replace(mapping.coverage(*found[row.entry_id]), summary="", body="", removed="")


def _related(
    rows: Sequence[_Met], lead: _Met | None, found: Mapping[int, tuple[EntryRow, str]]
) -> tuple[Coverage, ...]:
    """Return the other entries, the earliest first, without their text."""
    others = [row.entry_id for row in rows if row.entry_id in found and (lead is None or row.entry_id != lead.entry_id)]
    coverages = (mapping.coverage(*found[number]) for number in dict.fromkeys(others[:MOST_COVERAGE]) if number)
    return tuple(replace(item, summary="", body="", removed="") for item in coverages)
