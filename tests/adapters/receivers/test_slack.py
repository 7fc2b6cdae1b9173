from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers.kinds import build
from tocsin.render.message import with_preface

Raw = Callable[[Callable[[socket.socket], None]], int]


def address(url: str) -> str:
    """A webhook at *url* whose path contains a secret."""
    return f"slack+{url}/services/T0/B0/canary-secret"


def payloads(web: Any) -> list[dict[str, Any]]:
    """The payloads that the server received."""
    return [json.loads(body) for _, _, body in web.requests]


def strings(value: Any) -> list[str]:
    """Every string somewhere in *value*."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for member in members for text in strings(member)]


def test_a_webhook_gets_our_blocks_and_nothing_of_apprise(web: Any, post: Any) -> None:
    """Slack shows what was rendered."""
    receiver = build("desk", address(web.url))
    sent = post(MessageKind.SLACK)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (receiver.kind, receiver.recipients) == (MessageKind.SLACK, ("",))
    assert (outcome.error_class, outcome.code, outcome.words) == (ErrorClass.OK, 200, "ok")
    assert payloads(web) == [json.loads(sent.message.payload)]
    assert web.requests[0][0] == "/services/T0/B0/canary-secret"
    assert "<https://news.example/gallium|China bans exports of gallium>" in web.requests[0][2].decode()


@pytest.mark.parametrize(
    "headline",
    [
        "<!channel>",
        "<!everyone> now",
        "<@U123>",
        "<!subteam^S1>",
        "<https://evil.example|https://bank.example>",
        "&lt;!here&gt;",
    ],
)
def test_markup_of_a_feed_is_only_text_in_slack(headline: str, web: Any, post: Any) -> None:
    """A headline must not be able to wake a channel or to pass for another link."""
    receiver = build("desk", address(web.url))
    sent = post(MessageKind.SLACK, headline)
    receiver.send(sent.delivery, sent.message)
    (payload,) = payloads(web)
    texts = strings(payload)
    escaped = headline.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert any(escaped in text for text in texts)
    assert not any(mark in text for text in texts for mark in ("<!", "<@", "<https://evil"))


def test_a_retry_sends_the_same_bytes_to_slack(web: Any, post: Any) -> None:
    """Two copies of a delivery are equal octet by octet."""
    receiver = build("desk", address(web.url))
    sent = post(MessageKind.SLACK, "镓 & <gallium>")
    for _ in range(2):
        receiver.send(sent.delivery, sent.message)
    assert web.requests[0][2] == web.requests[1][2]


def test_a_late_message_says_so_before_its_blocks(web: Any, post: Any) -> None:
    """The line stands first and changes nothing behind it."""
    receiver = build("desk", address(web.url))
    sent = post(MessageKind.SLACK)
    receiver.send(sent.delivery, with_preface(sent.message, "Late by 2 h"))
    blocks = payloads(web)[0]["blocks"]
    assert "Late by 2 h" in strings(blocks[0])
    assert blocks[1:] == json.loads(sent.message.payload)["blocks"]


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected", "words"),
    [
        (400, b"invalid_payload", {}, ErrorClass.CONTENT, "invalid_payload"),
        (401, b"", {}, ErrorClass.AUTH, "Unauthorized"),
        (403, b"action_prohibited", {}, ErrorClass.AUTH, "action_prohibited"),
        (404, b"no_service", {}, ErrorClass.GONE, "no_service"),
        (410, b"channel_is_archived", {}, ErrorClass.GONE, "channel_is_archived"),
        (413, b"", {}, ErrorClass.CONTENT, "Request Entity Too Large"),
        (408, b"", {}, ErrorClass.TRANSIENT, "Request Timeout"),
        (429, b"slow down", {"Retry-After": "17"}, ErrorClass.RATE_LIMITED, "slow down"),
        (500, b"<html>oops</html>", {}, ErrorClass.TRANSIENT, "Internal Server Error"),
        (503, b'{"error": "busy"}', {}, ErrorClass.TRANSIENT, "busy"),
        (503, b"", {"Retry-After": "5"}, ErrorClass.RATE_LIMITED, "Service Unavailable"),
        (302, b"", {"Location": "/elsewhere"}, ErrorClass.AUTH, "answers with a redirect, which is not followed"),
        (200, b"welcome to the hotel", {}, ErrorClass.AMBIGUOUS, "answered without ok: welcome to the hotel"),
        (200, b'{"ok": false, "error": "channel_not_found"}', {}, ErrorClass.GONE, "channel_not_found"),
        (200, b'{"ok": false, "error": "invalid_auth"}', {}, ErrorClass.AUTH, "invalid_auth"),
        (404, b"nothing at T0/B0/canary-secret", {}, ErrorClass.GONE, "nothing at T0/B0/***"),
    ],
)
def test_an_answer_decides_what_becomes_of_a_message(
    status: int, body: bytes, headers: dict[str, str], expected: ErrorClass, words: str, web: Any, post: Any
) -> None:
    """A busy server is waited for, a vanished one is not, and the words name no token."""
    web.answers[0].status, web.answers[0].body, web.answers[0].headers = status, body, headers
    receiver = build("desk", address(web.url))
    sent = post(MessageKind.SLACK)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, outcome.words) == (expected, status, words)
    assert len(web.requests) == 1
    assert (outcome.retry_after is not None) == ("Retry-After" in headers)


def test_a_refused_connection_did_not_send_anything(closed_port: int, post: Any) -> None:
    """A server that is down is tried again, and its address stays out of the words."""
    receiver = build("desk", address(f"http://127.0.0.1:{closed_port}"))
    sent = post(MessageKind.SLACK)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, "Connection refused")


def test_a_name_that_does_not_exist_did_not_get_anything(post: Any) -> None:
    """A failure of DNS is tried again."""
    receiver = build("desk", "slack+http://nowhere.invalid/hook")
    sent = post(MessageKind.SLACK)
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.TRANSIENT


def test_a_server_that_hangs_up_without_an_answer_may_have_the_message(raw: Raw, post: Any) -> None:
    """A duplicate must be explained by this attempt."""
    receiver = build("desk", address(f"http://127.0.0.1:{raw(lambda connection: connection.recv(100000))}"))
    sent = post(MessageKind.SLACK)
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.AMBIGUOUS


def test_headers_that_drip_are_cut_off(raw: Raw, post: Any) -> None:
    """A byte now and then must not hold a lane for ever, and what happened is doubtful."""
    done = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.recv(100000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not done.wait(0.02):
            connection.sendall(b"x")

    receiver = build("desk", address(f"http://127.0.0.1:{raw(script)}"), limit=0.3)
    sent = post(MessageKind.SLACK)
    outcome = receiver.send(sent.delivery, sent.message)
    done.set()
    assert (outcome.error_class, outcome.words) == (ErrorClass.AMBIGUOUS, "no answer within 0.3 s")


def test_a_body_that_drips_is_cut_off_and_its_status_counts(raw: Raw, post: Any) -> None:
    """The status came in time: what it says is known although the rest never ends."""
    done = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.recv(100000)
        connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n")
        while not done.wait(0.02):
            connection.sendall(b"x")

    receiver = build("desk", address(f"http://127.0.0.1:{raw(script)}"), limit=0.3)
    sent = post(MessageKind.SLACK)
    outcome = receiver.send(sent.delivery, sent.message)
    done.set()
    assert (outcome.error_class, outcome.code) == (ErrorClass.TRANSIENT, 500)


def test_an_endless_body_is_not_read(raw: Raw, post: Any) -> None:
    """A server must not be able to fill the memory."""
    sent_octets = []

    def script(connection: socket.socket) -> None:
        connection.recv(100000)
        connection.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: 1000000000\r\n\r\n")
        sent_octets.extend(connection.send(b"x" * 65536) for _ in range(10000))

    receiver = build("desk", address(f"http://127.0.0.1:{raw(script)}"))
    sent = post(MessageKind.SLACK)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, len(outcome.words)) == (ErrorClass.CONTENT, 400, 300)
    assert sum(sent_octets) < 50_000_000


@pytest.mark.parametrize(
    ("url", "recipients"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", ("",)),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#metals/#desk", ("#metals", "#desk")),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", ("",)),
        ("slack://xoxb-1234-1234-abc124/#metals/#desk", ("#metals", "#desk")),
    ],
)
def test_every_form_of_a_slack_address_is_slack(url: str, recipients: tuple[str, ...]) -> None:
    """The address from Slack's own page can be pasted, and several channels are several recipients."""
    receiver = build("desk", url)
    assert (receiver.kind, sorted(receiver.recipients)) == (MessageKind.SLACK, sorted(recipients))


def test_a_workflow_of_slack_takes_text() -> None:
    """Workflows know no blocks."""
    receiver = build("desk", "https://hooks.slack.com/workflows/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")
    assert receiver.kind is MessageKind.TEXT
