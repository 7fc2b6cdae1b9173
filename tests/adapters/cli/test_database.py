"""The database in people's hands: what each command says, and with which status it ends."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Tocsin = Any
#: Databases of older versions.
STORE = Path(__file__).parents[1] / "store"


def _record(result: Any) -> dict[str, Any]:
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def _run(tocsin: Tocsin, statement: str) -> None:
    with closing(sqlite3.connect(tocsin.folder / "tocsin.db")) as connection, connection:
        connection.execute(statement)


def test_a_backup_is_made_and_put_back(tocsin: Tocsin, history: Any) -> None:
    """The way back from a mistake is one command, and what it replaced is named."""
    history()
    saved = tocsin.folder / "saved.db"
    made = tocsin("db", "backup", str(saved))
    assert made.exit_code == 0
    assert f"{saved} is a backup of {tocsin.folder / 'tocsin.db'} (" in made.stderr
    _run(tocsin, "UPDATE alert SET title = 'wrong'")
    done = tocsin("db", "restore", str(saved))
    assert done.exit_code == 0
    assert "What was there before is kept in" in done.stderr
    assert "News since that backup is new again" in done.stderr
    assert "gallium: ban" in tocsin("alerts", "list").stdout
    assert _record(tocsin("db", "restore", str(saved), "--json"))["before"]


def test_a_file_that_is_no_backup_is_named(tocsin: Tocsin, history: Any) -> None:
    """The remedy was to move away a file of the program's own."""
    history()
    other = tocsin.folder / "notes.txt"
    other.write_text("notes", encoding="utf-8")
    done = tocsin("db", "restore", str(other))
    assert (done.exit_code, done.stderr) == (
        1,
        f"{other} is not a database: name a file that tocsin db backup wrote\n",
    )


def test_dated_backups_are_kept_in_a_folder(tocsin: Tocsin, history: Any) -> None:
    """One line in cron is enough, and the disk does not fill."""
    history()
    folder = tocsin.folder / "backups"
    folder.mkdir()
    (folder / "tocsin-20260101T000000Z.db").touch()
    first = _record(tocsin("db", "backup", "--dir", str(folder), "--keep", "1", "--json"))
    assert first["deleted"] == [str(folder / "tocsin-20260101T000000Z.db")]
    assert [str(file) for file in folder.iterdir()] == [first["backup"]]
    assert tocsin("db", "backup").exit_code == 2
    assert tocsin("db", "backup", "x.db", "--dir", "y").exit_code == 2


def test_the_daemon_must_not_run_for_a_restore_or_an_upgrade(tocsin: Tocsin, history: Any) -> None:
    """It says which process to stop; a backup, a check and a prune go on beside it."""
    history()
    saved = tocsin.folder / "saved.db"
    store = tocsin.store()
    store.database.lock()
    assert tocsin("db", "backup", str(saved)).exit_code == 0
    assert tocsin("db", "check").exit_code == 0
    _run(tocsin, "UPDATE entry SET first_seen = '2020-01-01 00:00:00.000000'")
    assert _record(tocsin("db", "prune", "--json"))["gone"]["texts"] == 2
    refused = tocsin("db", "restore", str(saved))
    assert refused.exit_code == 1
    assert "stop it first" in refused.stderr
    store.close()


def test_an_upgrade_says_what_it_found(tocsin: Tocsin, history: Any) -> None:
    """Nothing to do, too new, or no database at all."""
    absent = tocsin("db", "upgrade")
    assert absent.exit_code == 1
    assert "there is no database at" in absent.stderr
    history()
    assert "is up to date" in tocsin("db", "upgrade").stderr
    assert _record(tocsin("db", "upgrade", "--json"))["from"] is None
    _run(tocsin, "UPDATE alembic_version SET version_num = '9999'")
    refused = tocsin("db", "upgrade")
    assert refused.exit_code == 1
    assert "newer tocsin (its tables are of version 9999): install that version" in refused.stderr


