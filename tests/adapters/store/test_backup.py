"""Backups: made beside a daemon, put back, and never half there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.errors import DamagedError, LockedError, StoreError
from tocsin.store.db import backup, schema
from tocsin.store.db.place import is_there
from tocsin.store.db.sqlite import SqliteDatabase

pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def filled(hands, store):
    """A closed database with an alert, larger than one step of a copy."""
    hands.tell(store, "one")
    entries = [hands.entry(f"n{n}", body="word " * 400) for n in range(900)]
    hands.poll(store, hands.batch(*entries), [hands.quiet(entry) for entry in entries], hands.teller())
    store.close()
    return hands.path


@pytest.fixture
def saved(filled, tmp_path):
    """A backup of it."""
    backup.backup(filled, tmp_path / "saved.db")
    return tmp_path / "saved.db"


def _titles(path):
    with closing(sqlite3.connect(path)) as connection:
        return [title for (title,) in connection.execute("SELECT title FROM entry ORDER BY id LIMIT 2")]


def _run(path, statement):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def _killed(body):
    """Run *body*, in which `die` is a tick that ends the process as if the plug had been pulled."""
    script = f"""
import os, signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tocsin.store import Store
from tocsin.store.db import backup, schema
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
{body}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_backup_beside_a_running_daemon_is_one_whole_file(hands, filled, tmp_path):
    """It holds what was committed last, and only its owner may read it; the daemon's lock stays."""
    daemon = hands.open()
    daemon.lock(hands.now)
    hands.tell(daemon, "late")
    target = tmp_path / "to" / "saved.db"
    backup.backup(filled, target)
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (902,)
    assert [file.name for file in target.parent.iterdir()] == ["saved.db"]
    assert oct(target.stat().st_mode & 0o777) == "0o600"
    hands.tell(daemon, "later")
    with pytest.raises(LockedError):
        hands.open().lock(hands.now)


def test_commits_of_the_daemon_do_not_make_a_backup_begin_again(hands, filled, tmp_path):
    """A busy daemon would otherwise never let it end; and it is the state of one moment."""
    daemon = hands.open()
    left = []

    def tick(pages, _):
        left.append(pages)
        hands.tell(daemon, f"late {len(left)}")

    backup.backup(filled, tmp_path / "saved.db", tick)
    assert len(left) > 2
    assert left == sorted(left, reverse=True)
    with closing(sqlite3.connect(tmp_path / "saved.db")) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (901,)


def test_a_backup_that_is_killed_leaves_the_one_of_before(filled, saved):
    """The backup of yesterday is not lost by that of today, and the next one clears up."""
    before = saved.read_bytes()
    _killed(f"backup.backup(Path({str(filled)!r}), Path({str(saved)!r}), die)")
    assert saved.read_bytes() == before
    assert len(list(saved.parent.glob("saved.db.part-*"))) >= 1
    backup.backup(filled, saved)
    assert list(saved.parent.glob("*.part-*")) == []


