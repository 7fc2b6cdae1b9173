"""Hints in headers and documents about when to poll again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.hints import PollHints, date
from tocsin.model.entries import Cursor
from tocsin.sources.http.caching import following_of, fresh, poll_hints
from tocsin.sources.http.client import Fetched
from tocsin.sources.http.refusal import retry_after

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATE = "Mon, 02 Mar 2026 11:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": 'Max-Age="600"'}, 600),
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "900"}, 0),
        ({"cache-control": "max-age=600, no-cache"}, 0),
        ({"cache-control": "no-store"}, 0),
        ({"cache-control": "max-age=soon"}, None),
        ({"cache-control": "max-age=" + "9" * 30}, 999_999_999),
        ({"expires": "Mon, 02 Mar 2026 11:30:00 GMT", "date": DATE}, 1800),
        ({"expires": "Mon, 02 Mar 2026 12:30:00 GMT"}, 1800),
        ({"expires": "0", "date": DATE}, 0),
        ({"expires": "Mon, 02 Mar 2026 10:00:00 GMT", "date": DATE}, 0),
        ({"expires": "Mon, 02 Mar 2026 11:30:00 GMT", "date": DATE, "cache-control": "max-age=60"}, 60),
        ({"expires": "Fri, 31 Dec 9999 23:59:59 GMT", "date": DATE}, 365 * 86400),
        ({"expires": "Fri, 31 Dec 9999 23:59:59 -0500", "date": DATE}, 0),
        ({"expires": "Mon, 02 Mar 2026 12:30:00 GMT", "date": "Fri, 31 Dec 9999 23:59:59 -0500"}, 1800),
        ({"expires": "Mon, 02 Mar 2026 11:30:00 +9999", "date": DATE}, 0),
    ],
    ids=[
        "nothing said",
        "max-age",
        "quoted",
        "less its age",
        "too old already",
        "no-cache",
        "no-store",
        "no number",
        "absurd number",
        "expires",
        "expires without a date",
        "expires 0",
        "expired",
        "max-age counts before expires",
        "never",
        "beyond the calendar",
        "sent beyond the calendar",
        "a zone that is none",
    ],
)
def test_headers_say_how_long_an_answer_lasts(headers: dict[str, str], seconds: int | None) -> None:
    """A server that says "valid for ten minutes" is not asked after five."""
    assert fresh(headers, NOON) == (None if seconds is None else timedelta(seconds=seconds))


HEAD = b"<rss xmlns:sy='x'><channel><title>T</title>%s%s<title>E</title>%s</channel></rss>"


def feed(inside: bytes, *, after: bool = False) -> bytes:
    """A feed with *inside* in its head, or behind its items."""
    items = b"<item><title>A</title><description><![CDATA[<ttl>1</ttl>]]></description></item>"
    return HEAD % (b"" if after else inside, items, inside if after else b"")


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (b"", PollHints()),
        (b"<ttl>60</ttl>", PollHints(ttl=timedelta(hours=1))),
        (b"<ttl> 60 </ttl>", PollHints(ttl=timedelta(hours=1))),
        (b"<ttl>0</ttl>", PollHints()),
        (b"<ttl>often</ttl>", PollHints()),
        (b"<ttl>99999999999</ttl>", PollHints(ttl=timedelta(days=365))),
        (b"<sy:updatePeriod>daily</sy:updatePeriod>", PollHints(period=timedelta(days=1))),
        (
            b"<sy:updatePeriod>\n hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
            PollHints(period=timedelta(minutes=30)),
        ),
        (
            b"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            PollHints(period=timedelta(hours=1)),
        ),
        (b"<sy:updatePeriod>fortnightly</sy:updatePeriod>", PollHints()),
        (
            b"<skipHours><hour>0</hour><hour>5</hour><hour>24</hour></skipHours>",
            PollHints(skip_hours=frozenset({0, 5})),
        ),
        (b"<skipHours><hour>25</hour><hour>x</hour><hour>\xd9\xa3</hour></skipHours>", PollHints()),
        (
            b"<skipDays><day>Saturday</day><day>sunday</day><day>Pay day</day></skipDays>",
            PollHints(skip_days=frozenset({5, 6})),
        ),
        (b"<hour>5</hour>", PollHints()),
    ],
    ids=[
        "nothing",
        "ttl",
        "blanks",
        "ttl 0",
        "no number",
        "absurd",
        "daily",
        "twice an hour",
        "frequency 0",
        "no such period",
        "hours, 24 is midnight",
        "no hours",
        "days",
        "an hour of something else",
    ],
)
def test_a_feed_says_when_to_come_back(inside: bytes, expected: PollHints) -> None:
    """In its head or behind its items, and never inside of an item."""
    assert poll_hints(feed(inside)) == expected
    assert poll_hints(feed(inside, after=True)) == expected


_ODD = [
    "",
    ",",
    "Fri,",
    "31",
    "Dec",
    "9999",
    "0001",
    "23:59:59",
    "24:00:60",
    "-0500",
    "+9999",
    "GMT",
    "EST",
    "-",
    "²",
    "٣",
    "9" * 30,
]


@pytest.mark.no_cover
@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(_ODD), max_size=8).map(" ".join) | st.text(max_size=40))
def test_a_hint_never_fails_anything(value: str) -> None:
    """Every header has a result, or none. A poll that fails because of a header would fail for ever."""
    found = date(value)
    assert found is None or found.tzinfo is UTC
    headers = dict.fromkeys(("expires", "date", "retry-after", "last-modified", "age"), value)
    lasts = fresh({**headers, "cache-control": f"max-age={value}"}, NOON)
    assert lasts is None or lasts >= timedelta(0)
    assert (retry_after(headers) or timedelta(0)) >= timedelta(0)
    answer = Fetched(status=200, headers=headers, body=b"x", final_url="https://e.com/")
    assert following_of(Cursor(), answer, NOON).last_modified in {"", value}


@pytest.mark.parametrize("body", [b"", b"\xff\xfe<\0r\0", b"<" * 300_000, b"<skipHours>" * 50_000, b"<ttl " * 100_000])
def test_what_is_no_feed_asks_for_nothing(body: bytes) -> None:
    """Bytes are read as they come; a hostile document costs no time."""
    assert poll_hints(body) == PollHints()