@pytest.fixture
def old(tocsin: Tocsin) -> Path:
    """The database of an older version, and a source that answers at once."""
    path = Path(tocsin.folder / "tocsin.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((STORE / "0011_limit.sql").read_text(encoding="utf-8"))
    file = tocsin.folder / "config.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("https://me:s3cret@example.org/feed", "http://127.0.0.1:1/feed"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(words.split(), id=words)
        for words in (
            "alerts list",
            "alerts ack 1",
            "deliveries list",
            "sources list",
            "receivers list",
            "instruments list",
            "silences list",
            "rules stats",
            "rules show ban",
            "digest preview here",
            "why ban gallium",
            "notify-test",
            "db prune",
        )
    ],
)
def test_no_command_changes_a_database_of_an_older_version(tocsin: Tocsin, old: Path, arguments: list[str]) -> None:
    """A look at the alerts after an upgrade of the program must not be what takes the way back away."""
    before = old.read_bytes()
    refused = tocsin(*arguments)
    assert refused.exit_code == 1
    assert "stop the daemon, then: tocsin db upgrade, which makes a backup first" in refused.stderr
    assert _version(old) == "0011_limit"
    assert len(old.read_bytes()) == len(before)


def test_the_daemon_saves_a_database_of_an_older_version_and_goes_on(tocsin: Tocsin, old: Path) -> None:
    """Nobody need be there when a machine starts with a newer program: it works, and the way back is named."""
    assert "run upgrades it after a backup" in " ".join(tocsin("status").stdout.split())
    assert tocsin("once", "--dry-run").exit_code == 3  # its source cannot be read
    assert _version(old) == "0011_limit"
    done = tocsin("once")
    assert (done.exit_code, 'no source could be read failed=1 see="tocsin doctor"' in done.stderr) == (3, True)
    (saved,) = old.parent.glob("tocsin.db.v0011-*")
    assert _version(saved) == "0011_limit"
    assert f"backup={saved}" in done.stderr
    assert tocsin("alerts", "list").exit_code == 0


def _version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_a_prune_says_first_what_would_go(tocsin: Tocsin, history: Any) -> None:
    """Texts and evidence go, the alert stays; nothing goes without --dry-run being the same."""
    history()
    _run(tocsin, "UPDATE entry SET first_seen = '2020-01-01 00:00:00.000000'")
    tried = tocsin("db", "prune", "--older", "30d", "--dry-run")
    assert "Would be deleted, older than 30d:" in tried.stderr
    assert [line.split() for line in tried.stdout.splitlines()] == [
        ["1", "entry", "that", "met", "no", "rule"],
        ["2", "texts", "of", "an", "entry"],
        ["1", "proof", "of", "a", "match"],
    ]
    assert "1 alert and the headlines of their entries stay." in tried.stderr
    planned = _record(tocsin("db", "prune", "--older", "30d", "--dry-run", "--json"))
    assert _record(tocsin("db", "prune", "--older", "30d", "--json")) == {**planned, "dry_run": False}
    assert "Nothing is older than 30d." in tocsin("db", "prune", "--older", "30d").stderr
    assert "gallium: ban" in tocsin("alerts", "show", "1").stdout


@pytest.mark.parametrize(("age", "words"), [("2h", "at least 1d"), ("soon", "must be a whole number and one unit")])
def test_a_prune_of_what_is_still_needed_is_refused(tocsin: Tocsin, age: str, words: str) -> None:
    """A digest of tomorrow needs the texts of today."""
    refused = tocsin("db", "prune", "--older", age)
    assert refused.exit_code == 2
    assert words in refused.stderr


def test_a_check_ends_with_1_for_damage(tocsin: Tocsin, history: Any) -> None:
    """A monitor can run it."""
    history()
    assert "is sound" in tocsin("db", "check").stderr
    with closing(tocsin.store()):  # what was written lately is in the log beside the file
        assert _record(tocsin("db", "check", "--json"))["size"] == _record(tocsin("status", "--json"))["day"]["size"]
    _run(tocsin, "UPDATE match SET alert_id = 99")
    found = tocsin("db", "check")
    assert found.exit_code == 1
    assert "row 1 of match refers to a missing row of alert" in found.stderr
    assert "tocsin db restore" in found.stderr
    failed = tocsin("db", "check", "--json")
    assert _record(failed)["faults"]
