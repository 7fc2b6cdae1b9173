"""Rows that cannot be read: a disk or a hand changed a cell. One of them stops itself and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select, update

from tocsin.errors import DamagedError
from tocsin.model.deliveries import WAITING, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.store.db import codec, mapping
from tocsin.store.db.reading import UNDECODABLE
from tocsin.store.db.tables import DeliveryRow, SilenceRow, SourceRow
from tocsin.store.db.values import Damage, DamagedKind
from tocsin.store.outbox.silences import silence
from tocsin.store.sending import claim


def set_aside(session: Session, now: datetime) -> tuple[Damage, ...]:
    """Take sources, deliveries and silences whose rows cannot be read out of use, so that they stop only themselves.

    A source is disabled, a delivery is dead, a silence has ended; each is looked at again when it is used anew.
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
    silences = _damaged(session, SilenceRow, SilenceRow.id, cast(SilenceRow.ends, Text) != "", silence)
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
    """Number, name and fault of each row of *table* that *read* cannot read."""
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
