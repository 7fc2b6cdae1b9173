"""More matches than usual: the same hours of the weeks before, and unknown until there are enough of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.alerts import MatchOutcome
from tocsin.model.rules import Correlation, CorrelationKind, RuleInfo, Severity
from tocsin.policy.alerting.correlation import Member, complete, match_of
from tocsin.policy.alerting.usual import FEWEST, WEEK, WEEKS, usual

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INFO = RuleInfo(id="p/c", hash="h", title="c", severity=Severity.HIGH, event="e", key=(), cooldown=DAY)


def flood(*, at_least: int = 2, more_than: float = 3, by: tuple[str, ...] = ()) -> Correlation:
    """A count of bans within a day that is compared with the usual one."""
    return Correlation(
        info=INFO,
        kind=CorrelationKind.COUNT,
        members=("p/ban",),
        within=DAY,
        at_least=at_least,
        more_than=more_than,
        by=by,
    )


def bans(start: datetime, count: int, mineral: str = "tin") -> list[Member]:
    """So many bans, one an hour from *start* on."""
    labels = {"mineral": (mineral,)}
    times = [start + n * HOUR for n in range(count)]
    return [
        Member(rule="p/ban", event_time=at, labels=labels, outcome=MatchOutcome.ALERTED, source="a") for at in times
    ]


def past(*counts: int) -> list[Member]:
    """Bans on this day of the last weeks, the latest week first."""
    return [one for week, count in enumerate(counts, 1) for one in bans(NOON - week * WEEK - 12 * HOUR, count)]


def fired(rule: Correlation, earlier: list[Member], new: list[Member], since: datetime | None) -> list[int]:
    """The numbers of the *new* matches that complete *rule*, one after the other."""
    windows: dict[Any, Any] = {}
    known, found = list(earlier), []
    for number, member in enumerate(new):
        completions, changed = complete(rule, known, [member], windows, since)
        windows |= changed
        known.append(member)
        found += [number] * bool(completions)
    return found


LONG_AGO = NOON - 10 * WEEK


@pytest.mark.parametrize(
    ("counts", "at_least", "number"),
    [
        ((2, 2, 2, 2, 2, 2, 2, 2), 2, 6),  # the seventh is more than three times two
        ((2, 2, 2, 2, 30, 2, 2, 2), 2, 6),  # one noisy week moves nothing
        ((0, 0, 0, 0, 0, 0, 0, 0), 5, 4),  # nothing is usual, so the least number counts
        ((4, 4, 4, 4, 4, 4, 4, 4), 2, 12),
    ],
)
def test_it_fires_at_more_than_so_many_times_the_usual(counts: tuple[int, ...], at_least: int, number: int) -> None:
    """The median of the same hours of eight weeks, and never fewer than the least number."""
    new = bans(NOON - 13 * HOUR, 14)
    assert fired(flood(at_least=at_least), past(*counts), new, LONG_AGO) == [number]


def test_too_little_history_is_unknown() -> None:
    """In its first weeks a rule does not know what is usual, and says nothing; unknown changes no state."""
    new = bans(NOON - 9 * HOUR, 10)
    assert fired(flood(), past(1, 1, 1), new, NOON - 3 * WEEK - DAY) == []
    assert fired(flood(), [], new, None) == []
    assert fired(flood(), past(1, 1, 1, 1), new, NOON - 5 * WEEK) == [3]


def test_what_is_usual_on_mondays_is_not_usual_on_sundays() -> None:
    """Each hour of the week has its own measure."""
    busy = past(8, 8, 8, 8, 8, 8, 8, 8)
    assert fired(flood(), busy, bans(NOON - 9 * HOUR, 10), LONG_AGO) == []
    assert fired(flood(), busy, bans(NOON + 3 * DAY - 9 * HOUR, 10), LONG_AGO) == [1]


def test_news_that_never_ceases_fires_again_after_it_was_usual() -> None:
    """One flood is one alert; the next one is another, though a match came every day between."""
    usual_days = [one for day in range(3, 9) for one in bans(NOON + day * DAY, 1)]
    new = [*bans(NOON - 9 * HOUR, 10), *usual_days, *bans(NOON + 10 * DAY, 6)]
    history = [one for day in range(60) for one in bans(NOON - (day + 1) * DAY, 1)]
    assert fired(flood(at_least=3), history, new, LONG_AGO) == [2, 19]


def test_each_key_value_has_its_own_measure() -> None:
    """A flood about tin is one, however much is usual about gallium."""
    history = past(1, 1, 1, 1, 1, 1, 1, 1)
    history += [one for week in range(1, 9) for one in bans(NOON - week * WEEK - 12 * HOUR, 9, "gallium")]
    rule = flood(by=("mineral",))
    assert fired(rule, history, bans(NOON - 9 * HOUR, 9, "gallium"), LONG_AGO) == []
    assert fired(rule, history, bans(NOON - 9 * HOUR, 9), LONG_AGO) == [3]


def test_the_proof_says_how_many_came_and_how_many_are_usual() -> None:
    """The reader can judge whether it is a flood."""
    history = past(1, 1, 1, 1, 1, 1, 1, 1)
    new = bans(NOON - 9 * HOUR, 4)
    [found], _ = complete(flood(), [*history, *new[:3]], new[3:], {}, LONG_AGO)
    words = match_of(found, _match()).detail
    assert words == (
        "4 now; more than 3x the usual, and at least 2 entries of ban, within 24 h; "
        "usual at this time: 1 (median of 8 weeks)"
    )


def _match() -> Any:
    class Newest:
        entry = quote = None

    return Newest()


@given(st.lists(st.integers(0, 50), min_size=FEWEST, max_size=WEEKS), st.integers(0, 10**6))
def test_a_single_week_never_decides(counts: list[int], wild: int) -> None:
    """Whatever one week was, the measure stays among the others."""

    def measured(several: list[int]) -> float:
        times = [(NOON - week * WEEK, [str(n) for n in range(count)]) for week, count in enumerate(several, 1)]
        found = usual(DAY, times, NOON, NOON - (len(several)) * WEEK - DAY)
        assert found
        assert found.weeks == len(several)
        return found.number

    others = counts[1:]
    assert min(others) <= measured([min(wild, 200), *others]) <= max(others)
