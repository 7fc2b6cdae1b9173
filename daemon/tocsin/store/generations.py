"""Generations: which configuration the workers of a database work by.

A worker with other files than the active one claims nothing, so that two configurations never decide side by side. A
configuration that nobody had before is active at once; one that was replaced comes back only if a person says so, or if
its worker is the only one.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select, update

from tocsin.errors import ConflictError
from tocsin.store.db.service_tables import GenerationRow
from tocsin.store.db.statements import put

_TABLE = GenerationRow.metadata.tables["generation"]
_ACTIVE = select(_TABLE.c.digest).where(_TABLE.c.active.is_(True))


def active(session: Session) -> str | None:
    """Return the digest of the active configuration, None if no worker had one."""
    found: str | None = session.connection().execute(_ACTIVE).scalar()
    return found


def enter(session: Session, digest: str, now: datetime, *, wanted: bool) -> bool:
    """Return whether the configuration *digest* is active; an unknown one becomes active, and a replaced one if *wanted*."""
    known = session.exec(select(GenerationRow.number).where(GenerationRow.digest == digest)).one_or_none()
    if known is None:
        last = session.exec(select(func.max(GenerationRow.number))).one() or 0
        put(session, _TABLE.insert(), [{"number": last + 1, "digest": digest, "made_at": now, "active": False}])
        wanted = True
    if wanted:
        _activate(session, digest)
    return active(session) == digest


def activate(session: Session, digest: str) -> None:
    """Make the configuration *digest* the active one.

    Raises:
        ConflictError: no worker has ever had it.
    """
    if session.exec(select(GenerationRow.number).where(GenerationRow.digest == digest)).one_or_none() is None:
        raise ConflictError("no worker has had this configuration: start one with it, and it is active")
    _activate(session, digest)


def _activate(session: Session, digest: str) -> None:
    session.exec(update(GenerationRow).where(col(GenerationRow.digest) != digest).values(active=False))
    session.exec(update(GenerationRow).where(col(GenerationRow.digest) == digest).values(active=True))
