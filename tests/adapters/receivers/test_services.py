from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers.kinds import build
from tocsin.render.message import with_preface

SECRET = "canary-secret"


def test_another_service_gets_title_and_body_as_text(web: Any, post: Any) -> None:
    """Every service that apprise supports can be a receiver."""
    receiver = build("hook", f"{web.url.replace('http', 'json')}/{SECRET}")
    sent = post(MessageKind.TEXT)
    outcome = receiver.send(sent.delivery, with_preface(sent.message, "Late by 2 h"))
    content = json.loads(web.requests[0][2])
    assert (receiver.kind, receiver.recipients) == (MessageKind.TEXT, ("",))
    assert (outcome.error_class, outcome.code) == (ErrorClass.OK, 200)
    assert (content["title"], content["message"].rstrip()) == (
        sent.message.subject,
        f"Late by 2 h\n\n{sent.message.text}".rstrip(),
    )


@pytest.mark.parametrize(
    "headline", ["@everyone look", "<@123> and <@&1>", "<!channel>", "[bank](https://evil.example)"]
)
def test_mentions_and_links_of_a_feed_do_not_reach_other_services(headline: str, web: Any, post: Any) -> None:
    """Chat services read these in plain text, too."""
    receiver = build("hook", web.url.replace("http", "json"))
    sent = post(MessageKind.TEXT, headline)
    receiver.send(sent.delivery, sent.message)
    content = json.loads(web.requests[0][2])
    for text in (content["title"], content["message"]):
        assert not any(mark in text for mark in ("@everyone", "<@", "<!", "]("))


def test_a_retry_sends_the_same_text(web: Any, post: Any) -> None:
    """Two copies of a delivery are equal."""
    receiver = build("hook", web.url.replace("http", "form"))
    sent = post(MessageKind.TEXT)
    for _ in range(2):
        receiver.send(sent.delivery, sent.message)
    assert web.requests[0][2] == web.requests[1][2]


def test_several_targets_are_several_recipients(web: Any, post: Any) -> None:
    """Each gets a delivery of its own, which succeeds or fails alone."""
    receiver = build("push", f"ntfy://{web.url.removeprefix('http://')}/metals/prices")
    assert sorted(receiver.recipients) == ["metals", "prices"]
    for recipient in receiver.recipients:
        sent = post(MessageKind.TEXT, recipient=recipient)
        assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    topics = [json.loads(body)["topic"] for _, _, body in web.requests]
    assert topics == list(receiver.recipients)


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        pytest.param(
            "",
            "http, Seen, https://x.example/a/1.ack, clear=true; "
            "http, Snooze 4 h, https://x.example/a/1.snooze, clear=true; "
            "http, Noise, https://x.example/a/1.noise, clear=true",
            id="ours",
        ),
        pytest.param(
            "?actions=view,%20Open,%20https://x.example", "view, Open, https://x.example", id="the operator's"
        ),
    ],
)
def test_ntfy_shows_buttons_that_answer(web: Any, post: Any, query: str, actions: str) -> None:
    """It takes three, and posts to the link when one is tapped; buttons of the address win."""
    receiver = build("push", f"ntfy://{web.url.removeprefix('http://')}/metals{query}")
    sent = post(MessageKind.TEXT, recipient=receiver.recipients[0])
    kinds = [("Seen", "ack"), ("Snooze 4 h", "snooze"), ("Useful", "useful"), ("Noise", "noise")]
    answers = tuple((name, f"https://x.example/a/1.{kind}") for name, kind in kinds)
    message = replace(sent.message, answers=answers)
    assert receiver.send(sent.delivery, message).error_class is ErrorClass.OK
    assert web.requests[0][1]["X-Actions"] == actions


def test_a_long_text_keeps_its_link_to_answer(web: Any, post: Any) -> None:
    """A chat that cuts the end of a message off would cut off what is needed most."""
    receiver = build("chat", f"ntfy://{web.url.removeprefix('http://')}/metals")
    sent = post(MessageKind.TEXT, recipient=receiver.recipients[0])
    link = "https://x.example/a/1.ack"
    message = replace(sent.message, text=f"{'gallium ' * 2000}\n{link}", answers=(("Seen", link),))
    assert receiver.send(sent.delivery, message).error_class is ErrorClass.OK
    assert json.loads(web.requests[0][2])["message"].endswith(f"…\n\nAlert 1\nAnswer: {link}")


def test_an_address_cannot_ask_apprise_to_retry_or_to_follow_redirects(web: Any, post: Any) -> None:
    """Two tries in one attempt would be an unknown duplicate."""
    web.answers[0].status, web.answers[0].headers = 307, {"Location": f"{web.url}/elsewhere"}
    receiver = build("hook", f"{web.url.replace('http', 'json')}/?retry=3&wait=0.1&redirect=yes")
    sent = post(MessageKind.TEXT)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, len(web.requests)) == (ErrorClass.AUTH, 307, 1)


