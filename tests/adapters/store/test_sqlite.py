"""What only SQLite knows: files, locks, and errors in words that name the remedy."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tocsin.errors import DamagedError, LockedError, LostError, StoreError
from tocsin.store import Store
from tocsin.store.db.place import make
from tocsin.store.db.schema import upgrade
from tocsin.store.db.sqlite import SqliteDatabase, explain
from tocsin.store.values import JudgedBatch, PollRecord, Voided

pytestmark = pytest.mark.sqlite


@pytest.fixture
def database(tmp_path):
    """A database with its tables."""
    database = SqliteDatabase.open(f"sqlite:///{tmp_path}/x.db")
    upgrade(database)
    yield database
    database.close()


def _pragma(database, name):
    with database.read() as session:
        return session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_a_power_cut_loses_no_commit_and_a_reader_blocks_no_writer(database):
    """A planned message may have been sent before a power cut: its row must still be there."""
    assert _pragma(database, "journal_mode") == "wal"
    assert _pragma(database, "synchronous") == 2
    assert _pragma(database, "foreign_keys") == 1
    assert _pragma(database, "busy_timeout") == 5000


def test_nobody_else_may_read_the_files(hands):
    """The database holds what an operator watches; a file made for everybody would show it to all users."""
    store = hands.open()
    hands.tell(store)
    store.lock(hands.now)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in hands.path.parent.iterdir()}
    assert modes == dict.fromkeys(["tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "tocsin.db.lock"], "0o600")
    assert oct(hands.path.parent.stat().st_mode & 0o777) == "0o700"


def test_a_file_that_others_could_read_is_closed_to_them(hands):
    """A database that was copied back from somewhere does not stay open to all."""
    hands.path.parent.mkdir()
    files = [hands.path, hands.path.with_name("tocsin.db-wal"), hands.path.with_name("tocsin.db-shm")]
    for file in files:
        file.touch(0o644)
    hands.open()
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_a_path_may_hold_any_character(tmp_path):
    """A folder named `100% sure?` is not read as an escape or a parameter."""
    path = tmp_path / "100%20 sure?" / "x y.db"
    make(path)
    database = SqliteDatabase(path)
    upgrade(database)
    database.close()
    assert path.stat().st_size > 0


def test_a_second_daemon_is_told_who_holds_the_database(hands, store):
    """Two daemons on one database would send everything twice."""
    store.lock(hands.now)
    store.lock(hands.now)
    second = hands.open()
    with pytest.raises(StoreError, match=f"process {os.getpid()}.*stop it first"):
        second.lock(hands.now)
    assert second.read.counts().polled == 0
    store.close()
    second.lock(hands.now)


def test_a_killed_daemon_leaves_no_lock(hands, store):
    """After a kill the next start must not need a hand to remove a file."""
    script = (
        "import os, signal; from tocsin.store.db.sqlite import SqliteDatabase; "
        f"database = SqliteDatabase.open({hands.url!r}); database.lock(); print('held', flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "held\n", done.stderr
    store.lock(hands.now)


def test_a_transaction_that_reads_first_can_still_write(database):
    """Two writers that both look before they write must follow one another, not fail."""
    order = []

    def write(name):
        with database.write() as session:
            connection = session.connection()
            before = connection.exec_driver_sql("SELECT count(*) FROM told").scalar_one()
            order.append(before)
            connection.exec_driver_sql(f"INSERT INTO told VALUES ('{name}', '', '', '')")

    threads = [threading.Thread(target=write, args=(f"r{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_a_kill_in_the_middle_of_a_commit_leaves_nothing_behind(hands, store):
    """Killed while it decides, the daemon finds the entry new again at its next start: no alert is lost."""
    store.close()
    script = f"""
import os, pathlib, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import conftest
hands = conftest.Hands(pathlib.Path({str(hands.path.parent.parent)!r}))
hands.tell(hands.open(), "one", lambda facts: os.kill(os.getpid(), signal.SIGKILL))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = hands.open()
    assert again.lock(hands.now) == Voided(sources=1, deliveries=0, doubtful=0)
    assert (again.read.counts().polled, again.read.counts().entries) == (0, 0)
    assert hands.tell(again).entries == 1


