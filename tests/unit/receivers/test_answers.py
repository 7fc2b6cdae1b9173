from __future__ import annotations

import base64
import html
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model.deliveries import ErrorClass
from tocsin.receivers import classify
from tocsin.receivers.classify import Stage
from tocsin.receivers.redact import redactor

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("17", timedelta(seconds=17)),
        ("0", timedelta(0)),
        ("999999999", timedelta(days=1)),
        ("Mon, 02 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Mon, 02 Mar 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("Mon, 02 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("Tue, 02 Mar 2027 12:00:00 GMT", timedelta(days=1)),
        ("-5", None),
        ("9" * 400, None),
        ("soon", None),
        ("", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("Fri, 31 Dec 9999 23:59:59 -0500", None),
        ("Fri, 31 Dec 9999 23:59:59 -9900", None),
        ("Mon, 02 Mar 2026 12:00:30 +9900", None),
        ("Mon, 02 Mar 2026 12:00:30 +99999999999999999999", None),
        ("Mon, 02 Mar 99999999999999999999 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_absurd(header: str, wait: timedelta | None) -> None:
    """A server may put us off, but neither into the past nor for ever."""
    outcome = classify.http(429, b"", header, NOW)
    assert (outcome.error_class, outcome.retry_after) == (ErrorClass.RATE_LIMITED, wait)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"code": 1}, "message": "token\\nrevoked"}', "token revoked"),
        (b'["error"]', '["error"]'),
        (b"<p>no</p>", "Forbidden"),
        (b"\xff\x00\x1b[31mred", "\ufffd[31mred"),
        (b"[" * 100_000, "[" * 3999 + "…"),
    ],
)
def test_words_are_what_the_server_says_to_people(body: bytes, words: str) -> None:
    """The log shows one harmless line, not a page."""
    assert classify.http(403, body, "", NOW).words == words


def test_an_unknown_status_has_a_class_all_the_same() -> None:
    """Servers invent codes."""
    assert classify.http(599, b"", "", NOW).error_class is ErrorClass.TRANSIENT
    assert classify.http(499, b"", "", NOW).error_class is ErrorClass.CONTENT
    assert classify.http(499, b"", "", NOW).words == ""


@pytest.mark.parametrize(
    ("stage", "code", "expected"),
    [
        (Stage.CONNECT, 421, ErrorClass.TRANSIENT),
        (Stage.CONNECT, 554, ErrorClass.AUTH),
        (Stage.LOGIN, 454, ErrorClass.TRANSIENT),
        (Stage.LOGIN, 535, ErrorClass.AUTH),
        (Stage.ENVELOPE, 551, ErrorClass.NOBODY),
        (Stage.ENVELOPE, 553, ErrorClass.NOBODY),
        (Stage.ENVELOPE, 503, ErrorClass.CONTENT),
        (Stage.MESSAGE, 451, ErrorClass.TRANSIENT),
        (Stage.MESSAGE, 550, ErrorClass.CONTENT),
    ],
)
def test_a_reply_of_a_mail_server_means_what_it_means_where_it_comes(
    stage: Stage, code: int, expected: ErrorClass
) -> None:
    """The same code refuses a recipient in one place and a text in another."""
    assert classify.smtp(stage, code, b"no").error_class is expected


def _wrapped(inner: BaseException) -> Exception:
    try:
        try:
            raise inner
        except BaseException as error:
            raise RuntimeError("https://hooks.example/services/canary-secret") from error
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_wrapped(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
        (_wrapped(socket.gaierror(-2, "Name or service not known")), "Name or service not known"),
        (_wrapped(TimeoutError("timed out after canary")), "timed out"),
        (_wrapped(ValueError("odd")), "odd"),
        (RuntimeError(ValueError("inner")), "inner"),
        (KeyError(), "KeyError"),
    ],
)
def test_a_lost_connection_is_described_by_its_innermost_cause(error: Exception, words: str) -> None:
    """Outer exceptions name the whole address, and with it the token."""
    outcome = classify.lost(error, written=False, expired=False, limit=30)
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, words)


