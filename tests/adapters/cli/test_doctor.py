"""The examination of a whole installation: each fault has a line and a remedy."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tocsin.cli.setup import machine, network
from tocsin.config.config import load_config
from tocsin.errors import Position, Problem
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.sources.http.client import Limits
from tocsin.store.outbox import receivers

Tocsin = Any
ROOT = Path(__file__).parents[3]
FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "items": [{"id": "1", "title": "China bans gallium exports", "url": "https://e.com/1"}],
}


class _Server(ThreadingHTTPServer):
    late = timedelta(0)


@pytest.fixture
def web() -> Iterator[_Server]:
    """A web server with a feed, and a clock that can be wrong."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(FEED).encode() if self.path == "/feed" else b"no"
            self.send_response_only(200 if self.path == "/feed" else 404)
            self.send_header("Date", format_datetime(datetime.now(UTC) - server.late, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _configure(tocsin: Tocsin, sources: str = "", receivers: str = "", more: str = "") -> None:
    wire = '  wire: {feed: "http://127.0.0.1:1/feed", allow_private: true}\n'
    (tocsin.folder / "config.yaml").write_text(
        "timezone: Europe/London\nrules: [./rules]\nhttp: {contact: ops@example.org}\n"
        f"sources:\n{sources or wire}receivers:\n  here: {{console: true, operator: true}}\n{receivers}{more}",
        encoding="utf-8",
    )


def _findings(result: Any) -> dict[str, dict[str, Any]]:
    """The findings by subject; the worst of one subject counts."""
    found = sorted(
        map(json.loads, result.stdout.splitlines()), key=lambda one: ["ok", "warn", "fail"].index(one["level"])
    )
    return {one["subject"]: one for one in found}


def test_a_good_installation_is_exit_0(tocsin: Tocsin, history: Any, web: _Server) -> None:
    """Each part says what was looked at, in eighty columns."""
    history()
    _configure(tocsin, f'  wire: {{feed: "http://127.0.0.1:{web.server_port}/feed", allow_private: true}}\n')
    result = tocsin("doctor")
    assert result.exit_code == 0, result.output
    assert all(line.startswith(("ok    ", "      ")) for line in result.stdout.splitlines())
    found = _findings(tocsin("doctor", "--json"))
    assert set(found) == {
        "configuration", "zone data", "certificates", "disk", "owner", "lock", "tables", "database", "clock", "sources",
        "receiver",
    }  # fmt: skip
    assert found["sources"]["words"] == "1 of 1 source answered as they should"
    assert "0 faults, 0 warnings" in result.stderr


def test_planted_faults_are_all_found(tocsin: Tocsin, history: Any, web: _Server, monkeypatch: Any) -> None:
    """Eight things that go wrong on real machines, in one run, each with what to do."""
    history()
    web.late = timedelta(hours=1)
    (tocsin.folder / "tocsin.db").chmod(0o644)
    secret = tocsin.folder / "token"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o644)
    unit = tocsin.folder / "tocsin.service"
    unit.write_text(
        (ROOT / "systemd" / "tocsin.service").read_text(encoding="utf-8").replace("UMask=0077", "UMask=0022"),
        encoding="utf-8",
    )
    monkeypatch.setattr(machine, "INSTALLED", (tocsin.folder,))
    base = f"http://127.0.0.1:{web.server_port}"
    sources = "".join(f'  {name}: {{feed: "{base}/{name}", allow_private: true}}\n' for name in ("feed", "gone"))
    _configure(
        tocsin,
        sources,
        '  hook: {url: "hooks://127.0.0.1:1/x", secret: "' + "k" * 30 + '"}\n  off: {url: ""}\n',
        f"routes:\n  - {{to: [here, hook]}}\n  - {{severity: critical, to: [off]}}\noverrides: {{}}\n# ${{file:{secret}}}\n",
    )
    _run(tocsin, "UPDATE alembic_version SET version_num = '0014_refusals'")
    result = tocsin("doctor", "--json")
    assert result.exit_code == 1
    found = _findings(result)
    expected = {
        "owner": ("warn", "can be read by other users", "chmod 600"),
        "secrets": ("fail", "can be read by other users", "chmod 600"),
        "unit": ("warn", "differs from the shipped one in UMask", "compare it with"),
        "tables": ("warn", "of version 0014_refusals, and not", "tocsin db upgrade"),
        "routes": ("warn", "a route notifies nobody: severity=critical to nobody", "name a receiver that is on"),
        "clock": ("fail", "1h ahead of the clocks of 1 server", "timedatectl"),
        "source": ("fail", "gone: 127.0.0.1", ""),
        "receiver": ("fail", "hook: 127.0.0.1:1: Connection refused", "check that the address is right"),
    }
    for subject, (level, words, remedy) in expected.items():
        assert found[subject]["level"] == level, subject
        assert words in found[subject]["words"]
        assert remedy in found[subject]["remedy"]
    plain = tocsin("doctor")
    assert max(len(line) for line in plain.stdout.splitlines() if "/" not in line) <= 80
    assert "what to do: chmod 600" in plain.stdout


def test_a_configuration_that_others_may_read_holds_no_secret(tocsin: Tocsin, history: Any) -> None:
    """A password in an address is as much of a secret as one in a file of its own."""
    history()
    file = tocsin.folder / "config.yaml"
    file.chmod(0o644)
    found = _findings(tocsin("doctor", "--offline", "--json"))["secrets"]
    assert (found["level"], "holds secrets" in found["words"]) == ("warn", True)
    assert "s3cret" not in str(found)
    file.chmod(0o640)
    assert "secrets" not in _findings(tocsin("doctor", "--offline", "--json"))
    file.chmod(0o644)
    text = (
        file.read_text(encoding="utf-8")
        .replace("me:s3cret@", "")
        .replace("rules:", "# https://me:s3cret@x.org/\nrules:")
    )
    file.write_text(text, encoding="utf-8")
    assert "secrets" not in _findings(tocsin("doctor", "--offline", "--json"))


def test_rules_and_receivers_that_can_have_no_effect_are_named(tocsin: Tocsin, history: Any) -> None:
    """They look as if they worked, and nobody notices until news was missed."""
    history()
    _configure(tocsin)
    file = tocsin.folder / "config.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(", operator: true", ""), encoding="utf-8")
    (tocsin.folder / "rules" / "more").mkdir()
    (tocsin.folder / "rules" / "more" / "own.yaml").write_text("tocsin: 1\n", encoding="utf-8")
    with (tocsin.folder / "rules" / "pack.yaml").open("a", encoding="utf-8") as pack:
        pack.write(
            "  - {id: jump, title: A jump, severity: low, price: {instruments: [tin], when: 'abs(change(1d)) > 5%'}}\n"
        )
    result = tocsin("doctor", "--offline", "--json")
    assert result.exit_code == 3, result.output
    words = " ".join(one["words"] for one in map(json.loads, result.stdout.splitlines()) if one["level"] == "warn")
    for one in ("nobody is notified of tocsin's own health", "more is not read", "lacks an instrument"):
        assert one in words


def test_a_warning_at_many_places_is_one_line(tocsin: Tocsin) -> None:
    """What a label that no source gives does to twenty rules must not hide the rest."""
    place = Position(file="p.yaml", line=1, column=2)
    many = [Problem(message="never true", position=replace(place, line=n), warning=True) for n in range(1, 21)]
    others = [Problem(message=f"fault {n}") for n in range(12)]
    found = list(machine.problems("rules", [*many, *others]))
    assert [one.words for one in found[:2]] == ["fault 0", "fault 1"]
    assert (len(found), found[-1].words, found[-1].remedy) == (11, "3 more problems", "tocsin check")
    (one,) = machine.problems("rules", many)
    assert (one.level, one.words) == ("warn", "p.yaml:1:2 and 19 other places: never true")


def test_warnings_alone_are_exit_3_and_offline_asks_nobody(tocsin: Tocsin, history: Any, web: _Server) -> None:
    """A machine without a network can be examined, too."""
    history()
    _configure(tocsin, receivers='  hook: {url: "hooks://127.0.0.1:1/x", secret: "' + "k" * 30 + '"}\n')
    assert tocsin("doctor", "--offline").exit_code == 0
    _run(tocsin, "UPDATE alembic_version SET version_num = '0014_refusals'")
    result = tocsin("doctor", "--offline", "--json")
    assert result.exit_code == 3
    assert _findings(result)["tables"]["remedy"] == "tocsin db upgrade"
    with closing(sqlite3.connect(tocsin.folder / "tocsin.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0014_refusals",)


def test_a_faulty_configuration_does_not_hide_the_rest(tocsin: Tocsin, history: Any) -> None:
    """The database is examined all the same, and every fault of the file is named."""
    history()
    with (tocsin.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("timezon: UTC\n")
    result = tocsin("doctor", "--json")
    assert result.exit_code == 1
    found = _findings(result)
    assert "unknown key timezon" in found["configuration"]["words"]
    assert found["tables"]["level"] == "ok"


def test_a_damaged_or_newer_database_is_a_fault(tocsin: Tocsin, history: Any) -> None:
    """It says so before the daemon refuses to start."""
    history()
    _configure(tocsin)
    _run(tocsin, "UPDATE alembic_version SET version_num = '9999'")
    newer = tocsin("doctor", "--offline", "--json")
    assert newer.exit_code == 1
    assert "newer tocsin" in _findings(newer)["database"]["words"]
    (tocsin.folder / "tocsin.db").write_bytes(b"nonsense" * 999)
    assert "is not an SQLite database" in _findings(tocsin("doctor", "--offline", "--json"))["database"]["words"]


def test_a_first_run_needs_no_database(tocsin: Tocsin) -> None:
    """Doctor is what people run when nothing works yet; it makes nothing."""
    _configure(tocsin)
    result = tocsin("doctor", "--offline", "--json")
    assert result.exit_code == 0
    assert "is made at the first start" in _findings(result)["database"]["words"]
    assert not (tocsin.folder / "tocsin.db").exists()


def test_a_blocked_receiver_is_a_fault_even_if_its_server_answers(tocsin: Tocsin, history: Any, web: _Server) -> None:
    """What the last delivery said counts more than a connection."""
    history()
    place = f"127.0.0.1:{web.server_port}"
    _configure(
        tocsin,
        f'  wire: {{feed: "http://{place}/feed", allow_private: true}}\n',
        f'  hook: {{url: "hook://{place}/x", secret: "{"k" * 30}"}}\n',
    )
    unused = _findings(tocsin("doctor", "--json"))["receiver"]
    assert unused["words"] == "hook: connected, without TLS; nothing was sent yet"
    store, now = tocsin.store(), datetime.now(UTC)
    with store.database.write() as session:
        blocked = ReceiverStatus(rests=now + timedelta(hours=1), refused="410 gone", refusals=3)
        receivers.put(session, "hook", blocked)
    store.close()
    found = _findings(tocsin("doctor", "--json"))["receiver"]
    assert (found["level"], found["remedy"]) == ("fail", "correct it, then: tocsin notify-test hook")
    assert "410 gone" in found["words"]


def test_sources_with_the_same_fault_share_a_line(tocsin: Tocsin, web: _Server) -> None:
    """A server that is down is one fault, and a machine without a network is one fault, too."""
    down = "".join(f'  s{n}: {{feed: "http://127.0.0.1:1/{n}", allow_private: true}}\n' for n in range(3))
    up = f'  up: {{feed: "http://127.0.0.1:{web.server_port}/feed", allow_private: true}}\n'
    _configure(tocsin, down + up)
    found = _findings(tocsin("doctor", "--json"))
    assert found["source"]["words"].startswith("s0, s1, s2: cannot reach 127.0.0.1: Connection refused")
    assert found["sources"]["words"] == "1 of 4 sources answered as they should"
    _configure(tocsin, down)
    offline = _findings(tocsin("doctor", "--json"))
    assert offline["network"]["words"].startswith("none of 3 sources can be reached")
    assert "source" not in offline


@pytest.mark.parametrize(
    ("http", "subject", "words"),
    [
        ("{contact: a@b.org, ca_file: none.pem}", "configuration", "cannot be read"),
        ('{contact: a@b.org, proxy: "http://127.0.0.1:1"}', "proxy", "127.0.0.1:1 cannot be reached"),
    ],
)
def test_a_proxy_and_certificates_are_looked_at(tocsin: Tocsin, http: str, subject: str, words: str) -> None:
    """Each makes every source fail at once, and the cause is then hard to see."""
    _configure(tocsin)
    file = tocsin.folder / "config.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("{contact: ops@example.org}", http), encoding="utf-8")
    result = tocsin("doctor", "--json")
    assert result.exit_code == 1
    assert words in _findings(result)[subject]["words"]


def _run(tocsin: Tocsin, statement: str) -> None:
    with closing(sqlite3.connect(tocsin.folder / "tocsin.db")) as connection, connection:
        connection.execute(statement)


def test_a_server_that_hangs_is_given_up(tocsin: Tocsin) -> None:
    """One that accepts and says nothing would keep the whole examination waiting."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/feed"
        _configure(tocsin, f'  dumb: {{feed: "{address}", allow_private: true}}\n')
        settings = load_config(tocsin.folder / "config.yaml", os.environ)
        (found,) = network.sources(settings, lambda *_: None, limits=Limits(total=0.2))
    assert (found.level, found.subject) == ("fail", "source")
    assert found.words.startswith("dumb: ")
