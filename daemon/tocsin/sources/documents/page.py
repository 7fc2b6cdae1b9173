"""Web pages read by CSS selectors: the items of a page without a feed (the kind `page`), and rows of fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.dates import order, parse_time, read_form
from tocsin.sources.documents.items import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_ENTRIES,
    Item,
    Parsed,
    absolute,
    first_web,
    language_tag,
    stated,
)
from tocsin.sources.http import urls
from tocsin.text.html import clean, one_line
from tocsin.units import counted

#: Most tags of a page that is read: each takes some 200 bytes.
MOST_TAGS = 200_000
#: Most elements that are open at a time: the parser may look at all of them for each tag, a second for these.
DEEPEST = 30_000
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)", re.IGNORECASE)
#: Elements that hold no others, or end by themselves where the next one begins.
_FLAT = {
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p", "rp", "rt",
    "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
}  # fmt: skip
#: Nested items repeat the text of the page. With more than this many times its bytes, the selector is wrong.
MOST_REPEATED = 8
_SAMPLE = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)
MOST_ROWS = 100_000
#: For each field of a row: the number of matching places, and the text of the first.
Row = list[tuple[int, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Selectors for the *items* of a page, and for *title*, *link* and *date* of an item.

    Without a selector, an item's title is its text, its link is the first link in it, and its date the first `time`.
    *date_format* is for strptime. A date without a zone is in *zone*.
    """

    items: str
    title: str = ""
    link: str = ""
    date: str = ""
    date_format: str = ""
    zone: str = "UTC"


def check_selector(text: str) -> str:
    """Return *text* if it is a CSS selector.

    Raises:
        ValueError: *text* is not a CSS selector.
    """
    try:
        LexborHTMLParser("").css(text)
    except SelectolaxError:
        raise ValueError(f"{text!r} is not a CSS selector") from None
    return text


def check_format(text: str) -> str:
    """Return *text* if it is a strptime format for whole dates.

    Raises:
        ValueError: *text* is not such a format.
    """
    try:
        day = datetime.strptime(_SAMPLE.strftime(text), text).date()  # noqa: DTZ007 - only its day is looked at
    except (ValueError, re.error):  # re.error: a directive that comes twice
        day = None
    if day != _SAMPLE.date():
        raise ValueError(f"{text!r} is not a format of a whole date; write one for strptime, such as %d.%m.%Y")
    return text


