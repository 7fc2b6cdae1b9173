"""Servers on loopback that follow a script, and messages to send to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tocsin.model.alerts import Alert, AlertContent, Coverage
from tocsin.model.deliveries import Delivery, DeliveryKind, Message, MessageKind
from tocsin.model.rules import Evidence, Hit, Severity, Span
from tocsin.render.message import render

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Mailbox:
    """A mail server: keeps what it accepts and answers with *replies* (command to reply) where there is one.

    It takes at most so many letters of a connection, and keeps the *peers* that they came from.
    """

    replies: dict[str, str] = field(default_factory=dict)
    most: int = 100
    peers: list[tuple[str, int]] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802  # the library's name
        """The sender."""
        if self.peers.count(session.peer) >= self.most:
            return "421 too many mails"
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802  # the library's name
        """The recipients. A reply may be for one address."""
        reply = self.replies.get(address, self.replies.get("RCPT", "250 OK"))
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # the library's name
        """The letter."""
        reply = self.replies.get("DATA", "250 queued as 42")
        if reply.startswith("250"):
            self.letters.append(envelope.original_content)
            self.peers.append(session.peer)
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        return reply


class _OnAnyPort(Controller):
    """Takes the port that the system gives it."""

    real_port = 0

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.real_port = self.server.sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", self.real_port)) as connection:
            connection.recv(1000)


@contextmanager
def serving(box: Mailbox, **settings: Any) -> Iterator[Mailbox]:
    """Serve *box* on loopback."""
    controller = _OnAnyPort(box, hostname="127.0.0.1", port=0, auth_require_tls=False, **settings)
    controller.start()
    box.port = controller.real_port
    try:
        yield box
    finally:
        controller.stop(no_assert=True)


@pytest.fixture
def mailbox(request: pytest.FixtureRequest) -> Iterator[Mailbox]:
    """A mail server on loopback; who logs in needs the password `canary-secret`. A parameter has settings of its own."""
    box = Mailbox()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"canary-secret", handled=False)

    settings = getattr(request, "param", {"enable_SMTPUTF8": True})
    with serving(box, authenticator=authenticate, data_size_limit=2**22, **settings):
        yield box


@dataclass
class Answer:
    """The answer of a web server."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class WebServer:
    """A web server: keeps requests, answers from *answers* in order, the last one for ever."""

    url: str = ""
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A web server on loopback."""
    state = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.requests.append((self.path, dict(self.headers), body))
            answer = state.answers[0] if len(state.answers) == 1 else state.answers.pop(0)
            # A client that has read enough hangs up.
            with suppress(ConnectionError):
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        do_GET = do_POST  # noqa: N815  # the library's name

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def teams(web: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of Teams on loopback, which apprise asks by https only."""
    post = requests.post
    monkeypatch.setattr(
        "apprise.plugins.workflows.requests.post",
        lambda url, **fields: post(url.replace("https://", "http://"), **fields),
    )
    web.answers[0].status = 202
    return f"workflows://{web.url.removeprefix('http://')}/{'6' * 32}/signature"


Script = Callable[[socket.socket], None]


@pytest.fixture
def raw() -> Iterator[Callable[[Script], int]]:
    """Gives the port of a server that does with its one connection what a script says, and then hangs up."""
    threads: list[threading.Thread] = []

    def serve(script: Script) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]

        def run() -> None:
            with listener:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    script(connection)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return port

    yield serve
    for thread in threads:
        thread.join(timeout=10)


@pytest.fixture
def closed_port() -> int:
    """A port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@dataclass(frozen=True)
class Post:
    """A delivery and its rendered message."""

    delivery: Delivery
    message: Message


@pytest.fixture
def post() -> Callable[..., Post]:
    """Gives a delivery about a headline, rendered for a kind of receiver."""

    def make(
        kind: MessageKind,
        headline: str = "China bans exports of gallium",
        recipient: str = "",
        severity: Severity = Severity.HIGH,
    ) -> Post:
        alert = Alert(
            id=1,
            rule="minerals/ban",
            rule_hash="x",
            rule_position="rules/bans.yaml:3",
            title="gallium: ban",
            event="trade.export.restrict",
            severity=severity,
            labels={"mineral": ("gallium",)},
            key=("mineral",),
            story_id=1,
            opened_at=NOW,
            updated_at=NOW,
            event_time=NOW,
        )
        lead = Coverage(
            title=headline,
            link="https://news.example/gallium",
            publisher="Example News",
            source="example",
            published=NOW,
            first_seen=NOW,
        )
        hit = Hit(spans=(Span(field="title", start=0, end=min(5, len(headline))),))
        content = (
            AlertContent(alert=alert, evidence=Evidence(op="rule", text="", holds=True, hits=(hit,)), lead=lead),
        )
        delivery = Delivery(
            id="01JQDELIVERY",
            receiver="desk",
            recipient=recipient,
            kind=DeliveryKind.ALERT,
            fence=1,
            attempt=1,
            created_at=NOW,
            due_at=NOW,
            expires_at=NOW + timedelta(hours=24),
            content=content,
        )
        message = render(
            content, kind=kind, delivery_id=delivery.id, delivery_kind=delivery.kind, zone=ZoneInfo("Europe/London")
        )
        return Post(delivery, message)

    return make
