"""Lookups of the names of servers: they end with the attempt, however long the system would take."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tocsin.lookup import addresses
from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers.kinds import build

LOOK_UP = socket.getaddrinfo


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server that never answers for what is called dead; other names lead here."""
    end = threading.Event()

    def slow(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if "dead" in str(host):
            end.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return LOOK_UP("127.0.0.1" if str(host).endswith(".example") else host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield
    end.set()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("mailto://dead.example:25?from=a@x.org&to=b@x.org&mode=insecure", MessageKind.MAIL),
        ("hook://dead.example:9/alerts", MessageKind.HOOK),
        ("json://dead.example:9/", MessageKind.TEXT),
    ],
)
def test_a_name_that_nobody_answers_for_ends_with_the_attempt(
    url: str, kind: MessageKind, dead: None, post: Any
) -> None:
    """A lane is free again in the time of an attempt, and nothing was sent, so nothing is in doubt."""
    made = post(kind, recipient="b@x.org" if kind is MessageKind.MAIL else "")
    outcome = build("one", url, limit=0.3).send(made.delivery, made.message)
    assert outcome.error_class is ErrorClass.TRANSIENT
    assert "could not be looked up in time" in outcome.words or "no answer within 0.3 s" in outcome.words


def test_a_server_is_asked_by_its_name(dead: None, web: Any, post: Any) -> None:
    """It is connected to by its address, and hosts share addresses."""
    made = post(MessageKind.HOOK)
    url = f"hook://desk.example:{web.url.rpartition(':')[2]}/alerts"
    assert build("one", url).send(made.delivery, made.message).error_class is ErrorClass.OK
    assert web.requests[0][1]["Host"].startswith("desk.example:")


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "no-such-name.invalid"])
def test_a_name_without_an_address_is_an_error_of_the_network(host: str) -> None:
    """One that cannot even be asked for, too."""
    with pytest.raises(OSError):  # noqa: PT011  # the words are those of the system
        addresses(host, 80, 5)
