"""The first set-up: from an empty folder to an installation that was tried, and what people may answer wrongly."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from typer.testing import CliRunner

from adapters.loopback import documents
from tocsin.cli import app
from tocsin.cli.setup import first_files, questions
from tocsin.cli.setup.questions import mail_url

PASSWORD = "p@ss:w/rd %41"
HEADLINES = {"China bans gallium exports to Japan": 1, "Weather is fine": 2, "Northfield Alloys halts production": 40}


class _Mails(Controller):
    """A mail server that asks for the password; *arrived* are its mails."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        super().__init__(self, hostname="127.0.0.1", port=port, authenticator=self._check, auth_require_tls=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # the library's name
        """Keep a mail."""
        self.arrived.append(envelope.original_content)
        return "250 OK"

    def _check(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
def mails() -> Iterator[_Mails]:
    """A mail server on loopback."""
    server = _Mails()
    server.start()
    yield server
    server.stop(no_assert=True)


@pytest.fixture
def feed() -> Iterator[str]:
    """The address of a feed on loopback; every other address of its server is not found."""
    now = datetime.now(UTC)
    items = [
        {"id": title, "title": title, "date_published": (now - timedelta(days=days)).isoformat()}
        for title, days in HEADLINES.items()
    ]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()

    with documents({"/feed": body}) as address:
        yield f"{address}/feed"


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, on a machine that has no database of tocsin yet."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TOCSIN_MAIL_PASSWORD", PASSWORD)
    monkeypatch.delenv("TOCSIN_SLACK_URL", raising=False)
    (tmp_path / "state").mkdir()
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def run(*arguments: str) -> Any:
    """Run `tocsin ARGUMENTS`; the result has exit_code, stdout and stderr."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def init(folder: Path, *arguments: str) -> Any:
    """Run `tocsin init` without questions."""
    return run("init", str(folder), "--yes", *arguments)


def content(folder: Path) -> dict[str, bytes]:
    """The files in *folder*."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.no_cover  # it runs the examples of a shipped pack several times
def test_flags_alone_lead_from_nothing_to_a_mail(empty_home: Path, feed: str, mails: _Mails) -> None:
    """Somebody who sets up ten machines answers no questions, and must see that mail arrives and history is not sent."""
    server = f"127.0.0.1:{mails.port}"
    mail = ("--to", "mail", "--mail-to", "desk@example.org", "--smtp", server, "--tls", "none")
    done = init(
        empty_home, *mail, "--quiet", "22:00-7:00", "--only", "mineral=gallium", "--feed", feed, "--allow-private"
    )
    assert done.exit_code == 0, done.stderr
    (arrived,) = mails.arrived
    assert b"Test" in arrived
    assert "1 of 1 source answered; 3 entries stored as history" in done.stderr
    assert "would have fired: 1 alert from 2 entries of the last week, such as\n  " in done.stderr
    assert "(critical-minerals/export-restriction)" in done.stderr
    assert done.stdout.count("  tocsin ") == 3
    assert max(map(len, done.stderr.replace(str(empty_home), "DIR").splitlines())) <= 80
    checked = run("check", "--config", str(empty_home / "config.yaml"))
    assert checked.exit_code == 0, checked.stderr
    text = (empty_home / "config.yaml").read_text()
    assert 'quiet_hours: {from: "22:00", to: "07:00", except: critical}' in text
    assert "{labels: {mineral: gallium}, to: [mail]}" in text