def test_a_command_writes_beside_the_daemon(hands, store):
    """Two processes that write at once take turns; neither fails because the other was there."""
    other = hands.open()

    def write(one, name):
        for n in range(10):
            one.keep_pack(name, f"h{n}", [("file", str(n))], hands.now)

    threads = [threading.Thread(target=write, args=pair) for pair in ((store, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.read.kept_pack("b"), other.read.kept_pack("a")) == ((("file", "9"),),) * 2


def test_a_full_disk_stops_a_commit_whole_and_only_while_it_is_full(hands, database, tmp_path):
    """When space runs out in the middle, nothing is half written, and the same poll succeeds once there is room."""
    store = Store(database, real_now=hands.real)
    entry = hands.entry(body="x" * 200_000)
    lease = hands.lease(store)

    def limit(pages):
        with database.read() as session:
            session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one()

    def commit():
        return store.commit(
            lease,
            JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)]),
            hands.teller(),
            hands.now,
            PollRecord(due_at=hands.now),
        )

    limit(_pragma(database, "page_count") + 20)
    with pytest.raises(StoreError, match=r"no space is left for the database .*x\.db: free some"):
        commit()
    assert (store.read.counts().entries, store.read.counts().alerts) == (0, 0)
    limit(100_000)
    assert commit().entries == 1
    assert _pragma(database, "integrity_check") == "ok"


def test_a_probe_needs_room_and_changes_nothing(hands, store):
    """The store counts as working again only after a successful write."""
    before = store.read.counts()
    store.probe()
    assert store.read.counts() == before
    with sqlite3.connect(hands.path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program keeps the database"):
            store.probe()
    other.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("mysql://host/x", "mysql is not supported", id="another kind"),
        pytest.param("tocsin.db", "not the address of a database: write sqlite:///PATH", id="a bare path"),
        pytest.param("sqlite://", "would forget", id="in memory"),
        pytest.param("sqlite:///:memory:", "would forget", id="in memory by name"),
        pytest.param("sqlite:////proc/tocsin/x.db", "belongs to the user that tocsin runs as", id="no folder"),
        pytest.param("sqlite:////proc", "cannot be opened", id="a folder"),
    ],
)
def test_an_address_that_cannot_work_is_refused_with_its_remedy(url, words):
    """The error shows the right form of the address."""
    with pytest.raises(StoreError, match=words):
        Store.open(url, real_now=lambda: None, new_id=str)


def test_a_file_that_is_no_database_is_left_alone(hands):
    """A wrong path must not cost the operator the file that stands there."""
    hands.path.parent.mkdir()
    hands.path.write_text("receivers: {}\n" * 100)
    with pytest.raises(StoreError, match="is not an SQLite database: move it away"):
        hands.open()
    assert hands.path.read_text() == "receivers: {}\n" * 100