def test_a_backup_on_a_full_disk_leaves_the_one_of_before(filled, saved):
    """A file that may grow no further stands for the disk: the error says what to look at, and no half of a copy stays."""
    before = saved.read_bytes()
    script = f"""
import resource, sys
from pathlib import Path
from tocsin.errors import StoreError
from tocsin.store.db import backup
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    backup.backup(Path({str(filled)!r}), Path({str(saved)!r}))
except StoreError as error:
    sys.exit(str(error))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert str(saved) in done.stderr
    assert "look at its space" in done.stderr
    assert saved.read_bytes() == before
    assert list(saved.parent.glob("*.part-*")) == []


def test_a_dated_backup_clears_up_after_those_that_were_killed(filled, tmp_path):
    """Each has a name of its own, and a machine that often loses power must not fill its disk."""
    folder = tmp_path / "dated"
    first = backup.dated(folder, NOW)
    _killed(f"backup.backup(Path({str(filled)!r}), Path({str(first)!r}), die)")
    assert list(folder.glob("*.part-*"))
    (folder / "notes.part-1").touch()
    second = backup.dated(folder, NOW + timedelta(days=1))
    backup.backup(filled, second)
    assert sorted(file.name for file in folder.iterdir()) == ["notes.part-1", second.name]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path, folder: (folder / "none.db", folder / "x.db"), "there is no database", id="absent"),
        pytest.param(lambda path, folder: (folder, folder / "x.db"), "no regular file", id="folder"),
        pytest.param(lambda path, folder: (path, path), "the database itself", id="itself"),
        pytest.param(lambda path, folder: (path, folder / "notes.txt"), "is there already and is no", id="other file"),
    ],
)
def test_a_backup_never_overwrites_something_else(filled, tmp_path, make, words):
    """A slip of the hand costs neither notes nor database."""
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    with pytest.raises(StoreError, match=words):
        backup.backup(*make(filled, tmp_path))
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "notes"


def test_a_backup_of_a_damaged_database_replaces_no_good_one(filled, saved):
    """Otherwise the last good backup would be gone when it is needed."""
    before = saved.read_bytes()
    _damage(filled)
    with pytest.raises(DamagedError, match="is damaged"):
        backup.backup(filled, saved)
    assert saved.read_bytes() == before


def test_of_dated_backups_the_newest_stay(tmp_path):
    """A disk does not fill up, and files of others are left alone."""
    for day in range(5):
        backup.dated(tmp_path, NOW + timedelta(days=day)).touch()
    (tmp_path / "tocsin.db").touch()
    gone = backup.thin_out(tmp_path, 2)
    assert [file.name for file in gone] == [f"tocsin-2026030{day}T120000Z.db" for day in (2, 3, 4)]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_restored_database_is_that_of_the_backup(hands, filled, saved):
    """What was there is kept beside it, for the case that the backup was the wrong one."""
    _run(filled, "UPDATE entry SET title = 'wrong'")
    aside = backup.restore(saved, filled, NOW)
    assert aside
    assert aside.name == "tocsin.db.before-20260302T120000Z"
    assert _titles(filled) == _titles(saved)
    assert set(_titles(aside)) == {"wrong"}
    assert hands.open().read.counts().entries == 901
    assert not list(filled.parent.glob("*.part-*"))


def test_a_backup_is_restored_where_no_database_is(saved, tmp_path):
    """On a new machine there is nothing yet, not even the folder."""
    target = tmp_path / "new" / "tocsin.db"
    assert backup.restore(saved, target, NOW) is None
    assert _titles(target) == _titles(saved)


def test_a_damaged_database_can_be_restored(filled, saved):
    """That is what backups are for."""
    _damage(filled)
    assert backup.restore(saved, filled, NOW)
    assert backup.faults(filled) == ()
    assert _titles(filled) == _titles(saved)


def test_nothing_is_restored_beside_a_running_daemon(hands, filled, saved):
    """Its tables would change under its hands."""
    daemon = hands.open()
    daemon.lock(hands.now)
    with pytest.raises(LockedError, match="stop it first"):
        backup.restore(saved, filled, NOW)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_restore_that_is_killed_leaves_the_database_of_before(filled, saved, step):
    """Killed while it reads the backup, saves the old database or writes the new one: the old one still works."""
    _run(filled, "UPDATE entry SET title = 'wrong'")
    _killed(f"""
passes = 0
def tick(left, total):
    global passes
    passes += left + 256 >= total
    passes == {step} and die()
backup.restore(Path({str(saved)!r}), Path({str(filled)!r}), NOW, tick)
""")
    assert backup.faults(filled) == ()
    assert set(_titles(filled)) == {"wrong"}
    assert backup.restore(saved, filled, NOW)
    assert _titles(filled) == _titles(saved)


def test_a_backup_of_a_newer_program_is_not_restored(filled, saved):
    """The program could not read it, and the database that works would be gone."""
    _run(saved, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"saved\.db was written by a newer tocsin"):
        backup.restore(saved, filled, NOW)
    _run(saved, "DROP TABLE alembic_version")
    with pytest.raises(StoreError, match="has no tables of tocsin"):
        backup.restore(saved, filled, NOW)
    assert len(list(filled.parent.glob("*.before-*"))) == 0


@pytest.fixture
def old(hands):
    """A database of an older version."""
    hands.path.parent.mkdir()
    script = Path(__file__).with_name("0011_limit.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(hands.path)) as connection:
        connection.executescript(script)
    return hands.path


def test_an_upgrade_saves_the_database_first(hands, old):
    """Who goes back to the program of before needs the tables of before."""
    found = backup.upgrade(old, NOW)
    assert found == ("0011_limit", old.with_name("tocsin.db.v0011-20260302T120000Z"))
    with closing(sqlite3.connect(found[1])) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0011_limit",)
    assert backup.upgrade(old, NOW) is None
    assert hands.open().read.find_entries("1")


def test_an_upgrade_that_is_killed_can_be_repeated(old):
    """Killed between two of its steps, the tables are those of before."""
    _killed(f"""
