"""Mail servers that let programs in by OAuth: the login, the tokens, and where they are kept."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.smtp import AuthResult
from tests.adapters.receivers.conftest import Answer, Mailbox, serving
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.config.config import load_config
from tocsin.config.contacts import make_receiver
from tocsin.model.deliveries import AttemptResult, ErrorClass, MessageKind
from tocsin.receivers import logins, smtp
from tocsin.receivers.kinds import build
from tocsin.receivers.oauth import AccessTokens

DEVICE = {
    "device_code": "canary-device",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://login.example.org/device",
    "expires_in": "900",
    "interval": 0,
}


#: A process that holds the lock on a file until it dies.
_HOLD = (
    "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); input()"
)


@dataclass
class TokenMailbox(Mailbox):
    """A mail server that takes access tokens in *good* by XOAUTH2."""

    good: set[str] = field(default_factory=lambda: {"canary-access-1"})
    shown: list[str] = field(default_factory=list)

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802  # the library's name
        """Take a token, or say why not in two steps."""
        self.shown.append(b64decode(args[1]).decode())
        if self.shown[-1].split("Bearer ")[1].rstrip("\1") in self.good:
            return AuthResult(success=True)
        await server.challenge_auth(b'{"status":"400"}')
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 no: {self.shown[-1]}".replace("\1", " "))


@pytest.fixture
def mails() -> Iterator[TokenMailbox]:
    """Such a server."""
    with serving(TokenMailbox()) as box:
        assert isinstance(box, TokenMailbox)
        yield box


def answer(status: int = 200, **fields: Any) -> Answer:
    """An answer of the authorization server."""
    return Answer(status=status, body=json.dumps(fields).encode())


def forms(web: Any) -> list[dict[str, str]]:
    """The forms that it got."""
    return [{name: values[0] for name, values in parse_qs(body.decode()).items()} for _, _, body in web.requests]


@pytest.fixture
def login(web: Any, tmp_path: Path) -> logins.OAuth:
    """Somebody has logged in."""
    found = logins.OAuth(
        name="mail",
        token_url=f"{web.url}/token",
        client_id="tocsin-client",
        client_secret="canary-client-secret",
        kept=tmp_path / "state" / "tocsin.db-login-mail",
    )
    logins.write(found, "canary-refresh-1")
    return found


def receiver(login: logins.OAuth, mails: TokenMailbox) -> Any:
    """A receiver that logs in so, as after a start."""
    url = f"mailto://you%40example.org@127.0.0.1:{mails.port}?from=you@example.org&to=desk@example.org&mode=insecure"
    return build("mail", url, oauth=login)


def sent(receiver: Any, post: Any) -> AttemptResult:
    """Send a mail."""
    made = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome: AttemptResult = receiver.send(made.delivery, made.message)
    return outcome


def test_a_mail_is_sent_with_a_token_that_is_asked_for_once(
    login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of tokens limits questions; the token lasts for an hour."""
    monkeypatch.setattr(smtp, "KEEP", 0)
    web.answers[:] = [answer(access_token="canary-access-1", expires_in=3600)]
    one = receiver(login, mails)
    assert [sent(one, post).error_class for _ in range(2)] == [ErrorClass.OK] * 2
    assert forms(web) == [
        {
            "client_id": "tocsin-client",
            "client_secret": "canary-client-secret",
            "grant_type": "refresh_token",
            "refresh_token": "canary-refresh-1",
        }
    ]
    assert mails.shown == ["user=you@example.org\1auth=Bearer canary-access-1\1\1"] * 2
    assert len(mails.letters) == 2
    assert one.probe().words == "connected, without TLS, logged in"


def test_a_token_that_the_server_replaces_is_kept_over_a_restart(
    login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any
) -> None:
    """The old one is void by then; the file is for its owner alone."""
    web.answers[:] = [answer(access_token="canary-access-1", refresh_token="canary-refresh-2", expires_in=0)]
    for _ in range(2):
        assert sent(receiver(login, mails), post).error_class is ErrorClass.OK
    assert [form["refresh_token"] for form in forms(web)] == ["canary-refresh-1", "canary-refresh-2"]
    assert login.kept.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in login.kept.parent.iterdir()] == [login.kept.name]


