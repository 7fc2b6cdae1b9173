"""Identity of entries: the keys by which an entry is recognised in the next document."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.model.entries import EntryKey, KeyKind
from tocsin.sources.http import urls

#: An id longer than this is kept as its digest.
LONGEST_ID = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Traits by which an entry may be recognised; each may be empty.

    *id* is unescaped, *link* canonical, *title* normalised, *day* the published one as YYYY-MM-DD,
    *text* everything that the entry says. *outlet* is who wrote what an aggregator gives ids of its own.
    """

    id: str = ""
    link: str = ""
    title: str = ""
    day: str = ""
    text: str = ""
    outlet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The id of an entry, never empty, and its keys; *link* is empty where it tells nothing apart.

    *edition*: the id is the link with a counter or a time behind it.
    """

    id: str
    keys: tuple[EntryKey, ...]
    link: str
    edition: bool = False


def identify(document: Sequence[Traits]) -> tuple[Identity, ...]:
    """Return the identity of every entry of a document, in order.

    An entry is itself by the first of: its id; its link, if no other entry has it; title and day; its text. An id that
    several entries share says nothing about any of them (some sites give all of them one), so each takes its own link,
    or its title, into it. A link counts only when it is unique and more than a home page.
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
    """128 bits of BLAKE2b in hex."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _identify(traits: Traits, *, link: str, shared: bool, paired: bool) -> Identity:
    # Without a title the text has to tell one entry of a day from the next.
    titled = f"{traits.title or digest(traits.text)} {traits.day}"
    if traits.id and not shared:
        own = traits.id
    elif traits.id:
        own = f"{traits.id}|{digest(traits.title or traits.text) if paired or not traits.link else traits.link}"
    else:
        own = link or titled
    keys = [EntryKey(kind=KeyKind.ID, value=digest(own))]
    # With its fragment: some sites write the time of an update there.
    place = "#".join(filter(None, (urls.without_host(traits.id), traits.id.partition("#")[2])))
    if traits.id:
        # An id that is no address stays whole: with the same title it proves the same entry where ids are shared.
        hostless = place or ("" if urls.is_web(traits.id) else traits.id)
        # An aggregator gives an article another id in another search.
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
