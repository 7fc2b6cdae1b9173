"""Destinations that are gone, and servers that ask for a pause, each through apprise's own plugin."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.fluxer import NotifyFluxer
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.twilio import NotifyTwilio

from tocsin.model.deliveries import AttemptResult, ErrorClass, MessageKind
from tocsin.receivers.kinds import build

TELEGRAM = f"tgram://123456789:{'a' * 35}/-100123/"
DISCORD = f"discord://{'1' * 18}/{'a' * 68}"
PUSHOVER = f"pover://{'u' * 30}@{'a' * 30}"
TWILIO = f"twilio://AC{'a' * 32}:{'b' * 32}@15555550100/15555550199"
GCHAT = "gchat://workspace/key/tok"
SLACK = "slack://xoxb-1234-1234-abc124/#metals"


@pytest.fixture
def here(web: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server on loopback in the place of the services whose hosts apprise knows by heart."""
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"{web.url}/bot")
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"{web.url}/discord")
    monkeypatch.setattr(NotifyPushover, "notify_url", f"{web.url}/pushover")
    monkeypatch.setattr(NotifyTwilio, "notify_sms_url", web.url + "/{sid}/Messages.json")
    monkeypatch.setattr(NotifyGoogleChat, "notify_url", web.url + "/{workspace}")
    monkeypatch.setattr(NotifySlack, "api_url", web.url + "/{}")
    return web


def tried(url: str, web: Any, post: Any) -> AttemptResult:
    """The outcome of one try at *url*, in which HOST is the server's."""
    receiver = build("desk", url.replace("HOST", web.url.removeprefix("http://")))
    sent = post(receiver.kind, recipient=receiver.recipients[0])
    return receiver.send(sent.delivery, sent.message)


