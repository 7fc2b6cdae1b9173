"""SMTP: one mail to one server, with every reply recorded, and whether the mail may have arrived."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tocsin.model.deliveries import AttemptResult, ErrorClass
from tocsin.receivers import classify
from tocsin.receivers.classify import Stage
from tocsin.receivers.exchange import Exchange

#: Seconds that one read or write may take. The exchange bounds the total.
_PATIENCE = 15.0


#: Ways to log in with a password that smtplib knows (RFC 4954).
_PASSWORDS = frozenset({"PLAIN", "LOGIN", "CRAM-MD5"})


class _UnfitError(Exception):
    """A server that cannot be used as the address says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server; *mode* is `insecure`, `ssl` or `starttls`."""

    host: str
    port: int
    mode: str
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True


class _Smtp(smtplib.SMTP):
    """A connection that an exchange watches from the greeting on."""

    def __init__(self, exchange: Exchange, *args: Any, **kwargs: Any) -> None:
        self._exchange = exchange
        super().__init__(*args, **kwargs)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock:
            self._exchange.watch(self.sock)
        return super().getreply()


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    pass


def send(server: Server, sender: str, recipient: str, letter: bytes, exchange: Exchange) -> AttemptResult:
    """Send *letter* (with CRLF line endings) to *server*. Never raises for anything that server or network do."""
    smtp: _Smtp | None = None
    stage = Stage.CONNECT
    try:
        smtp = _open(server, exchange)
        stage = Stage.LOGIN
        _log_in(smtp, server)
        stage = Stage.ENVELOPE
        smtp.ehlo_or_helo_if_needed()
        _expect(smtp.mail(sender), 250)
        _expect(smtp.rcpt(recipient), 250, 251)
        _expect(smtp.docmd("DATA"), 354)
        stage, exchange.written = Stage.MESSAGE, True
        smtp.send(_stuffed(letter))
        code, words = _expect(smtp.getreply(), 250)
        outcome = classify.smtp(stage, code, words)
        return AttemptResult(error_class=ErrorClass.OK, code=code, words=outcome.words)
    except smtplib.SMTPResponseException as error:
        if exchange.expired:  # half a reply
            return classify.lost(error, written=exchange.written, expired=True, limit=exchange.limit)
        return classify.smtp(stage, error.smtp_code, error.smtp_error)
    except _UnfitError as error:
        return AttemptResult(error_class=ErrorClass.AUTH, words=str(error))
    except OSError as error:  # the base of every other error of smtplib
        return classify.lost(error, written=exchange.written, expired=exchange.expired, limit=exchange.limit)
    finally:
        if smtp is not None:
            _leave(smtp)


def _open(server: Server, exchange: Exchange) -> _Smtp:
    timeout = min(_PATIENCE, exchange.limit)
    if server.mode == "ssl":
        return _SmtpOverTls(exchange, server.host, server.port, timeout=timeout, context=_context(server))
    return _Smtp(exchange, server.host, server.port, timeout=timeout)


def _log_in(smtp: _Smtp, server: Server) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.mode == "starttls":
        if not smtp.has_extn("starttls"):
            raise _UnfitError("the server offers no STARTTLS at this port")
        smtp.starttls(context=_context(server))
        smtp.ehlo_or_helo_if_needed()
    if server.user and server.password:
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        if not _PASSWORDS.intersection(offered):
            ways = f" but {', '.join(offered)}" if offered else ""
            raise _UnfitError(f"the server offers no way to log in at this port{ways}")
        smtp.login(server.user, server.password)


def _context(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.verify:  # the operator wrote verify=no in the address
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _expect(reply: tuple[int, bytes], *codes: int) -> tuple[int, bytes]:
    if reply[0] not in codes:
        raise smtplib.SMTPResponseException(*reply)
    return reply


def _stuffed(letter: bytes) -> bytes:
    """Return *letter* as it is sent (RFC 5321 4.5.2): leading dots doubled, and a line with a dot at the end."""
    lines = re.sub(rb"(?m)^\.", b"..", letter)
    return (lines if lines.endswith(b"\r\n") else lines + b"\r\n") + b".\r\n"


def _leave(smtp: _Smtp) -> None:
    # The server's answer is known, so a QUIT that fails changes nothing.
    with suppress(OSError):
        smtp.quit()
    smtp.close()
