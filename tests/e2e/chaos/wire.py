"""The network between one life and its server: a proxy on loopback that can be cut, held, or cut at a certain COMMIT."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from chaos.points import Side

_BEGIN, _COMMIT = b"BEGIN ", b"COMMIT\0"
_MOST = 65536
#: Real seconds in which a server ends a session whose client is gone, unless that waits for a lock.
_PATIENCE = 2.0


@dataclass(slots=True, kw_only=True)
class Cutter:
    """Cut the wire on this *side* of the COMMIT of the first transaction that sends *words*; or, with *deed*, do that at them."""

    words: bytes
    side: Side = Side.BEFORE
    deed: Callable[[], object] | None = None
    struck: threading.Event = field(default_factory=threading.Event)


class Wire:
    """A proxy at *port* of loopback, to a server at *host* (a folder for a Unix socket) and its *port*."""

    def __init__(self, host: str, port: int) -> None:
        self._server: tuple[str, int] | str = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
        self._open = threading.Event()
        self._open.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._carrying = 0
        self._changing = threading.Lock()
        self._cutter: Cutter | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection; new ones are let through."""
        with self._changing:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _hang_up(end)

    def part(self) -> None:
        """End every session of the server; the client is told when it hears again."""
        with self._changing:
            for _, server in self._pairs:
                _hang_up(server)

    @property
    def quiet(self) -> bool:
        """Whether the server has ended every session of before."""
        return not self._carrying

    def hold(self) -> None:
        """Let nothing pass any more, and say nothing of it."""
        self._open.clear()

    def release(self) -> None:
        """Let everything pass again, what waited first."""
        self._open.set()

    def cut_at(self, words: str, side: Side) -> threading.Event:
        """Cut all of it at the COMMIT of the next transaction with *words*, before or behind it; set when that was."""
        self._cutter = Cutter(words=words.encode(), side=side)
        return self._cutter.struck

    def act_at(self, words: str, deed: Callable[[], object]) -> threading.Event:
        """Do *deed* when the next transaction sends *words*, before the server has them; set when that was."""
        self._cutter = Cutter(words=words.encode(), deed=deed)
        return self._cutter.struck

    def spare(self) -> None:
        """Cut no more."""
        self._cutter = None

    def close(self) -> None:
        """End the proxy."""
        _hang_up(self._listening)
        self._listening.close()
        self.release()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with self._changing:
                self._carrying += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Carry what a client and the server say to each other, until one of them ends; then wait for the server's end."""
        self._open.wait()
        server = socket.socket(socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET)
        try:
            with suppress(OSError, ValueError):
                server.connect(self._server)
                with self._changing:
                    self._pairs.append((client, server))
                self._carry(client, server)
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)
                server.settimeout(_PATIENCE)
                while server.recv(_MOST):
                    pass
        finally:
            client.close()
            server.close()
            with self._changing:
                self._carrying -= 1
                self._pairs = [pair for pair in self._pairs if pair[0] is not client]

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        marked = False
        while True:
            ready, _, _ = select.select([client, server], [], [])
            self._open.wait()
            for end in ready:
                data = end.recv(_MOST)
                if not data:
                    return
                if end is server:
                    client.sendall(data)
                    continue
                cutter = self._cutter
                marked = bool(cutter and cutter.words in data) or (marked and _BEGIN not in data)
                if cutter and cutter.deed and cutter.words in data:
                    self._cutter = None
                    cutter.deed()
                    cutter.struck.set()
                elif marked and cutter and _COMMIT in data:
                    self._strike(cutter, server, data)
                    return
                server.sendall(data)

    def _strike(self, cutter: Cutter, server: socket.socket, commit: bytes) -> None:
        """Cut everything at a *commit*."""
        self._cutter = None
        if cutter.side is Side.AFTER:
            server.sendall(commit)
            server.recv(_MOST)  # it is done, and nobody hears of it
        self.cut()
        cutter.struck.set()


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
