"""Identity of entries: the keys by which an entry is recognised in later documents."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.model.entries import EntryKey, KeyKind
from tocsin.sources.http import urls

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
