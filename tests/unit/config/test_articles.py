"""`body: fetch` of sources: where it may stand, and what is said where its libraries are missing."""

from pathlib import Path

import pytest

from tocsin.config.cautions import cautions
from tocsin.config.config import parse_config
from tocsin.errors import ConfigError
from tocsin.sources.documents import article

HERE = "receivers:\n  here: {console: true, operator: true}\nhttp: {contact: ops@example.org}\n"


def parse(source):
    """The configuration of one source, `wire`."""
    return parse_config(f"sources:\n  wire: {source}\n{HERE}", Path("tocsin.yaml"), {})


def test_a_feed_or_a_page_fetches_articles_if_it_says_so():
    """Nobody's server is asked for more than the feed unasked."""
    assert not parse("{feed: https://example.org}").sources[0].articles
    assert parse("{feed: https://example.org, body: fetch}").sources[0].articles
    assert parse("{page: https://example.org, items: li, body: fetch}").sources[0].articles


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("{feed: https://example.org, body: true}", "body must be feed or fetch", id="true"),
        pytest.param("{feed: https://example.org, body: fetched}", "did you mean fetch?", id="misspelled"),
        pytest.param("{feed: https://example.org, fetch: true}", "unknown key fetch", id="another key"),
        pytest.param("{push: true, body: fetch}", "unknown key body", id="push"),
    ],
)
def test_the_first_mistakes_are_told_with_their_remedy(source, words):
    """With the place in the file."""
    with pytest.raises(ConfigError) as error:
        parse(source)
    assert any(words in one.message and one.position for one in error.value.problems), error.value.problems


def test_missing_libraries_are_a_warning_with_the_command_that_installs_them(monkeypatch):
    """The alarm runs on without them."""
    config = parse("{feed: https://example.org, body: fetch}")
    assert not [one for one in cautions(config) if "articles" in one.message]
    monkeypatch.setattr(article, "_LIBRARIES", ("tocsin", "no_such_library"))
    [found] = [one for one in cautions(config) if "articles" in one.message]
    assert found.warning
    assert found.message == (
        "no article of wire is fetched, because no_such_library is not installed: pip install 'tocsin[articles]'"
    )
