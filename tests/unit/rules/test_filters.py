"""Filters of sources: what they drop, what they say of it, and the mistakes in them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.config.config import parse_config
from tocsin.errors import ConfigError
from tocsin.model.entries import Entry
from tocsin.model.reasons import Cause
from tocsin.render.reasons import in_words
from tocsin.rules.filters import screened

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DOCS = Path(__file__).resolve().parents[3] / "docs" / "sources.md"
HERE = "receivers:\n  here: {console: true, operator: true}\n"


def parse(source):
    """The configuration of one source, `wire`."""
    return parse_config(f"sources:\n  wire: {source}\n{HERE}", Path("tocsin.yaml"), {})


def reason(source, **fields):
    """Why the filter of *source* drops an entry with *fields*."""
    entry = Entry(source="wire", id="1", keys=(), first_seen=NOW, **{"title": "", **fields})
    return screened(entry, parse(source).filters, NOW).dropped


def test_what_meets_drop_and_what_does_not_meet_keep_is_dropped():
    """The reason names the condition, and the line in the file."""
    source = "{feed: https://example.org, keep: gallium OR url=example.org/a, drop: title(webinar)}"
    assert not reason(source, title="Gallium is banned")
    assert not reason(source, link="https://www.example.org/a/7")
    first, second = reason(source, title="Gallium webinar"), reason(source, title="Tin")
    assert (first.cause, second.cause) == (Cause.DROPPED, Cause.NOT_KEPT)
    assert in_words(first) == "dropped by its source's filter: drop: title(webinar) (tocsin.yaml:2)"
    assert "does not meet keep: gallium OR url=example.org/a (tocsin.yaml:2)" in in_words(second)


def test_built_in_terms_and_labels_of_the_source_can_be_asked_for():
    """They belong to no pack."""
    assert not reason("{feed: https://example.org, keep: '@tocsin/money'}", title="It paid $5m")
    entry = Entry(source="wire", id="1", keys=(), title="x", first_seen=NOW, labels={"tier": ("trade",)})
    filters = parse("{feed: https://example.org, labels: {tier: trade}, drop: tier=trade}").filters
    assert screened(entry, filters, NOW).dropped
    assert not screened(replace(entry, source="other"), filters, NOW).dropped


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("{feed: https://example.org, keep: [gallium, tin]}", "join several by OR", id="list"),
        pytest.param("{feed: https://example.org, keep: }", "keep is empty", id="empty"),
        pytest.param("{feed: https://example.org, drop: category = Sport}", "write category=Sport", id="blanks"),
        pytest.param("{feed: https://example.org, drop: press release}", 'write "press release"', id="phrase"),
        pytest.param('{feed: https://example.org, drop: "press release"}', 'write "press release"', id="quotes eaten"),
        pytest.param("{feed: https://example.org, keep: NOT sport}", "drop takes out what keep leaves in", id="not"),
        pytest.param("{feed: https://example.org, keep: $mineral}", "knows no lists", id="list of a pack"),
        pytest.param("{feed: https://example.org, keep: '@p/ban'}", "knows no lists", id="expression"),
        pytest.param(
            "{feed: https://example.org, keep: '@tocsin/monney'}", "knows no lists", id="built in, misspelled"
        ),
        pytest.param("{feed: https://example.org, exclude: sport}", "unknown key exclude", id="another word"),
        pytest.param("{file: prices.csv, keep: tin}", "unknown key keep", id="prices"),
    ],
)
def test_the_first_mistakes_are_told_with_their_remedy(source, words):
    """With the place in the file."""
    with pytest.raises(ConfigError) as error:
        parse(source)
    assert any(words in one.message and one.position for one in error.value.problems), error.value.problems


RECIPES = {
    "section": ({"link": "https://www.example.org/business/1"}, {"link": "https://example.org/sport/1"}),
    "desk": ({"authors": ("A. Writer",)}, {"authors": ("A. Writer", "sports desk")}),
    "market": ({"categories": ("Metals",)}, {"categories": ("Metals", "sport")}),
    "search": ({"publisher": "Example Wire"}, {"publisher": "The Daily Example"}),
    "notices": ({"title": "On rare earths"}, {"title": "On tin"}),
    "official": ({"categories": ("Notices",), "title": "No. 4"}, {"categories": ("Notices",), "title": "Vacancies"}),
}


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_drops_what_it_says(name):
    """The block of the page, as it stands there."""
    block = next(text for text in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL) if "section:" in text)
    filters = parse_config(block, Path("tocsin.yaml"), {}).filters
    kept, dropped = (
        screened(Entry(source=name, id="1", keys=(), first_seen=NOW, **{"title": "x", **fields}), filters, NOW).dropped
        for fields in RECIPES[name]
    )
    assert not kept
    assert dropped


def test_hostile_text_is_only_looked_at():
    """Whatever stands in an entry, the reason has the words of the operator alone."""
    found = reason(
        "{feed: https://example.org, drop: category=Sport}", categories=("Sport", "<script>\x1b[31m"), title="{by}"
    )
    assert in_words(found) == "dropped by its source's filter: drop: category=Sport (tocsin.yaml:2)"