def read(text: str, selectors: Selectors, *, url: str, content_language: str = "") -> Parsed:
    """Return the items of the HTML page *text* from *url*.

    An item without text is left out. A page without items is an error, never a page without news.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    tree = tree_of(text)
    nodes = tree.css(selectors.items)
    if not nodes:
        raise _mistaken(f"nothing on the page is {selectors.items!r}: it was rebuilt, or needs a browser", "items")
    base = first_web([absolute(url, _attribute(tree.css_first("base"), "href"))]) or url
    language = language_tag(_attribute(tree.css_first("html"), "lang")) or language_tag(content_language)
    most = MOST_REPEATED * max(len(text), 1000)
    nodes, found = nodes[:MOST_ENTRIES], len(nodes)
    day_first = order(raw for node in nodes for raw in _raws(node, selectors))
    items = tuple(_items(nodes, selectors, base=base, site=url, language=language, most=most, day_first=day_first))
    if not items:
        missing, key = (repr(selectors.title), "title") if selectors.title else ("a text", "items")
        raise _mistaken(
            f"{counted(found, 'node')} {'is' if found == 1 else 'are'} {selectors.items!r}, and none has {missing}", key
        )
    if selectors.link and all(item.link == url for item in items):
        raise _mistaken(f"none of {counted(len(items), 'item')} has a link at {selectors.link!r}", "link")
    notes = _notes(found, items, selectors)
    return Parsed(
        title=_plain(_text(tree.css_first("title")), LONGEST_TITLE), link=url, items=items, form="a page", notes=notes
    )


def _mistaken(words: str, key: str) -> SourceError:
    return SourceError(f"{words}; correct `{key}`", fault=Fault.NOT_A_FEED)


def _notes(found: int, items: tuple[Item, ...], selectors: Selectors) -> tuple[str, ...]:
    """Return notes about a page on which this many nodes were *found*."""
    looked_at = min(found, MOST_ENTRIES)
    return tuple(
        words
        for words, true in (
            (f"{found} items, the first {MOST_ENTRIES} were read", found > MOST_ENTRIES),
            (f"left out, without a title: {counted(looked_at - len(items), 'item')}", len(items) < looked_at),
            (
                f"no item has a date that can be read at {selectors.date!r}; the first sight counts",
                selectors.date and not any(item.published for item in items),
            ),
        )
        if true
    )


def _items(
    nodes: list[LexborNode],
    selectors: Selectors,
    *,
    base: str,
    site: str,
    language: str,
    most: int,
    day_first: bool | None,
) -> Iterator[Item]:
    """Yield the items at *nodes*, which may have at most *most* characters in total.

    Raises:
        SourceError: TOO_LARGE.
    """
    for node in nodes:
        whole = node.text(separator=" ", strip=True)
        most -= len(whole)
        if most < 0:
            words = f"the nodes that are {selectors.items!r} are nested; correct `items`"
            raise SourceError(words, fault=Fault.TOO_LARGE)
        head = node.css_first(selectors.title) if selectors.title else None
        title = one_line(_plain(whole if not selectors.title else _text(head), LONGEST_TITLE))
        if not title:
            continue
        link = first_web([absolute(base, _attribute(_link(node, selectors), "href"))])
        published, raw = stated(_raws(node, selectors), partial(_time, selectors=selectors, day_first=day_first))
        summary = _plain(whole, LONGEST_TEXT)
        yield Item(
            link=link or site,
            # A link to the page itself, such as #top, does not identify an item.
            own_link=bool(link) and urls.canonical(link) != urls.canonical(site),
            title=title,
            summary="" if summary == title else summary,
            language=language,
            published=published,
            published_raw=raw,
        )


def _link(node: LexborNode, selectors: Selectors) -> LexborNode | None:
    if selectors.link:
        return node.css_first(selectors.link)
    return node if node.tag == "a" else node.css_first("a[href]")


def _text(node: LexborNode | None) -> str:
    return node.text(separator=" ", strip=True) if node else ""


def _plain(text: str, limit: int) -> str:
    return " ".join(clean(text[: 4 * limit]).split())[:limit].strip()


def _attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "").strip() if node else ""


def _raws(node: LexborNode, selectors: Selectors) -> list[str]:
    """Return the candidate texts for the date of the item *node*. The attribute `datetime` is for machines and comes first."""
    found = node.css_first(selectors.date or "time")
    return [raw for raw in (_attribute(found, "datetime")[:100], _plain(_text(found), 100)) if raw]


def _time(raw: str, selectors: Selectors, day_first: bool | None) -> datetime | None:
    zone = ZoneInfo(selectors.zone)
    if selectors.date_format:
        with suppress(ValueError):
            return read_form(raw, selectors.date_format, zone)
    return parse_time(raw, zone=zone, day_first=day_first)


def read_rows(body: bytes, *, content_type: str, rows: str, fields: Sequence[str]) -> list[Row]:
    """Return the *fields* (`selector` or `selector@attribute`) of the nodes for *rows*, or else of the whole page.

    Raises:
        SourceError: NOT_A_FEED, if the parser cannot read the page.
    """
    tree = tree_of(decode(body, content_type)[0])
    found: Iterable[LexborHTMLParser | LexborNode] = tree.css(rows)[:MOST_ROWS] if rows else [tree]
    return [[_field(node, expression) for expression in fields] for node in found]


def tree_of(page: str) -> LexborHTMLParser:
    """Return the tree of the HTML *page*.

    Raises:
        SourceError: TOO_LARGE or NOT_A_FEED, if it would need too much time or memory.
    """
    tags = page.count("<")
    if tags > MOST_TAGS:
        raise SourceError(f"cannot be read: it has more than {MOST_TAGS} tags", fault=Fault.TOO_LARGE)
    if tags > DEEPEST and _is_deep(page):
        raise SourceError(f"cannot be read: its elements are more than {DEEPEST} levels deep", fault=Fault.TOO_LARGE)
    try:
        return LexborHTMLParser(page)
    except SelectolaxError as error:
        raise SourceError("cannot be read: its markup grows beyond all memory", fault=Fault.NOT_A_FEED) from error


def _is_deep(page: str) -> bool:
    """Return whether more than DEEPEST elements are open at some place of *page*; an end tag closes only its own kind."""
    open_tags = Counter[str]()
    depth = 0
    for found in _TAG.finditer(page):
        name = found[2].lower()
        if name in _FLAT:
            continue
        step = -1 if found[1] else 1
        if step > 0 or open_tags[name]:
            open_tags[name] += step
            depth += step
        if depth > DEEPEST:
            return True
    return False


def _field(node: LexborHTMLParser | LexborNode, expression: str) -> tuple[int, str | None]:
    selector, at, attribute = expression.partition("@")
    places = node.css(selector.strip())
    if not places:
        return 0, None
    said = places[0].attributes.get(attribute) if at else places[0].text(separator=" ", strip=True)
    return len(places), said
