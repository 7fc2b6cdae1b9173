"""The number of things that retention deletes, and of the alerts that stay."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from tocsin.store.db.delivery_tables import DeliveryRow
from tocsin.store.db.price_tables import QuoteRow
from tocsin.store.db.tables import AlertRow, EntryKeyRow, EntryRow, MatchRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The content of a database: *texts* counts entries with text, *evidence* proofs, *messages* kept messages."""

    entries: int
    texts: int
    evidence: int
    messages: int
    quotes: int
    keys: int
    alerts: int


def contents(session: Session) -> Contents:
    """Return the content of the database."""

    def count(table: type, *which: object) -> int:
        return session.exec(select(func.count()).select_from(table).where(*which)).one()  # type: ignore[arg-type]

    return Contents(
        entries=count(EntryRow),
        texts=count(EntryRow, col(EntryRow.pruned).is_(False)),
        evidence=count(MatchRow, col(MatchRow.evidence).is_not(None)),
        messages=count(DeliveryRow, col(DeliveryRow.message).is_not(None)),
        quotes=count(QuoteRow),
        keys=count(EntryKeyRow),
        alerts=count(AlertRow),
    )
