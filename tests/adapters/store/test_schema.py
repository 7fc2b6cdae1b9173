"""The version of the tables."""

import re
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from tocsin.errors import OutdatedError, StoreError
from tocsin.store.db import backup
from tocsin.store.db.schema import upgrade
from tocsin.store.db.sqlite import SqliteDatabase

pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_migrations_make_the_tables(tmp_path):
    """A column that is in the code and not in a migration would break the next start on every existing database."""
    database = SqliteDatabase.open(f"sqlite:///{tmp_path}/x.db")
    upgrade(database)
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    database.close()


def test_unique_keys_and_references_are_made_too(tmp_path):
    """The keys that forbid doubles are in the database, not only in the code."""
    database = SqliteDatabase.open(f"sqlite:///{tmp_path}/x.db")
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


def test_an_open_without_a_migration_does_not_load_the_library_for_it(hands, store, monkeypatch):
    """Each command would wait for it, and hardly any has something to migrate."""
    store.close()
    monkeypatch.setitem(sys.modules, "alembic", None)
    assert hands.open().read.counts().alerts == 0


def test_tables_are_not_changed_under_a_running_daemon(hands):
    """A command of another version must not pull the tables from under the daemon."""
    database = SqliteDatabase.open(hands.url)
    database.lock()
    with pytest.raises(StoreError, match="another tocsin"):
        hands.open()
    database.close()
    hands.open()


def test_a_database_from_before_the_first_release_is_refused(hands, store):
    """Its tables cannot be upgraded any more, and the message says what to do."""
    store.close()
    with sqlite3.connect(hands.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0010_hold'")
    connection.close()
    words = r"before the first release \(its tables are of version 0010_hold\) and cannot be used: move it away"
    with pytest.raises(StoreError, match=words):
        hands.open()


#: What the steps up to 0014 changed of a database of 0011, and what rows then held.
_OF_0014 = (
    "ALTER TABLE receiver ADD COLUMN since DATETIME",
    "ALTER TABLE entry ADD COLUMN authors TEXT DEFAULT '[]' NOT NULL",
    "ALTER TABLE entry ADD COLUMN categories TEXT DEFAULT '[]' NOT NULL",
    "ALTER TABLE receiver ADD COLUMN refusals INTEGER DEFAULT '0' NOT NULL",
    "UPDATE alembic_version SET version_num = '0014_refusals'",
)
_ROWS_OF_0014 = (
    "UPDATE receiver SET since = '2026-03-02 12:00:00.000000', refusals = 2",
    """UPDATE entry SET authors = '["Jane Doe"]', categories = '["Mining"]' WHERE id = 1""",
)


@pytest.mark.parametrize(
    ("steps", "rows"),
    [pytest.param((), (), id="0011"), pytest.param(_OF_0014, _ROWS_OF_0014, id="0014")],
)
def test_an_older_database_becomes_a_new_one(hands, steps, rows):
    """A start of a new version leaves nothing out: tables, keys and indexes are those of a new database, and every row stands."""
    old = Path(__file__).with_name("0011_limit.sql").read_text(encoding="utf-8")
    hands.path.parent.mkdir()
    _run(hands.path, old, *steps, *rows)
    assert all(_rows(hands.path).values()), "a table without rows shows nothing"
    backup.upgrade(hands.path, NOW)
    hands.open().close()
    fresh = hands.path.with_name("fresh.db")
    database = SqliteDatabase.open(f"sqlite:///{fresh}")
    upgrade(database)
    database.close()
    _run(fresh, old.split("-- rows\n")[1], *rows)
    assert _schema(hands.path) == _schema(fresh)
    assert _rows(hands.path) == _rows(fresh)


def test_an_older_database_is_opened_by_nobody_before_its_backup(hands):
    """A look at it must not change it: whoever goes back to the older program needs its tables."""
    hands.path.parent.mkdir()
    _run(hands.path, Path(__file__).with_name("0011_limit.sql").read_text(encoding="utf-8"))
    with pytest.raises(OutdatedError, match=r"of version 0011_limit\): stop the daemon, then: tocsin db upgrade"):
        hands.open()
    with closing(sqlite3.connect(hands.path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0011_limit",)


def test_the_rows_of_an_older_database_can_be_read(hands):
    """People see its rows as before."""
    hands.path.parent.mkdir()
    _run(hands.path, Path(__file__).with_name("0011_limit.sql").read_text(encoding="utf-8"))
    backup.upgrade(hands.path, NOW)
    read = hands.open().read
    assert [one.title for one in read.find_entries("1")[0].revised] == ["China denies it"]
    assert [view.title for view in read.deliveries()] == ["gallium: ban", "gallium: ban"]
    assert [silence.why for silence in read.silences()] == ["a week of zinc"]
    assert {view.name: view.errors for view in read.sources()} == {"wire": 0, "gone": 4}
    assert read.record(1, "minerals/broken")[0].failure == "it raised"


def test_numbers_of_rows_are_wide_enough_on_other_databases():
    """SQLite's INTEGER holds eight octets; that of others holds four, and a busy store has more transitions than that."""
    numbers = [
        column
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("id") and column.type.compile(sqlite.dialect()) == "INTEGER"
    ]
    assert len(numbers) > 20
    assert {str(column): column.type.compile(postgresql.dialect()) for column in numbers} == {
        str(column): "BIGINT" for column in numbers
    }


def _run(path, *scripts):
    with closing(sqlite3.connect(path)) as connection:
        for script in scripts:
            connection.executescript(script)
        connection.commit()


def _schema(path):
    """Tables, indexes and keys as SQLite keeps them, less the spaces."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name): re.sub(r"\s*([(),])\s*|\s+", r"\1 ", sql or "") for kind, name, sql in found}


def _rows(path):
    """The rows of every table."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}
