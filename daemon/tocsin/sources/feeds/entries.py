"""Conversion of the items of a feed document to entries."""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime

from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.sources.documents.dates import believe
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.feeds.identity import Traits, identify
from tocsin.sources.http import urls
from tocsin.text.titles import normal, split_outlet

#: Separator between a title and an outlet after it.
_PARTED = re.compile(r"(?:\s+[-–—|]\s+|\s*[_－｜]\s*)\Z")
#: Characters of the text that replace a missing title.
_HEADLINE = 120


def entries(parsed: Parsed, *, source: str, url: str, labels: Labels, now: datetime) -> tuple[Entry, ...]:
    """Return the entries of the document *parsed* of the source *source* at *url*, in document order.

    The publisher of an entry is the first of: the outlet or feed from which an aggregator took it, whose name is then
    removed from the title; the outlet named after its title; the site to which a search engine's address leads; the feed
    itself, by its title or its site.
    """
    items = [dataclasses.replace(item, title=_cut(item) or _headline(item)) for item in parsed.items]
    feed_host = urls.host(parsed.link) or urls.host(url)
    identities = identify([_traits(item, feed_host) for item in items])
    return tuple(
        Entry(
            source=source,
            id=identity.id,
            keys=identity.keys,
            title=item.title,
            first_seen=now,
            summary=item.summary,
            body=item.body,
            link=urls.direct(item.link),
            canonical_link=identity.link,
            publisher=item.outlet or split_outlet(item.title)[1] or _site(item) or parsed.title or urls.site(item.link),
            authors=item.authors,
            categories=item.categories,
            language=item.language,
            published=believe(item.published, now),
            published_raw=item.published_raw,
            labels=labels,
            edition=identity.edition,
        )
        for item, identity in zip(items, identities, strict=True)
    )


def _traits(item: Item, feed_host: str) -> Traits:
    link = item.origin or (item.link if item.own_link else "")
    return Traits(
        id=item.id,
        link=urls.canonical(link, feed_host=feed_host),
        title=normal(item.title),
        day=item.published.date().isoformat() if item.published else "",
        text=f"{item.title}\n\n{item.summary}\n\n{item.body}",
        outlet=item.outlet if urls.is_aggregator(item.link) else "",
    )


def _site(item: Item) -> str:
    """Return the site of an article behind a click counter, because an aggregator does not own what it lists."""
    found = urls.direct(item.link)
    return urls.site(found) if found != item.link else ""


def _cut(item: Item) -> str:
    """Return the title of an item without the name of its outlet."""
    if not item.outlet or not item.title.endswith(item.outlet):
        return item.title
    text = item.title.removesuffix(item.outlet)
    parted = _PARTED.search(text)
    return text[: parted.start()] if parted and parted.start() else item.title


def _headline(item: Item) -> str:
    """Return the beginning of the text of an item without a title."""
    block = (item.summary or item.body).partition("\n\n")[0]
    if len(block) <= _HEADLINE:
        return block
    cut = block[:_HEADLINE]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"
