"""`tocsin sources list|show`: state, what comes next and why, the last fetches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.cli.sources import describe
from tocsin.errors import Fault
from tocsin.hints import PollHints
from tocsin.model.entries import Batch, Cursor
from tocsin.policy.decide import Policy
from tocsin.policy.polling.history import Moved, PollHistory
from tocsin.store.values import Fetch, JudgedBatch, PollRecord
from tocsin.store.views import SourceDetail, SourceView

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
VIEW = SourceView(
    name="wire",
    kind="feed",
    disabled=False,
    due_at=NOW + HOUR,
    polls=214,
    entries=38,
    errors=0,
    unhealthy=False,
    gone=False,
    last_error="",
    last_fault=None,
    first_polled=NOW - 90 * HOUR,
    last_success=NOW - timedelta(minutes=12),
)


def described(**fields: Any) -> str:
    """What `show` says of a source."""
    detail = SourceDetail(source=replace(VIEW, **fields), fetches=())
    return "\n".join(describe(detail, "https://example.org/feed", UTC, NOW))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "ok"),
        ({"last_success": None}, "new"),
        ({"errors": 2}, "failing"),
        ({"errors": 9, "unhealthy": True}, "unhealthy"),
        ({"errors": 9, "unhealthy": True, "dead": True}, "dead"),
        ({"errors": 9, "unhealthy": True, "gone": True}, "gone"),
        ({"habits": PollHistory(silent=True)}, "silent"),
        ({"habits": PollHistory(hollow=True)}, "empty"),
        ({"disabled": True, "errors": 3}, "removed"),
    ],
)
def test_a_state_is_a_word(fields: dict[str, Any], words: str) -> None:
    """The worst that is known of a source."""
    assert replace(VIEW, **fields).state == words


def test_a_source_explains_its_schedule_in_eighty_columns() -> None:
    """When next, why then, what its server asked for, where it moved."""
    text = described(
        reasons=(
            "its server asks for 1h (Cache-Control or Expires)",
            "it has news every 42m (median of 12): polled twice in that time",
        ),
        habits=PollHistory(
            arrivals=(NOW - HOUR,),
            longest=9 * HOUR,
            fresh=HOUR,
            validators=True,
            poll_hints=PollHints(ttl=HOUR, skip_hours=frozenset({2, 10}), skip_days=frozenset({5, 6})),
            moved=Moved(url="https://new.example/feed", since=NOW - 90 * HOUR, count=1),
            empty=2,
            silent=True,
        ),
        errors=2,
        last_error="example.org answered 500 Internal Server Error and then some more words that go on",
        last_fault=Fault.STATUS,
    )
    for words in (
        "wire  (feed, failing (2))",
        "address       https://example.org/feed",
        "moved to      https://new.example/feed",
        "seen 1 time since",
        "not polled there yet",
        "214 polls, 38 entries since 2026-02-26 18:00",
        "last success  2026-03-02 11:48 (12m ago)",
        "next poll     2026-03-02 13:00 (in 1h) its server asks for 1h",
        "longest silence 9h",
        "silent for far longer than ever",
        "its document was empty at the last 2 polls",
        "not in the hours 2, 10 GMT",
        "Sat, Sun",
        "it can answer that nothing is new",
        "last error    status: example.org answered 500",
    ):
        assert " ".join(words.split()) in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_a_source_that_was_never_polled_has_no_counts() -> None:
    """A line such as `polls  0 polls, 0 entries since -` says nothing."""
    assert "so far        nothing yet" in described(first_polled=None, polls=0, entries=0)


def test_a_move_in_use_says_so_and_a_removed_source_has_no_next_poll() -> None:
    """Nobody looks for a feed at an address that is not asked any more."""
    moved = Moved(url="https://new.example/feed", since=NOW, count=7, used=True)
    assert "seen 7 times" in described(habits=PollHistory(moved=moved))
    assert "now polled there instead of the address above" in " ".join(
        described(habits=PollHistory(moved=moved)).split()
    )
    assert "next poll" not in described(disabled=True)
    assert "last success  -" in described(last_success=None)


def test_a_source_that_programs_push_to_counts_pushes_and_has_no_next_poll() -> None:
    """Nobody waits for a poll that never comes."""
    lines = described(kind="push", polls=3)
    assert "so far        3 pushes, 38 entries since" in lines
    assert "next poll" not in lines


def test_an_address_stays_whole_and_cannot_steer_the_terminal() -> None:
    """People copy it; feed text is hostile."""
    url = f"https://example.org/{'x' * 100}"
    detail = SourceDetail(source=replace(VIEW, last_error="\x1b[31mred", last_fault=Fault.STATUS), fetches=())
    text = "\n".join(describe(detail, url, UTC, NOW))  # type: ignore[arg-type]
    assert url in text
    assert "\x1b" not in text


def test_show_lists_the_last_fetches(tocsin: Any) -> None:
    """Time, status, new entries, size, duration and error, for people and for machines."""
    store, now = tocsin.store(), datetime.now(UTC)
    store.sync_sources([("wire", "https://example.org/feed", "feed")], now)
    policy = Policy(routes=(), receivers=())
    fetches = [
        Fetch(at=now, status=200, size=20_480, took=timedelta(seconds=0.25)),
        Fetch(at=now, took=timedelta(seconds=10), fault=Fault.UNREACHABLE, error="cannot reach example.org"),
    ]
    for fetch in fetches:
        [lease] = store.claim_sources(now, timedelta(minutes=1), 9)
        batch = Batch(source="wire", entries=(), cursor=Cursor(), changed=True)
        record = PollRecord(due_at=now, reasons=("its rhythm is not known yet",), fetch=fetch)
        store.commit(lease, JudgedBatch(batch=batch), policy.decide, now, record)
    store.close()
    shown = tocsin("sources", "show", "wire").stdout
    assert "its rhythm is not known yet" in shown
    rows = shown[shown.index("fetched") :].splitlines()
    assert rows[0].split() == ["fetched", "status", "new", "size", "took", "error"]
    assert rows[1].split()[2:] == ["-", "0", "0", "B", "10.00s", "unreachable:", "cannot", "reach", "example.org"]
    assert rows[2].split()[2:] == ["200", "0", "20.5", "kB", "0.25s"]
    record = json.loads(tocsin("sources", "show", "wire", "--json").stdout)
    assert [item["status"] for item in record["fetches"]] == [0, 200]
    assert record["reasons"] == ["its rhythm is not known yet"]
    assert record["habits"]["poll_hints"]["skip_hours"] == []
    assert "now" in tocsin("sources", "list").stdout
