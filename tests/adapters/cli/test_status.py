"""The one screen that says whether the daemon runs and how it does."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.policy.decide import Policy
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.rules.builtin import OFFLINE, ONLINE, own_match
from tocsin.store.db.lock import Running, running
from tocsin.store.outbox import receivers

Tocsin = Any


@pytest.fixture
def daemon(tocsin: Tocsin, history: Any) -> Iterator[Any]:
    """A process that has locked the database and notes what a daemon notes; returns a way to note more."""
    history()
    store = tocsin.store()
    now = datetime.now(UTC)
    store.lock(now)

    def note(**fields: Any) -> None:
        values = {"pid": os.getpid(), "version": "0.1.0", "started": now - timedelta(hours=3), "loaded": now}
        store.note(Running(**{**values, **fields}))

    note()
    yield note
    store.close()


def _record(result: Any) -> dict[str, Any]:
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_daemon_that_does_not_run_is_exit_1(tocsin: Tocsin, history: Any) -> None:
    """A monitor needs the exit code, a person what to do."""
    absent = tocsin("status")
    assert absent.exit_code == 1
    assert "there is no database" in absent.stdout
    assert not (tocsin.folder / "tocsin.db").exists()
    assert _record(tocsin("status", "--json"))["running"] is False
    history()
    result = tocsin("status")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("tocsin does not run: start it with tocsin run")
    assert "1 in a day, 1 unanswered in a week" in result.stdout


def test_a_running_daemon_is_described_in_eighty_columns(tocsin: Tocsin, daemon: Any) -> None:
    """Process, uptime, sources by state, alerts, outbox, last message, verdict."""
    result = tocsin("status")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    for words in (f"process {os.getpid()}, up 3h", "1 ok, 1 failing", "1 delivered and 1 given up in a day", "to here"):
        assert words in result.stdout
    assert result.stdout.splitlines()[-1].startswith("tocsin runs, but:")
    assert "1 message given up" in result.stdout
    record = _record(tocsin("status", "--json"))
    assert (record["running"], record["sources"], record["unanswered"]) == (True, {"ok": 1, "failing": 1}, 1)
    tocsin("alerts", "ack", "1")
    assert _record(tocsin("status", "--json"))["unanswered"] == 0


def test_a_clock_that_is_set_does_not_change_how_long_it_runs(tocsin: Tocsin, daemon: Any) -> None:
    """A machine that boots with a wrong clock and sets it would seem to run since 1970, or not at all."""
    for years in (-50, 1):
        daemon(started=datetime.now(UTC) + timedelta(days=365 * years), began=time.monotonic() - 7200)
        assert tocsin("status").stdout.splitlines()[0].endswith(", up 2h")


def test_a_refused_configuration_is_shown_although_it_cannot_be_read(tocsin: Tocsin, daemon: Any) -> None:
    """The daemon works on with the old one, and nobody would notice that the change has no effect."""
    daemon(refused=datetime.now(UTC), words="config.yaml:3:1: unknown key “sorces”")
    with (tocsin.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("sorces: [\n")
    result = tocsin("status")
    assert result.exit_code == 0
    assert "config.yaml:3:1: unknown key “sorces”" in result.stdout
    assert "1 problem in the configuration; see: tocsin check" in result.stdout
    assert "but: the changed configuration was refused" in result.stdout


def test_a_faulty_file_still_names_its_database(tocsin: Tocsin, daemon: Any) -> None:
    """Otherwise the status of another database would be shown, that of no daemon."""
    (tocsin.folder / "config.yaml").write_text("database: 'sqlite:///other.db'  # here\nx: [\n", encoding="utf-8")
    result = tocsin("status")
    assert f"no database at {tocsin.folder / 'other.db'}" in result.stdout


def test_a_missing_file_is_named(tocsin: Tocsin, daemon: Any) -> None:
    """Who stands in another folder would look for a fault in a file that is not there."""
    result = tocsin("status", "--config", str(tocsin.folder / "none.yaml"), config=False)
    assert "none.yaml cannot be read: No such file or directory; tocsin init writes one" in result.stderr


def test_sources_that_all_fail_are_not_well(tocsin: Tocsin, daemon: Any) -> None:
    """Each alone becomes unhealthy only after days."""
    store = tocsin.store()
    with store.database.write() as session:
        session.connection().exec_driver_sql("UPDATE source SET errors = 1").close()
    store.close()
    result = tocsin("status").stdout
    assert "2 failing" in result
    assert "no source can be read" in result.partition("tocsin runs, but: ")[2]


def test_a_machine_without_a_network_is_not_well(tocsin: Tocsin, daemon: Any) -> None:
    """No source is blamed for it, so nothing else on the screen shows that no news can come."""
    decide, now = Policy(routes=(), receivers=()).decide, datetime.now(UTC)
    about = {"network": ("the internet",)}
    with closing(tocsin.store()) as store:
        store.tell([own_match(OFFLINE, about, "", now - timedelta(hours=2))], decide, now)
        assert "tocsin runs, but: the internet cannot be reached for 2h" in tocsin("status").stdout
        assert _record(tocsin("status", "--json"))["offline"] >= 7200
        store.tell([own_match(ONLINE, about, "", now)], decide, now)
        assert _record(tocsin("status", "--json"))["offline"] is None


def test_a_disk_that_is_nearly_full_is_not_well(tocsin: Tocsin, daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full one stops every poll and every message, and for two minutes nothing else shows it."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3_000_000))
    assert "only 3.0 MB free for the database" in tocsin("status").stdout


def test_a_blocked_receiver_and_a_late_source_are_named(tocsin: Tocsin, daemon: Any) -> None:
    """Both mean that something is not heard."""
    store = tocsin.store()
    now = datetime.now(UTC)
    with store.database.write() as session:
        blocked = ReceiverStatus(failures=1, rests=now + timedelta(hours=1), refused="535 bad password", refusals=3)
        receivers.put(session, "here", blocked)
    store.sync_sources([("slow", "https://example.org/slow", "feed")], now - timedelta(hours=1))
    store.close()
    result = tocsin("status").stdout
    assert "here is blocked until" in result
    assert "535 bad password" in result
    assert "1 source not polled in time" in result
    assert "1 receiver blocked" in result


def test_another_command_on_the_database_is_no_daemon(tocsin: Tocsin, history: Any) -> None:
    """`tocsin notify-test` and an upgrade lock it too."""
    history()
    store = tocsin.store()
    store.lock(datetime.now(UTC))
    assert tocsin("status").exit_code == 1
    store.close()


def test_an_older_daemon_runs_all_the_same(tocsin: Tocsin, daemon: Any) -> None:
    """After an upgrade of the program the daemon works on until it is restarted; a monitor must not call that down."""
    with closing(sqlite3.connect(tocsin.folder / "tocsin.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0014_refusals'")
    result = tocsin("status")
    assert result.exit_code == 0
    assert f"an older tocsin (process {os.getpid()}) works on" in result.stdout
    assert _record(tocsin("status", "--json"))["running"] is True


@pytest.mark.parametrize(
    "text",
    ["", "nonsense\n", "999999999\n{}\n", f"{os.getpid()}\n{{}}\n"],
    ids=["empty", "no number", "nobody", "another process"],
)
def test_a_lock_that_nobody_has_is_no_process(tocsin: Tocsin, text: str) -> None:
    """After a crash the file is still there, and its number may be that of another process."""
    (tocsin.folder / "tocsin.db.lock").write_text(text, encoding="utf-8")
    assert running(tocsin.folder / "tocsin.db") is None


def test_what_a_newer_program_notes_beside_is_left_out(tocsin: Tocsin, daemon: Any) -> None:
    """While programs are exchanged one after the other, the older one still names the newer."""
    note = json.dumps({"pid": os.getpid(), "name": "one", "added_later": 1})
    with (tocsin.folder / "tocsin.db.lock").open("w", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n{note}\n")
    assert running(tocsin.folder / "tocsin.db") == Running(pid=os.getpid(), name="one")


def test_a_note_that_cannot_be_read_is_left_out(tocsin: Tocsin, daemon: Any) -> None:
    """It is for people only: a hand in the file or another version stops nothing."""
    with (tocsin.folder / "tocsin.db.lock").open("w", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n{{nonsense\n")
    assert running(tocsin.folder / "tocsin.db") == Running(pid=os.getpid())
