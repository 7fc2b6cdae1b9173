"""The database on a server: who may write, what a broken server costs, and that errors name their remedy."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from tocsin.errors import LockedError, StoreError
from tocsin.store.db.lock import Running
from tocsin.store.db.opening import open_database, running
from tocsin.store.db.postgres_errors import explain
from tocsin.store.store import Store
from tocsin.store.values import JudgedBatch, PollRecord

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

NOTES = {"version": "1.0", "words": "it says */ 100%s, and ü" + "x" * 2000}


def _end(postgres, which="tocsin"):
    """End the sessions of other programs, as a server does that goes down."""
    postgres.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '{which}'")


def test_a_program_that_must_be_alone_is_told_who_works_there(hands, store):
    """An upgrade or a copy beside a daemon would pull its rows away."""
    store.lock(hands.now)
    store.lock(hands.now)
    store.note(Running(pid=os.getpid(), started=hands.now))
    words = rf"process {os.getpid()} on {socket.gethostname()}\) works on .*stop it first"
    with pytest.raises(LockedError, match=words):
        hands.open().lock(hands.now, alone=True)
    store.close()
    alone = hands.open()
    alone.lock(hands.now, alone=True)
    with pytest.raises(LockedError, match=words):
        hands.open().lock(hands.now)


def test_the_server_is_asked_to_notice_a_host_that_is_lost(store):
    """Nothing closes the connections of a machine without power, and others wait for its locks."""
    with store.database.read() as session:
        if session.connection().execute(text("SELECT inet_server_addr()")).scalar_one() is None:
            pytest.skip("the server is reached by a socket of this machine, which is never lost")
        query = "SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp_keepalives%'"
        found = {name: int(value) for name, value in session.connection().execute(text(query))}
    assert found["tcp_keepalives_idle"] + found["tcp_keepalives_interval"] * found["tcp_keepalives_count"] < 15
    assert min(found.values()) > 0


def test_a_killed_daemon_leaves_no_lock(hands, store):
    """The server notices that its connection is gone, and nobody has to remove a file."""
    script = (
        "import os, signal; from tocsin.store.db.opening import open_database; "
        f"database = open_database({hands.url!r}); database.lock(); print('held', flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "held\n", done.stderr
    store.lock(hands.now, alone=True)


def test_a_running_daemon_is_seen_with_its_notes(hands, store):
    """Status asks the server: the daemon may run on another machine."""
    assert running(hands.url) == ()
    store.lock(hands.now)
    store.note(Running(pid=os.getpid(), started=hands.now, loaded=hands.now, **NOTES))
    [found] = running(hands.url)
    assert (found.pid, found.host, found.version) == (os.getpid(), socket.gethostname(), "1.0")
    assert (found.started, found.loaded) == (hands.now, hands.now)
    assert NOTES["words"].startswith(found.words)
    assert found.words.startswith("it says */ 100%s, and ü")
    store.close()
    assert running(hands.url) == ()


def test_work_goes_on_after_the_server_restarted(hands, store, postgres):
    """Nobody has to restart the daemon: it takes its lock again, and a program that must be alone is still kept out."""
    store.lock(hands.now)
    hands.tell(store)
    _end(postgres)
    hands.tell(store, "two")
    assert store.read.counts().alerts == 2
    with pytest.raises(LockedError):
        hands.open().lock(hands.now, alone=True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["it ended", "it crashed"])
def test_a_server_that_is_away_is_a_store_error(hands, store, postgres, how):
    """Nothing is half written, and the next try works."""
    if postgres.folder is None:
        pytest.skip("it is not our server")
    store.lock(hands.now)
    lease = hands.lease(store)
    postgres.stop(how)
    try:
        with pytest.raises(StoreError, match=r"cannot be reached|ending"):
            store.read.counts()
        with pytest.raises(StoreError, match=r"cannot be reached .*check that it runs"):
            store.claim_sources(hands.now, timedelta(minutes=1), 1)
        assert store.lost is None
    finally:
        postgres.start()
    assert hands.lease(store, "other").name == "other"
    assert lease.name == "wire"


def test_a_transaction_that_loses_its_connection_leaves_nothing(hands, store, postgres):
    """An alert without its messages would be lost."""

    def cut_off(facts):
        decision = hands.teller()(facts)
        _end(postgres)
        return decision

    with pytest.raises(StoreError, match=r"a daemon tries again by itself"):
        hands.tell(store, "one", cut_off)
    assert store.read.counts().alerts == 0
    hands.real.pass_by(timedelta(hours=1))
    hands.tell(store, "one")
    assert store.read.counts().alerts == 1


class _Wire:
    """A wire to the server, which can break when a COMMIT has been done and before its answer arrives."""

    def __init__(self, postgres):
        self.breaks = False
        # Beside the server's: the folder of a test is too long for the address of a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="wire-", dir=postgres.folder))
        self._server = str(postgres.folder / ".s.PGSQL.5432")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        with suppress(OSError):
            while True:
                self._threads.append(threading.Thread(target=self._carry, args=(self._listener.accept()[0],)))
                self._threads[-1].start()

    def _carry(self, client):
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is client and self.breaks and b"COMMIT\0" in data:
                        client.close()
                        server.sendall(data)
                        return
                    (server if end is client else client).sendall(data)

    def close(self):
        """Let nobody in any more, and wait for those inside."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