def test_a_failure_that_no_answer_explains_is_doubtful(web: Any, post: Any) -> None:
    """A service that answers with success and still counts as failed may have the message."""
    web.answers[0].body = b'{"result": false}'
    receiver = build("box", f"enigma2://{web.url.removeprefix('http://')}")
    sent = post(MessageKind.TEXT)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code) == (ErrorClass.AMBIGUOUS, 200)
    assert "Enigma2" in outcome.words


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log of a daemon that runs at DEBUG."""
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_nothing_of_an_address_is_logged(web: Any, post: Any, log: io.StringIO) -> None:
    """The logs of apprise and urllib3 contain whole addresses, and the daemon may run at DEBUG."""
    web.answers[0].status = 404
    address = f"{web.url.replace('http://', 'json://user:canary-secret@')}/{SECRET}?+Authorization={SECRET}"
    receiver = build("hook", address)
    sent = post(MessageKind.TEXT)
    outcome = receiver.send(sent.delivery, sent.message)
    assert outcome.error_class is ErrorClass.GONE
    with pytest.raises(ValueError, match="wrong"):
        build("desk", "slack://canary-secret/x/y")
    assert SECRET not in log.getvalue()
    assert SECRET not in repr(outcome)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(SECRET, id="no scheme"),
        pytest.param(f"nosuch://{SECRET}", id="unknown scheme"),
        pytest.param(f"https://example.org/{SECRET}", id="a page"),
        pytest.param(f"slack://{SECRET}", id="half a webhook"),
        pytest.param(f"slack+http://user@host/{SECRET}", id="a login in a webhook"),
        pytest.param(f"tgram://{SECRET}/", id="a wrong token"),
        pytest.param(f"json://a json://{SECRET}", id="two in one"),
        pytest.param(f"mailto://u:{SECRET}@/?from=nobody", id="no mail server"),
        pytest.param(f"mailto://u:{SECRET}@example.org/?to=nobody", id="no mail address"),
        pytest.param(f"mailto://u:{SECRET}@example.org/a@example.org?pgp=encrypt", id="encrypted mail"),
        pytest.param(f"json://[{SECRET}/", id="a broken host"),
    ],
)
def test_a_wrong_address_is_refused_in_words_without_it(url: str) -> None:
    """The words of a refusal are shown and logged."""
    with pytest.raises(ValueError, match=r"address") as caught:
        build("desk", url)
    assert SECRET not in str(caught.value)


def test_requests_outside_of_an_attempt_are_as_ever(web: Any) -> None:
    """The bounded adapter changes nothing for others."""
    build("hook", web.url.replace("http", "json"))
    web.answers[0].body = b"x" * 100_000
    assert len(requests.post(web.url, timeout=5).content) == 100_000


def test_a_message_that_a_plugin_chokes_on_is_an_outcome_and_no_exception(post: Any, web: Any) -> None:
    """A lane must go on whatever happens in it."""
    receiver = build("desk", f"slack+{web.url}/x")
    sent = post(MessageKind.TEXT)  # has no payload
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, web.requests) == (ErrorClass.TRANSIENT, [])
    assert outcome.words.startswith("JSONDecodeError")


@pytest.mark.parametrize("scheme", ["json", "form", "slack+http"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        pytest.param("{url}/elsewhere", id="the same host"),
        pytest.param("/elsewhere", id="a path"),
        pytest.param("http://localhost:{port}/", id="a name"),
        pytest.param("http://2130706433:{port}/", id="decimal"),
        pytest.param("http://0x7f.1:{port}/", id="hex"),
        pytest.param("http://[::ffff:127.0.0.1]:{port}/", id="v4-mapped"),
        pytest.param("http://169.254.169.254/latest/", id="metadata"),
        pytest.param("file:///etc/passwd", id="a file"),
    ],
)
def test_a_receiver_sends_us_nowhere_else(scheme: str, status: int, location: str, web: Any, post: Any) -> None:
    """The operator decides where messages go. A redirect is not followed, however the address is written."""
    port = web.url.rpartition(":")[2]
    web.answers[0].status = status
    web.answers[0].headers = {"Location": location.format(url=web.url, port=port)}
    kind = MessageKind.SLACK if scheme.startswith("slack") else MessageKind.TEXT
    sent = post(kind)
    outcome = build("hook", f"{scheme}://127.0.0.1:{port}/hook").send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, len(web.requests)) == (ErrorClass.AUTH, status, 1)
    assert web.requests[0][0].startswith("/hook")


@pytest.mark.parametrize("before", range(280, 300, 3))
def test_a_secret_is_masked_before_the_words_of_a_server_are_cut(web: Any, post: Any, before: int) -> None:
    """The beginning of a token must not be left where the words end."""
    web.answers[0].status, web.answers[0].body = 500, f"{'x' * before} {SECRET}".encode()
    sent = post(MessageKind.TEXT)
    outcome = build("desk", f"{web.url.replace('http://', 'json://')}/{SECRET}").send(sent.delivery, sent.message)
    assert "canary" not in outcome.words
    assert len(outcome.words) <= 300
