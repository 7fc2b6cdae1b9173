"""Values that no match of a rule had before: once each, and not while nearly everything would be new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.alerts import MatchOutcome
from tocsin.model.rules import Correlation, CorrelationKind, RuleInfo, Severity
from tocsin.policy.alerting.correlation import Member, condition
from tocsin.policy.alerting.novelty import LEARNED, complete

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INFO = RuleInfo(id="p/n", hash="h", title="n", severity=Severity.HIGH, event="e", key=(), cooldown=timedelta(0))
RULE = Correlation(
    info=INFO, kind=CorrelationKind.COUNT, members=("p/deal",), within=timedelta(0), distinct="entry", new="company"
)
LONG_AGO = NOON - LEARNED


def deal(*companies: str, minutes: int = 0, outcome: MatchOutcome = MatchOutcome.ALERTED) -> Member:
    """A match about *companies*, so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return Member(rule="p/deal", event_time=at, labels={"company": companies, "mineral": ("tin",)}, outcome=outcome)


def fresh(*new: Member, known: tuple[str, ...] = (), since: datetime | None = LONG_AGO) -> list[tuple[str, ...]]:
    """The new companies of each completion."""
    return [tuple(found.labels["company"]) for found in complete(RULE, known, new, since)]


def test_each_new_value_is_found_once() -> None:
    """The known ones beside it are not named, and the other labels stay."""
    assert fresh(deal("acme", "apex"), deal("apex", minutes=1), deal("nova", minutes=2), known=("acme",)) == [
        ("apex",),
        ("nova",),
    ]
    [found] = complete(RULE, (), [deal("apex")], LONG_AGO)
    assert found.labels["mineral"] == ("tin",)


@pytest.mark.parametrize("since", [None, LONG_AGO + timedelta(minutes=1)])
def test_in_the_first_weeks_of_a_rule_nothing_is_new(since: datetime | None) -> None:
    """Every value is then seen for the first time; that is unknown, and rings nobody."""
    assert fresh(deal("apex"), since=since) == []


@pytest.mark.parametrize("outcome", [MatchOutcome.BASELINE, MatchOutcome.OLD, MatchOutcome.FLOOD])
def test_what_is_no_news_makes_a_value_known(outcome: MatchOutcome) -> None:
    """The first fetch of a new source names many companies, and not one of them is new today."""
    assert fresh(deal("apex", outcome=outcome), deal("apex", minutes=1)) == []


def test_a_match_without_the_label_is_none() -> None:
    """There is nothing that could be new."""
    assert fresh(deal()) == []


def test_the_condition_is_said_in_words() -> None:
    """In the proof, below the value that is new."""
    assert condition(RULE) == "a company that no match of deal had before"
