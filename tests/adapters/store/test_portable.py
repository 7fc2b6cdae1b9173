"""The guard that keeps statements portable; it looks at every statement that a test sends to SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.dialects import sqlite
from sqlmodel import col, select

from adapters.portable import NotPortableError
from tocsin.errors import StoreError
from tocsin.store.db.delivery_tables import ReceiverRow

pytestmark = pytest.mark.sqlite


def test_a_statement_that_only_sqlite_understands_is_refused(hands):
    """Nobody has to remember the other database: the test that runs a statement says so."""
    database = hands.open().database
    clause = sqlite.insert(ReceiverRow).values(name="x").on_conflict_do_nothing()
    with pytest.raises(NotPortableError, match="PostgreSQL cannot compile it"), database.write() as session:
        session.connection().execute(clause)


def test_distinct_rows_are_ordered_by_what_is_in_them(hands):
    """SQLite orders them by anything, and on PostgreSQL the statement fails when it runs."""
    database = hands.open().database
    with database.read() as session:
        session.exec(select(ReceiverRow.name).distinct().order_by(col(ReceiverRow.name).desc()))
    with pytest.raises(NotPortableError, match="does not order distinct rows"), database.read() as session:
        session.exec(select(ReceiverRow.name).distinct().order_by(col(ReceiverRow.failures)))


def test_an_alert_of_another_decision_is_never_overwritten(hands, store):
    """Of two decisions that took the same number the second one fails as a whole, and is tried again."""
    hands.tell(store)

    def clashing(facts):
        decision = hands.teller()(facts)
        return replace(decision, alerts=(*decision.alerts, replace(decision.alerts[0], title="another")))

    with pytest.raises(StoreError, match=r"(?i)unique"):
        hands.tell(store, "two", clashing)
    assert [alert.id for alert in store.read.alerts()] == [1]
    assert len(store.read.find_entries("https://example.org/two")) == 0
