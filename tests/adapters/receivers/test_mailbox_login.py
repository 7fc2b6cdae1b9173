"""Folders of mail whose server lets programs in by OAuth: the login, and a poll with its token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.adapters.receivers.conftest import Answer
from typer.testing import CliRunner

from adapters.imap_server import LOGIN, Server, imap_server
from tocsin.cli import app

LETTER = (
    b"From: News <news@letter.example>\nSubject: China bans gallium exports\nMessage-ID: <1@letter.example>\n\nAll.\n"
)


@pytest.fixture
def box() -> Iterator[Server]:
    """A mailbox that takes the access token canary-access-1 and no password."""
    with imap_server() as server:
        server.tokens = {"canary-access-1"}
        server.put(LETTER)
        yield server


@pytest.fixture
def written(box: Server, web: Any, tmp_path: Path) -> Path:
    """A configuration with that mailbox."""
    path = tmp_path / "config.yaml"
    path.write_text(
        f"""\
database: sqlite:///tocsin.db
sources:
  letters:
    mailbox: imap://127.0.0.1:{box.port}
    allow_private: true
    credentials: {LOGIN[0]}
    oauth: {{token_url: "{web.url}/token", device_url: "{web.url}/device", client_id: tocsin-client}}
receivers:
  here: {{console: true, operator: true}}
""",
        encoding="utf-8",
    )
    return path


def answer(status: int = 200, **fields: Any) -> Answer:
    """An answer of the authorization server."""
    return Answer(status=status, body=json.dumps(fields).encode())


def run(path: Path, *words: str, given: str = "") -> tuple[int, str]:
    """The exit code and all output of a command about sources."""
    found = CliRunner().invoke(app, ["sources", *words, "--config", str(path)], input=given)
    assert "canary" not in found.output
    return found.exit_code, " ".join(found.output.split())


def test_a_mailbox_is_read_with_a_token(written: Path, web: Any) -> None:
    """A person logs in once; the token that the server replaces is kept beside the database, apart from those of receivers."""
    web.answers[:] = [answer(access_token="canary-access-0", refresh_token="canary-refresh-1")]
    assert run(written, "login", "letters", "--token", "-", given="canary-refresh-0\n") == (
        0,
        f"Logged in. The login is kept in {written.parent}/tocsin.db-mailbox-letters. To try it: tocsin sources test letters",
    )
    web.answers[:] = [answer(access_token="canary-access-1", refresh_token="canary-refresh-2")]
    code, said = run(written, "test", "letters")
    assert (code, "China bans gallium exports" in said) == (0, True), said
    assert parse_qs(web.requests[-1][2].decode())["refresh_token"] == ["canary-refresh-1"]
    kept = written.parent / "tocsin.db-mailbox-letters"
    assert json.loads(kept.read_text(encoding="utf-8"))["refresh_token"] == "canary-refresh-2"
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("answers", "log_in", "words"),
    [
        ([], False, "nobody has logged in yet; run: tocsin sources login letters"),
        ([answer(400, error="invalid_grant")], True, "the login has ended; run: tocsin sources login letters"),
        ([answer(503)], True, "the authorization server answers 503"),
        (
            [answer(access_token="canary-access-9")],
            True,
            "127.0.0.1 refuses the login of desk what to do: run: tocsin sources login letters; and let scope in oauth name the right",
        ),
    ],
    ids=["no login", "ended", "down", "refused"],
)
def test_a_login_that_fails_says_why(answers: list[Answer], log_in: bool, words: str, written: Path, web: Any) -> None:
    """In the words of the terminal, without the token that servers repeat."""
    if log_in:
        web.answers[:] = [answer(access_token="canary-access-1")]
        assert run(written, "login", "letters", "--token", "-", given="canary-refresh-1\n")[0] == 0
    web.answers[:] = answers or web.answers
    code, said = run(written, "test", "letters")
    assert code == 1
    assert words in said


def test_a_server_that_takes_no_tokens_is_said(written: Path, box: Server, web: Any) -> None:
    """Some providers want a password made for one app, in place of OAuth."""
    box.tokens = None
    web.answers[:] = [answer(access_token="canary-access-1")]
    assert run(written, "login", "letters", "--token", "-", given="canary-refresh-1\n")[0] == 0
    code, said = run(written, "test", "letters")
    assert (code, "127.0.0.1 offers no login by OAuth (XOAUTH2)" in said) == (1, True), said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "credentials: desk",
            "credentials: desk:password",
            "must be the name alone: with oauth a token takes the place",
        ),
        ("http://127.0.0.1", "http://login.example", "must begin with https://, because tokens go there"),
    ],
)
def test_the_first_mistakes_have_a_remedy(old: str, new: str, words: str, written: Path) -> None:
    """At the check."""
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace(old, new), encoding="utf-8")
    code, said = run(written, "login", "letters")
    assert (code, words in said) == (78, True), said


@pytest.mark.parametrize(
    ("name", "words"), [("leters", "did you mean letters?"), ("plain", "source plain has no oauth")]
)
def test_a_login_at_the_wrong_source_is_a_mistake(name: str, words: str, written: Path) -> None:
    """The name is written by hand."""
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace("receivers:", "  plain: {feed: https://a.example/f}\nreceivers:"), encoding="utf-8")
    code, said = run(written, "login", name)
    assert (code, words in said) == (2, True), said
