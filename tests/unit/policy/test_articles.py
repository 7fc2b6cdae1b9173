"""Articles: which are worth fetching, and what follows a failure."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.model.articles import fetched, given, with_article
from tocsin.model.entries import Entry
from tocsin.policy.polling.articles import LONG, is_wanted, next_try

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def entry(**fields):
    """An entry that is worth a fetch, but for *fields*."""
    return Entry(source="s", id="1", keys=(), title="t", first_seen=NOW, **{"link": "https://example.org/1", **fields})


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        pytest.param({}, True, id="linked"),
        pytest.param({"link": ""}, False, id="no link"),
        pytest.param({"link": "javascript:alert(1)"}, False, id="no web address"),
        pytest.param({"body": "x" * LONG}, False, id="its source gave the text"),
        pytest.param({"published": NOW - timedelta(days=3)}, False, id="too old to alert"),
    ],
)
def test_only_an_article_that_can_still_say_more_is_wanted(fields, wanted):
    """Other people's servers are asked for nothing else."""
    assert is_wanted(entry(**fields)) is wanted


@pytest.mark.parametrize(
    ("fault", "tries", "wait"),
    [
        pytest.param(Fault.STATUS, 1, timedelta(minutes=2), id="first"),
        pytest.param(Fault.NETWORK, 4, timedelta(hours=6), id="last wait"),
        pytest.param(Fault.NETWORK, 5, None, id="given up"),
        pytest.param(Fault.BUSY, 9, timedelta(minutes=2), id="not its turn"),
        pytest.param(Fault.AUTH, 1, None, id="refused"),
        pytest.param(Fault.NOT_A_FEED, 1, None, id="no article"),
        pytest.param(Fault.BLOCKED_ADDRESS, 1, None, id="private address"),
    ],
)
def test_what_may_pass_is_tried_again(fault, tries, wait):
    """And what will not is given up at once."""
    due = next_try(SourceError("x", fault=fault), tries, NOW, NOW)
    assert due == (wait and NOW + wait)


def test_a_server_that_asks_for_a_pause_gets_it_and_two_days_are_the_end():
    """Later the article is no news."""
    busy = SourceError("x", fault=Fault.RATE_LIMITED, retry_after=timedelta(hours=2))
    assert next_try(busy, 1, NOW, NOW) == NOW + timedelta(hours=2)
    assert next_try(busy, 1, NOW, NOW + timedelta(hours=47)) is None


@pytest.mark.parametrize("body", ["", "A teaser."])
def test_the_text_of_an_article_stands_behind_that_of_its_source(body):
    """So that the places of earlier evidence stay true, and both can be told apart."""
    whole, start = with_article(body, "The article.")
    assert whole.startswith(body)
    assert (given(whole, start), fetched(whole, start)) == (body, "The article.")
    assert (given(body, None), fetched(body, None)) == (body, "")
