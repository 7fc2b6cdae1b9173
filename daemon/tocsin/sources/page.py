"""The kind `page`: a web page without a feed, whose items CSS selectors name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from tocsin.errors import Fault, SourceError
from tocsin.sources.dates import parse_time
from tocsin.sources.parse import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_ENTRIES,
    Item,
    Parsed,
    absolute,
    first_web,
    language_tag,
)
from tocsin.text.html import clean

#: Tags of a page that is read at all: each takes some 200 octets.
MOST_TAGS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Which nodes of a page are its *items*, and which of an item its *title*, *link* and *date*.

    Without its own selector an item's title is its text, and its link the first one in it. *date_format* is strptime's;
    a date without a zone is in *zone*.
    """

    items: str
    title: str = ""
    link: str = ""
    date: str = ""
    date_format: str = ""
    zone: str = "UTC"


def check_selector(text: str) -> str:
    """*text*, if it is a CSS selector.

    Raises:
        ValueError: it is none.
    """
    try:
        LexborHTMLParser("").css(text)
    except SelectolaxError:
        raise ValueError(f"{text!r} is not a CSS selector") from None
    return text


def read(text: str, selectors: Selectors, *, url: str, content_language: str = "") -> Parsed:
    """The items of the HTML page *text*, which came from *url*.

    An item without text is left out. A page on which nothing is an item is an error, never a page without news.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    if text.count("<") > MOST_TAGS:
        raise SourceError(f"a page of more than {MOST_TAGS} tags", fault=Fault.TOO_LARGE)
    tree = LexborHTMLParser(text)
    nodes = tree.css(selectors.items)
    if not nodes:
        words = f"nothing on the page is {selectors.items!r}: it was rebuilt, or wants a browser; correct `items`"
        raise SourceError(words, fault=Fault.NOT_A_FEED)
    base = first_web([absolute(url, _attribute(tree.css_first("base"), "href"))]) or url
    language = language_tag(_attribute(tree.css_first("html"), "lang")) or language_tag(content_language)
    items = tuple(_items(nodes[:MOST_ENTRIES], selectors, base=base, site=url, language=language))
    if not items:
        words = (
            f"{len(nodes)} nodes are {selectors.items!r}, and none has {selectors.title or 'a text'!r}; correct `title`"
        )
        raise SourceError(words, fault=Fault.NOT_A_FEED)
    notes = [f"{len(nodes)} items, the first {MOST_ENTRIES} were read"] if len(nodes) > MOST_ENTRIES else []
    if len(items) < min(len(nodes), MOST_ENTRIES):
        notes.append(f"{min(len(nodes), MOST_ENTRIES) - len(items)} items without a title were left out")
    if selectors.date and not any(item.published for item in items):
        notes.append(f"no item has a date that can be read at {selectors.date!r}; the first sight counts")
    title = tree.css_first("title")
    return Parsed(
        title=_text(title, LONGEST_TITLE) if title else "", link=url, items=items, form="a page", notes=tuple(notes)
    )


def _items(nodes: list[LexborNode], selectors: Selectors, *, base: str, site: str, language: str) -> Iterator[Item]:
    for node in nodes:
        head = node.css_first(selectors.title) if selectors.title else node
        title = _text(head, LONGEST_TITLE) if head else ""
        if not title:
            continue
        link = first_web([absolute(base, _attribute(_link(node, selectors), "href"))])
        date = node.css_first(selectors.date) if selectors.date else node.css_first("time")
        raw = (_attribute(date, "datetime") or _text(date, 200)) if date else ""
        whole = _text(node, LONGEST_TEXT)
        yield Item(
            link=link or site,
            own_link=bool(link),
            title=title,
            summary="" if whole == title else whole,
            language=language,
            published=_time(raw, selectors),
            published_raw=raw[:100],
        )


def _link(node: LexborNode, selectors: Selectors) -> LexborNode | None:
    if selectors.link:
        return node.css_first(selectors.link)
    return node if node.tag == "a" else node.css_first("a[href]")


def _text(node: LexborNode, limit: int) -> str:
    return " ".join(clean(node.text(separator=" ", strip=True)[: 4 * limit]).split())[:limit].strip()


def _attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "").strip() if node else ""


def _time(raw: str, selectors: Selectors) -> datetime | None:
    if not selectors.date_format:
        return parse_time(raw) if raw else None
    try:
        found = datetime.strptime(raw, selectors.date_format)  # noqa: DTZ007 - the zone is filled in below
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(selectors.zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
