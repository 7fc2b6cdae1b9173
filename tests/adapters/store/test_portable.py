"""The guard that keeps statements portable; it looks at every statement that a test sends to SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.dialects import sqlite

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
