"""The search for entries: the newest first, a bounded piece of the table at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from tocsin.model.alerts import MatchOutcome
from tocsin.model.reasons import NO_REASON, Reason
from tocsin.rules.builtin import UNREAD
from tocsin.store.db.mapping import identity
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import EntryRow, MatchRow, SourceRow
from tocsin.store.queries.ranges import WITHIN, ranges

#: Entries of one answer.
PAGE = 50
#: An entry with a higher number was first seen at most so much earlier: several polls commit side by side.
_SLACK = timedelta(hours=1)
#: Sources that are named as unread.
_MOST = 50
_MET = MatchRow.metadata.tables["match"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Entries that are looked for: first seen *since* then, with all *words*, of *source*, below the number *before*.

    *met* is `yes` for those that met a rule, `no` for those that met none, `dropped` for those that a filter dropped, or the
    id of the rule that they met. What is empty does not matter.
    """

    since: datetime
    words: tuple[str, ...] = ()
    source: str = ""
    met: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMet:
    """A rule that an entry met, and what became of the match."""

    rule: str
    fate: MatchOutcome
    alert_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFound:
    """An entry without its text, and the rules that it met."""

    number: int
    source: str
    title: str
    link: str
    publisher: str
    published: datetime | None
    first_seen: datetime
    dropped: Reason = NO_REASON
    met: tuple[RuleMet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The newest entries that fit. The search goes on below the number *next*, None at its end.

    It is not *complete* if the time ran out; the entries back to *reached* were looked at then.
    """

    entries: tuple[EntryFound, ...] = ()
    next: int | None = None
    complete: bool = True
    reached: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A source that could not be read for a time from *at* on, and whether it *lasts*; *error* is the last one."""

    source: str
    at: datetime | None
    lasts: bool
    error: str = ""


def entries(session: Session, wanted: Wanted, *, limit: int = PAGE, within: float = WITHIN) -> Found:
    """Return at most *limit* entries that are *wanted*. A search for words ends after *within* seconds."""
    low, high = _range(session, wanted)
    if low is None or high is None:
        return Found()
    found: list[EntryFound] = []
    top = high + 1
    # Without words an index leads to the first entries that fit.
    for bottom, above in ranges(low, top, within) if wanted.words else [(low, top)]:
        found += _piece(session, wanted, bottom, above, limit + 1 - len(found))
        top = bottom
        if len(found) > limit:
            break
    more = len(found) > limit
    shown = found[:limit]
    complete = more or top <= low
    return Found(
        entries=_with_matches(session, shown),
        next=shown[-1].number if more else None if complete else top,
        complete=complete,
        reached=None
        if complete
        else session.exec(
            select(EntryRow.first_seen).where(col(EntryRow.id) >= top).order_by(col(EntryRow.id)).limit(1)
        ).first(),
    )


def _range(session: Session, wanted: Wanted) -> tuple[int | None, int | None]:
    """Return the lowest and the highest number of an entry that may fit, None where there is no entry at all."""
    lowest = [
        session.exec(
            select(EntryRow.id)
            .where(col(EntryRow.pruned).is_(pruned), col(EntryRow.first_seen) >= wanted.since - _SLACK)
            .order_by(col(EntryRow.first_seen))
            .limit(1)
        ).first()
        for pruned in (False, True)
    ]
    last = session.exec(select(func.max(EntryRow.id))).one()
    return (
        min((number for number in lowest if number is not None), default=None),
        last if wanted.before is None or last is None else min(last, wanted.before - 1),
    )


def _piece(session: Session, wanted: Wanted, bottom: int, top: int, limit: int) -> list[EntryFound]:
    """Return at most *limit* entries that fit, of those with a number from *bottom* to below *top*."""
    number = col(EntryRow.id)
    names = ("id", "title", "link", "publisher", "published", "first_seen", "dropped")
    statement = (
        select(SourceRow.name, *(getattr(EntryRow, name) for name in names))
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
        .where(number >= bottom, number < top, col(EntryRow.first_seen) >= wanted.since, *_conditions(wanted))
        .order_by(number.desc())
        .limit(limit)
    )
    return [
        EntryFound(source=source, number=id_, **dict(zip(names[1:], rest, strict=True)))
        for source, id_, *rest in session.exec(statement)
    ]


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    texts = (col(EntryRow.title), col(EntryRow.summary), col(EntryRow.body))
    found = [or_(*(text.icontains(word, autoescape=True) for text in texts)) for word in wanted.words]
    if wanted.source:
        found.append(
            col(EntryRow.source_id) == select(SourceRow.id).where(SourceRow.name == wanted.source).scalar_subquery()
        )
    met = select(MatchRow.entry_id).where(col(MatchRow.entry_id) == EntryRow.id)
    if wanted.met == "dropped":
        found.append(col(EntryRow.dropped) != NO_REASON)
    elif wanted.met == "no":
        found.append(~met.exists())
    elif wanted.met == "yes":
        found.append(col(EntryRow.id).in_(select(MatchRow.entry_id)))
    elif wanted.met:
        found.append(col(EntryRow.id).in_(select(MatchRow.entry_id).where(MatchRow.rule == wanted.met)))
    return found


def _with_matches(session: Session, found: Sequence[EntryFound]) -> tuple[EntryFound, ...]:
    met: dict[int, list[RuleMet]] = defaultdict(list)
    columns = (_MET.c.entry_id, _MET.c.rule, _MET.c.fate, _MET.c.alert_id)
    statement = _MET.select().with_only_columns(*columns).where(_MET.c.entry_id.in_([one.number for one in found]))
    for number, rule, fate, alert in session.connection().execute(statement.order_by(_MET.c.id)):
        met[number].append(RuleMet(rule=rule, fate=MatchOutcome(fate), alert_id=alert))
    return tuple(replace(one, met=tuple(met[one.number])) for one in found)


def entry_numbers(session: Session, idents: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the numbers of the entries with these *idents*, pairs of a source and an id; of several, the newest."""
    found: dict[tuple[str, str], int] = {}
    for piece in pieces(ident for _, ident in idents):
        statement = (
            select(SourceRow.name, EntryRow.ident, EntryRow.id)
            .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
            .where(col(EntryRow.ident).in_(piece))
            .order_by(col(EntryRow.id))
        )
        found |= {(source, ident): identity(number) for source, ident, number in session.exec(statement)}
    return found


def unread(session: Session, since: datetime, only: Collection[str] = ()) -> tuple[Unread, ...]:
    """Return the sources, or *only* those, that could not be read now or at some time *since* then, by name."""
    named = col(SourceRow.name).in_(only) if only else col(SourceRow.name) != ""
    ill = or_(col(SourceRow.unhealthy), col(SourceRow.gone), col(SourceRow.dead))
    rows = session.exec(
        select(SourceRow).where(named, and_(ill, ~col(SourceRow.disabled))).order_by(col(SourceRow.name)).limit(_MOST)
    )
    found = {row.name: Unread(source=row.name, at=row.last_success, lasts=True, error=row.last_error) for row in rows}
    events = session.exec(
        select(MatchRow.labels, MatchRow.event_time)
        .where(col(MatchRow.rule).in_(UNREAD), col(MatchRow.event_time) >= since)
        .order_by(col(MatchRow.event_time))
        .limit(_MOST)
    )
    for labels, at in events:
        for name in labels.get("source", ()):
            if not only or name in only:
                found.setdefault(name, Unread(source=name, at=at, lasts=False))
    return tuple(found[name] for name in sorted(found))
