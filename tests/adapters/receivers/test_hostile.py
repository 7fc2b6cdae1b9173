"""Hostile text of feeds, sent as an alert and as a digest to real servers on loopback."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.telegram import NotifyTelegram

from tocsin.model.deliveries import DeliveryKind, ErrorClass, Message, MessageKind
from tocsin.model.reasons import Cause, Reason
from tocsin.model.records import Ailing, HeldBack, Roundup
from tocsin.receivers.kinds import build
from tocsin.render.message import render

DESK = "desk@example.org"
ZONE = ZoneInfo("Europe/London")
#: A message of some kind about a headline.
Tell = Callable[[MessageKind, str], Any]

HTML = [
    pytest.param("<script>alert(1)</script>", id="a script"),
    pytest.param("<img src=http://t.example/p.gif>", id="a picture that counts readers"),
    pytest.param('<a href="javascript:alert(1)">x</a>', id="a link that is a script"),
    pytest.param('<a href="data:text/html,<script>alert(1)</script>">x</a>', id="a link that is a page"),
    pytest.param('<a href="https://evil.example/">bank.example</a>', id="a link that lies"),
    pytest.param('<p style="background:url(http://t.example/p.gif)">x</p>', id="a style that loads"),
    pytest.param("</style><style>@import url(http://t.example/a.css);</style>", id="a style sheet"),
    pytest.param("<svg onload=alert(1)>", id="a drawing that acts"),
    pytest.param("{{ 7*7 }}{% for x in y %}", id="a template"),
]
SMUGGLED = [
    pytest.param(
        "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<v@example.org>\r\nDATA\r\nowned", id="CRLF dot CRLF"
    ),
    pytest.param("a\n.\nMAIL FROM:<evil@example.org>\nowned", id="bare LF dot"),
    pytest.param("a\r.\rMAIL FROM:<evil@example.org>\rowned", id="lone CR dot"),
    pytest.param("a\n.\r\nMAIL FROM:<evil@example.org>\r\nowned", id="LF dot CRLF"),
    pytest.param("a\r\n.\nMAIL FROM:<evil@example.org>\r\nowned", id="CRLF dot LF"),
    pytest.param("a\r\n\x00.\r\nMAIL FROM:<evil@example.org>\r\nowned", id="NUL before the dot"),
    pytest.param(".", id="nothing but a dot"),
]
SLACK = [
    "<!channel>",
    "<!everyone>",
    "<@U123>",
    "<!subteam^S1>",
    "<https://evil.example|https://bank.example>",
    "&lt;!here&gt;",
]
CHATS = [
    *SLACK,
    "@everyone",
    "@here",
    "desk@everyone",
    "<@123>",
    "<@&1>",
    "@\u202eeveryone",
    "@\u200beveryone",
    "<b",
    "</b>",
    "a_b",
    "*",
    "[x](",
    "[x](https://evil.example)",
    "`",
    "\\`",
    "\\",
    "&amp;&#64;everyone",
    "&lt;b&gt; & <",
    "</pre><a href='https://evil.example'>bank</a>",
]
TRICKS = [
    pytest.param("\u202eecila", id="right to left"),
    pytest.param("gal\u200blium\u2060\ufeff", id="zero width"),
    pytest.param("g\u0301\u0302\u0303\u0304\u0305" * 400, id="zalgo"),
    pytest.param("lone \ud800 surrogate", id="lone surrogate"),
    pytest.param("NUL \x00 in it", id="NUL"),
    pytest.param("\x1b[2J\x1b]0;owned\x07\x9b31m", id="escapes of a terminal"),
    pytest.param("x" * 1_000_000, id="a million characters", marks=pytest.mark.no_cover),
    pytest.param("👩‍👩‍👧‍👦" * 500, id="joined emoji"),
]


def about(post: Any, headline: str, kind: MessageKind, digest: bool) -> tuple[Any, Message]:
    """A delivery with its message: an alert, or a digest in which strangers' text stands wherever it can."""
    sent = post(kind, headline, DESK if kind is MessageKind.MAIL else "")
    if not digest:
        return sent.delivery, sent.message
    (told,) = sent.delivery.content
    now = sent.delivery.created_at
    roundup = Roundup(
        since=now - timedelta(days=1),
        until=now,
        needs=(told,),
        held=(HeldBack(what=headline, why=Reason(cause=Cause.OTHER, words=headline), count=2),),
        ailing=(Ailing(source="example", words=headline, last_success=None),),
    )
    told = replace(told, related=(replace(told.lead, publisher=headline),))
    message = render(
        [replace(told, alert=replace(told.alert, id=number)) for number in range(1, 9)],
        kind=kind,
        delivery_id=sent.delivery.id,
        delivery_kind=DeliveryKind.DIGEST,
        zone=ZONE,
        roundup=roundup,
    )
    return replace(sent.delivery, kind=DeliveryKind.DIGEST), message


shapes = pytest.mark.parametrize("digest", [False, True], ids=["alert", "digest"])


