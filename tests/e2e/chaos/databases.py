"""The databases that worlds are tried on: a file of SQLite, or a database on a server, each life on a wire of its own."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from adapters.postgres import Server, psycopg
from chaos.evidence import Lease, Look, Row, Tables
from chaos.wire import Wire


class AwayError(Exception):
    """The database is being made, recovered or started, or it cannot be reached."""


class WorldDatabase(Protocol):
    """A database as the world sees it, beside the daemon."""

    def address(self) -> tuple[str, Wire | None]:
        """The address for a new life, and the wire that it leads over, if it leads over one."""
        ...

    def read(self) -> tuple[Tables, str]:
        """Every table as it would be after a crash now, and what a check of all of it says."""
        ...

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query with `:name` for each of *values*.

        Raises:
            AwayError: there is no answer now.
        """
        ...

    def forget(self, wire: Wire | None) -> None:
        """Let another daemon in although the one at *wire* has the lock."""
        ...

    def close(self) -> None:
        """End what was begun here."""
        ...


class FileDatabase:
    """A file of SQLite in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tocsin.db"

    def address(self) -> tuple[str, Wire | None]:
        """The path, for every life."""
        return f"sqlite:///{self.path}", None

    def read(self) -> tuple[Tables, str]:
        """From a copy: recovery is the daemon's own to do."""
        if not self.path.exists():
            return {}, "ok"
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.db"
            for suffix in ("", "-wal"):
                source = Path(f"{self.path}{suffix}")
                if source.exists():
                    shutil.copyfile(source, f"{copy}{suffix}")
            with closing(sqlite3.connect(copy)) as database:
                database.row_factory = sqlite3.Row
                names = [row[0] for row in database.execute("select name from sqlite_master where type='table'")]
                tables = {
                    name: tuple(dict(row) for row in database.execute(f'select * from "{name}"').fetchall())
                    for name in names
                    if not name.startswith("sqlite_")
                }
                sound = "; ".join(str(row[0]) for row in database.execute("pragma integrity_check"))
                return tables, sound

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        try:
            with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=1)) as database:
                return database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise AwayError(str(error)) from error

    def forget(self, wire: Wire | None) -> None:
        """Remove the file of the lock."""
        Path(f"{self.path}.lock").unlink()

    def close(self) -> None:
        """Nothing is open."""


class ServerDatabase:
    """A new database on *server*."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._url = server.fresh()
        self._session: Any = None
        self._wires: list[Wire] = []

    def address(self) -> tuple[str, Wire | None]:
        """An address on loopback, with a wire that no other life uses."""
        host = psycopg.conninfo.conninfo_to_dict(self._url)
        wire = Wire(str(host.get("host") or "127.0.0.1"), int(str(host.get("port") or 5432)))
        self._wires.append(wire)
        login = host["user"] + (f":{host['password']}" if host.get("password") else "")
        return f"postgresql://{login}@127.0.0.1:{wire.port}/{host['dbname']}?options={_HASTE}", wire

    def read(self) -> tuple[Tables, str]:
        """All tables in one state, with times as SQLite writes them; and what the indexes say of them."""
        try:
            with psycopg.connect(self._url, options="-c timezone=UTC") as session:
                session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                names = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
                rows = session.cursor(row_factory=psycopg.rows.dict_row)
                tables = {
                    name: tuple(map(_plain, rows.execute(f'SELECT * FROM "{name}"').fetchall())) for (name,) in names
                }
        except psycopg.Error as error:
            raise AwayError(str(error)) from error
        return tables, self._sound()

    def _sound(self) -> str:
        """What a check of every index against its table says."""
        with psycopg.connect(self._url, autocommit=True) as session:
            try:
                session.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
                session.execute(_CHECKED)
            except (psycopg.errors.UndefinedFile, psycopg.errors.InsufficientPrivilege):
                return "ok"  # it is not installed there, or not ours to use
            except psycopg.Error as error:
                return str(error)
        return "ok"

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        try:
            if self._session is None or self._session.closed:
                self._session = self.dial()
            found: list[tuple[Any, ...]] = self._session.execute(_NAME.sub(r"%(\1)s", query), values).fetchall()
            return found
        except psycopg.Error as error:
            with suppress(psycopg.Error):
                if isinstance(error, psycopg.OperationalError) and self._session is not None:
                    self._session.close()
            raise AwayError(str(error)) from error

    def forget(self, wire: Wire | None) -> None:
        """Cut the wire: the lock ends with its session."""
        assert wire
        wire.cut()

    def look(self, session: Any) -> Look:
        """Who is alive, and what is leased to whom, by a *session* with this database."""
        leases = {
            Lease(table=str(table), row=str(row), fence=fence, worker=worker)
            for table, row, fence, worker in session.execute(_LEASES)
        }
        alive = {number for (number,) in session.execute(_ALIVE)}
        return Look(real=time.monotonic(), alive=frozenset(alive), leases=frozenset(leases))

    def note_decisions(self) -> None:
        """Let the server note with each match by which configuration workers work then."""
        with self.dial() as session:
            session.execute(_NOTING)

    def dial(self) -> Any:
        """A session of the database beside those of the daemons."""
        return psycopg.connect(self._url, autocommit=True, options="-c timezone=UTC")

    def close(self) -> None:
        """End every wire, and remove the database."""
        for wire in self._wires:
            wire.close()
        if self._session is not None:
            self._session.close()
        self.server.drop(self._url)


#: A minute is long for a test: a session that does nothing in a transaction is ended after two seconds.
_HASTE = quote("-c idle_in_transaction_session_timeout=2s -c lock_timeout=1s")
_LEASES = """
    SELECT 'source', name, fence, worker FROM source WHERE lease_until IS NOT NULL AND worker IS NOT NULL
    UNION ALL SELECT 'delivery', id, fence, worker FROM delivery WHERE lease_until IS NOT NULL AND worker IS NOT NULL
    UNION ALL SELECT 'host', name, 0, worker FROM host WHERE busy_until IS NOT NULL
"""
_ALIVE = """
    SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 1953456898 AND objid <> 0
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
#: The transaction that writes a match is alone in deciding, and so is the one that makes another configuration active.
_NOTING = """
    CREATE TABLE IF NOT EXISTS chaos_decision (rule text, rule_hash text, generation integer);
    CREATE OR REPLACE FUNCTION chaos_decision() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO chaos_decision SELECT NEW.rule, NEW.rule_hash, number FROM generation WHERE active;
        RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER chaos_decision BEFORE INSERT ON match FOR EACH ROW EXECUTE FUNCTION chaos_decision();
"""
_NAME = re.compile(r"(?<!:):(\w+)")
_CHECKED = """
    SELECT bt_index_check(index.indexrelid, true) FROM pg_index AS index JOIN pg_class AS class ON class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
"""


def _plain(row: Mapping[str, Any]) -> Row:
    return {name: _text(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _text(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
