"""Items: entries as documents contain them, in any format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, pairwise
from typing import Any
from urllib.parse import urljoin

from tocsin.model.prices import Labels
from tocsin.sources.http import urls
from tocsin.text.html import clean, one_line, to_plain

#: Most entries that are read from one document: the newest.
MOST_ENTRIES = 2000
#: Characters of a title and of a text that are kept.
LONGEST_TITLE = 1000
LONGEST_TEXT = 200_000
LONGEST_LINK = 4000
#: Authors and categories of an entry that are kept, and characters of each.
MOST_NAMES = 50
LONGEST_NAME = 200
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
#: Characters that are not allowed in a link, though some feeds use them.
_UNSAFE = re.compile(r"[\s<>\"\x00-\x1f\x7f]")
_LAST_NUMBER = re.compile(r"(\d{1,15})\D*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry as the document has it. Texts are plain, and each may be empty.

    *link* is the address that people open. *own_link* is False if that is only the feed's site. *origin* is the article
    behind a click-counter link. *outlet* is the feed from which an aggregator took the entry.
    """

    id: str = ""
    link: str = ""
    own_link: bool = True
    origin: str = ""
    title: str = ""
    summary: str = ""
    body: str = ""
    removed: str = ""  # of a page that is watched: what it no longer says
    outlet: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    labels: Labels = field(default_factory=dict)  # that its source found in it
    language: str = ""
    published: datetime | None = None
    published_raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Digests by which items of a document are recognised: *items* in order, and *context* of all else that they depend on."""

    context: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A feed document.

    *deleted* are ids of entries that were withdrawn (RFC 6721). *form* is its format, in words. *complete* is
    False if the document broke off, so that the rest has to be fetched again. *notes* says in words what was repaired or left out.
    *marks* are those of all items, None if the next document must be parsed as a whole. *skipped* are the numbers of the
    items that were recognised, which *items* lacks.
    """

    title: str
    link: str
    items: tuple[Item, ...]
    deleted: tuple[str, ...] = ()
    form: str = ""
    complete: bool = True
    notes: tuple[str, ...] = ()
    marks: Marks | None = None
    skipped: tuple[int, ...] = ()


def read_item(found: Mapping[str, Any]) -> Item:
    """Return the item whose fields *found* are of the types of JSON."""
    lists = {name: tuple(found[name]) for name in ("authors", "categories")}
    labels = {name: tuple(values) for name, values in found["labels"].items()}
    published = datetime.fromisoformat(found["published"]) if found["published"] else None
    return Item(**{**found, **lists, "labels": labels, "published": published})


def read_marks(found: Mapping[str, Any] | None) -> Marks | None:
    """Return the marks whose fields *found* are of the types of JSON, None for None."""
    return Marks(context=found["context"], items=tuple(found["items"])) if found else None


def names(found: Iterable[str]) -> tuple[str, ...]:
    """Return names of authors or categories as distinct plain texts, limited in number and length."""
    texts = (to_plain(name[:LONGEST_TITLE])[:LONGEST_NAME].strip() for name in islice(found, 4 * MOST_NAMES))
    return tuple(islice(dict.fromkeys(filter(None, texts)), MOST_NAMES))


def first_web(addresses: Iterable[str]) -> str:
    """Return the first of *addresses* that is a web address of limited length and can be a link. Empty if none is."""
    found = next((a for a in addresses if len(a) <= LONGEST_LINK and urls.is_web(a)), "")
    return urls.escape(found) if _UNSAFE.search(found) else found


def absolute(url: str, address: str) -> str:
    """Return *address* resolved against *url*. An absolute address stays unchanged."""
    address = address.strip()
    if not address or urls.is_web(address):
        return address
    try:
        return urljoin(url, address)
    except ValueError:
        return ""


def language_tag(tag: str) -> str:
    """Return *tag* as BCP 47 in lower case. Empty for an invalid tag."""
    tag = tag.strip().lower().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else ""


def stated(raws: Iterable[str], read: Callable[[str], datetime | None]) -> tuple[datetime | None, str]:
    """Return the first of the times *raws* that *read* understands, and the first that is not empty."""
    written = [raw for raw in raws if raw]
    return next(filter(None, map(read, written)), None), clean(next(iter(written), ""))[:100]


def headline(text: str) -> str:
    """Return the plain *text* of a title on one line, limited in length."""
    return one_line(text[: 4 * LONGEST_TITLE])[:LONGEST_TITLE].strip()


def newest(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Return the newest items in document order, and a note if some were left out.

    An item without a time is as old as the nearest one above it with a time. If times do not decide, the document is
    assumed to begin with the newest, unless the numbers in its ids and links increase.
    """
    if len(items) <= MOST_ENTRIES:
        return tuple(items), ()
    times = [item.published.timestamp() if item.published else None for item in items]
    known = [time for time in times if time is not None]
    rising = _rises(known) if known else _rises([_number(item) for item in items])
    ages: list[tuple[float, bool, int]] = []
    last = next(iter(known), 0.0)
    for place, time in enumerate(times):
        last = last if time is None else time
        ages.append((-last, time is None, -place if rising > 0 else place))
    kept = sorted(sorted(range(len(ages)), key=ages.__getitem__)[:MOST_ENTRIES])
    what = "newest" if known or rising else "first"
    return tuple(items[place] for place in kept), (f"{len(items)} entries, the {what} {MOST_ENTRIES} were read",)


def _rises(numbers: Sequence[float]) -> int:
    """Return 1 if *numbers* increase more often than they decrease, -1 if less often, else 0."""
    steps = sum((later > earlier) - (later < earlier) for earlier, later in pairwise(numbers))
    return (steps > 0) - (steps < 0)


def _number(item: Item) -> float:
    """Return the last number in the id, or else in the link. 0 if there is none."""
    found = _LAST_NUMBER.search(item.id[-100:]) or _LAST_NUMBER.search(item.link[-100:])
    return float(found[1]) if found else 0.0
