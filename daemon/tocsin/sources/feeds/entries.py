"""Entries: the items of a document with their publisher, and the keys by which each is recognised in later documents."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.model.entries import Entry, EntryKey, KeyKind
from tocsin.model.prices import Labels
from tocsin.sources.documents.dates import believe
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.http import urls
from tocsin.text.titles import normal, split_outlet

#: Separator between a title and an outlet after it.
_PARTED = re.compile(r"(?:\s+[-–—|]\s+|\s*[_－｜]\s*)\Z")
#: Characters of the text that replace a missing title.
_HEADLINE = 120


def entries(
    parsed: Parsed, *, source: str, url: str, labels: Labels, now: datetime, drafts: Sequence[Draft] = ()
) -> tuple[Entry, ...]:
    """Return the entries of the document *parsed* of the source *source* at *url*, in document order.

    The publisher of an entry is the first of: the outlet or feed from which an aggregator took it, whose name is then
    removed from the title; the outlet named after its title; the site to which a search engine's address leads; the feed
    itself, by its title or its site. *drafts* are those of all items, if they are known.
    """
    items = [_titled(item) for item in parsed.items]
    host = feed_host(parsed, url)
    drafts = drafts or [draft(item, host) for item in items]
    return tuple(
        Entry(
            source=source,
            id=identity.id,
            keys=identity.keys,
            title=item.title,
            first_seen=now,
            summary=item.summary,
            body=item.body,
            removed=item.removed,
            link=drafted.direct,
            canonical_link=identity.link,
            publisher=drafted.publisher or parsed.title or urls.site(item.link),
            authors=item.authors,
            categories=item.categories,
            language=item.language,
            published=believe(item.published, now),
            published_raw=item.published_raw,
            labels={**item.labels, **labels},
            edition=identity.edition,
        )
        for item, drafted, identity in zip(items, drafts, _identities(items, drafts, host), strict=True)
    )


def feed_host(parsed: Parsed, url: str) -> str:
    """Return the host of the site of the document *parsed*, or that of its address *url*."""
    return urls.host(parsed.link) or urls.host(url)


def draft(item: Item, host: str) -> Draft:
    """Return what *item*, of a feed of the site *host*, makes of its entry."""
    item = _titled(item)
    traits, direct = _traits(item, host), urls.direct(item.link)
    # An aggregator does not own what it lists.
    behind = urls.site(direct) if direct != item.link else ""
    publisher = item.outlet or split_outlet(item.title)[1] or behind
    return Draft(link=traits.link, direct=direct, publisher=publisher, identity=identify([traits])[0])


def _identities(items: Sequence[Item], drafts: Sequence[Draft], host: str) -> Sequence[Identity]:
    """Return the identities of *items*: those of their *drafts* if no id and no link is that of two items."""
    for found in ([item.id for item in items if item.id], [drafted.link for drafted in drafts if drafted.link]):
        if len(set(found)) < len(found):
            return identify([_traits(item, host) for item in items])
    return [drafted.identity for drafted in drafts]


def _titled(item: Item) -> Item:
    """Return *item* with the title of its entry."""
    title = _cut(item) or _headline(item)
    return item if item.title == title else dataclasses.replace(item, title=title)


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


#: A longer id is stored as its digest.
LONGEST_ID = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Traits by which an entry may be recognised. Each may be empty.

    *id* is unescaped, *link* canonical, *title* normalised, *day* the day of publication as YYYY-MM-DD,
    *text* the whole text of the entry. *outlet* is the publisher of an entry to which an aggregator gave its own id.
    """

    id: str = ""
    link: str = ""
    title: str = ""
    day: str = ""
    text: str = ""
    outlet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The id of an entry (never empty) and its keys. *link* is empty if it identifies nothing.

    *edition* means that the id is the link followed by a counter or a time.
    """

    id: str
    keys: tuple[EntryKey, ...]
    link: str
    edition: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that takes time to find out about an entry, and that its item and the site of its feed decide.

    *link* is canonical, *direct* the one that people open. *publisher* may be empty. *identity* is that of an entry whose id
    and link no other one in its document has.
    """

    link: str
    direct: str
    publisher: str
    identity: Identity


def identify(document: Sequence[Traits]) -> tuple[Identity, ...]:
    """Return the identity of each entry of a document, in order.

    An entry is identified by the first of: its id; its link, if no other entry has it; title and day; its text. An id
    that several entries share identifies none of them (some sites give one to all), so each adds its own link or title.
    A link counts only if it is unique and more than a home page.
    """
    ids = Counter(traits.id for traits in document)
    links = Counter(traits.link for traits in document)
    pairs = Counter((traits.id, traits.link) for traits in document)
    return tuple(
        _identify(
            traits,
            link=traits.link if links[traits.link] == 1 and urls.without_host(traits.link) else "",
            shared=ids[traits.id] > 1,
            paired=pairs[traits.id, traits.link] > 1,
        )
        for traits in document
    )


def digest(text: str) -> str:
    """Return 128 bits of BLAKE2b in hex."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _identify(traits: Traits, *, link: str, shared: bool, paired: bool) -> Identity:
    # Without a title, the text has to distinguish the entries of a day.
    titled = f"{traits.title or digest(traits.text)} {traits.day}"
    if traits.id and not shared:
        own = traits.id
    elif traits.id:
        own = f"{traits.id}|{digest(traits.title or traits.text) if paired or not traits.link else traits.link}"
    else:
        own = link or titled
    keys = [EntryKey(kind=KeyKind.ID, value=digest(own))]
    # The fragment is kept, because some sites put the time of an update there.
    place = "#".join(filter(None, (urls.without_host(traits.id), traits.id.partition("#")[2])))
    if traits.id:
        # An id that is not an address stays whole: together with the title it identifies the entry even if ids are shared.
        hostless = place or ("" if urls.is_web(traits.id) else traits.id)
        # An aggregator gives the same article different ids in different searches.
        hostless = f"{titled} {traits.outlet}" if traits.outlet and traits.title else hostless
        keys += [EntryKey(kind=KeyKind.ID_NOHOST, value=digest(hostless))] if hostless else []
    if link:
        keys.append(EntryKey(kind=KeyKind.LINK, value=digest(link)))
    if link and traits.id and place != urls.without_host(link):
        keys.append(EntryKey(kind=KeyKind.TEXT, value=digest(link)))
    keys.append(EntryKey(kind=KeyKind.TITLE_DAY, value=digest(titled)))
    keys.append(EntryKey(kind=KeyKind.WORDING, value=digest(own)))
    edition = bool(link) and not shared and urls.is_edition(traits.id, link)
    return Identity(id=own if len(own) <= LONGEST_ID else digest(own), keys=tuple(keys), link=link, edition=edition)