def test_a_commit_whose_answer_is_lost_is_not_done_twice(hands, store, postgres):
    """The daemon cannot know whether it was done: whichever it was, the next poll makes one alert of it."""
    if postgres.folder is None:
        pytest.skip("it is not our server")
    wire = _Wire(postgres)
    hands.url = hands.url.replace(str(postgres.folder), str(wire.folder))
    entry = hands.entry()
    with closing(wire):
        far = hands.open()
        lease = hands.lease(far)
        wire.breaks = True
        found = JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)])
        with pytest.raises(StoreError, match=r"cannot be reached"):
            far.commit(lease, found, hands.teller(), hands.now, PollRecord(due_at=hands.now))
        wire.breaks = False
        ends = time.monotonic() + 10
        while store.read.counts().alerts == 0 and time.monotonic() < ends:  # the server is about to do it
            time.sleep(0.01)
        hands.tell(far)
        assert far.read.counts().alerts == 1
        assert len(far.read.deliveries()) == 1
        far.close()


def test_a_long_address_is_stored(hands, store):
    """A tree of the server takes at most 2,700 octets: one entry of a stranger must not stop a feed for ever."""
    link = "https://example.org/" + os.urandom(6000).hex()
    hands.tell(store, link=link, id="é" * 3000)
    assert [view.entry.link for view in store.read.find_entries(link)] == [link]


def _without_tables(postgres, *statements):
    url = postgres.fresh()
    with psycopg.connect(url, autocommit=True) as session:
        for statement in statements:
            session.execute(statement)
    return url


def _foreign(postgres):
    return _without_tables(postgres, "CREATE TABLE source (id int)")


def _foreign_migrations(postgres):
    steps = ("CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('ae1027a6acf9')")
    return _without_tables(postgres, *steps)


def _read_only(postgres):
    url = _without_tables(postgres)
    postgres.run(f"ALTER DATABASE {_name(url)} SET default_transaction_read_only = on")
    return url


def _guest(postgres):
    postgres.run("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    return _without_tables(postgres).replace("tocsin@", "guest@")


def _guarded(postgres):
    postgres.run("DROP ROLE IF EXISTS guarded", "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    return postgres.address.replace("tocsin@", "guarded:canary-7f3a@")


def _encoded(encoding, postgres):
    """A database as a server makes it that was set up without a locale."""
    return postgres.fresh(settings=f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")


def _name(url):
    return url.partition("?")[0].rpartition("/")[2]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(
            lambda it: it.named("nowhere"), "there is no database .*/nowhere: make it.* createdb", id="no database"
        ),
        pytest.param(
            _guarded, "refuses the user .*password authentication failed.* check user and password", id="password"
        ),
        pytest.param(
            lambda it: it.address.replace("tocsin@", "nobody-here@"),
            "refuses the user .*role .*does not exist",
            id="no user",
        ),
        pytest.param(_foreign, 'tables of another program .*"source" already exists.*of its own', id="foreign tables"),
        pytest.param(
            _foreign_migrations, "tables of another program: give tocsin a database of its own", id="foreign versions"
        ),
        pytest.param(_guest, r"may not do this .*permission denied for schema public.*OWNER TO", id="no rights"),
        pytest.param(_read_only, "may not be written: it is a standby", id="read only"),
        pytest.param(partial(_encoded, "LATIN1"), "is in LATIN1, .*createdb --encoding=UTF8", id="one script"),
        pytest.param(partial(_encoded, "SQL_ASCII"), "is in SQL_ASCII, .*createdb --encoding=UTF8", id="no script"),
        pytest.param(
            lambda _: "postgresql://u:canary-7f3a@127.0.0.1:1/x",
            "cannot be reached .*efused.*check that it runs",
            id="no server",
        ),
        pytest.param(
            lambda _: "postgresql://u:canary-7f3a@h:port/x",
            "is not understood: write postgresql://USER",
            id="no address",
        ),
    ],
)
def test_a_database_that_cannot_be_used_says_why_and_what_to_do(postgres, address, make, words):
    """One line with the remedy, and never the password."""
    with pytest.raises(StoreError, match=words) as caught:
        Store.open(make(postgres), real_now=lambda: None).close()
    assert "canary-7f3a" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pooler_that_gives_sessions_away_is_refused(postgres, address):
    """The lock of a daemon would be held by whatever session came last."""
    pooler = "/usr/sbin/pgbouncer"
    if postgres.folder is None or not os.access(pooler, os.X_OK):
        pytest.skip("pgbouncer is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for mode, given, refused in (
        ("transaction", "", True),
        ("transaction", "ignore_startup_parameters = options\n", True),
        ("session", "ignore_startup_parameters = options\n", False),
    ):
        settings = postgres.folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={postgres.folder} user=tocsin\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\n{given}"
        )
        settings.chmod(0o644)
        with postgres.beside([pooler, str(settings)], port):
            url = f"postgresql://tocsin@127.0.0.1:{port}/postgres"
            if refused:
                with pytest.raises(StoreError, match=r"behind a pooler .*set pool_mode = session"):
                    Store.open(url, real_now=lambda: None)
            else:
                with closing(open_database(url)) as database, database.read():
                    database.lock()


