"""Verdicts of people as a rule test file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.testfile import Case, RuleTest, load_tests, write_cases
from tocsin.model.entries import Entry

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = ("p/ban",)


def case(title: str = "China bans gallium", *, wanted: bool = True, **fields: Any) -> Case:
    """A case of an entry with *title*."""
    labels = {"mineral": ("gallium", "germanium"), "tier": ("trade",)}
    entry = Entry(
        source="wire", id="1", keys=(), title=title, first_seen=NOW, **{"labels": {"tier": ("trade",)}, **fields}
    )
    return Case(name=f"alert 1: {title}", rule="p/ban", entry=entry, labels=labels, wanted=wanted)


def read(tmp_path: Path, *cases: Case) -> tuple[RuleTest, ...]:
    """*cases* as they are read again."""
    path = tmp_path / "cases.yaml"
    path.write_text(write_cases(cases), encoding="utf-8")
    tests, problems = load_tests(path, RULES)
    assert problems == ()
    return tests


def test_what_was_useful_is_expected_and_what_was_noise_is_not(tmp_path: Path) -> None:
    """The labels that the entry itself brought are the source's, not the rule's."""
    useful, noise = read(tmp_path, case(), case(wanted=False))
    assert [(one.rule, dict(one.labels)) for one in useful.expect] == [("p/ban", {"mineral": ("gallium", "germanium")})]
    assert (useful.expect_not, noise.expect, noise.expect_not) == ((), (), ("p/ban",))
    assert dict(useful.news[0].labels) == {"tier": ("trade",)}


def test_all_of_an_entry_that_a_rule_may_look_at_is_in_its_case(tmp_path: Path) -> None:
    """A case that lacks the language or the age would be judged otherwise."""
    fields = {"summary": "One.", "body": "Two.", "publisher": "Herald", "language": "zh"}
    (test,) = read(tmp_path, case(published=NOW - timedelta(minutes=90, seconds=20), **fields))
    (item,) = test.news
    assert (item.text, item.source, item.publisher, item.language) == ("One.\n\nTwo.", "wire", "Herald", "zh")
    assert item.age == timedelta(minutes=90)


@pytest.mark.parametrize("age", [timedelta(seconds=-30), timedelta(hours=50)], ids=["in the future", "too old"])
def test_a_time_that_a_test_would_not_alert_for_is_left_out(tmp_path: Path, age: timedelta) -> None:
    """What came late, after an outage, is a case all the same."""
    (test,) = read(tmp_path, case(published=NOW - age))
    assert test.news[0].age == timedelta(0)


@pytest.mark.parametrize(
    "title",
    [
        'a "b" \\ {c}: [d] #e',
        "two\nlines\ttab",
        "\x85\u2028\x7f\u00a0\U000e0041 ends",
        "no",
        "${HOME} ${file:/etc/passwd}",
        "- !!python/object",
        "镓🚨",
    ],
)
def test_text_of_a_feed_stays_text(tmp_path: Path, title: str) -> None:
    """A headline must not become a key, a value from outside or another test."""
    (test,) = read(tmp_path, case(title))
    assert test.news[0].title == title
    assert test.name == f"alert 1: {title}"
