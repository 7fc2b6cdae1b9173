"""The rows of the sources: their lease, their next poll and what it brings them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, and_, col, func, or_, select, update

from tocsin.errors import ConflictError, Fault, LeaseLostError
from tocsin.model.entries import PUSH, Batch, Cursor
from tocsin.policy.polling.history import PollHistory
from tocsin.store.db import habits, mapping
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import SourceRow
from tocsin.store.inbound import hosts
from tocsin.store.values import Deferral, Fetch, GroupHold, PollFailure, PollRecord, Rest, SourceLease
from tocsin.units import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The columns of a leased source that its lease lacks; *document_at* is when its document last changed."""

    id: int
    errors: int
    last_success: datetime | None
    document_at: datetime | None


#: Time after a poll in which nobody can ask for another one.
_PAUSE = timedelta(minutes=1)
#: Least time between a poll and the next one for which a hub asks.
_HEARD = timedelta(seconds=10)
#: Characters of an error that are kept for people to read; the log has all of it.
_LONGEST_ERROR = 1000


def claim(
    session: Session, now: datetime, real: datetime, lease: timedelta, limit: int, *, worker: int | None = None
) -> list[SourceLease]:
    """Lease the *limit* sources that have been due longest, until *real* + *lease*.

    A *worker* that shares the database leaves out those whose servers another one asks.
    """
    free = or_(col(SourceRow.lease_until).is_(None), col(SourceRow.lease_until) < real)
    due = (
        select(SourceRow)
        .where(col(SourceRow.disabled).is_(False), col(SourceRow.kind) != PUSH, col(SourceRow.due_at) <= now, free)
        .order_by(col(SourceRow.due_at), col(SourceRow.id))
        .limit(limit)
    )
    if worker is not None:
        due = hosts.free(due, real, worker).with_for_update(skip_locked=True, of=SourceRow)
    rows = session.exec(due).all()
    taken = {
        "fence": SourceRow.fence + 1,
        "lease_until": real + lease,
        "worker": worker,
        "first_polled": func.coalesce(SourceRow.first_polled, now),
    }
    for piece in pieces(row.id for row in rows):
        session.exec(update(SourceRow).where(col(SourceRow.id).in_(piece)).values(**taken))
    if worker is None:
        return [mapping.lease(row, now) for row in rows]
    idle = hosts.take(session, {row.host_group for row in rows if row.host_group}, real, lease, worker)
    return [replace(mapping.lease(row, now), idle=idle.get(row.host_group)) for row in rows]


def failing(session: Session) -> frozenset[str]:
    """Return the names of the sources whose last poll failed."""
    return frozenset(session.exec(select(SourceRow.name).where(col(SourceRow.errors) > 0)))


def poll_now(session: Session, name: str, now: datetime) -> None:
    """Make the source *name* due *now*, because a person asks for it. One that was polled within a minute rests.

    Raises:
        ConflictError: there is no such source, it is not polled, or its server asked for quiet.
    """
    row = session.exec(select(SourceRow).where(SourceRow.name == name)).one_or_none()
    if row is None or row.disabled:
        raise ConflictError(f"there is no source {name}; see: tocsin sources list")
    if row.kind == PUSH:
        raise ConflictError(f"{name} is not polled: programs hand in its entries")
    neighbours = or_(SourceRow.id == row.id, and_(SourceRow.host_group == row.host_group, SourceRow.host_group != ""))
    until = session.exec(
        select(func.max(SourceRow.due_at)).where(
            neighbours, SourceRow.last_fault == Fault.RATE_LIMITED, col(SourceRow.due_at) > now
        )
    ).one()
    if until:
        raise ConflictError(f"the server of {name} asked for quiet until {utc(until)}")
    last = next(iter(habits.read_fetches(row.fetches)), None)
    if row.due_at > now and not (last and now - last.at < _PAUSE):
        row.due_at = now
        row.reasons = ("somebody asked for it",)


def hear(session: Session, name: str, now: datetime) -> None:
    """Make the source *name* due *now*, or soon after its last poll, because its hub says that it has news.

    A source that is due sooner, or whose server limits our rate, stays as it is.
    """
    row = session.exec(select(SourceRow).where(SourceRow.name == name)).one_or_none()
    if row is None or row.disabled or row.last_fault == Fault.RATE_LIMITED:
        return
    last = next(iter(habits.read_fetches(row.fetches)), None)
    due_at = max(now, last.at + _HEARD) if last else now
    if due_at < row.due_at:
        row.due_at, row.reasons = due_at, ("its hub says that it has news",)


