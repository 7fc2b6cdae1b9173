"""Labels that sources find in their entries, in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.config import parse_config
from tocsin.errors import ConfigError
from tocsin.sources.documents.item_labels import LabelPattern, Place

RECEIVERS = "receivers:\n  here: {console: true, operator: true}\n"


def source(keys: str):
    """The one source with these keys."""
    text = f"sources:\n  wire: {{feed: https://example.org/feed, {keys}}}\n{RECEIVERS}"
    return parse_config(text, Path("/etc/tocsin/config.yaml"), {}).sources[0]


def test_a_place_alone_is_all_that_stands_there() -> None:
    """The short form is what most people need."""
    found = source('find: {form: category, item: {at: text, pattern: "Item ([0-9.]+)"}}, headline: "{form}: {title}"')
    assert found.find == (
        LabelPattern(label="form", at=Place.CATEGORY),
        LabelPattern(label="item", at=Place.TEXT, pattern="Item ([0-9.]+)"),
    )
    assert found.headline == "{form}: {title}"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("find: {form: categorie}", "category"),
        ('find: {form: {at: text, pattern: "("}}', "is not a regular expression"),
        ("find: {tier: category}, labels: {tier: trade}", "stands in labels, too"),
        ('find: {form: category}, headline: "{from}: {title}"', "nothing finds from; did you mean form"),
        ('items: "results["', "is not JMESPath"),
    ],
)
def test_the_first_mistakes_have_remedies(keys: str, words: str) -> None:
    """They are found before a poll, with their place."""
    with pytest.raises(ConfigError) as caught:
        source(keys)
    assert words in str(caught.value).replace("'", "")