migrate = schema._migrate
schema._migrate = lambda session: (migrate(session), die())
backup.upgrade(Path({str(old)!r}), NOW)
""")
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0011_limit",)
    assert backup.upgrade(old, NOW)


def test_an_upgrade_that_fails_again_and_again_does_not_fill_the_disk(old, monkeypatch):
    """A service is started again every few seconds: the two newest backups stay, and other files beside them."""
    (old.parent / "tocsin.db.v0011").write_text("mine", encoding="utf-8")

    def fail(_):
        raise StoreError("a step failed")

    monkeypatch.setattr(schema, "_migrate", fail)
    for n in range(4):
        with pytest.raises(StoreError, match="a step failed"):
            backup.upgrade(old, NOW + timedelta(seconds=n))
    found = sorted(file.name for file in old.parent.glob("tocsin.db.v*"))
    assert found == ["tocsin.db.v0011", "tocsin.db.v0011-20260302T120002Z", "tocsin.db.v0011-20260302T120003Z"]


def test_no_upgrade_beside_a_running_daemon_or_of_what_is_newer(filled):
    """Both are refused before anything is written."""
    _run(filled, "UPDATE alembic_version SET version_num = '0011_limit'")
    daemon = SqliteDatabase(filled)
    daemon.lock()
    with pytest.raises(LockedError):
        backup.upgrade(filled, NOW)
    daemon.close()
    _run(filled, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"newer tocsin .*install that version"):
        backup.upgrade(filled, NOW)
    assert list(filled.parent.glob("*.v*")) == []


def test_a_prune_that_is_killed_goes_on_later(hands, filled):
    """Each piece is a transaction; no entry loses its evidence and keeps its text."""
    _killed(f"""
from datetime import timedelta
from tocsin.store import maintenance
store = Store.open("sqlite:///{filled}")
later = datetime.now(UTC) + timedelta(days=100)
store.sweep(later, timedelta(days=30))
maintenance._messages = die
store.sweep(later, timedelta(days=30))
""")
    assert backup.faults(filled) == ()
    store = hands.open()
    later = datetime.now(UTC) + timedelta(days=100)
    assert store.read.contents().texts == 401
    while store.sweep(later, timedelta(days=30)):
        pass
    found = store.read.contents()
    assert (found.texts, found.evidence, found.entries, found.alerts) == (0, 0, 1, 1)


def test_a_check_names_damage_and_lost_references(hands, filled):
    """Also beside a daemon, and a kill of it changes nothing."""
    daemon = hands.open()
    daemon.lock(hands.now)
    assert backup.faults(filled) == ()
    _killed(f"backup._INSTRUCTIONS = 1000\nbackup.faults(Path({str(filled)!r}), die)")
    assert backup.faults(filled) == ()
    daemon.close()
    _run(filled, "UPDATE match SET alert_id = 99")
    assert backup.faults(filled) == ("row 1 of match refers to a missing row of alert",)
    _damage(filled)
    assert backup.faults(filled)


def test_a_database_of_another_user_is_no_missing_one(tmp_path):
    """Whoever forgets to change the user must not be told that there is nothing."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # whom no mode keeps out
            os.seteuid(65534)
        with pytest.raises(StoreError, match=r"cannot be looked at .*run this command as the user that tocsin runs as"):
            is_there(folder / "tocsin.db")
    finally:
        os.seteuid(user)
        folder.chmod(0o700)
    assert not is_there(folder / "tocsin.db")


def test_a_file_that_is_no_database_is_named(tmp_path):
    """The error says what to do."""
    path = tmp_path / "x.db"
    path.write_text("not a database " * 100, encoding="utf-8")
    with pytest.raises(StoreError, match="is not an SQLite database: move it away"):
        backup.faults(path)


def _damage(path):
    """Overwrite pages in the middle of a database."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096 * 8)
