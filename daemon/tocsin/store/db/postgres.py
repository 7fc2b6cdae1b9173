"""All that is particular to PostgreSQL: its connections, transactions and locks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine, event, exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlmodel import Session

from tocsin.errors import DamagedError, LostError, StoreError
from tocsin.store.db import postgres_errors, postgres_lock
from tocsin.store.db.database import CONNECTIONS, transaction
from tocsin.store.db.lock import Running
from tocsin.store.db.place import name_of
from tocsin.store.db.postgres_lock import WorkerLock
from tocsin.store.db.postgres_wake import NOTIFY, WakeUps
from tocsin.store.db.server_clock import ServerClock
from tocsin.store.db.statements import PLANNED, random_id
from tocsin.store.db.transactions import Serial

#: The oldest server that is supported; older ones get no security updates.
_OLDEST = 14

#: Connections of a worker that are not in the pool: of its lock, for wake-ups, and three for periodic tasks.
_OTHERS = 5

#: Settings of each session: times in UTC, a bound for each wait, and no commit that a power cut could undo.
_SETTINGS = {
    "timezone": "UTC",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "synchronous_commit": "on",
    "client_min_messages": "warning",
    # A host that is lost keeps its locks until the server notices, which by default takes hours. It takes about ten seconds
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
#: ... and so it does the other way round.
_DRIVER = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "tocsin",
}

#: Seconds between two counts of the workers that send deliveries.
_RECOUNT = 5.0

_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
#: One writer at a time decides, as on SQLite, and reads all that earlier ones wrote. The lock ends with the transaction.
_SERIAL = _WRITE + f"; SELECT pg_advisory_xact_lock({0x746F6301}, {{}})"
_TIME = text("SELECT clock_timestamp()")
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase:
    """One database on a server, opened for one process of those that share it; many threads may read and write.

    *new_id* gives new deliveries their ids. At most *connections* are open at once.
    """

    to_upgrade = "pg_dump, for a backup, and tocsin db upgrade"
    lost: LostError | None = None  # the data is safe on the server, whoever else works there

    def __init__(self, url: str, new_id: Callable[[], str] = random_id, connections: int = CONNECTIONS) -> None:
        self.new_id = new_id
        self.name = name_of(url)
        self.clock = ServerClock()
        self.writers = max(1, (connections - _OTHERS) // 2)  # readers need connections too
        self._turns = {serial: threading.Lock() for serial in Serial}
        address = make_url(url).set(drivername="postgresql+psycopg")
        settings = " ".join(f"-c {key}={value}" for key, value in _SETTINGS.items())
        given: Any = address.query.get("options", "")
        driver = {key: value for key, value in _DRIVER.items() if key not in address.query}
        # `_begin` issues BEGIN, together with the lock; the driver would need a round trip for each.
        # Whatever the database or PGCLIENTENCODING says, news is in every script.
        arguments: dict[str, Any] = {
            **driver,
            "autocommit": True,
            "client_encoding": "UTF8",
            "options": f"{settings} {given}".strip(),
        }
        self._engine = create_engine(
            address, connect_args=arguments, pool_size=max(1, connections - _OTHERS), max_overflow=0, pool_use_lifo=True
        )
        self._arguments = {**self._engine.dialect.create_connect_args(address)[1], **arguments}
        event.listen(self._engine, "first_connect", self._examine)
        event.listen(self._engine, "checkout", _still_there)
        event.listen(self._engine, "begin", _begin)
        self._held = WorkerLock(self._dial, self.name)
        self._wakeups: WakeUps | None = None
        self._deliverers = 1, 0.0  # counted, and until when that is believed

    # ---- transactions ----------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read transaction, which sees one state of the database."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def write(self, serial: Serial | None = Serial.DECISIONS) -> Iterator[Session]:
        """Open a write transaction; an exception inside undoes all of it."""
        # A thread that waits for its turn on the server would keep a connection meanwhile.
        with self._turns[serial] if serial is not None else nullcontext():
            with self._explained():
                self._held.keep()
            with self._session(write=True, serial=serial) as session:
                yield session
                if session.info.get(PLANNED):
                    session.connection().exec_driver_sql(NOTIFY).close()

    def changes(self) -> None:
        """Return nothing: a server has no such number."""

    def probe(self) -> None:
        """Write the version of the tables unchanged."""
        with self.write() as session:
            session.connection().execute(text("UPDATE alembic_version SET version_num = version_num"))

    @contextmanager
    def _session(self, *, write: bool, serial: Serial | None = None) -> Iterator[Session]:
        opened = transaction(self._engine, self.new_id, _size, write=write, serial=serial)
        with self._explained(), opened as session:
            yield session

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                postgres_lock.end_hung(self._dial)
            raise postgres_errors.explain(error.orig, self.name) from error
        except psycopg.Error as error:
            raise postgres_errors.explain(error, self.name) from error
        except exc.TimeoutError as error:
            words = f"all connections to {self.name} are in use: raise `connections` of `database:`"
            raise StoreError(words) from error
        except DamagedError as error:
            raise DamagedError(
                f"the database {self.name} is damaged ({error}): restore a backup with pg_restore"
            ) from error

    # ---- connections -----------------------------------------------------------------------------------------

    def _dial(self) -> postgres_lock.Connection:
        """Open a connection beside the pool."""
        return psycopg.connect(**self._arguments)

    def _examine(self, session: Any, _: Any) -> None:
        """Check the server of the first connection.

        Raises:
            StoreError: it is too old, it cannot hold every character, or a pooler is between that no lock survives.
        """
        self.clock.set(session.execute("SELECT clock_timestamp()").fetchone()[0])
        version = session.info.server_version // 10_000
        if version < _OLDEST:
            words = (
                f"the server of {self.name} is PostgreSQL {version}, and tocsin needs {_OLDEST} or later: upgrade it"
            )
            raise StoreError(words)
        if (encoding := session.info.parameter_status("server_encoding")) != "UTF8":
            raise StoreError(
                f"the database {self.name} is in {encoding}, which does not hold the characters of every language: "
                "make another one with createdb --encoding=UTF8 --template=template0"
            )
        if _number(session) != session.info.backend_pid and self._is_shared(session):
            raise postgres_errors.pooled(self.name)

    def _is_shared(self, session: postgres_lock.Connection) -> bool:
        """Return whether a pooler gives the session of *session* to another connection between its transactions."""
        before = _number(session)
        with closing(self._dial()) as other, other.transaction():
            other.execute("SELECT 1")
            return _number(session) != before

    # ---- a daemon's own --------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Lock the database for this process alone until `unlock` or `close`; locking it again does nothing.

        Raises:
            LockedError: another process works on it.
        """
        with self._explained():
            self._held.take()

    def join(self) -> None:
        """Lock the database for this worker and others until `unlock` or `close`.

        Raises:
            LockedError: another process works on it alone.
        """
        with self._explained():
            self._held.join()

    @property
    def worker(self) -> int | None:
        """Return the number of this worker, None before it has joined; another one after its lock was lost."""
        return self._held.number

    def others(self, session: Session) -> frozenset[int]:
        """Return the numbers of the other workers that are alive, as *session* sees them."""
        return postgres_lock.alive(session) - {self._held.number}

    def deliverers(self, session: Session) -> int:
        """Return how many workers with the configuration of this one send deliveries, as of a look some seconds ago at most."""
        counted, at = self._deliverers
        if time.monotonic() >= at:
            counted = self._held.deliverers(session)
            self._deliverers = counted, time.monotonic() + _RECOUNT
        return counted

    def time(self, session: Session) -> datetime:
        """Return the time of the server."""
        now: datetime = session.connection().execute(_TIME).scalar_one()
        self.clock.set(now)
        return now

    def guard(self) -> None:
        """Do nothing: nobody can replace the files of a server that runs."""

    def check(self, within: float) -> bool:  # noqa: ARG002 (SQLite needs it)
        """Return True: the server checks what it reads, and a backup with pg_dump reads everything."""
        return True

    def listen(self, heard: Callable[[], object]) -> None:
        """Call *heard*, in another thread, whenever a worker has planned a delivery, until `close`."""
        self._wakeups = WakeUps(self._dial, heard)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return what a library needs to open connections of its own."""
        return {name: value for name, value in self._arguments.items() if name != "autocommit"}

    def note(self, running: Running) -> None:
        """Keep *running*, which describes this process, beside the lock for as long as it is locked."""
        self._held.note(running)

    def running(self) -> tuple[Running, ...]:
        """Return the processes that have locked the database, the oldest first."""
        with self._explained(), closing(self._dial()) as session:
            return tuple(postgres_lock.holders(session))

    def rescue(self) -> None:
        """Close the database: its data is safe on the server, where another daemon may already use it."""
        self._engine.dispose()

    def unlock(self) -> None:
        """Release the lock."""
        self._held.release()

    def close(self) -> None:
        """Close every connection and release the lock."""
        if self._wakeups:
            self._wakeups.close()
        self._engine.dispose()
        self.unlock()


def _size(session: Session) -> int:
    return int(session.connection().execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _number(session: postgres_lock.Connection) -> int:
    """Return the process of the server that answers *session*."""
    row = session.execute("SELECT pg_backend_pid()").fetchone()
    assert row
    return int(str(row[0]))


def _still_there(session: Any, _: Any, __: Any) -> None:
    """Refuse a connection that the server ended while nobody used it, so that the pool opens another one."""
    if postgres_lock.ended(session):
        raise DisconnectionError("the server ended it")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    serial = options.get("serial")
    begin = _READ if not options.get("write") else _WRITE if serial is None else _SERIAL.format(int(serial))
    connection.exec_driver_sql(begin).close()
