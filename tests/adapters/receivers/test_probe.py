"""A receiver is tried without a message, so that a person may try it as often as needed."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tocsin.model.deliveries import ErrorClass
from tocsin.receivers.kinds import build


def _mail(port: int, login: str = "", more: str = "mode=insecure") -> str:
    return f"mailto://{login}127.0.0.1:{port}/desk@example.org?from=tocsin@example.org&{more}"


def test_a_mail_server_is_logged_in_to_and_gets_no_mail(mailbox: Any) -> None:
    """A wrong password is found before the first alert, and nobody gets a test."""
    outcome = build("mail", _mail(mailbox.port, "me:canary-secret@")).probe()
    assert outcome
    assert (outcome.error_class, outcome.words) == (ErrorClass.OK, "connected, without TLS, logged in")
    assert mailbox.letters == []
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("login", "more", "words"),
    [
        pytest.param("me:wrong-secret@", "mode=insecure", "535", id="wrong password"),
        pytest.param("", "mode=starttls", "the server offers no STARTTLS", id="no STARTTLS"),
    ],
)
def test_what_a_mail_server_refuses_is_said_without_the_password(
    mailbox: Any, login: str, more: str, words: str
) -> None:
    """The words are shown on a screen and copied into a ticket."""
    outcome = build("mail", _mail(mailbox.port, login, more)).probe()
    assert outcome
    assert outcome.error_class is ErrorClass.AUTH
    assert words in f"{outcome.code} {outcome.words}"
    assert "wrong-secret" not in outcome.words


def test_another_service_is_only_connected_to(web: Any) -> None:
    """A webhook has nothing that could be tried without a message."""
    place = web.url.removeprefix("http://")
    outcome = build("hook", f"hook://{place}/x").probe()
    assert outcome
    assert (outcome.error_class, outcome.words) == (ErrorClass.OK, "connected, without TLS")
    assert web.requests == []
    refused = build("hook", f"hooks://{place}/x").probe()
    assert refused
    assert (refused.error_class, refused.words) == (ErrorClass.AUTH, "the server speaks no TLS at this port")


def test_a_host_that_cannot_be_reached_is_named_as_such() -> None:
    """The words of the system say what to look at."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        outcome = build("hook", f"hook://127.0.0.1:{closed.getsockname()[1]}/x").probe()
    assert outcome
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, "Connection refused")


def test_a_service_whose_host_is_not_known_is_not_tried() -> None:
    """What is not known is not claimed to work."""
    assert build("chat", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/").probe() is None
