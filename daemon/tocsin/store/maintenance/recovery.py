"""Recovery from outside faults: damaged rows, a clock that was set back, a rule pack that no longer compiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, and_, col, exists, or_, select, update

from tocsin.errors import DamagedError
from tocsin.model.deliveries import WAITING, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.store.db import codec, mapping
from tocsin.store.db.codec import UNDECODABLE
from tocsin.store.db.sqlite import upsert
from tocsin.store.db.tables import AttemptRow, DeliveryRow, KeptPackRow, SilenceRow, SourceRow
from tocsin.store.db.values import Damage, DamagedKind
from tocsin.store.outbox import holds
from tocsin.store.sending import claim


def set_aside(session: Session, now: datetime) -> tuple[Damage, ...]:
    """Take sources, deliveries and silences with unreadable rows out of use, so that they do not stop the others.

    A source is disabled, a delivery is dead, a silence has ended. A row that is used again is checked again.
    """
    sources = _damaged(
        session, SourceRow, SourceRow.name, col(SourceRow.disabled).is_(False), lambda row: mapping.lease(row, now)
    )
    deliveries = _damaged(
        session,
        DeliveryRow,
        DeliveryRow.receiver,
        col(DeliveryRow.state).in_(WAITING),
        lambda row: claim.delivery(session, row),
    )
    silences = _damaged(session, SilenceRow, SilenceRow.id, cast(SilenceRow.ends, Text) != "", holds.read_silence)
    found = []
    for number, name, words in list(sources):
        session.exec(update(SourceRow).where(col(SourceRow.id) == number).values(disabled=True, lease_until=None))
        found.append(Damage(kind=DamagedKind.SOURCE, name=name, words=words))
    for number, name, words in list(deliveries):
        dead = {
            "state": DeliveryState.DEAD.value,
            "reason": codec.reason_to_json(Reason(cause=Cause.DAMAGED, words=words)),
            "lease_until": None,
        }
        session.exec(update(DeliveryRow).where(col(DeliveryRow.id) == number).values(**dead))
        found.append(Damage(kind=DamagedKind.DELIVERY, name=f"{number} to {name}", words=words))
    for number, _, words in list(silences):
        session.exec(update(SilenceRow).where(col(SilenceRow.id) == number).values(starts=now, ends=now, matchers=()))
        found.append(Damage(kind=DamagedKind.SILENCE, name=str(number), words=words))
    return tuple(found)


def _damaged(
    session: Session, table: Any, name: Any, condition: Any, read: Callable[[Any], object]
) -> Iterator[tuple[Any, str, str]]:
    """Yield the number, name and error of each row of *table* that *read* cannot read."""
    rows = session.connection().execute(select(table.id, cast(name, Text)).where(condition)).all()
    for number, called in rows:
        try:
            read(session.exec(select(table).where(table.id == number)).one())
        except DamagedError as error:
            yield number, str(called), str(error)
        except OperationalError as error:
            if UNDECODABLE not in str(error.orig):
                raise
            yield number, str(called), str(error.orig)


def rewind(session: Session, now: datetime) -> int:
    """Repair due times after the clock was set back to *now*; return the number of changed rows.

    Sources that were polled, and deliveries that were planned or tried, at a time that is in the future again are due
    now. A delivery held by a cooldown keeps its time.
    """
    polled = update(SourceRow).where(col(SourceRow.last_success) > now, col(SourceRow.due_at) > now)
    tried = exists().where(col(AttemptRow.delivery_id) == col(DeliveryRow.id), col(AttemptRow.ended_at) > now)
    ready = col(DeliveryRow.state) == DeliveryState.READY.value
    retried = and_(col(DeliveryRow.state) == DeliveryState.RETRY.value, tried)
    waiting = update(DeliveryRow).where(or_(ready, retried), col(DeliveryRow.due_at) > now)
    return session.exec(polled.values(due_at=now)).rowcount + session.exec(waiting.values(due_at=now)).rowcount


def keep_pack(session: Session, pack: str, pack_hash: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep *files*, (path, text) each, as the last good version of *pack*; the same version is not written again."""
    row = session.exec(select(KeptPackRow).where(KeptPackRow.pack == pack)).one_or_none()
    if row is None or row.hash != pack_hash:
        fields = {"pack": pack, "hash": pack_hash, "files": files, "kept_at": now}
        session.connection().execute(upsert(KeptPackRow, ("pack",), change=("hash", "files", "kept_at")), [fields])


def kept_pack(session: Session, pack: str) -> tuple[tuple[str, str], ...] | None:
    """Return the files of the last good version of *pack*, None if there is none."""
    row = session.exec(select(KeptPackRow).where(KeptPackRow.pack == pack)).one_or_none()
    return row.files if row else None