def test_a_client_of_another_charset_stores_every_script(address, monkeypatch):
    """PGCLIENTENCODING is set on some machines for psql alone."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with closing(open_database(address)) as database, database.read() as session:
        assert session.connection().execute(text("SELECT :said"), {"said": "镓"}).scalar_one() == "镓"


def test_an_old_server_is_refused(postgres, address, monkeypatch):
    """Its version and the oldest that does are named."""
    from tocsin.store.db import postgres as engine

    monkeypatch.setattr(engine, "_OLDEST", 99)
    with pytest.raises(StoreError, match=r"is PostgreSQL \d+, and tocsin needs 99 or later: upgrade it"):
        Store.open(address, real_now=lambda: None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(
            "DiskFull", "no space is left for .*free some on the disk of its server; nothing was half", id="full"
        ),
        pytest.param("TooManyConnections", "takes no more connections: lower `connections`", id="too many"),
        pytest.param("LockNotAvailable", "another program keeps .* locked", id="locked"),
        pytest.param("DataCorrupted", "is damaged .*restore a backup with pg_restore", id="damaged"),
        pytest.param("InvalidPassword", "check user and password", id="password"),
    ],
)
def test_an_error_of_the_server_names_its_remedy(address, error, words):
    """Those that a test cannot bring about."""
    found = explain(getattr(psycopg.errors, error)("it\nsaid so"), "postgresql://h/n")
    assert re.search(words, str(found))
    assert "\n" not in str(found)


def test_a_missing_library_is_named(address, monkeypatch):
    """The library is optional."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "tocsin.store.db.postgres", raising=False)
    monkeypatch.delitem(sys.modules, "tocsin.store.db.postgres_lock", raising=False)
    with pytest.raises(StoreError, match=r"pip install 'tocsin\[postgres\]'"):
        open_database("postgresql://u@h/x")


def test_a_process_that_is_stopped_in_a_transaction_keeps_nobody_waiting(hands):
    """The server does not end it in the middle of statements that are sent in a row; the next that waits for its lock does."""
    options = "options=-c%20idle_in_transaction_session_timeout%3D500ms%20-c%20lock_timeout%3D200ms"
    url = f"{hands.url}{'&' if '?' in hands.url else '?'}{options}"
    hung, waiting = open_database(url), open_database(url)
    stopped = hung._dial()
    stopped.execute("BEGIN")
    with suppress(psycopg.Error), stopped.pipeline():
        stopped.execute("SELECT pg_advisory_xact_lock(1953456897, 0)").fetchone()
        stopped.execute("SELECT 1")
        stopped.pgconn.send_flush_request()
        stopped.pgconn.flush()
        until = time.monotonic() + 30
        refused = 0
        while time.monotonic() < until:
            try:
                with waiting.write() as session:
                    session.connection()
                break
            except StoreError:
                refused += 1
        else:
            pytest.fail("the lock was kept for ever")
        assert refused >= 2
    for one in (stopped, hung, waiting):
        one.close()
