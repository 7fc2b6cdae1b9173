"""The commands on a database on a server: the same words, or what to use instead."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tocsin.store import Store
from tocsin.store.db.lock import Running
from tocsin.store.db.opening import open_database

Tocsin = Any
SECRET = "canary-7f3a"
#: How people and messages name a part of the tables.
COUNTED = ("alerts list", "deliveries list", "sources list", "silences list")


@pytest.fixture
def server(postgres: Any) -> Iterator[str]:
    """The address of an empty database."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
def served(tocsin: Tocsin, history: Any, server: str) -> Tocsin:
    """The program, with its history on the server."""
    history()
    done = tocsin("db", "copy", f"sqlite:///{tocsin.folder}/tocsin.db", server, config=False)
    assert done.exit_code == 0, done.output
    return _on(tocsin, server)


def _on(tocsin: Tocsin, url: str) -> Tocsin:
    path = tocsin.folder / "config.yaml"
    path.write_text(f"database: {{url: '{url.replace('tocsin@', f'tocsin:{SECRET}@')}'}}\n{path.read_text()}")
    return tocsin


def test_a_copy_has_all_rows_and_goes_on_behind_their_numbers(served: Tocsin, server: str) -> None:
    """Whoever moves to a server is not alerted again, and loses nothing; the way back is the same."""
    before = [json.loads(line) for line in served("alerts", "list", "--json").stdout.splitlines()]
    assert [one["title"] for one in before] == ["gallium: ban"]
    assert served("silences", "add", "--for", "1h", "mineral=cobalt").exit_code == 0
    assert served("alerts", "ack", "1").exit_code == 0
    back = f"sqlite:///{served.folder}/back.db"
    again = served("db", "copy", server, back, "--json", config=False)
    assert json.loads(again.stdout)["rows"] > 10
    with closing(Store.open(back)) as store:
        assert store.read.counts().alerts == 1
        assert [one.matchers[0].text for one in store.read.silences()] == ["mineral=cobalt"]


def test_a_copy_of_nothing_is_refused(tocsin: Tocsin, server: str) -> None:
    """A name that was mistyped makes no empty database."""
    done = tocsin("db", "copy", f"sqlite:///{tocsin.folder}/typo.db", server, config=False)
    assert done.exit_code == 2
    assert "there is no database at" in done.stderr
    assert not (tocsin.folder / "typo.db").exists()


def test_a_copy_overwrites_nothing(served: Tocsin, server: str) -> None:
    """Rows of two databases would contradict each other."""
    done = served("db", "copy", f"sqlite:///{served.folder}/tocsin.db", server, config=False)
    assert done.exit_code == 1
    assert "has rows already: name an empty database" in done.stderr


def test_a_copy_that_was_interrupted_is_used_by_nobody_and_goes_on(
    tocsin: Tocsin, history: Any, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon on half of the rows would alert what was alerted before."""
    history()
    source = f"sqlite:///{tocsin.folder}/tocsin.db"

    class Killed(BaseException):
        """Nobody catches it."""

    def cut_off(left: int, total: int) -> None:
        if left < total // 2:
            raise Killed

    from tocsin.store.db.transfer import transfer

    with pytest.raises(Killed), closing(open_database(source)) as old, closing(open_database(server)) as new:
        transfer(old, new, cut_off)
    status = _on(tocsin, server)("status")
    assert status.exit_code == 1
    assert "is an unfinished copy: call tocsin db copy again" in status.output
    assert tocsin("db", "copy", source, server, config=False).exit_code == 0
    assert "gallium: ban" in tocsin("alerts", "list").stdout


def test_a_backtest_works_on_a_copy(served: Tocsin) -> None:
    """It reads the history of the server, and leaves the server as it was."""
    done = served("db", "prune", "--older", "1d", "--dry-run", "--json")
    assert json.loads(done.stdout)["alerts"] == 1
    assert served("backtest", "--since", "2d").exit_code == 0


@pytest.mark.parametrize(
    ("command", "instead"),
    [("backup x.db", "pg_dump"), ("restore x.db", "pg_restore"), ("check", "pg_amcheck")],
)
def test_what_the_server_has_programs_for_names_them(tocsin: Tocsin, command: str, instead: str) -> None:
    """Nobody copies a server as a file."""
    done = _on(tocsin, "postgresql://tocsin@db.example.org/tocsin")("db", *command.split())
    assert done.exit_code == 2
    assert f"is on a server: use its own program, such as: {instead}" in done.stderr
    assert SECRET not in done.output


def test_status_and_doctor_ask_the_server(served: Tocsin, server: str) -> None:
    """The daemon may run on another machine."""
    assert "tocsin does not run" in served("status").stdout
    store = Store.open(server)
    now = store.clock.now()
    store.lock(now)
    store.note(Running(pid=os.getpid(), version="1.0", started=now, loaded=now))
    assert json.loads(served("status", "--json").stdout)["running"] is True
    found = served("doctor", "--offline").stdout
    assert "answers" in found
    assert f"process {os.getpid()} on " in found
    assert served("check").exit_code == 0
    store.close()


def test_workers_are_listed_and_one_configuration_is_active(served: Tocsin, server: str) -> None:
    """Whoever sees that a worker claims nothing learns why, and can choose."""
    assert "No worker runs" in served("workers", "list").stderr
    store = Store.open(server)
    now = store.clock.now()
    store.lock(now)
    store.enter_generation("0123456789abcdef", now)
    store.note(Running(pid=os.getpid(), name="north", started=now, loaded=now, generation="fedcba9876543210"))
    listed = served("workers", "list")
    assert f"north  process {os.getpid()} on " in listed.stdout
    assert "configuration fedcba9876543210, stands by" in listed.stdout
    [found] = [json.loads(line) for line in served("workers", "list", "--json").stdout.splitlines()]
    assert (found["name"], found["configuration"], found["stands_by"]) == ("north", "fedcba9876543210", True)
    refused = served("workers", "activate")
    assert refused.exit_code == 2
    assert "no worker has had this configuration: start one with it" in refused.stderr
    store.close()


def test_what_needs_several_workers_says_so_on_a_file(tocsin: Tocsin) -> None:
    """A file has one daemon, which does all of it."""
    done = tocsin("run", "--only", "poll")
    assert done.exit_code == 2
    assert "--only is for workers that share a database: name one on a server" in done.stderr
    done = tocsin("workers", "activate")
    assert done.exit_code == 2
    assert "one daemon works on a file" in done.stderr


def test_a_new_database_is_seen_as_such(tocsin: Tocsin, server: str) -> None:
    """A look makes no tables."""
    _on(tocsin, server)
    assert "there is no database at postgresql://" in tocsin("status").output
    assert "they are made at the first start" in tocsin("doctor", "--offline").stdout
    assert tocsin("check").exit_code == 0
    assert "there is no database" in tocsin("status").output
    assert "has no tables of tocsin" in tocsin("db", "upgrade").output
    assert tocsin("sources", "list").exit_code == 0
    assert "is up to date" in tocsin("db", "upgrade").stderr


def test_a_server_that_is_away_is_one_line(tocsin: Tocsin) -> None:
    """Every command ends with it, and none shows the password."""
    _on(tocsin, "postgresql://tocsin@127.0.0.1:1/x")
    for command in ("status", "alerts list", "db upgrade", "once", "doctor --offline"):
        done = tocsin(*command.split())
        assert done.exit_code == 1, command
        assert "the server of postgresql://127.0.0.1:1/x cannot be reached" in done.output
        assert SECRET not in done.output
    assert tocsin("check").exit_code == 0
