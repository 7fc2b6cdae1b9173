"""Connections to a mail server: watched by an exchange, and kept for a while for the next mail of the same receiver."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

from tocsin.receivers.exchange import Exchange

#: Seconds for which a connection without a mail is kept; servers end one after minutes.
KEEP = 5.0


class Smtp(smtplib.SMTP):
    """A connection that the *exchange* of each of its mails watches, the first from the greeting on."""

    def __init__(self, exchange: Exchange, *args: Any, **kwargs: Any) -> None:
        self.exchange = exchange
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Return a socket to the first address of *host* that answers; its certificate is for the name."""
        last: OSError | None = None
        for address in self.exchange.addresses(host, port):
            try:
                return super()._get_socket(address, port, timeout)  # type: ignore[misc,no-any-return]  # smtplib's own
            except ssl.SSLError:
                raise  # the server has been reached
            except OSError as error:
                last = error
        raise last or TimeoutError(f"no answer within {self.exchange.limit:g} s")

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply of the server."""
        if self.sock:
            self.exchange.watch(self.sock)
        return super().getreply()


class SmtpOverTls(Smtp, smtplib.SMTP_SSL):
    """The same in TLS from the first octet on."""


def end(smtp: Smtp) -> None:
    """Take leave of the server and close the connection."""
    with suppress(OSError):  # whatever it says to that changes nothing
        smtp.quit()
    smtp.close()


class KeptConnection:
    """At most one open connection, which ends if no mail follows in time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._smtp: Smtp | None = None
        self._until = 0.0
        self._watched = False

    def take(self) -> Smtp | None:
        """Return the connection, for the caller alone, if there is one."""
        with self._lock:
            smtp, self._smtp = self._smtp, None
        if smtp is not None and time.monotonic() >= self._until:
            end(smtp)
            return None
        return smtp

    def keep(self, smtp: Smtp) -> None:
        """Keep a connection for the next mail."""
        with self._lock:
            # Two mails at a time may have had one each.
            before, self._smtp = self._smtp, smtp
            self._until = time.monotonic() + KEEP
            if not self._watched:
                self._watched = True
                self._end_after(KEEP)
        if before is not None:
            end(before)

    def _end_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._end_idle)
        timer.daemon = True
        timer.start()

    def _end_idle(self) -> None:
        """End the connection if its time is over; else look again then."""
        with self._lock:
            left = self._until - time.monotonic()
            if left > 0:
                self._end_after(left)
                return
            self._watched = False
            smtp, self._smtp = self._smtp, None
        if smtp is not None:
            end(smtp)
