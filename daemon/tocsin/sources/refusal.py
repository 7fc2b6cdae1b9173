"""What an HTTP answer means that is no good one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from tocsin.errors import Fault, SourceError


def refusal(host: str, status: int, headers: Mapping[str, str]) -> SourceError:
    """The error that an answer of *host* with *status* stands for.

    *headers* have names in lower case. The words are ours: a server's own could be anything.
    """
    wait = retry_after(headers) if status >= HTTPStatus.BAD_REQUEST else None
    fault = Fault.STATUS
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        fault = Fault.RATE_LIMITED
    elif status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        fault = Fault.AUTH
    elif status == HTTPStatus.GONE:
        fault = Fault.GONE
    words = f"{host} answered {status} {_phrase(status)}".rstrip()
    if status == HTTPStatus.FORBIDDEN and "cf-mitigated" in headers:
        words += ": Cloudflare wants a browser there"
    return SourceError(words, fault=fault, status=status, retry_after=wait)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """What `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date, which counts from the answer's own `Date`."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:9]))
    until = _date(value)
    if until is None:
        return None
    return max(timedelta(), until - (_date(headers.get("date", "")) or datetime.now(UTC)))


def _date(value: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(value)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