@pytest.mark.parametrize(
    ("url", "said", "shown"),
    [
        (
            "json://u:canary-pw@host.example/canary-path?x=canary-query",
            "canary-pw canary-path canary-query",
            "*** *** ***",
        ),
        ("json://u:a%40canary@host.example/", "a@canary or a%40canary", "*** or ***"),
        ("tgram://123456789:canary_token/chat", "bot123456789:canary_token", "bot***"),
        ("mailto://user:pw@host.example", "pw is short, cHc= too", "pw is short, *** too"),
        ("json://host.example:8080/CANARY-path", "canary-PATH", "***"),
        ("json://host:port/canary-secret", "host:port/canary-secret", "***/***"),
        ("json://u:canary-pw@host.example/", "Basic dTpjYW5hcnktcHc=", "Basic ***"),
        ("x://", "nothing to hide", "nothing to hide"),
        ("x://host.example/xoxb-1234-abcdef", "the token xoxb-1234-ab", "the token ***"),
        ("x://host.example/xoxb-1234-abcdef", "x o x b 1 2 3 4", "***"),
        ("x://host.example/xoxb-1234-abcdef", "only xoxb-1", "only xoxb-1"),
        ("x://h/?+Auth=Bearer%20abcdef123", "the key abcdef123 is not known", "the key *** is not known"),
        ("mailto://u:canary-pw@h?mode=starttls&format=text", "STARTTLS extension not supported", None),
        ("mailto://u:canary-pw@h?verify=no&cto=1234.5", "no text within 1234.5 s", None),
    ],
)
def test_every_part_of_an_address_is_masked(url: str, said: str, shown: str | None) -> None:
    """Servers repeat in clear, encoded, cut or spaced out what they were given; settings are no secrets (None: as said)."""
    assert redactor(url)(said) == (said if shown is None else shown)


ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: f"invalid token {secret}!",
    "in capitals": lambda secret: f"INVALID {secret.upper()}",
    "percent-encoded": lambda secret: f"no route /{quote(secret, safe='')}/x",
    "percent-encoded throughout": lambda secret: "".join(f"%{octet:02X}" for octet in secret.encode()),
    "spaced out": " ".join,
    "with dashes": "-".join,
    "over two lines": lambda secret: f"{secret[: len(secret) // 2]}\n {secret[len(secret) // 2 :]}",
    "in JSON": lambda secret: json.dumps({"token": secret}),
    "in HTML": lambda secret: f"<b>{html.escape(secret)}</b>",
    "in base64": lambda secret: f"Basic {base64.b64encode(secret.encode()).decode()}",
    "within base64": lambda secret: base64.b64encode(f"Hi {secret} and so on".encode()).decode(),
    "in hex": lambda secret: secret.encode().hex(),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@given(secret=st.text(ascii_letters + digits + "-_.~!$'()*,;+ äé", min_size=8, max_size=60), data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_eight_characters_of_a_secret_survive(echo: Callable[[str], str], secret: str, data: st.DataObject) -> None:
    """However a server repeats a secret, and wherever its words were cut."""
    said = echo(secret)
    said = said[: data.draw(st.integers(0, len(said)), label="cut")]
    for url in (
        f"json://host.example/{quote(secret, safe='')}",
        f"json://someone:{quote(secret, safe='')}@host.example/",
    ):
        shown = redactor(url)(said).lower()
        bare = "".join(filter(str.isalnum, shown))
        for start in range(len(secret) - 7):
            piece = secret[start : start + 8]
            forms = (piece, piece.encode().hex(), quote(piece, safe=""), "".join(f"%{o:02x}" for o in piece.encode()))
            assert not any(form.lower() in shown for form in forms)
            assert not piece.isalnum() or piece.lower() not in bare
        assert base64.b64encode(secret.encode()).decode()[:8].lower() not in shown


def test_a_recipient_is_no_secret() -> None:
    """The refused recipient must stay readable."""
    redact = redactor("slack://T0000/B0000/canary/#metals", open_words=["#metals"])
    assert redact("no channel metals for canary") == "no channel metals for ***"