@pytest.mark.no_cover  # it runs the examples of a shipped pack several times
def test_the_files_teach_and_keep_secrets(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password must not be readable by others nor be in what people commit, and the example rule must pass."""
    assert init(empty_home, "--to", "mail", "--mail-to", "desk@example.org", "--offline").exit_code == 0
    secret = empty_home / "secrets" / "mail"
    assert (secret.stat().st_mode & 0o777, secret.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not any(b"p%40ss" in text for name, text in content(empty_home).items() if name != "secrets/mail")
    assert "secrets/" in (empty_home / ".gitignore").read_text()
    for file in (empty_home / "config.yaml", *empty_home.glob("rules/**/*.yaml")):
        named = re.match(r"# yaml-language-server: \$schema=(\S+)", file.read_text())
        assert named, file
        assert json.loads((file.parent / named[1]).read_text())["$schema"]
    monkeypatch.chdir(empty_home)
    assert run("check", "--rules", "./rules").exit_code == 0
    assert run("test").exit_code == 0


def test_nothing_is_overwritten(empty_home: Path) -> None:
    """A second call, or one in a folder with rules, would destroy somebody's work."""
    (empty_home / "rules").mkdir()
    (empty_home / "rules" / "mine.yaml").write_text("mine")
    (empty_home / ".gitignore").write_text("kept")
    before = content(empty_home)
    done = init(empty_home, "--offline")
    assert done.exit_code == 2
    assert "nothing was written" in done.stderr
    assert content(empty_home) == before
    (empty_home / "rules" / "mine.yaml").unlink()
    assert init(empty_home, "--offline").exit_code == 0
    assert (empty_home / ".gitignore").read_text() == "kept"
    before = content(empty_home)
    assert init(empty_home, "--offline").exit_code == 2
    assert content(empty_home) == before


def test_what_does_not_work_is_named_with_its_remedy(
    empty_home: Path, feed: str, mails: _Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password and a dead feed must not look like success: a script sees 3, a person what to do."""
    monkeypatch.setenv("TOCSIN_MAIL_PASSWORD", "wrong")
    server = f"127.0.0.1:{mails.port}"
    mail = ("--to", "mail", "--mail-to", "desk@example.org", "--smtp", server, "--tls", "none", "--digest", "none")
    feeds = ("--feed", feed, "--feed", f"{feed}/gone", "--allow-private", "--pack", "none")
    done = init(empty_home, *mail, *feeds)
    assert done.exit_code == 3
    assert (empty_home / "config.yaml").exists()
    assert "fail  source         127-0-0-1-2: " in done.stderr
    assert "FAILED mail desk@example.org 535" in done.stderr
    assert done.stderr.count("what to do: ") == 2
    assert "tocsin doctor" in done.stdout
    assert mails.arrived == []


def test_another_installation_keeps_its_database(empty_home: Path, tmp_path: Path, feed: str) -> None:
    """A try beside a running tocsin must neither use its database nor wait for its lock."""
    (tmp_path / "state" / "tocsin.db").write_bytes(b"somebody else's")
    assert init(empty_home, "--feed", feed, "--allow-private", "--pack", "none").exit_code == 0
    assert (tmp_path / "state" / "tocsin.db").read_bytes() == b"somebody else's"
    assert (empty_home / "var" / "tocsin.db").exists()


def test_a_place_that_cannot_be_written_is_named(empty_home: Path) -> None:
    """A traceback at the first command would be the last one."""
    (empty_home / "file").write_text("")
    done = init(empty_home / "file", "--offline")
    assert done.exit_code == 1
    assert f"{empty_home / 'file'}" in done.stderr
    assert "nothing was written" in done.stderr


def test_a_full_disk_leaves_no_half_installation(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next try must not find a half-written file and refuse, and the secret must not stay behind."""
    opened = iter(range(10))

    def full(handle: int, mode: str) -> Any:
        if next(opened) < 3:
            return os.fdopen(handle, mode)
        os.close(handle)
        return Path("/dev/full").open(mode)

    monkeypatch.setattr(first_files, "os", SimpleNamespace(**{**vars(os), "fdopen": full}))
    done = init(empty_home, "--to", "json://127.0.0.1:9/", "--offline")
    assert done.exit_code == 1
    assert "wrote" not in done.stderr
    assert "No space left on device; nothing was written, free some space" in done.stderr
    assert content(empty_home) == {}
    monkeypatch.undo()


def test_a_folder_may_be_moved(empty_home: Path) -> None:
    """An installation is tried in one place and served from another; its secret goes along."""
    flags = ("--to", "json://127.0.0.1:9/x", "--offline", "--feed", "http://127.0.0.1:9/f", "--pack", "none")
    assert init(empty_home, *flags).exit_code == 0
    moved = empty_home.rename(empty_home.with_name("moved"))
    assert "${file:secrets/other}" in (moved / "config.yaml").read_text()
    checked = run("check", "--config", str(moved / "config.yaml"))
    assert checked.exit_code == 0, checked.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--to", "pigeon"], "write console, mail, slack", id="unknown way"),
        pytest.param(["--to", "slack"], "--url: write the whole address", id="no address"),
        pytest.param(["--to", "mail"], "--mail-to: write a mail address", id="no reader"),
        pytest.param(["--to", "mail", "--mail-to", "a@b.org", "--smtp", "a b"], "write the server", id="server"),
        pytest.param(["--to", "mail", "--mail-to", "a@b.org", "--tls", "yes"], "write starttls", id="tls"),
        pytest.param(["--zone", "Europe/Lodnon"], "Europe/London", id="zone"),
        pytest.param(["--to", "json://h", "--quiet", "late"], "22:00-07:00", id="quiet hours"),
        pytest.param(["--to", "json://h", "--digest", "25:00"], "write a time", id="digest"),
        pytest.param(["--pack", "critical-mineral"], "critical-minerals", id="pack"),
        pytest.param(["--to", "json://h", "--only", "mineral=galium"], "mineral=gallium", id="label"),
        pytest.param(["--feed", "example.org"], "--feed example.org", id="feed"),
        pytest.param(["--pack", "none"], "--feed", id="no source"),
        pytest.param(["--mail-to", "a@b.org"], "--mail-to would have no effect: add --to mail", id="mail without --to"),
        pytest.param(["--quiet", "22:00-07:00"], "--quiet would have no effect", id="quiet hours of the console"),
    ],
)
def test_a_wrong_answer_writes_nothing_and_says_what_is_right(
    empty_home: Path, arguments: list[str], words: str
) -> None:
    """Half an installation after a typing error would be in the way of the next try."""
    done = init(empty_home, "--offline", *arguments)
    assert (done.exit_code, content(empty_home)) == (2, {})
    assert words in done.stderr


