"""How much of a document one transaction takes in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.entries import Entry
from tocsin.policy.chunks import AIM, LEAST, MOST, Backlog

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entries(count: int) -> list[Entry]:
    """As a feed shows them: the newest first."""
    return [
        Entry(
            source="wire",
            id=str(number),
            keys=(),
            title="x",
            first_seen=NOON,
            published=NOON - timedelta(minutes=number),
        )
        for number in range(count)
    ]


def test_the_oldest_event_comes_first_and_what_is_known_behind_what_is_new() -> None:
    """A story is opened by its earliest report, and a correction finds the alert that it corrects."""
    backlog = Backlog(entries(150), entries(3), ["gone"])
    found = []
    while len(backlog):
        found.append(backlog.cut())
    assert [entry.id for chunk in found for entry in chunk.new] == [str(n) for n in reversed(range(150))]
    assert [len(chunk.new) for chunk in found] == [MOST, 50]
    assert (len(found[-1].rewritten), found[-1].deleted) == (3, ("gone",))


@pytest.mark.parametrize(
    ("people", "size"),
    [
        pytest.param(0, MOST, id="nobody"),
        pytest.param(2, MOST, id="few"),
        pytest.param(10, 25, id="many"),
        pytest.param(900, LEAST, id="a crowd"),
    ],
)
def test_the_more_people_may_be_told_the_smaller_is_the_first_part(people: int, size: int) -> None:
    """How long it takes is not known yet."""
    backlog = Backlog(entries(200), people=people)
    assert backlog.several
    assert len(backlog.cut().new) == size


@pytest.mark.parametrize(
    ("seconds", "size"),
    [
        pytest.param(2 * AIM, 50, id="twice as long as it should"),
        pytest.param(AIM / 10, MOST, id="quick"),
        pytest.param(100 * AIM, LEAST, id="far too long"),
        pytest.param(0.0, MOST, id="in no time"),
    ],
)
def test_the_next_part_is_as_large_as_the_last_one_took(seconds: float, size: int) -> None:
    """Others wait for one part, whatever a machine can do."""
    backlog = Backlog(entries(300))
    backlog.cut()
    backlog.took(seconds)
    assert len(backlog.cut().new) == size


def test_an_ordinary_document_is_one_part() -> None:
    """Most polls bring a few entries, or none."""
    backlog = Backlog([])
    assert not backlog.several
    assert not backlog.more
    assert backlog.cut().new == ()