def test_a_damaged_database_is_named_as_such(hands, store):
    """Damage is not a reason to try again and again in silence: a backup is needed."""
    store.close()
    content = bytearray(hands.path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    hands.path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged: put a backup in its place"):
        hands.open()


def test_a_database_that_may_not_be_written_is_named_as_such(tmp_path):
    """A read-only disk reads like one, not like a programming error."""
    path = tmp_path / "x.db"
    sqlite3.connect(path).execute("CREATE TABLE t (x)").connection.close()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    assert "may not be written: see that file and folder belong" in str(explain(caught.value, path))


def test_a_lock_that_another_program_keeps_is_named_as_such(tmp_path):
    """A forgotten shell that holds the database is found by these words."""
    path = tmp_path / "x.db"
    first, second = sqlite3.connect(path), sqlite3.connect(path, timeout=0)
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        second.execute("BEGIN IMMEDIATE")
    first.close()
    second.close()
    assert "another program keeps the database" in str(explain(caught.value, path))


def test_an_unknown_error_keeps_its_own_words(tmp_path):
    """An unforeseen error is shown as it is."""
    assert str(explain(sqlite3.OperationalError("no such table: x"), tmp_path)) == (
        f"the database {tmp_path} failed: no such table: x"
    )


def test_a_lock_file_that_cannot_be_made_is_a_store_error(hands, store):
    """Not even the lock fails with a traceback."""
    hands.path.with_name("tocsin.db.lock").unlink(missing_ok=True)
    hands.path.with_name("tocsin.db.lock").mkdir()
    with pytest.raises(StoreError, match=r"the lock .*tocsin\.db\.lock cannot be opened"):
        store.lock(hands.now)


def _replace(path):
    path.rename(path.with_name("old"))
    path.touch()


def _relink(path):
    other = path.with_name("other.db")
    other.touch()
    path.unlink()
    path.symlink_to(other)


LOSSES = [
    pytest.param(lambda path: [file.unlink() for file in path.parent.glob("tocsin.db*")], True, id="all deleted"),
    pytest.param(lambda path: path.unlink(), True, id="deleted"),
    pytest.param(lambda path: path.rename(path.with_name("old")), True, id="moved"),
    pytest.param(lambda path: path.with_name("tocsin.db-wal").unlink(), True, id="its log deleted"),
    pytest.param(lambda path: path.with_name("tocsin.db-shm").unlink(), True, id="the index of its log deleted"),
    pytest.param(lambda path: _replace(path.with_name("tocsin.db-wal")), True, id="its log replaced"),
    pytest.param(lambda path: shutil.move(path.parent, path.parent.with_name("gone")), True, id="its folder moved"),
    pytest.param(lambda path: path.with_name("tocsin.db.lock").unlink(), True, id="the lock deleted"),
    pytest.param(_replace, False, id="replaced"),
    pytest.param(_relink, False, id="replaced by a link"),
]


@pytest.mark.parametrize(("lose", "vacant"), LOSSES)
def test_a_database_that_is_taken_away_is_noticed_and_nothing_is_lost(hands, store, lose, vacant):
    """Later writes would be lost at the next start: the next transaction fails, and the data is saved."""
    store.lock(hands.now)
    hands.tell(store, "one")
    assert store.lost is None
    lose(hands.path)
    with pytest.raises(LostError, match="while tocsin worked on it"):
        hands.tell(store, "two")
    assert store.lost
    saved = store.rescue()
    store.close()
    assert (saved == hands.path) is vacant
    again = Store.open(f"sqlite:///{saved}", real_now=hands.real, new_id=lambda: "x")
    assert again.lock(hands.now).checked
    assert (again.read.counts().entries, again.read.counts().alerts) == (1, 1)
    again.close()


def test_what_could_not_be_saved_is_said(hands, store):
    """A disk that is full says so, too, and does not stop the stop."""
    store.lock(hands.now)
    hands.path.unlink()
    with pytest.raises(LostError):
        hands.tell(store, "one")
    hands.path.with_name(f"tocsin.db.rescued-{os.getpid()}").mkdir()
    with pytest.raises(StoreError, match="it is a folder"):
        store.rescue()


def test_a_database_is_locked_whatever_link_leads_to_it(hands, store):
    """Two configurations that reach one file by different names would send everything twice."""
    store.lock(hands.now)
    folder = hands.path.parent.with_name("linked")
    folder.symlink_to(hands.path.parent)
    link = hands.path.with_name("link.db")
    link.symlink_to(hands.path)
    for path in (folder / "tocsin.db", link, hands.path.parent / ".." / hands.path.parent.name / "tocsin.db"):
        other = Store.open(f"sqlite:///{path}", real_now=hands.real, new_id=str)
        with pytest.raises(LockedError, match="another tocsin"):
            other.lock(hands.now)
        other.close()


def test_a_lock_that_outlives_its_process_for_a_moment_is_waited_for(hands, store):
    """What a killed daemon had just begun keeps its lock until it runs; a restart found it taken, and ended."""
    store.lock(hands.now)
    other = hands.open()
    threading.Timer(0.05, store.database.unlock).start()
    other.lock(hands.now)
    with pytest.raises(LockedError, match="another tocsin"):
        store.lock(hands.now)
    other.close()


def test_a_link_that_is_turned_to_another_file_is_noticed(hands, store):
    """A changed link means the other database, but the daemon would go on with the old one."""
    store.close()
    link, other = hands.path.with_name("link.db"), hands.path.with_name("other.db")
    link.symlink_to(hands.path)
    linked = Store.open(f"sqlite:///{link}", real_now=hands.real, new_id=lambda: f"d{next(hands.ids)}")
    hands.stores.append(linked)
    linked.lock(hands.now)
    hands.tell(linked, "one")
    shutil.copy(hands.path, other)
    link.unlink()
    link.symlink_to(other)
    with pytest.raises(LostError, match="was pointed to a file other than"):
        hands.tell(linked, "two")
    assert linked.rescue() == hands.path


def test_a_database_with_two_names_is_refused(hands, store):
    """By its other name it would be opened without the log that holds its last commits."""
    store.close()
    os.link(hands.path, hands.path.with_name("twin.db"))
    for name in ("tocsin.db", "twin.db"):
        with pytest.raises(StoreError, match=r"has 2 names \(hard links\).*keep one name"):
            Store.open(f"sqlite:///{hands.path.with_name(name)}", real_now=hands.real, new_id=str)


def test_a_link_in_the_place_of_the_lock_is_not_followed(hands, store):
    """Whatever file it leads to would be emptied."""
    victim = hands.path.with_name("victim")
    victim.write_text("precious")
    hands.path.with_name("tocsin.db.lock").unlink(missing_ok=True)
    hands.path.with_name("tocsin.db.lock").symlink_to(victim)
    with pytest.raises(StoreError, match=r"the lock .*tocsin\.db\.lock cannot be opened"):
        store.lock(hands.now)
    assert victim.read_text() == "precious"


def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(hands, store):
    """A start that hangs is worse than one that fails."""
    hands.path.with_name("tocsin.db.lock").unlink(missing_ok=True)
    os.mkfifo(hands.path.with_name("tocsin.db.lock"))
    with pytest.raises(StoreError, match=r"tocsin\.db\.lock is a pipe: move it away"):
        store.lock(hands.now)


def test_a_start_looks_for_damage_and_takes_no_longer_than_it_may(hands, store):
    """Damage is found before anything is written upon it; a large database does not keep the daemon from its work."""
    hands.tell(store, "one")
    assert store.lock(hands.now).checked
    database = store.database
    assert database.check(60)
    with database.write() as session:
        run = session.connection().exec_driver_sql
        run("CREATE TABLE much (x TEXT)")
        rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
        run(f"INSERT INTO much {rows} SELECT hex(randomblob(60)) FROM n")
        run("CREATE INDEX ix_much ON much (x)")
    assert not database.check(0.0)
    assert database.check(60)
    assert hands.tell(store, "two").entries == 1  # the connection is as good as before


def test_a_start_on_damaged_pages_is_refused_with_the_remedy(hands, store):
    """What is written upon damage cannot be saved any more."""
    for number in range(40):
        hands.tell(store, f"n{number}")
    store.close()
    content = bytearray(hands.path.read_bytes())
    with sqlite3.connect(hands.path) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'").fetchone()[0]
    connection.close()
    content[4096 * (root - 1) : 4096 * root] = b"\xff" * 4096
    hands.path.write_bytes(content)
    again = hands.open()
    with pytest.raises(DamagedError, match=r"is damaged: put a backup in its place, or save what .* \.recover"):
        again.lock(hands.now)


def test_every_commit_is_counted_and_nothing_else(database):
    """A daemon that slept through the commit of a command would keep a person waiting; one that counts looks works in vain."""
    before = database.changes()
    with database.read() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM source").scalar_one()
    with database.write():
        pass
    assert database.changes() == before
    with database.write() as session:
        session.connection().exec_driver_sql("PRAGMA user_version = 0")
    own = database.changes()
    with sqlite3.connect(database.path) as other:
        other.execute("PRAGMA user_version = 1")
    assert len({before, own, database.changes()}) == 3