def test_a_token_that_cannot_be_kept_is_used_while_the_process_lasts(
    login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or closed disk must not silence the alarm; a new login counts for the next connection."""
    monkeypatch.setattr(smtp, "KEEP", 0)
    (login.kept.parent / f"{login.kept.name}.part").mkdir()
    web.answers[:] = [answer(access_token="canary-access-1", refresh_token="canary-refresh-2", expires_in=0)]
    one = receiver(login, mails)
    for _ in range(2):
        assert sent(one, post).error_class is ErrorClass.OK
    (login.kept.parent / f"{login.kept.name}.part").rmdir()
    logins.write(login, "canary-refresh-9")
    assert sent(one, post).error_class is ErrorClass.OK
    assert [form["refresh_token"][-1] for form in forms(web)] == ["1", "2", "9"]


def test_processes_that_renew_at_once_use_each_token_once(login: logins.OAuth, web: Any) -> None:
    """A server may end a whole login if a token comes twice: a daemon and a command must take turns, as two handles of a file do."""
    web.answers[:] = [answer(access_token=f"a{n}", refresh_token=f"canary-refresh-{n}") for n in range(2, 10)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: AccessTokens(login).get(), range(8)))
    assert sorted(found) == [f"a{n}" for n in range(2, 10)]
    assert [form["refresh_token"] for form in forms(web)] == [f"canary-refresh-{n}" for n in range(1, 9)]
    assert logins.read(login) == "canary-refresh-9"


def test_a_process_that_hangs_with_the_login_delays_a_message_and_does_not_end_the_receiver(
    login: logins.OAuth,
) -> None:
    """It is tried again; a process that died holds nothing."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(login.kept)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(logins.LoginError, match="another process has held the login") as caught, logins.alone(login, 0):
        pass
    assert caught.value.kind is ErrorClass.TRANSIENT
    holder.kill()
    holder.communicate()
    with logins.alone(login, 0):
        assert logins.read(login) == "canary-refresh-1"


def test_a_replaced_token_that_cannot_be_kept_is_said(
    login: logins.OAuth, web: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The messages go on, so nobody else would know that the next start may have no login."""
    (login.kept.parent / f"{login.kept.name}.part").mkdir()
    web.answers[:] = [answer(access_token="a", refresh_token="canary-refresh-2")]
    assert AccessTokens(login).get() == "a"
    assert 'login not kept login=mail reason="the login cannot be kept in' in caplog.text
    assert "canary" not in caplog.text


def test_a_token_that_the_mail_server_refuses_is_replaced_and_shown_nowhere(
    login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any
) -> None:
    """It may have been revoked before its time; the next attempt asks for another one."""
    mails.good = {"canary-access-2"}
    web.answers[:] = [answer(access_token="canary-access-1"), answer(access_token="canary-access-2")]
    one = receiver(login, mails)
    outcome = sent(one, post)
    assert (outcome.error_class, outcome.code) == (ErrorClass.AUTH, 535)
    assert "canary" not in outcome.words
    assert sent(one, post).error_class is ErrorClass.OK


def test_a_login_that_has_ended_names_the_command_that_begins_another(
    login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any
) -> None:
    """The operator hears of it at once, as of every refusal; the words hold no token."""
    web.answers[:] = [answer(400, error="invalid_grant", error_description="token canary-refresh-1\r\nis void\x1b[2J")]
    outcome = sent(receiver(login, mails), post)
    assert outcome.error_class is ErrorClass.AUTH
    assert outcome.words == (
        "the login has ended; run: tocsin receivers login mail "
        "(the authorization server refuses: invalid_grant token *** is void[2J)"
    )
    assert mails.shown == []


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (answer(503), ErrorClass.TRANSIENT, "answers 503"),
        (answer(400, error="temporarily_unavailable"), ErrorClass.TRANSIENT, "temporarily_unavailable"),
        (answer(401, error="invalid_client"), ErrorClass.AUTH, "refuses: invalid_client"),
        (answer(302), ErrorClass.AUTH, "answers 302: check the addresses in oauth"),
        (Answer(body=b"<html>welcome"), ErrorClass.TRANSIENT, "without an access token"),
        (Answer(body=b"[1, 2"), ErrorClass.TRANSIENT, "without an access token"),
        (Answer(body=b'["access_token"]'), ErrorClass.TRANSIENT, "without an access token"),
        (answer(access_token=["x"], expires_in="1e999"), ErrorClass.TRANSIENT, "without an access token"),
        (answer(access_token="a\r\nRSET"), ErrorClass.TRANSIENT, "without an access token"),
        (Answer(body=b"[" * 100_000), ErrorClass.TRANSIENT, "without an access token"),
        (answer(400, error="x" * 90_000), ErrorClass.AUTH, "answers 400"),
    ],
)
def test_whatever_the_authorization_server_answers_is_an_outcome(
    given: Answer, kind: ErrorClass, words: str, login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any
) -> None:
    """No mail was begun, so none may have arrived."""
    web.answers[:] = [given]
    outcome = sent(receiver(login, mails), post)
    assert outcome.error_class is kind
    assert words in outcome.words
    assert mails.shown == []


def test_a_server_that_is_down_is_tried_again(
    login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any, closed_port: int
) -> None:
    """And the message is not in doubt."""
    gone = replace(login, token_url=f"http://127.0.0.1:{closed_port}/token")
    logins.write(gone, "canary-refresh-1")
    assert sent(receiver(gone, mails), post).error_class is ErrorClass.TRANSIENT


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "nobody has logged in yet; run: tocsin receivers login mail"),
        ("{", "is damaged; run: tocsin receivers login mail"),
        ("[]", "is of another server or client; run: tocsin receivers login mail"),
        ('{"token_url": "https://other.example", "client_id": "tocsin-client", "refresh_token": "canary"}', "another"),
    ],
)
def test_a_login_that_is_not_there_or_of_another_server_is_sent_to_nobody(
    content: str | None, words: str, login: logins.OAuth, mails: TokenMailbox, web: Any, post: Any
) -> None:
    """A changed address must not carry the token to whoever it names."""
    login.kept.unlink()
    if content is not None:
        login.kept.write_text(content, encoding="utf-8")
    outcome = sent(receiver(login, mails), post)
    assert outcome.error_class is ErrorClass.AUTH
    assert words in outcome.words
    assert web.requests == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mailto://u:canary@127.0.0.1?from=a@x.org&to=b@x.org&mode=insecure", "names a user and no password"),
        ("mailto://127.0.0.1?from=a@x.org&to=b@x.org&mode=insecure", "names a user and no password"),
        ("mailto://u@mail.example.org?from=a@x.org&to=b@x.org&mode=insecure", "over TLS only"),
        ("json://127.0.0.1/canary", "only mail"),
    ],
)
def test_an_address_that_oauth_cannot_go_with_is_refused(url: str, words: str, login: logins.OAuth) -> None:
    """At the check, and not at night."""
    with pytest.raises(ValueError, match=words) as caught:
        build("mail", url, oauth=login)
    assert "canary" not in str(caught.value)


@pytest.fixture
def written(web: Any, mails: TokenMailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose mail server wants a login by OAuth."""
    monkeypatch.setenv("CLIENT", "canary-client-secret")
    monkeypatch.setattr("tocsin.cli.logins.sleep", lambda _: None)
    path = tmp_path / "config.yaml"
    path.write_text(
        f"""\
database: sqlite:///tocsin.db
receivers:
  mail:
    url: mailto://you%40example.org@127.0.0.1:{mails.port}?from=you@example.org&to=desk@example.org&mode=insecure
    oauth:
      token_url: {web.url}/token
      device_url: {web.url}/device
      client_id: tocsin-client
      client_secret: ${{CLIENT}}
      scope: smtp offline_access
  here: {{console: true, operator: true}}
""",
        encoding="utf-8",
    )
    return path


def command(path: Path, *more: str, given: str = "") -> tuple[int, str, str]:
    """The exit code and output of the login."""
    found = CliRunner().invoke(app, ["receivers", "login", "mail", *more, "--config", str(path)], input=given)
    return found.exit_code, found.stdout, found.stderr


def test_a_person_logs_in_by_a_code_in_a_browser(written: Path, mails: TokenMailbox, web: Any, post: Any) -> None:
    """They see the address and the code, the file gets the token, and the receiver sends with it."""
    web.answers[:] = [
        answer(**DEVICE),
        answer(400, error="authorization_pending"),
        answer(400, error="slow_down"),
        answer(503),
        answer(access_token="canary-access-0", refresh_token="canary-refresh-1"),
        answer(access_token="canary-access-1"),
    ]
    code, out, told = command(written)
    assert (code, out) == (0, "Open   https://login.example.org/device\nEnter  ABCD-EFGH\n")
    assert "tocsin notify-test mail" in told
    assert "canary" not in told
    kept = written.parent / "tocsin.db-login-mail"
    assert kept.stat().st_mode & 0o777 == 0o600
    (mail, _) = load_config(written, {"CLIENT": "canary-client-secret"}).receivers
    assert sent(make_receiver(mail), post).error_class is ErrorClass.OK
    asked = forms(web)
    assert asked[0] == {
        "client_id": "tocsin-client", "client_secret": "canary-client-secret", "scope": "smtp offline_access"
    }  # fmt: skip
    assert [form.get("device_code") for form in asked[1:5]] == ["canary-device"] * 4
    assert [path for path, _, _ in web.requests] == ["/device", *["/token"] * 5]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([answer(**DEVICE), answer(400, error="access_denied")], "refuses: access_denied"),
        ([answer(**DEVICE), answer(400, error="expired_token")], "refuses: expired_token"),
        ([answer(**DEVICE | {"expires_in": 0})], "the code has ended before anybody entered it"),
        ([answer(**DEVICE), answer(access_token="canary-access-0")], "has to name offline_access"),
        ([answer(**DEVICE | {"verification_uri": "javascript:alert(1)"})], "without a code: check device_url"),
        ([answer(404)], "answers 404: check the addresses in oauth"),
    ],
)
def test_a_login_that_fails_says_why_and_keeps_what_was_there(
    answers: list[Answer], words: str, written: Path, web: Any
) -> None:
    """Yesterday's login may still work."""
    kept = written.parent / "tocsin.db-login-mail"
    kept.write_text("before", encoding="utf-8")
    web.answers[:] = answers
    code, _, told = command(written)
    assert (code, kept.read_text(encoding="utf-8")) == (1, "before")
    assert words in told
    assert "canary" not in told


