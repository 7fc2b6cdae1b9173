"""What an HTTP answer means that is no good one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from tocsin.errors import Fault, SourceError
from tocsin.hints import date

_FAULTS: dict[int, Fault] = {
    HTTPStatus.UNAUTHORIZED: Fault.AUTH,
    HTTPStatus.FORBIDDEN: Fault.AUTH,
    HTTPStatus.GONE: Fault.GONE,
    HTTPStatus.TOO_MANY_REQUESTS: Fault.RATE_LIMITED,
    HTTPStatus.SERVICE_UNAVAILABLE: Fault.RATE_LIMITED,
}


def refusal(host: str, status: int, headers: Mapping[str, str]) -> SourceError:
    """The error that an answer of *host* with *status* stands for.

    *headers* have names in lower case. The words are ours: a server's own could be anything.
    """
    wait = retry_after(headers) if status >= HTTPStatus.BAD_REQUEST else None
    words = f"{host} answered {status} {_phrase(status)}".rstrip()
    fault = _FAULTS.get(status, Fault.STATUS)
    if status == HTTPStatus.FORBIDDEN and "cf-mitigated" in headers:
        fault = Fault.CHALLENGE
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
    until = date(value)
    if until is None:
        return None
    return max(timedelta(), until - (date(headers.get("date", "")) or datetime.now(UTC)))
