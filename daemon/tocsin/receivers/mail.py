"""Mail: we compose the mail and talk to the server ourselves, and use only apprise's reading of addresses.

One mail goes to one server, with every reply recorded, and whether the mail may have arrived.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from base64 import b64encode
from typing import Any

from apprise.plugins.base import NotifyBase
from apprise.plugins.email.base import NotifyEmail, PGPMode

from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass, Message, MessageKind
from tocsin.receivers import classify
from tocsin.receivers.apprise import AppriseReceiver, Endpoint, Fields, made, parsed
from tocsin.receivers.classify import Stage
from tocsin.receivers.exchange import Exchange, current
from tocsin.receivers.letter import letter
from tocsin.receivers.logins import LoginError
from tocsin.receivers.mailboxes import Mailbox, in_ascii, mailboxes
from tocsin.receivers.oauth import AccessTokens
from tocsin.receivers.smtp import KeptConnection, Smtp, SmtpOverTls, end


class _Mail(NotifyEmail):
    """apprise's reading of mail addresses, with our own mail and our own SMTP client.

    *octets* is the whole mail, with CRLF line endings, for the address *recipient*. *tokens* log in in place of a
    password. *secure_mode* is `insecure`, `ssl` or `starttls`. *kept* is the connection of the mail before.
    """

    octets = b""
    recipient = ""
    tokens: AccessTokens | None = None
    kept = KeptConnection()

    def send(self, *_: Any, **__: Any) -> bool:
        exchange = current()
        assert exchange is not None
        exchange.outcome = _sent(self, exchange)
        return exchange.outcome.error_class is ErrorClass.OK


def build(endpoint: Endpoint) -> AppriseReceiver:
    """Return the receiver for a mail address.

    Raises:
        ValueError: the address is wrong, or names no recipient.
    """
    fields = parsed(NotifyEmail, endpoint.url)
    # apprise knows addresses in ASCII alone, and leaves out what it does not know, so it reads none of them.
    readers = {box.address: box for box in _readers(fields)}
    reply_to = [box.wire for box in in_ascii(fields.get("reply_to") or "", "reply")]
    fields |= {"targets": None, "cc": None, "bcc": None, "reply_to": None}
    if not str(sender := fields.get("from_addr") or "").isascii() and "@" in sender:
        box = in_ascii(sender, "from")[0]
        fields["from_addr"] = f"{box.name}<{box.wire}>"
    sample = made(_Mail, fields)
    if sample.pgp_mode != PGPMode.NONE:
        raise ValueError("tocsin does not encrypt mail: remove pgp= and wkd= from the address")
    tokens = _tokens(endpoint, sample)
    readers = readers or {box.address: box for box in mailboxes(sample.from_addr[1])}

    kept = KeptConnection()

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        mail: _Mail = made(_Mail, fields)
        reader = readers[delivery.recipient]
        mail.recipient, mail.tokens, mail.kept = reader.wire, tokens, kept
        mail.octets = letter(
            message,
            delivery,
            sender=(str(mail.from_addr[0] or "tocsin"), str(mail.from_addr[1])),
            to=(reader.name, reader.wire),
            reply_to=reply_to,
            headers=mail.headers,
        )
        return mail

    def log_in(exchange: Exchange) -> AttemptResult:
        mail: _Mail = made(_Mail, fields)
        mail.tokens = tokens
        return _sent(mail, exchange, only_log_in=True)

    forms = {form for box in readers.values() for form in (box.address, box.wire)}
    return AppriseReceiver(
        endpoint=endpoint,
        kind=MessageKind.MAIL,
        plugin=plugin,
        recipients=tuple(readers),
        open_words=(*forms, *(form.rpartition("@")[2] for form in forms), sample.smtp_host, sample.from_addr[1]),
        place=f"{sample.smtp_host}:{sample.port}",
        mode="oauth" if tokens else sample.secure_mode or "",
        hidden=lambda: tokens.secrets if tokens else (),
        log_in=log_in,
    )


def _tokens(endpoint: Endpoint, mail: _Mail) -> AccessTokens | None:
    """Return the tokens that log in at the server of *mail*; None if a password does, or nothing.

    Raises:
        ValueError: they cannot be used with this address.
    """
    if endpoint.oauth is None:
        return None
    if not mail.user or mail.password:
        raise ValueError("with oauth the address names a user and no password: mailto://you%40example.org@smtp....")
    if mail.secure_mode == "insecure" and mail.smtp_host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("with oauth a mail server is asked over TLS only: mode=starttls or mode=ssl")
    return AccessTokens(endpoint.oauth)


def _readers(fields: Fields) -> list[Mailbox]:
    """Return all readers in the *fields* of an address.

    Copies get mails of their own, because a server may accept one recipient and refuse another.
    """
    lists = [",".join(fields.get("targets") or ()), fields.get("cc"), fields.get("bcc")]
    return [box for text in lists if text for box in mailboxes(text)]


#: Seconds that one read or write may take. The exchange bounds the total.
_PATIENCE = 15.0
#: Ways to log in with a password that smtplib knows (RFC 4954).
_PASSWORDS = frozenset({"PLAIN", "LOGIN", "CRAM-MD5"})


#: Parameters of a mail with an address in UTF-8 (RFC 6531), and what is said of a server that takes none.
_UTF8 = ("SMTPUTF8", "BODY=8BITMIME")
_NO_UTF8 = (
    "the server does not take letters beyond ASCII before the @ (SMTPUTF8): use another address, or another server"
)


class _UnfitError(Exception):
    """A server that cannot be used as the address says."""


def _sent(mail: _Mail, exchange: Exchange, *, only_log_in: bool = False) -> AttemptResult:
    """Send *mail* to its recipient, or with *only_log_in* nothing.

    Never raises for anything that server or network do.
    """
    stage = Stage.CONNECT
    smtp = None if only_log_in else _resumed(mail, exchange)
    keep = False
    try:
        if smtp is None:
            token = mail.tokens.get() if mail.tokens else ""
            smtp = _open(mail, exchange)
            stage = Stage.LOGIN
            _log_in(smtp, mail, token)
            stage = Stage.ENVELOPE
            smtp.ehlo_or_helo_if_needed()
            if only_log_in:
                return AttemptResult(error_class=ErrorClass.OK, words=_welcome(mail))
            if not mail.recipient.isascii() and not smtp.has_extn("smtputf8"):
                return AttemptResult(error_class=ErrorClass.NOBODY, words=_NO_UTF8)
            _address(smtp, mail)
        _expect(smtp.docmd("DATA"), 354)
        stage, exchange.written = Stage.MESSAGE, True
        smtp.send(_stuffed(mail.octets))
        code, words = _expect(smtp.getreply(), 250)
        outcome = classify.smtp(stage, code, words)
        keep = not exchange.expired
        return AttemptResult(error_class=ErrorClass.OK, code=code, words=outcome.words)
    except LoginError as error:
        return AttemptResult(error_class=error.kind, words=str(error))
    except smtplib.SMTPResponseException as error:
        if stage is Stage.LOGIN and mail.tokens:
            mail.tokens.forget()
        half = exchange.expired
        return exchange.lost(error) if half else classify.smtp(stage, error.smtp_code, error.smtp_error)
    except _UnfitError as error:
        return AttemptResult(error_class=ErrorClass.AUTH, words=str(error))
    except OSError as error:  # the base of every other error of smtplib
        return exchange.lost(error)
    finally:
        if smtp is not None and keep:
            mail.kept.keep(smtp)
        elif smtp is not None:
            end(smtp)


def _resumed(mail: _Mail, exchange: Exchange) -> Smtp | None:
    """Return the connection of the mail before, which knows the addresses of *mail* by now; None if it does not serve any longer.

    A server may limit the mails of a connection, or end it whenever it likes: a new one shows what it really says.
    """
    smtp = mail.kept.take()
    if smtp is None:
        return None
    smtp.exchange = exchange
    try:
        if not mail.recipient.isascii() and not smtp.has_extn("smtputf8"):
            raise _UnfitError(_NO_UTF8)
        _address(smtp, mail)
    except (OSError, _UnfitError):
        end(smtp)
        return None
    return smtp


def _address(smtp: Smtp, mail: _Mail) -> None:
    """Tell the server sender and recipient of *mail*.

    Raises:
        SMTPResponseException: it refuses one.
    """
    _expect(smtp.mail(str(mail.from_addr[1]), () if mail.recipient.isascii() else _UTF8), 250)
    _expect(smtp.rcpt(mail.recipient), 250, 251)


def _welcome(mail: _Mail) -> str:
    tls = "without TLS" if mail.secure_mode == "insecure" else f"TLS by {mail.secure_mode}"
    return f"connected, {tls}{', logged in' * bool(mail.user and (mail.password or mail.tokens))}"


def _open(mail: _Mail, exchange: Exchange) -> Smtp:
    timeout = min(_PATIENCE, exchange.limit)
    if mail.secure_mode == "ssl":
        return SmtpOverTls(exchange, mail.smtp_host, mail.port or 0, timeout=timeout, context=_context(mail))
    return Smtp(exchange, mail.smtp_host, mail.port or 0, timeout=timeout)


def _log_in(smtp: Smtp, mail: _Mail, token: str) -> None:
    smtp.ehlo_or_helo_if_needed()
    if mail.secure_mode == "starttls":
        if not smtp.has_extn("starttls"):
            raise _UnfitError("the server offers no STARTTLS at this port")
        smtp.starttls(context=_context(mail))
        smtp.ehlo_or_helo_if_needed()
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if token:
        if "XOAUTH2" not in offered:
            raise _UnfitError("the server offers no login by OAuth (XOAUTH2) at this port")
        _show(smtp, str(mail.user), token)
    elif mail.user and mail.password:
        if not _PASSWORDS.intersection(offered):
            ways = f" but {', '.join(offered)}" if offered else ""
            raise _UnfitError(f"the server offers no way to log in at this port{ways}")
        smtp.login(mail.user, mail.password)


def _show(smtp: Smtp, user: str, token: str) -> None:
    """Log in with an access token (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol).

    Raises:
        SMTPAuthenticationError: the server refuses it.
    """
    first = b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    code, words = smtp.docmd("AUTH", f"XOAUTH2 {first}")
    if code == 334:  # the reason as JSON in base64; the refusal follows an empty line
        code, words = smtp.docmd("")
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, words)


def _context(mail: _Mail) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not mail.verify_certificate:  # the operator wrote verify=no in the address
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _expect(reply: tuple[int, bytes], *codes: int) -> tuple[int, bytes]:
    if reply[0] not in codes:
        raise smtplib.SMTPResponseException(*reply)
    return reply


def _stuffed(mail: bytes) -> bytes:
    """Return *mail* as it is sent (RFC 5321 4.5.2): leading dots doubled, and a line with a dot at the end."""
    lines = re.sub(rb"(?m)^\.", b"..", mail)
    return (lines if lines.endswith(b"\r\n") else lines + b"\r\n") + b".\r\n"
