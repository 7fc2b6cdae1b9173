"""A program at the other end: stable JSON, signed, the same at every try."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tocsin.config.config import load_config
from tocsin.config.contacts import make_receiver
from tocsin.config.show import write_config
from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers.kinds import build
from tocsin.render.message import with_preface

NEW, OLD = "whsec_" + b64encode(b"n" * 32).decode(), "an older secret of some length"


def address(web: Any) -> str:
    """The address of the program."""
    return web.url.replace("http", "hook") + "/alerts?team=3"


def signature(key: bytes, headers: dict[str, str], body: bytes) -> str:
    """The signature as a reader of the specification computes it."""
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, told, sha256)).decode()


def test_a_message_is_json_signed_with_both_secrets(web: Any, post: Any) -> None:
    """While a secret is being replaced, who has the old one and who has the new one can both check."""
    sent = post(MessageKind.HOOK, "China bans <gallium>")
    receiver = build("hook", address(web), secrets=[NEW, OLD])
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    [(path, headers, body)] = web.requests
    headers = {name.lower(): value for name, value in headers.items()}
    assert (path, headers["webhook-id"]) == ("/alerts?team=3", sent.delivery.id)
    keys = [b64decode(NEW.removeprefix("whsec_")), OLD.encode()]
    assert headers["webhook-signature"].split() == [signature(key, headers, body) for key in keys]
    told = json.loads(body)
    assert (told["id"], told["type"], told["subject"]) == (sent.delivery.id, "alert", sent.message.subject)
    [alert] = told["alerts"]
    assert (alert["headline"], alert["severity"], alert["labels"]) == (
        "China bans <gallium>",
        "high",
        {"mineral": ["gallium"]},
    )


def test_a_retry_says_the_same_and_a_late_one_says_that_it_is(web: Any, post: Any) -> None:
    """The id distinguishes two copies of one message from two messages."""
    sent = post(MessageKind.HOOK, "China bans gallium")
    receiver = build("hook", address(web))
    for attempt in (1, 2):
        receiver.send(replace(sent.delivery, attempt=attempt), sent.message)
    receiver.send(sent.delivery, with_preface(sent.message, "Late by 3 h."))
    first, second, late = (body for _, _, body in web.requests)
    assert first == second
    assert {**json.loads(first), "note": "Late by 3 h."} == json.loads(late)
    assert "webhook-signature" not in {name.lower() for name in web.requests[0][1]}


@pytest.mark.parametrize(
    ("status", "headers", "error_class"),
    [
        (204, {}, ErrorClass.OK),
        (301, {"Location": "http://169.254.169.254/"}, None),
        (410, {}, ErrorClass.GONE),
        (413, {}, ErrorClass.CONTENT),
        (429, {"Retry-After": "7"}, ErrorClass.RATE_LIMITED),
        (503, {}, ErrorClass.TRANSIENT),
    ],
)
def test_an_answer_decides_what_becomes_of_it(
    status: int, headers: dict[str, str], error_class: ErrorClass | None, web: Any, post: Any
) -> None:
    """As with every other service; no redirect is followed."""
    web.answers[0].status, web.answers[0].headers, web.answers[0].body = status, headers, b"" if status == 204 else b"x"
    sent = post(MessageKind.HOOK)
    outcome = build("hook", address(web)).send(sent.delivery, sent.message)
    assert len(web.requests) == 1
    assert outcome.error_class is error_class or (error_class is None and outcome.error_class is not ErrorClass.OK)


@pytest.mark.parametrize(
    ("url", "secrets", "words"),
    [
        ("hook://", [], "needs a host"),
        ("hooks://u:canary-secret@host/", [], "write them as credentials of the receiver"),
        ("hook://host/x", ["whsec_canary-secret!"], "must continue in base64"),
        ("json://host/x", ["a secret of twenty-four c"], "only a webhook"),
    ],
)
def test_a_wrong_address_or_secret_is_refused_without_repeating_it(url: str, secrets: list[str], words: str) -> None:
    """The words go into logs."""
    with pytest.raises(ValueError, match=words) as caught:
        build("hook", url, secrets=secrets)
    assert "canary" not in str(caught.value)


def test_headers_travel_with_each_message_and_are_never_repeated(
    web: Any, post: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may repeat what it refuses, as it is, decoded or encoded; netrc must not replace what is configured."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other-secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    basic = "Basic " + b64encode(b"desk:canary-secret").decode()
    headers = {"Authorization": basic, "X-Key": "canary-key-of-ours", "user-agent": "newsroom"}
    receiver = build("hook", address(web), secrets=[NEW], headers=headers)
    web.answers[0].status = 401
    web.answers[0].body = f"no: {basic} desk:canary-secret; canary-secret, CANARY-KEY-of-ours".encode()
    sent = post(MessageKind.HOOK)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (ErrorClass.AUTH, "no: Basic *** ***; ***, ***")
    got = {name.lower(): value for name, value in web.requests[0][1].items()}
    assert (got["authorization"], got["x-key"], got["user-agent"]) == (basic, "canary-key-of-ours", "newsroom")
    assert got["webhook-signature"] == signature(b"n" * 32, got, web.requests[0][2])


@pytest.mark.parametrize(
    "url", ["json://host/x", "mailto://host?from=a@example.org&to=b@example.org", "slack+http://h/x"]
)
def test_only_a_webhook_has_headers(url: str) -> None:
    """Elsewhere they would be ignored, and a token with them."""
    with pytest.raises(ValueError, match=r"only a webhook .* can have headers, credentials or a token") as caught:
        build("hook", url, headers={"Authorization": "Bearer canary-secret"})
    assert "canary" not in str(caught.value)


def test_a_token_of_a_file_is_read_anew_by_a_reload_and_shown_nowhere(web: Any, post: Any, tmp_path: Any) -> None:
    """Tokens expire; the new one counts for what waits, and one that is taken away is sent no more."""
    path, token = tmp_path / "config.yaml", tmp_path / "token"
    keys = 'token: "${file:token}", headers: {X-Key: "${KEY}"}'
    sent = post(MessageKind.HOOK)
    for text, more in (("first-canary\n", keys), ("second-canary", keys), ("second-canary", "")):
        token.write_text(text, encoding="utf-8")
        path.write_text(f"receivers: {{bot: {{url: '{address(web)}', {more}}}}}\n", encoding="utf-8")
        config = load_config(path, {"KEY": "third-canary"})
        assert "canary" not in write_config(config) + repr(config)
        assert make_receiver(config.receivers[0]).send(sent.delivery, sent.message).error_class is ErrorClass.OK
    assert [headers.get("Authorization") for _, headers, _ in web.requests] == [
        "Bearer first-canary", "Bearer second-canary", None
    ]  # fmt: skip
    assert [headers.get("X-Key") for _, headers, _ in web.requests] == ["third-canary", "third-canary", None]
