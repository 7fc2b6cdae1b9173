"""The last good version of each rule pack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from tocsin.store.db.sqlite import upsert
from tocsin.store.db.tables import KeptPackRow


def keep(session: Session, pack: str, pack_hash: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep *files*, (path, text) each, as the good version of *pack*; the same version is not written again."""
    row = session.exec(select(KeptPackRow).where(KeptPackRow.pack == pack)).one_or_none()
    if row is None or row.hash != pack_hash:
        fields = {"pack": pack, "hash": pack_hash, "files": files, "kept_at": now}
        session.connection().execute(upsert(KeptPackRow, ("pack",), change=("hash", "files", "kept_at")), [fields])


def kept(session: Session, pack: str) -> tuple[tuple[str, str], ...] | None:
    """The files of the good version, or None if there was none yet."""
    row = session.exec(select(KeptPackRow).where(KeptPackRow.pack == pack)).one_or_none()
    return row.files if row else None