@pytest.mark.parametrize(
    ("url", "status", "body", "expected"),
    [
        (TELEGRAM, 400, {"description": "Bad Request: chat not found"}, ErrorClass.GONE),
        (TELEGRAM, 403, {"description": "Forbidden: bot was blocked by the user"}, ErrorClass.GONE),
        (TELEGRAM, 403, {"description": "Forbidden: bot was kicked from the supergroup chat"}, ErrorClass.GONE),
        (TELEGRAM, 403, {"description": "Forbidden: user is deactivated"}, ErrorClass.GONE),
        (TELEGRAM, 400, {"description": "Bad Request: message thread not found"}, ErrorClass.GONE),
        (TELEGRAM, 401, {"description": "Unauthorized"}, ErrorClass.AUTH),
        (TELEGRAM, 400, {"description": "Bad Request: can't parse entities: chat not found"}, ErrorClass.CONTENT),
        (DISCORD, 404, {"message": "Unknown Webhook", "code": 10015}, ErrorClass.GONE),
        (DISCORD, 401, {"message": "Invalid Webhook Token", "code": 50027}, ErrorClass.GONE),
        (DISCORD, 400, {"message": "Invalid Form Body", "code": 50035}, ErrorClass.CONTENT),
        (PUSHOVER, 400, {"user": "invalid", "errors": ["user identifier is not a valid user"]}, ErrorClass.GONE),
        (PUSHOVER, 400, {"token": "invalid", "errors": ["application token is invalid"]}, ErrorClass.AUTH),
        (PUSHOVER, 400, {"message": "cannot be blank", "errors": ["message cannot be blank"]}, ErrorClass.CONTENT),
        (TWILIO, 400, {"code": 21211, "message": "Invalid 'To' Phone Number"}, ErrorClass.GONE),
        (TWILIO, 400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}, ErrorClass.GONE),
        (TWILIO, 400, {"code": 21606, "message": "The From phone number is not valid"}, ErrorClass.AUTH),
        (TWILIO, 400, {"code": 21617, "message": "The concatenated message body is too long"}, ErrorClass.CONTENT),
        (GCHAT, 400, {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}, ErrorClass.AUTH),
        (GCHAT, 400, {"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, ErrorClass.CONTENT),
        (SLACK, 200, {"ok": False, "error": "channel_not_found"}, ErrorClass.GONE),
        (SLACK, 200, {"ok": False, "error": "is_archived"}, ErrorClass.GONE),
        (SLACK, 200, {"ok": False, "error": "invalid_auth"}, ErrorClass.AUTH),
        (SLACK, 200, {"ok": False, "error": "token_revoked"}, ErrorClass.AUTH),
        ("slack+http://HOST/x", 404, "no_service", ErrorClass.GONE),
        ("slack+http://HOST/x", 410, "channel_is_archived", ErrorClass.GONE),
        ("slack+http://HOST/x", 400, "no_active_hooks", ErrorClass.GONE),
        ("slack+http://HOST/x", 400, "invalid_token", ErrorClass.AUTH),
        ("slack+http://HOST/x", 400, "invalid_payload", ErrorClass.CONTENT),
        ("ntfy://HOST/alerts", 400, {"code": 40009, "error": "invalid request: topic invalid"}, ErrorClass.GONE),
        (
            "mmost://HOST/abcdefghijklmnopqrstuvwxyz",
            400,
            {"id": "web.incoming_webhook.invalid.app_error"},
            ErrorClass.GONE,
        ),
        ("json://HOST/x", 400, {"error": {"code": "WorkflowTriggerIsNotEnabled"}}, ErrorClass.GONE),
        ("json://HOST/x", 400, {"errcode": "M_UNKNOWN_TOKEN"}, ErrorClass.AUTH),
        ("json://HOST/x", 400, "a text with channel_not_found in it", ErrorClass.CONTENT),
    ],
)
def test_a_destination_that_is_gone_is_known_by_what_is_said(
    url: str, status: int, body: Any, expected: ErrorClass, here: Any, post: Any
) -> None:
    """Services say so with 400, 403, 404 and 200; a refusal of one message, or an echo of it, is none of it."""
    here.answers[0].status = status
    here.answers[0].body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    outcome = tried(url, here, post)
    assert (outcome.error_class, outcome.code, len(here.requests)) == (expected, status, 1)


def test_a_group_that_became_a_supergroup_is_named(here: Any, post: Any) -> None:
    """The remedy is a number that only this answer contains."""
    here.answers[0].status = 400
    here.answers[0].body = json.dumps(
        {
            "description": "Bad Request: group chat was upgraded to a supergroup chat",
            "parameters": {"migrate_to_chat_id": -1009876},
        }
    ).encode()
    outcome = tried(TELEGRAM, here, post)
    assert outcome.error_class is ErrorClass.GONE
    assert outcome.words.endswith("upgraded to a supergroup chat; it is -1009876 now")


def test_one_recipient_that_is_gone_does_not_block_the_others(here: Any, post: Any) -> None:
    """A wrong number among several is nothing that the service refuses."""
    here.answers[0].status, here.answers[0].body = 400, b'{"description": "Bad Request: chat not found"}'
    receiver = build("desk", f"{TELEGRAM}-100456/")
    sent = post(MessageKind.TEXT, recipient=receiver.recipients[1])
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.NOBODY


LIMITED = [
    pytest.param(DISCORD, {"retry_after": 0.65}, {}, 0.65, id="Discord"),
    pytest.param(
        DISCORD, {"retry_after": 64.57}, {"Retry-After": "65", "X-RateLimit-Remaining": "0"}, 65, id="longest"
    ),
    pytest.param(DISCORD, {}, {"X-RateLimit-Reset-After": "1.5"}, 1.5, id="Discord's header"),
    pytest.param(TELEGRAM, {"parameters": {"retry_after": 37}}, {}, 37, id="Telegram"),
    pytest.param("json://HOST/x", {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}, {}, 2.5, id="Matrix"),
    pytest.param(GCHAT, {"error": {"details": [{"retryDelay": "30s"}]}}, {}, 30, id="Google"),
    pytest.param(SLACK, {"ok": False, "error": "ratelimited"}, {"Retry-After": "11"}, 11, id="Slack"),
    pytest.param(f"fluxer://{'1' * 18}/{'a' * 68}", {"retry_after": 3}, {}, 3, id="Fluxer"),
    pytest.param("json://HOST/x", {"retry_after": -3}, {}, None, id="negative"),
    pytest.param("json://HOST/x", {"retry_after": 1e400}, {}, None, id="endless"),
    pytest.param("json://HOST/x", {"retry_after": True}, {}, None, id="no number"),
    pytest.param("json://HOST/x", {"retry_after": 10**9}, {}, 86400, id="absurd"),
]


@pytest.mark.parametrize(("url", "body", "headers", "seconds"), LIMITED)
def test_a_pause_is_kept_wherever_it_stands_and_nothing_is_posted_twice(
    url: str,
    body: Any,
    headers: dict[str, str],
    seconds: float | None,
    here: Any,
    post: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Plugins that sleep and post once more would make a second try of which no record knows."""
    monkeypatch.setattr(NotifyFluxer, "notify_url", here.url)
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"sleeps {seconds} s in a lane"))
    here.answers[0].status, here.answers[0].headers = 429, headers
    here.answers[0].body = json.dumps(body).encode()
    outcome = tried(url, here, post)
    assert (outcome.error_class, outcome.code, len(here.requests)) == (ErrorClass.RATE_LIMITED, 429, 1)
    assert outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_a_retry_is_byte_for_byte_the_same(here: Any, post: Any) -> None:
    """Nothing distinguishes two copies of a message."""
    here.answers[0].status = 500
    for url in (TELEGRAM, DISCORD, GCHAT, TWILIO, "json://HOST/x", "slack+http://HOST/x"):
        tried(url, here, post)
        tried(url, here, post)
        assert here.requests[-1][2] == here.requests[-2][2]
