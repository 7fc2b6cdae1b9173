"""When matches become an event of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.alerts import MatchOutcome
from tocsin.model.rules import Correlation, CorrelationKind, RuleInfo, Severity
from tocsin.policy.alerting.correlation import Member, complete, condition

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def correlation(kind: str, *members: str, hours: float = 6, **fields: Any) -> Correlation:
    """A correlation of rules of the pack `p`."""
    info = RuleInfo(
        id="p/c", hash="h", title="c", severity=Severity.HIGH, event="e", key=(), cooldown=timedelta(hours=hours)
    )
    return Correlation(
        info=info,
        kind=CorrelationKind(kind),
        members=tuple(f"p/{name}" for name in members),
        within=timedelta(hours=hours),
        **fields,
    )


def member(rule: str, hour: float, *minerals: str, **fields: Any) -> Member:
    """A match of *rule* some hours after noon."""
    labels = {"mineral": minerals} if minerals else {}
    outcome = fields.pop("outcome", MatchOutcome.ALERTED)
    return Member(rule=f"p/{rule}", event_time=NOON + timedelta(hours=hour), labels=labels, outcome=outcome, **fields)


def fed(rule: Correlation, *members: Member) -> list[int]:
    """The numbers of the members that complete it, when each arrives on its own and state is kept between."""
    earlier: list[Member] = []
    windows: dict[Any, Any] = {}
    fired = []
    for number, item in enumerate(members):
        completions, changed = complete(rule, earlier, [item], windows)
        windows |= changed
        earlier.append(item)
        fired += [number] * bool(completions)
    return fired


BOTH = correlation("all_of", "ban", "move")
ALL = correlation("all_of", "ban", "move", "halt")
ORDER = correlation("all_of", "ban", "move", ordered=True)
TWO = correlation("any_of", "ban", "move", "halt", at_least=2)
THREE = correlation("count", "ban", at_least=3, distinct="origin")
JOINED = correlation("all_of", "ban", "move", by=("mineral",))


def ban(hour: float, *minerals: str, **fields: Any) -> Member:
    """A match of `ban`."""
    return member("ban", hour, *minerals, **fields)


def move(hour: float, *minerals: str, **fields: Any) -> Member:
    """A match of `move`."""
    return member("move", hour, *minerals, **fields)


@pytest.mark.parametrize(
    ("rule", "members", "fired"),
    [
        pytest.param(BOTH, [ban(0), move(5)], [1], id="both"),
        pytest.param(BOTH, [move(0), ban(5)], [1], id="both, the other way round"),
        pytest.param(BOTH, [ban(0), ban(1), ban(2)], [], id="one is not both"),
        pytest.param(BOTH, [ban(0), move(6)], [1], id="the end of the window belongs to it"),
        pytest.param(BOTH, [ban(0), move(6.01)], [], id="behind the window"),
        pytest.param(BOTH, [move(5), ban(0)], [1], id="a late match completes it"),
        pytest.param(BOTH, [move(6), ban(0)], [1], id="a late match at the very edge"),
        pytest.param(BOTH, [move(7), ban(0)], [], id="a match that comes too late"),
        pytest.param(BOTH, [ban(0), move(1), move(2), ban(3)], [1], id="it is told once"),
        pytest.param(BOTH, [ban(0), move(1), ban(8), move(9)], [1, 3], id="again when the window has emptied"),
        pytest.param(BOTH, [ban(0), move(1), ban(7), move(9)], [1], id="an hour of six without a match is not empty"),
        pytest.param(BOTH, [ban(20), move(21), ban(0), move(1)], [1, 3], id="an earlier happening that comes late"),
        pytest.param(ALL, [ban(0), member("halt", 10), move(5)], [], id="near each, but too far apart together"),
        pytest.param(ORDER, [ban(0), move(5)], [1], id="in order"),
        pytest.param(ORDER, [move(0), ban(5)], [], id="out of order"),
        pytest.param(ORDER, [move(0), ban(1), move(2)], [2], id="in order at last"),
        pytest.param(ORDER, [move(5), ban(0)], [1], id="in order, though it came late"),
        pytest.param(ORDER, [ban(0), move(0)], [1], id="at once is in order"),
        pytest.param(TWO, [ban(0), ban(1), member("halt", 2)], [2], id="two of three"),
        pytest.param(THREE, [ban(0, origin="a"), ban(1, origin="b"), ban(2, origin="c")], [2], id="three origins"),
        pytest.param(THREE, [ban(0, origin="a"), ban(1, origin="a"), ban(2, origin="a")], [], id="one origin thrice"),
        pytest.param(JOINED, [ban(0, "gallium"), move(1, "gallium")], [1], id="one mineral"),
        pytest.param(JOINED, [ban(0, "gallium"), move(1, "cobalt")], [], id="two minerals"),
        pytest.param(JOINED, [ban(0, "gallium", "cobalt"), move(1, "cobalt")], [1], id="each value on its own"),
        pytest.param(JOINED, [ban(0), move(1)], [], id="without the label it is joined with nothing"),
        pytest.param(
            JOINED,
            [ban(0, "gallium"), move(1, "gallium"), ban(2, "cobalt"), move(3, "cobalt")],
            [1, 3],
            id="each value has its own state",
        ),
    ],
)
def test_a_correlation_fires_when_it_becomes_true(rule: Correlation, members: list[Member], fired: list[int]) -> None:
    """Once, over event time, with both ends of the window in it."""
    assert fed(rule, *members) == fired


@pytest.mark.parametrize(
    ("distinct", "one", "other"),
    [
        ("entry", {"entry_id": 1}, {"entry_id": 2}),
        ("source", {"source": "a"}, {"source": "b"}),
        ("origin", {"origin": "a"}, {"origin": "b"}),
    ],
)
def test_what_is_counted_must_differ(distinct: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    """A wire story in twenty papers is one origin."""
    rule = correlation("count", "ban", at_least=2, distinct=distinct)
    assert fed(rule, ban(0, **one), ban(1, **one)) == []
    assert fed(rule, ban(0, **one), ban(1, **other)) == [1]


def test_a_label_can_be_counted() -> None:
    """Bans on two minerals within hours are more than one."""
    rule = correlation("count", "ban", at_least=2, distinct="mineral")
    assert fed(rule, ban(0, "gallium"), ban(1, "gallium"), ban(2, "cobalt")) == [2]
    assert fed(rule, ban(0, "gallium", "cobalt")) == [0]


def test_what_becomes_true_at_once_is_one_event_with_the_matches_that_show_it() -> None:
    """Two minerals in the same two reports are told together, with the shared values only."""
    new = [ban(0, "gallium", "cobalt", "tin"), ban(1, "lead"), move(2, "cobalt", "gallium")]
    [found], _ = complete(JOINED, [], new, {})
    assert found.labels == {"mineral": ("cobalt", "gallium")}
    assert [item.event_time.hour - 12 for item in found.witnesses] == [0, 2]


@pytest.mark.parametrize("outcome", [MatchOutcome.BASELINE, MatchOutcome.OLD])
def test_what_is_no_news_counts_but_completes_nothing(outcome: MatchOutcome) -> None:
    """Somebody is told when the next report comes, and not of what was true before."""
    assert fed(BOTH, ban(0, outcome=outcome), move(1)) == [1]
    assert fed(BOTH, ban(0), move(1, outcome=outcome)) == []
    assert fed(BOTH, ban(0), move(1, outcome=outcome), ban(2)) == [2]


@pytest.mark.parametrize(
    "outcome", [MatchOutcome.JOINED, MatchOutcome.HELD, MatchOutcome.UPDATED, MatchOutcome.CATCH_UP]
)
def test_matches_count_whatever_became_of_them(outcome: MatchOutcome) -> None:
    """Folded and held ones too."""
    assert fed(BOTH, ban(0, outcome=outcome), move(1, outcome=outcome)) == [1]


def test_the_condition_is_said_in_words() -> None:
    """It stands in the message."""
    assert condition(ORDER) == "ban before move within 6 h"
    assert condition(correlation("all_of", "ban", "move", hours=96)) == "ban and move within 4 d"
    assert condition(TWO) == "2 of ban, move, halt within 6 h"
    assert condition(THREE) == "3 origins of ban within 6 h"


HOURS = st.integers(0, 16)
MEMBERS = st.lists(st.tuples(st.sampled_from(["ban", "move", "halt"]), HOURS), min_size=1, max_size=7)


def _holds(rule: Correlation, members: list[Member]) -> bool:
    """Whether some window holds what it asks for: every choice of matches is tried."""
    wanted = rule.at_least if rule.kind is CorrelationKind.ANY_OF else len(rule.members)
    for chosen in combinations(members, wanted):
        times = [item.event_time for item in chosen]
        if max(times) - min(times) > rule.within or len({item.rule for item in chosen}) < wanted:
            continue
        orders = permutations(chosen)
        if not rule.ordered or any(
            [item.rule for item in order] == list(rule.members)
            and all(one.event_time <= other.event_time for one, other in pairwise(order))
            for order in orders
        ):
            return True
    return False


@given(items=MEMBERS, rule=st.sampled_from([BOTH, ORDER, TWO, ALL]))
def test_it_fires_if_and_only_if_a_window_holds_what_it_asks_for(
    items: list[tuple[str, int]], rule: Correlation
) -> None:
    """In whatever order the matches arrive, together or one by one."""
    members = [member(name, hour) for name, hour in items if f"p/{name}" in rule.members]
    true = _holds(rule, members)
    assert bool(fed(rule, *members)) is true
    assert bool(complete(rule, [], members, {})[0]) is true
    for size in range(len(members) + 1):
        if fed(rule, *members[:size]):
            assert _holds(rule, members[:size])
            break


def test_each_time_in_which_it_stood_is_remembered_by_itself() -> None:
    """What comes late is told where it is another happening, and not again where it is one that was told."""
    hours = [0, 0.1, 0.2, 30, 30.1, 30.2, 15, 15.1, 15.2, 0.5, 16, 31]
    assert fed(THREE, *(ban(hour, origin=str(number)) for number, hour in enumerate(hours))) == [2, 5, 8]