def mailed(mailbox: Any, delivery: Any, message: Message) -> EmailMessage:
    """The one mail that the server took, with one recipient, as a mail program reads it."""
    url = f"mailto://127.0.0.1:{mailbox.port}/{DESK}?from=tocsin@example.org&mode=insecure"
    assert build("mail", url).send(delivery, message).error_class is ErrorClass.OK
    (octets,) = mailbox.letters
    assert mailbox.envelopes == [("tocsin@example.org", [DESK])]
    # Whoever reads a lone CR or LF as the end of a line finds no other end than we meant.
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", octets)
    assert max(map(len, octets.split(b"\r\n"))) < 998
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    """The text of one part."""
    body = mail.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


def strings(value: Any) -> list[str]:
    """Every string somewhere in *value*."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for member in members for text in strings(member)]


@shapes
@pytest.mark.parametrize("headline", HTML)
def test_markup_of_a_feed_does_nothing_in_a_mail(headline: str, digest: bool, mailbox: Any, post: Any) -> None:
    """No mail program runs, loads or follows hostile text."""
    page = part(mailed(mailbox, *about(post, headline, MessageKind.MAIL, digest)), "html")
    tags = re.findall(r"<[a-zA-Z/!][^>]*>", page)
    assert not [tag for tag in tags if re.match(r"<(script|img|svg|link|iframe|object|form)", tag, re.IGNORECASE)]
    assert set(re.findall(r'href="([^"]*)"', " ".join(tags))) == {"https://news.example/gallium"}
    assert not [tag for tag in tags if re.search(r"\son\w+=|url\(|javascript:|data:", tag, re.IGNORECASE)]
    assert "@import" not in "".join(re.findall(r"<style.*?</style>", page, re.DOTALL))
    assert "49" not in re.sub("<[^>]*>", "", page) or "7*7" not in headline


@shapes
@pytest.mark.parametrize("headline", SMUGGLED)
def test_a_feed_cannot_end_a_mail_and_begin_another(headline: str, digest: bool, mailbox: Any, post: Any) -> None:
    """A server that reads line ends loosely must find one mail as well."""
    mail = mailed(mailbox, *about(post, headline, MessageKind.MAIL, digest))
    assert ("MAIL FROM:<evil@example.org>" in part(mail, "plain")) is ("MAIL" in headline)


@shapes
@pytest.mark.parametrize("headline", TRICKS)
def test_tricks_of_writing_arrive_as_a_mail_that_reads_forwards(
    headline: str, digest: bool, mailbox: Any, post: Any
) -> None:
    """No reversed, endless, broken or invisible text makes a mail that is refused or misleading."""
    delivery, message = about(post, headline, MessageKind.MAIL, digest)
    mail = mailed(mailbox, delivery, message)
    assert str(mail["Subject"]) == message.subject
    for text in (str(mail["Subject"]), part(mail, "plain"), part(mail, "html")):
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\ufeff]", text)
    assert len(mailbox.letters[0]) < 100_000


@shapes
@pytest.mark.parametrize("headline", [*SLACK, *CHATS[6:], *TRICKS])
def test_a_feed_speaks_no_markup_of_slack(headline: str, digest: bool, web: Any, post: Any) -> None:
    """Only our own links are links, and no mention works."""
    delivery, message = about(post, headline, MessageKind.SLACK, digest)
    assert build("desk", f"slack+{web.url}/hook").send(delivery, message).error_class is ErrorClass.OK
    ((_, _, body),) = web.requests
    texts = strings(json.loads(body))
    assert not any(re.search(r"<(?!https://news\.example/gallium\|)", text) for text in texts)
    assert all(len(text) <= 3000 for text in texts)
    assert len(json.loads(body)["blocks"]) <= 50


@pytest.fixture
def discord(web: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a Discord on loopback."""
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"{web.url}/api/webhooks")
    web.answers[0].status, web.answers[0].body = 204, b""
    return f"discord://{'1' * 18}/{'a' * 68}"


@shapes
@pytest.mark.parametrize("headline", [*CHATS, *TRICKS])
@pytest.mark.parametrize("options", ["", "?format=markdown&fields=yes", "?footer=yes&image=no"])
def test_a_feed_calls_nobody_in_discord(
    headline: str, options: str, digest: bool, discord: str, web: Any, post: Any
) -> None:
    """Discord finds mentions anywhere in a text, and apprise turns what it finds into pings."""
    delivery, message = about(post, headline, MessageKind.TEXT, digest)
    assert build("desk", f"{discord}{options}").send(delivery, message).error_class is ErrorClass.OK
    payload = json.loads(web.requests[0][2])
    assert not (payload.get("allow_mentions") or {}).get("parse")
    for text in strings(payload):
        assert not re.search(r"@(everyone|here)|<[@#!:]|\]\(", text)
    assert len(payload.get("content", "")) <= 2000


@pytest.mark.parametrize("reset", ["9" * 30, "-" + "9" * 30, "nan", "soon", "1e400"])
def test_a_limit_that_is_no_number_makes_no_message_doubtful(reset: str, discord: str, web: Any, post: Any) -> None:
    """A message that was taken and counts as lost is sent twice."""
    web.answers[0].headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": reset,
        "X-RateLimit-Reset-After": reset,
    }
    delivery, message = about(post, "China bans gallium", MessageKind.TEXT, digest=False)
    assert build("desk", discord).send(delivery, message).error_class is ErrorClass.OK
    assert len(web.requests) == 1


