"""From items to entries."""

from datetime import UTC, datetime

import pytest

from tocsin.sources.entries import entries
from tocsin.sources.parse import Item, Parsed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _entries(*items, **feed):
    parsed = Parsed(**{"title": "Metal News", "link": "https://e.com/", "items": items, **feed})
    return entries(parsed, source="metal", url="https://feeds.e.com/x", labels={"tier": ("trade",)}, now=NOW)


def test_an_entry_carries_what_the_feed_said_of_it():
    """Nothing of an item is lost on its way into the line."""
    published = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    (entry,) = _entries(
        Item(
            id="1",
            link="https://e.com/a?utm_source=x&ref=e.com",
            title="China bans it",
            summary="Short.",
            body="Long.",
            language="en",
            published=published,
            published_raw="raw",
        )
    )
    assert (entry.source, entry.id, entry.title, entry.summary, entry.body) == (
        "metal",
        "1",
        "China bans it",
        "Short.",
        "Long.",
    )
    assert (entry.link, entry.canonical_link) == ("https://e.com/a?utm_source=x&ref=e.com", "https://e.com/a")
    assert (entry.published, entry.published_raw, entry.first_seen) == (published, "raw", NOW)
    assert (entry.language, entry.labels) == ("en", {"tier": ("trade",)})


@pytest.mark.parametrize(
    ("item", "publisher"),
    [
        (Item(title="China bans gallium exports - Reuters", outlet="Other Wire"), "Other Wire"),
        (Item(title="China bans gallium exports - Reuters"), "Reuters"),
        (Item(title="China bans gallium exports"), "Metal News"),
    ],
    ids=["taken over", "behind the title", "the feed"],
)
def test_the_publisher_is_who_wrote_it(item, publisher):
    """People trust an outlet, not the aggregator that passed it on."""
    (entry,) = _entries(item)
    assert entry.publisher == publisher


@pytest.mark.parametrize(
    ("item", "title"),
    [
        (Item(summary="First block.\n\nSecond."), "First block."),
        (Item(body="word " * 40), ("word " * 24).strip() + "…"),
        (Item(body="字" * 200), "字" * 120 + "…"),
        (Item(), ""),
    ],
    ids=["block", "words", "no blanks", "nothing"],
)
def test_an_entry_without_a_title_is_called_by_its_text(item, title):
    """A message needs a headline."""
    (entry,) = _entries(item)
    assert entry.title == title


def test_a_time_that_cannot_be_believed_is_none():
    """A broken clock at the publisher neither hides nor ages an entry."""
    (entry,) = _entries(Item(title="x", published=datetime(2030, 1, 1, tzinfo=UTC)))
    assert entry.published is None
    assert entry.event_time == NOW


def test_the_link_to_the_feed_itself_identifies_nothing():
    """Two entries without links of their own are two."""
    one, other = _entries(
        Item(title="One", link="https://e.com/news", own_link=False),
        Item(title="Two", link="https://e.com/news", own_link=False),
    )
    assert (one.link, one.canonical_link) == ("https://e.com/news", "")
    assert one.id != other.id


def test_the_article_behind_a_click_counter_is_compared():
    """The same article through two counters is one."""
    (entry,) = _entries(Item(title="x", link="https://feeds.e.com/~r/1", origin="https://e.com/a"), link="")
    assert (entry.link, entry.canonical_link) == ("https://feeds.e.com/~r/1", "https://e.com/a")
