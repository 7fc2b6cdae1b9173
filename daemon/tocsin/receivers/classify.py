"""Classification of a server's answer to a delivery, and advice when a test did not arrive."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from tocsin import hints
from tocsin.certificates import fault_of, speaks_no_tls
from tocsin.model.deliveries import AttemptResult, ErrorClass
from tocsin.receivers import refusals
from tocsin.render.words import cut, one_line

#: Most characters of an answer that are read. They are cut shorter after secrets have been removed.
_LONGEST = 4000

_STATUSES = {
    **dict.fromkeys((401, 403, 407), ErrorClass.AUTH),
    **dict.fromkeys((404, 410), ErrorClass.GONE),
    **dict.fromkeys((408, 425), ErrorClass.TRANSIENT),
    429: ErrorClass.RATE_LIMITED,
}
#: `error` of Slack's Web API, which always answers 200 (https://docs.slack.dev/reference/methods/chat.postMessage).
_SLACK = {
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), ErrorClass.RATE_LIMITED),
    **dict.fromkeys(("msg_too_long", "invalid_blocks", "invalid_blocks_format", "no_text"), ErrorClass.CONTENT),
    **dict.fromkeys(("internal_error", "fatal_error", "service_unavailable", "request_timeout"), ErrorClass.TRANSIENT),
}
_ENCODED = "@ : / # in user and password are written %40 %3A %2F %23"
_PORTS = "587 with mailto:// and mode=starttls, 465 with mailtos:// and mode=ssl, 25 inside of your own network"
#: Advice for a mail server that cannot be used in the mode of its address, by mode.
_UNFIT = {
    "ssl": "a server that speaks TLS only after STARTTLS needs mode=starttls (port 587); the host must be the name that its "
    "certificate is for; verify=no accepts any certificate",
    "starttls": "a server without STARTTLS needs mailtos:// and mode=ssl (port 465), or inside your own network mailto:// "
    "and mode=insecure; the host must be the name that its certificate is for",
    "insecure": "many servers accept a password only after STARTTLS: mode=starttls (port 587); one that accepts only tokens "
    "(XOAUTH2) needs oauth: of the receiver",
    "oauth": "log in with `tocsin receivers login`, and check token_url, client_id and scope in oauth: of the receiver; the "
    "server must offer XOAUTH2 at this port to the user in its address",
}
_REFUSED = f"check user and password: {_ENCODED}, and many providers require an app password instead of your own"
#: Advice for mail servers, and for all other services.
_ADVICE = {
    ErrorClass.TRANSIENT: (
        f"check that host and port are right, and that the server is up: {_PORTS}",
        "check that the address is right, the service is up, and this machine is online",
    ),
    ErrorClass.RATE_LIMITED: ("", "wait, and lower `rate` of this receiver"),
    ErrorClass.AUTH: ("", f"create a new token or webhook, and put it into the address: {_ENCODED}"),
    ErrorClass.GONE: ("", "the channel or webhook is gone, or its address is misspelled: create a new one"),
    ErrorClass.NOBODY: (
        "check that the address of the recipient is right",
        "check that the recipient in the address is right",
    ),
    ErrorClass.CONTENT: (
        "the server refuses the content or size of the mail: ask its operator",
        "the service refuses the message: check the parts of the address",
    ),
    ErrorClass.AMBIGUOUS: ("it may have arrived: look into the mailbox", "it may have arrived: look there"),
}
#: Codes for a refused login (RFC 4954, 6).
_LOGIN = (432, 534, 535)
#: Codes of mail servers that require TLS or a login first.
_FIRST = (530, 538)


def http(status: int, body: bytes, retry_after: str, now: datetime) -> AttemptResult:
    """Return the outcome of an answered HTTP request. *retry_after* is the header, empty if there was none.

    A redirect counts as a refusal that needs a person, because redirects are not followed.
    """
    waits = (hints.retry_after(retry_after, now), refusals.wait(body) or None)
    wait = max((min(one, refusals.MOST_WAIT) for one in waits if one is not None), default=None)
    if 200 <= status < 300:
        return AttemptResult(error_class=ErrorClass.OK, code=status, words=_said(status, body))
    if status < 400:
        return AttemptResult(
            error_class=ErrorClass.AUTH, code=status, words="answers with a redirect, which is not followed"
        )
    kind = _STATUSES.get(status, ErrorClass.TRANSIENT if status >= 500 else ErrorClass.CONTENT)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None:
        kind = ErrorClass.RATE_LIMITED
    if kind in (ErrorClass.CONTENT, ErrorClass.AUTH, ErrorClass.GONE):
        kind = refusals.meant(body) or kind
    return AttemptResult(error_class=kind, code=status, words=_said(status, body), retry_after=wait)


def slack(code: int | None, body: bytes) -> AttemptResult:
    """Return the outcome of a request that Slack answered with success, but without an `ok`."""
    match refusals.content(body):
        case {"error": str(error)} if error:
            kind = _SLACK.get(error) or refusals.meant(body) or ErrorClass.AUTH
            return AttemptResult(error_class=kind, code=code, words=cut(one_line(error), _LONGEST))
    # A proxy between us and Slack may have answered, so it is unknown whether the message arrived.
    return AttemptResult(error_class=ErrorClass.AMBIGUOUS, code=code, words=f"answered without ok: {_text(body)}")


class Stage(StrEnum):
    """Stages of a conversation with a mail server."""

    CONNECT = "connect"
    LOGIN = "login"
    ENVELOPE = "envelope"
    MESSAGE = "message"


def smtp(stage: Stage, code: int, said: bytes | str) -> AttemptResult:
    """Return the outcome of a conversation that ended with this reply (RFC 5321 4.2.3, RFC 3463 for x.7.x: policy)."""
    words = cut(one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said), _LONGEST)
    return AttemptResult(error_class=_smtp_class(stage, code, words), code=code, words=words)


def _smtp_class(stage: Stage, code: int, words: str) -> ErrorClass:
    if code < 500:
        return ErrorClass.TRANSIENT
    if stage is Stage.MESSAGE:
        return ErrorClass.CONTENT
    if stage is not Stage.ENVELOPE or code in (530, 534, 535, 538, 554) or re.match(r"5\.7\.\d", words):
        return ErrorClass.AUTH
    # 552 for a recipient means a full mailbox, which RFC 5321 4.5.3.1.10 says to treat like 452.
    return {550: ErrorClass.NOBODY, 551: ErrorClass.NOBODY, 553: ErrorClass.NOBODY, 552: ErrorClass.TRANSIENT}.get(
        code, ErrorClass.CONTENT
    )


def lost(error: BaseException, *, written: bool, expired: bool, limit: float) -> AttemptResult:
    """Return the outcome of an attempt without an answer. An untrusted server needs a person."""
    for cause in () if expired else _causes(error):
        if found := fault_of(cause):
            return AttemptResult(error_class=ErrorClass.AUTH, words=f"the server {found}")
        if speaks_no_tls(cause):
            return AttemptResult(error_class=ErrorClass.AUTH, words="the server speaks no TLS at this port")
    words = f"no answer within {limit:g} s" if expired else reason(error)
    return AttemptResult(error_class=ErrorClass.AMBIGUOUS if written else ErrorClass.TRANSIENT, words=words)


def reason(error: BaseException) -> str:
    """Return the words of the innermost cause of *error*. Libraries wrap them in texts that contain the whole address."""
    seen = _causes(error)
    for cause in reversed(seen):
        if isinstance(cause, OSError) and cause.strerror:
            return cut(one_line(cause.strerror), _LONGEST)
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in seen):
        return "timed out"
    return cut(one_line(str(seen[-1])) or type(seen[-1]).__name__, _LONGEST)


def _causes(error: BaseException) -> list[BaseException]:
    """Return *error* and its causes, the innermost last."""
    seen: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and inner not in seen:
        seen.append(inner)
        nested = [arg for arg in (getattr(inner, "reason", None), *inner.args) if isinstance(arg, BaseException)]
        inner = nested[0] if nested else inner.__cause__ or inner.__context__
    return seen


def _said(status: int, body: bytes) -> str:
    """Return the server's own words if it has any for people, or else the name of the status."""
    words = _words(refusals.content(body), 2)
    if words:
        moved = refusals.moved_to(body)
        return cut(one_line(f"{words}; it is {moved} now" if moved else words), _LONGEST)
    text = _text(body)
    if text and "<" not in text:
        return text
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _words(content: Any, depth: int) -> str:
    """Return the words for people in a JSON value, also one level below."""
    if not isinstance(content, dict):
        return ""
    for name in ("error", "message", "description", "detail", "reason", "errors"):
        member = content.get(name)
        if isinstance(member, str) and member:
            return member
        if isinstance(member, list) and member and all(isinstance(one, str) for one in member):
            return "; ".join(member)
        if depth and (words := _words(member, depth - 1)):
            return words
    return ""


def _text(body: bytes) -> str:
    return cut(one_line(body.decode("utf-8", "replace")), _LONGEST)


def remedy(error_class: ErrorClass, code: int | None, *, mode: str = "") -> str:
    """Return advice. *mode* is that of a mail server's address, and empty for every other service."""
    if not mode:
        if error_class is ErrorClass.AUTH and code is None:
            return "the host must be the name that its certificate is for; a server without TLS needs a scheme without the final s"
        if error_class is ErrorClass.AUTH and code is not None and 300 <= code < 400:
            return "use the address that it redirects to"
        return _ADVICE.get(error_class, ("", ""))[1]
    if error_class is not ErrorClass.AUTH:
        if code is not None and code < 500:
            return "the server asks to wait: real messages are retried automatically"
        return _ADVICE.get(error_class, ("", ""))[0]
    if code is None or (mode == "oauth" and code in _LOGIN):
        return _UNFIT.get(mode, "")
    if code in _LOGIN:
        return _REFUSED
    if code in _FIRST:
        return (
            f"the server requires a login, or TLS first: mode=starttls or mode=ssl, with user and password; {_ENCODED}"
        )
    return "the server refuses this sender: from= must be an address that this login may use"