def test_a_token_that_somebody_has_is_tried_and_kept(written: Path, web: Any) -> None:
    """For servers without the device flow; one that is refused is not kept."""
    web.answers[:] = [answer(access_token="canary-access-1")]
    assert command(written, "--token", "-", given="canary-refresh-1\n")[0] == 0
    kept = written.parent / "tocsin.db-login-mail"
    assert json.loads(kept.read_text(encoding="utf-8"))["refresh_token"] == "canary-refresh-1"
    web.answers[:] = [answer(400, error="invalid_grant")]
    assert command(written, "--token", "-", given="canary-refresh-2\n")[0] == 1
    assert json.loads(kept.read_text(encoding="utf-8"))["refresh_token"] == "canary-refresh-1"
    code, _, told = command(written, "--token", "-", given="two words\n")
    assert (code, "holds no refresh token" in told) == (2, True)


def test_a_login_where_none_is_wanted_is_a_mistake_with_its_remedy(written: Path) -> None:
    """The mistakes that a user makes first."""
    path = str(written)
    for arguments, words in (
        (["here"], "has no oauth"),
        (["mial"], "did you mean mail?"),
    ):
        found = CliRunner().invoke(app, ["receivers", "login", *arguments, "--config", path])
        assert (found.exit_code, words in found.stderr) == (2, True), found.stderr
    text = written.read_text(encoding="utf-8").replace("http://127.0.0.1", "http://login.example.org", 1)
    written.write_text(text, encoding="utf-8")
    code, _, told = command(written)
    assert (code, "must begin with https://, because tokens go there" in told) == (78, True)
