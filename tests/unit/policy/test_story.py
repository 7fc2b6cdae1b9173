"""Folding: what is one story, and who reports it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.alerts import Story, StoryEntry
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Match, RuleInfo, Severity
from tocsin.policy.alerting import story
from tocsin.policy.alerting.growth import fill
from tocsin.policy.alerting.keys import key_values

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TITLE = "China bans exports of gallium and germanium to US"


def entry(title: str, **fields: str) -> Entry:
    """An entry seen at noon."""
    return Entry(source="wire", id=title, keys=(), title=title, first_seen=NOON, **fields)


def told(*titles: str, at: datetime = NOON, link: str = "") -> Story:
    """A story with these members."""
    members = tuple(
        StoryEntry(entry_id=n, title=title, canonical_link=link, publisher="Herald", origin="Herald", event_time=at)
        for n, title in enumerate(titles)
    )
    return Story(id=1, event="e", opened_at=at, last_at=at, entries=members)


@pytest.mark.parametrize(
    ("title", "same"),
    [
        (TITLE + " - The Daily Post", True),
        ("China bans gallium and germanium exports to the US", True),
        ("China bans exports of antimony and graphite to Japan", False),
        ("Lithium prices fall for a third week", False),
    ],
    ids=["outlet behind it", "other words", "other subject", "other news"],
)
def test_headlines_of_one_happening_are_one_story(title: str, same: bool) -> None:
    """Two of five words in common, at least four."""
    assert (story.Stories([told(TITLE)]).find(entry(title), NOON) is not None) is same


@pytest.mark.parametrize(
    ("first", "later", "same"),
    [
        ("UPDATE 1-China bans gallium", "UPDATE 2-China bans gallium", True),
        ("(LEAD) US takes 10% of Trilogy", "(2nd LD) US takes 10 percent of Trilogy", True),
        ("快讯：中国禁镓", "【更新】中国禁镓", True),
        ("US takes 10% of Trilogy", "US takes 12 percent of Trilogy", False),
        ("Tin hits $40,000", "Tin hits $41k", False),
    ],
    ids=["numbered updates", "leads", "Chinese flashes", "another share", "another price"],
)
def test_editions_of_a_short_headline_are_one_story(first: str, later: str, same: bool) -> None:
    """Too short to share four words, two headlines that differ by marks and spelling of figures are equal."""
    assert (story.Stories([told(first)]).find(entry(later), NOON) is not None) is same


def test_the_same_link_is_the_same_story_whatever_the_headline() -> None:
    """An outlet that rewrites its headline does not ring twice."""
    found = story.Stories([told(TITLE, link="x.org/1")]).find(
        entry("Quite another headline", canonical_link="x.org/1"), NOON
    )
    assert found is not None


def test_different_numbers_are_different_stories() -> None:
    """A loan of 150 million is not the one of 400 million."""
    one = told("Pentagon lends 150 million to magnet maker in Texas")
    assert story.Stories([one]).find(entry("Pentagon lends 400 million to magnet maker in Texas"), NOON) is None


def test_the_story_that_agrees_most_is_joined() -> None:
    """The newest of several that fit is not always the one that is meant."""
    ban = replace(told("China bans exports of gallium to US chip makers"), id=1)
    talks = replace(told("China bans exports of graphite to US car makers", at=NOON + timedelta(minutes=5)), id=2)
    found = story.Stories([talks, ban]).find(entry("China bans exports of gallium to chip makers in Texas"), NOON)
    assert found is ban


def test_a_story_that_grew_is_found_by_its_newest_member() -> None:
    """A retelling of a retelling is still the same story."""
    shelf = story.Stories()
    for count in (1, 2):
        shelf.put(told(*(TITLE, "Beijing halts germanium shipments, chip makers scramble for stock")[:count]))
    found = shelf.find(entry("Chip makers scramble for stock as Beijing halts germanium shipments"), NOON)
    assert found is not None
    assert len(found.entries) == 2


def test_among_thousands_the_right_one_is_found() -> None:
    """Rows of bits tell the one story from all others that share a word or two."""
    many = [replace(told(f"Miner {n} opens pit in province {n} near town {n}"), id=n + 2) for n in range(3000)]
    right = replace(told(TITLE), id=1)
    assert (
        story.Stories([*many, right]).find(entry("China bans gallium and germanium exports to the US"), NOON) is right
    )
    assert story.Stories([*many, right]).find(entry("Opera house closes for a season of repairs"), NOON) is None


def test_a_story_ends_after_three_days_without_news() -> None:
    """The ban of last month does not swallow the ban of today."""
    old = told(TITLE, at=NOON - timedelta(hours=73))
    assert story.Stories([old]).find(entry(TITLE), NOON) is None


def test_a_long_story_is_compared_with_its_first_and_its_newest_members() -> None:
    """Thousands of copies cost no more than a few dozen."""
    middle = [f"Filler headline number {n} about something else" for n in range(2000)]
    long = told(TITLE, *middle, "Germany answers with tariffs of its own on magnets")
    assert story.Stories([long]).find(entry(TITLE), NOON) is long
    assert story.Stories([long]).find(entry("Germany answers with tariffs of its own on magnets"), NOON) is long


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"summary": "BEIJING, Dec 3 (Reuters) - China said", "publisher": "Post"}, "Reuters"),
        ({"body": "Xinhua - Officials said", "publisher": "Post"}, "Xinhua"),
        ({"publisher": "Post"}, "Herald"),
    ],
    ids=["wire in brackets", "wire at the head", "the first with the same text"],
)
def test_the_origin_is_the_wire_else_the_first_with_this_text(fields: dict[str, str], expected: str) -> None:
    """Twenty copies of one wire report are one voice."""
    assert story.origin(entry(TITLE, **fields), told(TITLE)) == expected


def test_without_a_story_the_origin_is_the_publisher_or_the_source() -> None:
    """Whoever stands there first speaks for itself."""
    assert story.origin(entry(TITLE, publisher="Post"), None) == "Post"
    assert story.origin(entry(TITLE), None) == "wire"


@pytest.mark.parametrize(
    ("template", "labels", "expected"),
    [
        ("{mineral}: ban", {"mineral": ("gallium", "germanium")}, "gallium, germanium: ban"),
        ("{mineral}: ban", {}, "ban"),
        ("{mineral}", {}, "{mineral}"),
        ("{mineral}", {"mineral": ("{country}",), "country": ("x",)}, "{country}"),
    ],
    ids=["values", "no value", "nothing left", "values are not templates"],
)
def test_titles_are_filled_with_labels(template: str, labels: dict[str, tuple[str, ...]], expected: str) -> None:
    """A title never shows a stray colon, and a value is never read as a template."""
    assert fill(template, labels) == expected


def test_keys_of_two_labels_are_their_combinations() -> None:
    """Gallium from China and from Japan cool down apart; a list of everything stays bounded."""
    rule = RuleInfo(
        id="p/r",
        hash="",
        title="",
        severity=Severity.LOW,
        event="e",
        key=("mineral", "source", "country"),
        cooldown=timedelta(hours=1),
    )
    entry = Entry(source="wire", id="1", keys=(), title="t", first_seen=NOON)
    proof = Evidence(op="term", text="t", holds=True)
    labels = {"mineral": ("gallium", "tin"), "country": ("cn",)}
    match = Match(rule=rule, severity=rule.severity, labels=labels, proof=proof, event_time=NOON, entry=entry)
    assert key_values(match, 7) == ("gallium|wire|cn", "tin|wire|cn")
    many = {"mineral": tuple(map(str, range(50))), "country": tuple(map(str, range(50)))}
    assert len(key_values(replace(match, labels=many), 7)) == 64
