"""What an answer means that is no good one."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tocsin.errors import Fault
from tocsin.sources.refusal import refusal, retry_after

DATE = "Mon, 02 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "fault", "wait", "words"),
    [
        (404, {}, Fault.STATUS, None, "e.com answered 404 Not Found"),
        (500, {"retry-after": "60"}, Fault.STATUS, 60, "e.com answered 500 Internal Server Error"),
        (503, {}, Fault.RATE_LIMITED, None, "e.com answered 503 Service Unavailable"),
        (503, {"retry-after": "60"}, Fault.RATE_LIMITED, 60, "e.com answered 503 Service Unavailable"),
        (429, {}, Fault.RATE_LIMITED, None, "e.com answered 429 Too Many Requests"),
        (401, {}, Fault.AUTH, None, "e.com answered 401 Unauthorized"),
        (403, {}, Fault.AUTH, None, "e.com answered 403 Forbidden"),
        (
            403,
            {"cf-mitigated": "challenge"},
            Fault.CHALLENGE,
            None,
            "e.com answered 403 Forbidden: Cloudflare wants a browser there",
        ),
        (410, {}, Fault.GONE, None, "e.com answered 410 Gone"),
        (206, {"retry-after": "60"}, Fault.STATUS, None, "e.com answered 206 Partial Content"),
        (799, {}, Fault.STATUS, None, "e.com answered 799"),
    ],
)
def test_a_status_says_what_went_wrong(status, headers, fault, wait, words):
    """Back-off and the operator's message depend on the kind of failure."""
    error = refusal("e.com", status, headers)
    assert (error.fault, error.status, str(error)) == (fault, status, words)
    assert error.retry_after == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": " 120 "}, timedelta(seconds=120)),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 GMT", "date": DATE}, timedelta(minutes=5)),
        ({"retry-after": "Mon, 02 Mar 2026 11:00:00 GMT", "date": DATE}, timedelta()),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 -0000", "date": DATE}, timedelta(minutes=5)),
        ({"retry-after": "later"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -0500"}, None),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 +9900"}, None),
        ({"retry-after": "Mon, 02 Mar 2026 12:05:00 GMT", "date": "Fri, 31 Dec 9999 23:59:59 -0500"}, ...),
        ({"retry-after": "9" * 40}, timedelta(seconds=999_999_999)),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, wait):
    """A server that asks for an hour gets an hour, even when its clock is wrong."""
    found = retry_after(headers)
    assert found is not None if wait is ... else found == wait


def test_a_date_without_a_date_header_counts_from_now():
    """Not every server says what time it thinks it is."""
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wait = retry_after({"retry-after": until})
    assert wait is not None
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)
