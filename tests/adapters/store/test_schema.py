"""The version of the tables."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel

from tocsin.errors import StoreError
from tocsin.store.db.schema import upgrade
from tocsin.store.db.sqlite import Database


def test_the_migrations_make_the_tables(tmp_path):
    """A column that is in the code and not in a migration would break the next start on every existing database."""
    database = Database.open(f"sqlite:///{tmp_path}/x.db")
    upgrade(database)
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    database.close()


def test_unique_keys_and_references_are_made_too(tmp_path):
    """The keys that forbid doubles are in the database, not only in the code."""
    database = Database.open(f"sqlite:///{tmp_path}/x.db")
    upgrade(database)
    with database.read() as session:
        found = session.connection().exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table'").scalars()
        text = "\n".join(sql for sql in found)
    database.close()
    for name in ("uq_source_name", "uq_entry_key", "uq_match_entry_rule", "uq_delivery_alert_telling"):
        assert f"CONSTRAINT {name} UNIQUE" in text
    declared = sum(len(table.foreign_keys) for table in SQLModel.metadata.tables.values())
    assert text.count("FOREIGN KEY") == declared


def test_a_database_of_a_newer_version_is_refused(hands, store):
    """An old program on new tables would write what the new one cannot read."""
    store.close()
    with sqlite3.connect(hands.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=r"newer tocsin \(its tables are of version 9999\): install that version"):
        hands.open()


def test_opening_again_changes_nothing(hands, store):
    """A second start finds what the first one wrote."""
    hands.tell(store)
    store.close()
    assert hands.open().read.counts().alerts == 1


def test_tables_are_not_changed_under_a_running_daemon(hands):
    """A command of another version must not pull the tables from under the daemon."""
    database = Database.open(hands.url)
    database.lock()
    with pytest.raises(StoreError, match="another tocsin"):
        hands.open()
    database.close()
    hands.open()


def test_wordings_of_an_older_database_are_kept(hands, store):
    """A column less, three more, and every row still there."""
    hands.tell(store)
    store.close()
    with sqlite3.connect(hands.path) as connection:
        connection.execute("DROP TABLE revision")
        connection.execute("DROP TABLE answer")
        connection.execute("DROP TABLE silence")
        connection.execute("DROP TABLE receiver")
        connection.execute("DROP INDEX ix_attempt_started_at")
        connection.execute("DROP INDEX ix_delivery_stands_for")
        connection.execute("DROP INDEX ix_delivery_silence_id")
        connection.execute("ALTER TABLE delivery DROP COLUMN silence_id")
        connection.execute("ALTER TABLE delivery DROP COLUMN stands_for")
        connection.execute("ALTER TABLE delivery DROP COLUMN wanted_at")
        connection.execute("ALTER TABLE entry DROP COLUMN authors")
        connection.execute("ALTER TABLE entry DROP COLUMN categories")
        connection.execute("ALTER TABLE alert DROP COLUMN origins")
        connection.execute("ALTER TABLE delivery_alert DROP COLUMN news")
        connection.execute("ALTER TABLE delivery_alert DROP COLUMN overflow")
        connection.execute(
            "CREATE TABLE revision (id INTEGER PRIMARY KEY, entry_id INTEGER NOT NULL REFERENCES entry (id), at DATETIME NOT"
            " NULL, title TEXT NOT NULL, summary TEXT NOT NULL, withdrawn BOOLEAN NOT NULL, told DATETIME)"
        )
        row = (1, "2026-03-02 13:00:00.000000", "Else", "", 0, "2026-03-02 13:00:00.000000")
        connection.execute(
            "INSERT INTO revision (entry_id, at, title, summary, withdrawn, told) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        connection.execute("UPDATE alembic_version SET version_num = '0005_revision'")
    connection.close()
    assert [one.title for one in hands.open().read.find_entries("1")[0].revised] == ["Else"]