def void(session: Session, alive: Collection[int]) -> int:
    """End every lease but those of the workers that are *alive*; return their number."""
    gone = or_(col(SourceRow.worker).is_(None), col(SourceRow.worker).not_in(alive))
    return session.exec(
        update(SourceRow)
        .where(col(SourceRow.lease_until).is_not(None), gone)
        .values(lease_until=None, fence=SourceRow.fence + 1)
    ).rowcount


def lock(session: Session, names: Collection[str]) -> None:
    """Lock the rows of *names* in the order of all who lock several, so that no two transactions wait for each other."""
    session.connection().execute(_LOCKED, {"names": names}).close()


def held(session: Session, lease: SourceLease) -> Held:
    """Return the row of a source if *lease* is still valid.

    Raises:
        LeaseLostError: the source was leased again, or its row changed.
    """
    row = session.connection().execute(_HOLDER, {"named": lease.name}).one_or_none()
    if row is None or row.fence != lease.fence or row.lease_until is None:
        raise LeaseLostError(
            f"the poll of {lease.name} took longer than its lease; its result is left to the next poll"
        )
    return mapping.read(Held, row)


def pushed(session: Session, name: str) -> Held:
    """Return the row of the source *name*, to which programs push. What they push is news from the first time on.

    Raises:
        ConflictError: there is no such source now.
    """
    row = session.connection().execute(_HOLDER, {"named": name}).one_or_none()
    if row is None or row.kind != PUSH or row.disabled:
        raise ConflictError(f"{name} takes no entries now; see: tocsin sources list")
    return mapping.read(Held, row)


def succeed(
    session: Session, row: Held, lease: SourceLease, batch: Batch, record: PollRecord, *, now: datetime
) -> None:
    """End the lease after a successful poll, and write its cursor."""
    document_at = now if batch.changed else row.document_at
    _give_back(session, row, lease, record, {**_good(batch.cursor, now), "document_at": document_at})


def note_push(session: Session, row: Held, fetch: Fetch, learned: PollHistory) -> None:
    """Record that entries were handed in to a source, as a poll with success is recorded."""
    fetches = session.connection().execute(_FETCHES, {"number": row.id}).scalar_one()
    first = func.coalesce(TABLE.c.first_polled, fetch.at)
    values = {"number": row.id, **WELL, "last_success": fetch.at, "document_at": fetch.at, "habits": learned}
    session.connection().execute(
        _BY_NUMBER.values(first_polled=first), {**values, "fetches": habits.add_fetch(fetches, fetch)}
    )


def learn(session: Session, name: str, learned: PollHistory) -> None:
    """Write the history of the source *name*."""
    session.exec(update(SourceRow).where(col(SourceRow.name) == name).values(habits=learned))


def count_dropped(session: Session, row: Held, dropped: int) -> None:
    """Count entries that the filter of a source *dropped*."""
    if dropped:
        session.connection().execute(_DROPPED, {"number": row.id, "more": dropped})


def go_on(session: Session, row: Held, learned: PollHistory, until: datetime) -> None:
    """Extend the lease *until* then, and write the history of a document that is committed only in part."""
    values = {"number": row.id, "lease_until": until, "habits": learned}
    session.connection().execute(CHANGE, values)


def complete_unchanged(
    session: Session, rests: Sequence[Rest], now: datetime, deferrals: Sequence[Deferral] = ()
) -> int:
    """End the leases of polls without news and of postponed polls; return the number of leases that were lost before.

    A postponed poll is not counted, and the row keeps its history.
    """
    done = [
        {
            "named": item.lease.name,
            "held": item.lease.fence,
            "due_at": item.record.due_at,
            **_good(item.cursor, now),
            "why": item.record.reasons,
            "learned": item.record.habits,
            "fetched": habits.add_fetch(item.lease.fetches, item.record.fetch) if item.record.fetch else None,
            "changed": item.document_at,
        }
        for item in rests
    ]
    put_off = [
        {"named": item.lease.name, "held": item.lease.fence, "due_at": item.due_at, "why": (item.reason,)}
        for item in deferrals
    ]
    connection = session.connection()
    held = sum(
        connection.execute(how, rows).rowcount for how, rows in ((_BY_LEASE, done), (_UNPOLLED, put_off)) if rows
    )
    return len(rests) + len(deferrals) - held


