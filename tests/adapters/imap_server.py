"""A small IMAP server on loopback: one mailbox with folders, which may only be read."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOGIN = ("desk", 'pass "word"')


@dataclass
class Server:
    """The folders by name: mails by their number; *said* are the commands that came, without secrets."""

    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}})
    validity: int = 7
    said: list[str] = field(default_factory=list)
    hostile: bytes = b""  # sent in place of a mail
    plain: bool = True  # whether AUTH=PLAIN is offered
    tokens: set[str] | None = None  # good access tokens: XOAUTH2 is offered, and no password is taken
    port: int = 0

    def put(self, mail: bytes, folder: str = "INBOX") -> None:
        """Deliver a mail."""
        box = self.folders.setdefault(folder, {})
        box[max(box, default=0) + 1] = mail.replace(b"\n", b"\r\n")


class _Handler(socketserver.StreamRequestHandler):
    state: Server

    def handle(self) -> None:
        """Answer commands until the client leaves."""
        self._folder: dict[int, bytes] = {}
        self._say(b"* OK ready")
        while command := self.rfile.readline():
            tag, _, rest = command.strip().partition(b" ")
            name = rest.split(b" ")[0].upper().decode()
            secret = name in ("LOGIN", "AUTHENTICATE")
            self.state.said.append(name if secret else rest.decode())
            if name == "LOGOUT":
                self._say(b"* BYE", tag + b" OK bye")
                return
            self._say(*self._answer(name, rest.decode()), tag + b" " + self._end)

    def _answer(self, name: str, rest: str) -> list[bytes]:
        self._end = b"OK done"
        match name:
            case "CAPABILITY":
                ways = (
                    b" AUTH=XOAUTH2" if self.state.tokens is not None else b" AUTH=PLAIN" if self.state.plain else b""
                )
                return [b"* CAPABILITY IMAP4rev1" + ways]
            case "LOGIN":
                return self._login(tuple(one.replace('\\"', '"') for one in re.findall(r'"((?:[^"\\]|\\.)*)"', rest)))
            case "AUTHENTICATE" if rest.endswith("XOAUTH2"):
                return self._show()
            case "AUTHENTICATE":
                self._say(b"+ ")
                return self._login(tuple(b64decode(self.rfile.readline()).decode().split("\0")[1:]))
            case "EXAMINE":
                found = self.state.folders.get(rest.partition(" ")[2].strip('"'))
                self._end = b"OK [READ-ONLY] done" if found is not None else b"NO no such folder"
                self._folder = found or {}
                return [
                    f"* {len(self._folder)} EXISTS".encode(),
                    f"* OK [UIDVALIDITY {self.state.validity}] ok".encode(),
                ]
            case "LIST":
                return [f'* LIST () "/" "{one}"'.encode() for one in self.state.folders]
            case "FETCH":
                low = int(rest.split(" ")[1].partition(":")[0])
                return [
                    f"* {n} FETCH (UID {uid})".encode() for n, uid in enumerate(sorted(self._folder), 1) if n >= low
                ]
            case "UID" if " SEARCH " in rest:
                low = int(re.findall(r"UID (\d+):", rest)[-1])
                found_uids = [uid for uid in sorted(self._folder) if uid >= low] or sorted(self._folder)[-1:]
                return [b"* SEARCH " + b" ".join(b"%d" % uid for uid in found_uids)]
            case "UID" if " FETCH " in rest:
                return self._fetch(int(rest.split(" ")[2]), head="HEADER.FIELDS" in rest)
            case _:
                self._end = b"BAD this server is only read"
                return []

    def _fetch(self, uid: int, *, head: bool) -> list[bytes]:
        if self.state.hostile and not head:
            return [self.state.hostile]
        body = self._folder[uid]
        body = body.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if head else body[:1_000_000]
        said = f'* 1 FETCH (UID {uid} INTERNALDATE "02-Mar-2026 11:00:00 +0000" BODY[]<0> {{{len(body)}}}'.encode()
        return [said + b"\r\n" + body + b")"]

    def _login(self, given: tuple[str, ...]) -> list[bytes]:
        if given != LOGIN:
            self._end = f"NO wrong: {given}".encode()
        return []

    def _show(self) -> list[bytes]:
        """Take an access token, or say why not in two steps."""
        self._say(b"+ ")
        given = b64decode(self.rfile.readline()).decode()
        if given not in {f"user={LOGIN[0]}\1auth=Bearer {token}\1\1" for token in self.state.tokens or ()}:
            self._say(b"+ " + b64encode(b'{"status":"400"}'))
            assert self.rfile.readline() == b"\r\n"
            self._end = f"NO [AUTHENTICATIONFAILED] {given}".replace("\1", " ").encode()
        return []

    def _say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))
        self.wfile.flush()


class _Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def get_request(self):
        """Accept a connection, over TLS if there is a certificate."""
        found, address = super().get_request()
        return (self.tls.wrap_socket(found, server_side=True) if self.tls else found), address

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients leave as they like."""


@contextmanager
def imap_server(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve a mailbox on loopback."""
    state = Server()
    with _Threads(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state})) as server:
        server.tls = tls
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