def test_without_a_terminal_nobody_is_asked(empty_home: Path) -> None:
    """A script must not wait for ever."""
    done = run("init", str(empty_home))
    assert (done.exit_code, content(empty_home)) == (2, {})
    assert "--yes" in done.stderr


def test_the_port_goes_with_tls(empty_home: Path) -> None:
    """TLS from the first octet on the port of STARTTLS waits until it times out."""
    assert init(empty_home, "--offline", "--to", "mail", "--mail-to", "me@example.org", "--tls", "ssl").exit_code == 0
    assert "@smtp.example.org:465?" in (empty_home / "secrets" / "mail").read_text()


@pytest.mark.parametrize(
    ("tls", "server", "url"),
    [
        ("starttls", ("m.org", None), "mailto://me%40a.org:x%40%2F@m.org:587?from=me@a.org&to=b@c.org&mode=starttls"),
        ("ssl", ("m.org", None), "mailtos://me%40a.org:x%40%2F@m.org:465?from=me@a.org&to=b@c.org&mode=ssl"),
        ("none", ("m.org", 26), "mailto://me%40a.org:x%40%2F@m.org:26?from=me@a.org&to=b@c.org&mode=insecure"),
    ],
    ids=["starttls", "ssl", "none"],
)
def test_a_mail_account_becomes_an_address(tls: str, server: tuple[str, int | None], url: str) -> None:
    """People know host, user and password; nobody knows how to write them as an address."""
    assert mail_url("b@c.org", server, tls, ("me@a.org", "x@/")) == url


@pytest.mark.parametrize(
    ("people", "server"),
    [("a@gmail.com,b@c.org", "smtp.gmail.com"), ("a@Example.org", "smtp.example.org")],
    ids=["provider", "domain"],
)
def test_the_likely_server_is_suggested(people: str, server: str) -> None:
    """To look the server up is where people give up."""
    assert questions.server_of(people) == server


def _talk(program: list[str], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run *program* at a pseudo terminal; wait for each prompt and type its answer. Return exit code and screen."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    screen, end = "", time.monotonic() + 120
    todo = list(answers)
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:  # it has ended
            break
        screen += read.decode(errors="replace")
        if todo and todo[0][0] in screen.rpartition("\n")[2]:
            os.write(terminal, f"{todo.pop(0)[1]}\n".encode())
            screen += "\n"
    os.close(terminal)
    return process.wait(30), screen


def test_the_questions_lead_from_nothing_to_a_mail(
    empty_home: Path, feed: str, mails: _Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person sees: questions with defaults, another try after a wrong answer, no password on the screen."""
    monkeypatch.delenv("TOCSIN_MAIL_PASSWORD")
    program = [
        str(Path(sys.executable).with_name("tocsin")),
        "init",
        str(empty_home),
        "--feed",
        feed,
        "--allow-private",
    ]
    answers = [
        ("Send to", "pigeon"),
        ("Send to", "mail"),
        ("Mail address", "desk@example.org"),
        ("Mail server", f"127.0.0.1:{mails.port}"),
        ("TLS", "none"),
        ("User", ""),
        ("app password): ", PASSWORD),  # the space appears when the terminal has stopped to show what is typed
        ("Rule packs", "energy"),
        ("Time zone", "Asia/Tokyo"),
        ("Quiet hours", ""),
        ("Digest at", ""),
        ("Only alerts", ""),
    ]
    code, screen = _talk(program, answers)
    assert code == 0, screen
    assert "[smtp.example.org:587]" in screen
    assert "write console, mail, slack" in screen
    assert PASSWORD not in screen
    assert "ok     mail desk@example.org" in screen
    assert len(mails.arrived) == 1
    text = (empty_home / "config.yaml").read_text()
    assert "timezone: Asia/Tokyo" in text
    assert "rules: [energy, ./rules]" in text