def _hold(session: Session, group: GroupHold) -> None:
    """Postpone the sources of a host group that are due before the pause ends, except those being polled."""
    session.exec(
        update(SourceRow)
        .where(
            col(SourceRow.host_group) == group.group,
            col(SourceRow.due_at) < group.until,
            col(SourceRow.lease_until).is_(None),
        )
        .values(due_at=group.until, reasons=(group.reason,))
    )


def clear_outage_failures(session: Session, now: datetime) -> None:
    """Clear the first failure of public sources that could not be reached, and make them due now."""
    session.exec(
        update(SourceRow)
        .where(
            col(SourceRow.last_fault) == Fault.UNREACHABLE,
            col(SourceRow.errors) == 1,
            col(SourceRow.host_group) != "",
            col(SourceRow.lease_until).is_(None),
        )
        .values(
            errors=0, last_error="", last_fault=None, due_at=now, reasons=("the network was down when it was tried",)
        )
    )


def _good(cursor: Cursor, now: datetime) -> dict[str, object]:
    return {**WELL, **mapping.columns(cursor, SourceRow), "last_success": now}


def fail(session: Session, row: Held, lease: SourceLease, failure: PollFailure) -> None:
    """End the lease after a failed poll, and postpone the others of its host group; the cursor stays."""
    if failure.hold is not None:
        _hold(session, failure.hold)
    words = {"last_error": failure.error[:_LONGEST_ERROR], "last_fault": failure.fault}
    fields = {**mapping.columns(failure, SourceRow), **words, "errors": row.errors + 1}
    _give_back(session, row, lease, failure.record, fields)


# Every poll ends with one of these statements: built once, because building one costs more than running it.
TABLE = SourceRow.metadata.tables[str(SourceRow.__tablename__)]
_HOLDER = (
    select(
        *(
            TABLE.c[name]
            for name in ("id", "kind", "disabled", "fence", "lease_until", "errors", "last_success", "document_at")
        )
    )
    .where(TABLE.c.name == bindparam("named"))
    .with_for_update()
)
#: Locks rows that are to be changed, in the one order.
IN_ORDER = select(TABLE.c.id).order_by(TABLE.c.id).with_for_update()
_LOCKED = IN_ORDER.where(TABLE.c.name.in_(bindparam("names", expanding=True)))
_FETCHES = select(TABLE.c.fetches).where(TABLE.c.id == bindparam("number"))
_BY_NUMBER = TABLE.update().where(TABLE.c.id == bindparam("number")).values(polls=TABLE.c.polls + 1)
#: Changes the row with a *number*.
CHANGE = TABLE.update().where(TABLE.c.id == bindparam("number"))
_DROPPED = CHANGE.values(dropped=TABLE.c.dropped + bindparam("more"))
_HELD = TABLE.update().where(
    TABLE.c.name == bindparam("named"), TABLE.c.fence == bindparam("held"), TABLE.c.lease_until.is_not(None)
)
_BY_LEASE = _HELD.values(
    lease_until=None,
    polls=TABLE.c.polls + 1,
    reasons=bindparam("why"),
    habits=func.coalesce(bindparam("learned", type_=TABLE.c.habits.type), TABLE.c.habits),
    fetches=func.coalesce(bindparam("fetched"), TABLE.c.fetches),
    document_at=func.coalesce(bindparam("changed", type_=TABLE.c.document_at.type), TABLE.c.document_at),
)
_UNPOLLED = _HELD.values(lease_until=None, reasons=bindparam("why"))


def _give_back(
    session: Session, row: Held, lease: SourceLease, record: PollRecord, fields: Mapping[str, object]
) -> None:
    values = {"number": row.id, "lease_until": None, "due_at": record.due_at, "reasons": record.reasons, **fields}
    if record.habits is not None:
        values["habits"] = record.habits
    if record.fetch is not None:
        values["fetches"] = habits.add_fetch(lease.fetches, record.fetch)
    session.connection().execute(_BY_NUMBER, values)


#: The columns of a source that can be read.
WELL = {"errors": 0, "unhealthy": False, "gone": False, "dead": False, "last_error": "", "last_fault": None}