@shapes
@pytest.mark.parametrize("headline", [*CHATS, "<b>" * 300, "x" * 5000, "&" * 5000, "<" * 5000, "< " * 2500, *TRICKS])
def test_whatever_a_feed_writes_is_text_to_telegram(
    headline: str, digest: bool, web: Any, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram refuses a message with half a tag in it, and a refused message is a lost one."""
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"{web.url}/bot")
    web.answers[0].body = b'{"ok": true, "result": {}}'
    delivery, message = about(post, headline, MessageKind.TEXT, digest)
    receiver = build("desk", f"tgram://123456789:{'a' * 35}/4711")
    delivery = replace(delivery, recipient=receiver.recipients[0])
    assert receiver.send(delivery, message).error_class is ErrorClass.OK
    for _, _, body in web.requests:
        payload = json.loads(body)
        text = payload["text"]
        assert payload["parse_mode"] == "HTML"
        # Every tag is one of apprise's own, and closed.
        assert len(text) <= 4096
        assert re.findall(r"<[^>]*>?", text) in ([], ["<b>", "</b>"])
        assert not re.search(r"&(?!(?:amp|lt|gt|quot|#\d+);)", text)


@pytest.mark.parametrize("scheme", ["json", "form", "hook", "slack+http"])
@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        pytest.param(429, {"Retry-After": "999999999"}, timedelta(days=1), id="for ever"),
        pytest.param(429, {"Retry-After": "-5"}, None, id="negative"),
        pytest.param(429, {"Retry-After": "Mon, 02 Mar 2015 12:00:00 GMT"}, timedelta(0), id="in the past"),
        pytest.param(429, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 -0500"}, None, id="beyond the calendar"),
    ],
)
def test_a_server_puts_us_off_within_reason(
    scheme: str, status: int, headers: dict[str, str], wait: timedelta | None, web: Any, post: Any
) -> None:
    """A mistake of a server must not silence a desk; the policy cuts the longest wait shorter still."""
    web.answers[0].status, web.answers[0].headers = status, headers
    kind = {"hook": MessageKind.HOOK, "slack+http": MessageKind.SLACK}.get(scheme, MessageKind.TEXT)
    sent = post(kind)
    outcome = build("desk", f"{scheme}://{web.url.removeprefix('http://')}/x").send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, outcome.retry_after) == (ErrorClass.RATE_LIMITED, status, wait)


@pytest.mark.parametrize("scheme", ["json", "form", "hook", "slack+http"])
def test_a_reply_of_two_hundred_megabytes_is_not_read(scheme: str, raw: Any, post: Any) -> None:
    """For every answer of a server, an attempt needs little memory and the status counts."""
    written: list[int] = []

    def script(connection: Any) -> None:
        connection.recv(1_000_000)
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 200000000\r\n\r\n")
        written.extend(connection.send(b"x" * 65536) for _ in range(3000))

    kind = {"hook": MessageKind.HOOK, "slack+http": MessageKind.SLACK}.get(scheme, MessageKind.TEXT)
    sent = post(kind)
    outcome = build("desk", f"{scheme}://127.0.0.1:{raw(script)}/x").send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code) == (ErrorClass.TRANSIENT, 503)
    assert len(outcome.words) <= 300
    assert sum(written) < 50_000_000


@pytest.mark.parametrize("scheme", ["json", "form", "hook", "slack+http"])
def test_a_server_that_echoes_a_token_is_quoted_without_it(scheme: str, web: Any, post: Any) -> None:
    """The words of a server are stored and shown, but not the parts of the address that it repeats."""
    web.answers[0].status, web.answers[0].body = 500, b"no route for /t/canary-secret here"
    kind = {"hook": MessageKind.HOOK, "slack+http": MessageKind.SLACK}.get(scheme, MessageKind.TEXT)
    sent = post(kind)
    url = f"{scheme}://{web.url.removeprefix('http://')}/t/canary-secret"
    outcome = build("desk", url).send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, "no route for /t/*** here")


@pytest.mark.parametrize(
    "url",
    ["json://a json://b", "json://a,json://b", "json://a;json://b", "json://a\njson://b", "file:///etc/passwd"],
)
def test_an_address_is_one_service_of_the_network(url: str) -> None:
    """A second address inside the first would be a hidden receiver."""
    with pytest.raises(ValueError, match="address"):
        build("desk", url)


def test_an_address_hangs_no_file_on_a_message(web: Any, post: Any) -> None:
    """A file that the daemon can read must not be sent."""
    sent = post(MessageKind.TEXT)
    build("desk", f"{web.url.replace('http', 'json')}/?attach=/etc/passwd&attachment=/etc/passwd").send(
        sent.delivery, sent.message
    )
    ((_, _, body),) = web.requests
    assert json.loads(body)["attachments"] == []
    assert b"root:" not in body
