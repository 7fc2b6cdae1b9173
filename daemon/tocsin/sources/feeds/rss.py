"""Parser of RSS, Atom and Google News sitemaps into plain values. This is the only importer of feedparser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import feedparser
from feedparser.api import PREFERRED_XML_PARSERS, SUPPORTED_VERSIONS
from feedparser.mixin import _FeedParserMixin
from feedparser.namespaces._base import Namespace

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.dates import order, parse_time
from tocsin.sources.documents.items import (
    LONGEST_LINK,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_ENTRIES,
    MOST_NAMES,
    Item,
    Marks,
    Parsed,
    absolute,
    first_web,
    headline,
    language_tag,
    names,
    newest,
    stated,
)
from tocsin.sources.feeds import repair
from tocsin.sources.feeds.sitemap import sitemap_as_rss
from tocsin.sources.feeds.slices import Slices, split
from tocsin.sources.http import urls
from tocsin.text.html import clean, decoded, to_plain

#: Characters of markup that are read for one text. Conversion to plain text takes twenty times the memory.
_LONGEST_MARKUP = 4 * LONGEST_TEXT

#: Characters of a document that are used to describe it.
_START = 2000


_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_DELETED = re.compile(
    r"""<(?:[\w.-]{1,40}:)?deleted-entry(?=\s)[^<>]{0,4000}?\sref\s*=\s*(?:"([^"<]{1,2000})"|'([^'<]{1,2000})')"""
)


_PORTAL = re.compile(r" on MSN(?:\.com)?\Z", re.IGNORECASE)
_OPAQUE = re.compile(r"<!--|<!\[CDATA\[")
_TEXTS = ("text/", "application/xhtml")
#: The times of an entry, in order of preference.
_TIMES = ("published", "updated", "created")
#: `jane@example.org (Jane Doe)`, as RSS has it, and `Jane Doe <jane@example.org>`.
_MAILED = re.compile(r"[^\s()<>]+@[^\s()<>]+\s*\(([^()]+)\)|([^()<>@]+)<[^<>]*>")


def _keep_author(parser: Any, key: str = "author") -> None:
    """Store the name of the author that was read last. feedparser's own method is quadratic in the length of the text."""
    context = parser._get_context()
    authors = dict.get(context, "authors")
    if key == "author" and authors and not dict.get(authors[-1], "name"):
        authors[-1]["name"] = _get(context, key)[:LONGEST_TITLE]


def _keep_tag(parser: Any, term: object, _scheme: object, label: object) -> None:
    """Keep one of the first categories. feedparser's own method is quadratic in their number."""
    tags = parser._get_context().setdefault("tags", [])
    if len(tags) < MOST_NAMES:
        tags.append({"term": term, "label": label})


def _begin_item(parser: Any, attributes: dict[str, str]) -> None:
    """Begin an item in the state in which every other one begins. feedparser clears that only at the end of an item."""
    parser.hasContent = parser.insource = parser.inauthor = parser.incontributor = parser.inpublisher = 0
    Namespace._start_item(parser, attributes)


# It would look for another parser on the disk for each document.
PREFERRED_XML_PARSERS.clear()
_FeedParserMixin._start_item = _FeedParserMixin._start_entry = _begin_item
_FeedParserMixin._sync_author_detail = _keep_author
_FeedParserMixin._add_tag = _keep_tag


def parse(
    body: bytes, *, url: str, content_type: str = "", content_language: str = "", known: Marks | None = None
) -> Parsed:
    """Return the feed in *body* from *url* with these headers, without its *known* items if it has the context of these.

    Whatever the document contains, the only error is that it is not a feed.

    Raises:
        SourceError: NOT_A_FEED.
    """
    text, note = decode(body, content_type)
    document, start = repair.repair(text), text[:_START]
    del text  # frees ten megabytes for feedparser
    listed = sitemap_as_rss(document)
    cut = None if listed else split(document)
    marks = cut.marks(url, content_language) if cut else None
    found = _read_new(cut, marks, known) if cut and marks and known else None
    independent = found is not None
    if found is None:
        repair.check_cost(document.encode())
        document = listed or document
        found = _read(document)
        independent = cut is not None and found.is_independent(cut)
    result, problem = found.result, found.problem
    if not result["version"] and not result["entries"]:
        raise SourceError(f"not a feed but {_describe(start)}", fault=Fault.NOT_A_FEED)
    notes = [note] if note else []
    raw = list(result["entries"])
    complete = True
    if problem:
        notes.append(f"not well-formed: {problem}")
        complete = not repair.is_cut_off(document)
        if not complete and repair.ends_inside_entry(document) and raw:
            raw.pop()
            notes.append("the last entry is cut off and was left out")
    feed = result["feed"]
    site = _link(feed, absolute(url, _detail(feed, "title", "base")) or url, "")
    language = language_tag(_get(feed, "language")) or language_tag(content_language)
    loose = not result["version"].startswith("atom")
    # A sitemap may also list pages that are not news.
    raw = [entry for entry in raw if isinstance(entry, dict) and (not listed or _get(entry, "title"))]
    day_first = order(_times(raw))
    items, omitted = newest(
        [_item(entry, url=url, site=site, language=language, loose=loose, day_first=day_first) for entry in raw]
    )
    return Parsed(
        title=_title(feed, "title", loose=loose),
        link=site,
        items=items,
        deleted=_deleted(document),
        form="a news sitemap" if listed else SUPPORTED_VERSIONS.get(result["version"]) or "a feed",
        complete=complete,
        notes=(*notes, *omitted),
        marks=marks if independent else None,
        skipped=found.skipped,
    )


def _deleted(document: str) -> tuple[str, ...]:
    """Return the ids in `at:deleted-entry`, which feedparser does not support (RFC 6721, 3)."""
    if _TOMBSTONES not in document:
        return ()
    found = (decoded(hit[1] or hit[2]).strip() for hit in _DELETED.finditer(_markup(document)))
    return tuple(dict.fromkeys(filter(None, found)))[:MOST_ENTRIES]


def _markup(document: str) -> str:
    """Return *document* without text that only looks like markup, so that a comment in it cannot withdraw an entry."""
    kept = []
    at = 0
    while (found := _OPAQUE.search(document, at)) is not None:
        kept.append(document[at : found.start()])
        end = "-->" if found[0] == "<!--" else "]]>"
        closed = document.find(end, found.end())
        if closed < 0:
            return "".join(kept)
        at = closed + len(end)
    return "".join([*kept, document[at:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The *result* of feedparser, the *problem* that it had with the document, and the numbers of the items it did not read.

    *reduced* is true if it could only read a part of each item.
    """

    result: Any
    problem: str = ""
    reduced: bool = False
    skipped: tuple[int, ...] = ()

    def is_independent(self, cut: Slices) -> bool:
        """Check whether each item that *cut* shows depends on no other one, and would be the same in another document."""
        entries = self.result["entries"]
        if self.problem or self.reduced or not self.result["version"]:
            return False
        # A date such as 13/5/2026 tells how others are to be read.
        ordered = any(order(_times([entry])) is not None for entry in entries)
        return len(entries) + len(self.skipped) == len(cut.places) and not ordered and cut.are_plain(self.skipped)


def _read_new(cut: Slices, marks: Marks, known: Marks) -> _Found | None:
    """Return what feedparser finds without the *known* items. None if they, or others, depend on the rest of the document."""
    if marks.context != known.context or cut.document.count("<") > repair.MOST_TAGS:
        return None
    old = frozenset(known.items)
    skipped = tuple(number for number, mark in enumerate(marks.items) if mark in old)
    document = cut.without(skipped)
    try:
        repair.check_cost(document.encode())
        found = replace(_read(document), skipped=skipped)
    except SourceError:
        return None
    return found if found.is_independent(cut) else None


def _read(document: str) -> _Found:
    """Return what feedparser finds in *document*.

    Raises:
        SourceError: NOT_A_FEED.
    """
    reduced = False
    try:
        result = _feedparser(document)
    except Exception:  # noqa: BLE001 - hostile input may raise anything, most often in an extension
        result, reduced = _reduced(document), True
    problem = result.get("bozo_exception")
    return _Found(result=result, problem=clean(str(problem))[:200] if problem else "", reduced=reduced)


def _reduced(document: str) -> Any:
    try:
        return _feedparser(repair.reduce(document))
    except Exception as error:
        raise SourceError(f"cannot be parsed ({type(error).__name__})", fault=Fault.NOT_A_FEED) from error


def _feedparser(document: str) -> Any:
    if not document:
        return {"version": "", "entries": [], "feed": {}}
    return feedparser.parse(
        io.BytesIO(document.encode()),
        # Without an address, because it would be put before every id that looks relative, and ids outlive addresses.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _item(entry: dict[str, Any], *, url: str, site: str, language: str, loose: bool, day_first: bool | None) -> Item:
    identifier = decoded(_get(entry, "id").strip())
    permanent = identifier if dict.get(entry, "guidislink") else ""
    base = absolute(url, _detail(entry, "title", "base")) or site or url
    own = _link(entry, base, permanent)
    body = _body(entry, loose=loose)
    summary = _plain(entry, "summary", loose=loose)[:LONGEST_TEXT].strip()
    # _get uses dict.get, because feedparser would return `published` for a missing `updated`.
    times = (_get(entry, name).strip() for name in _TIMES)
    published, published_raw = stated(times, partial(parse_time, day_first=day_first))
    origin = _get(entry, "feedburner_origlink").strip()
    return Item(
        id=identifier,
        link=own or site,
        own_link=bool(own),
        origin=origin if urls.is_web(origin) and len(origin) <= LONGEST_LINK else "",
        title=_title(entry, "title", loose=loose),
        summary="" if summary == body else summary,
        body=body,
        outlet=_outlet(entry, loose=loose),
        authors=names(_authors(entry)),
        categories=names(_categories(entry)),
        language=language_tag(_detail(entry, "title", "language") or _get(entry, "language")) or language,
        published=published,
        published_raw=published_raw,
    )


def _times(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the times of *entries*, as they are written."""
    return (_get(entry, name) for entry in entries for name in _TIMES)


def _authors(entry: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the authors of an entry. An address is used only if there is no name."""
    for person in dict.get(entry, "authors") or ():
        name = _get(person, "name").strip()
        mailed = _MAILED.fullmatch(name)
        yield (mailed[1] or mailed[2]) if mailed else name


def _categories(entry: dict[str, Any]) -> Iterator[str]:
    """Yield the categories of an entry: terms and labels."""
    for tag in dict.get(entry, "tags") or ():
        if isinstance(tag, dict):
            yield from (_get(tag, "term"), _get(tag, "label"))


def _outlet(entry: dict[str, Any], *, loose: bool) -> str:
    """Return the outlet that an entry names: its `source`, or Bing's element, to which Bing adds its own portal."""
    source = dict.get(entry, "source")
    if isinstance(source, dict):
        return _title(source, "title", loose=loose)
    return _PORTAL.sub("", _title(entry, "news_source", loose=loose))


def _link(node: dict[str, Any], url: str, permanent: str) -> str:
    """Return the first web address among links, permanent id and enclosures of *node*. Empty if there is none."""
    links = [link for link in dict.get(node, "links") or () if isinstance(link, dict)]
    permanent = absolute(url, permanent) if permanent.startswith(("/", "./", "../")) else permanent
    pages = [absolute(url, _get(link, "href")) for link in links if _get(link, "rel") in {"", "alternate"}]
    files = [absolute(url, _get(link, "href")) for link in links if _get(link, "rel") == "enclosure"]
    return first_web((*pages, permanent, *files))


def _body(entry: dict[str, Any], *, loose: bool) -> str:
    """Return the longest text among the entry's contents."""
    contents = [content for content in dict.get(entry, "content") or () if isinstance(content, dict)]
    texts = (
        _text(_get(content, "value"), _get(content, "type"), loose=loose)
        for content in contents
        if (_get(content, "type") or "text/").startswith(_TEXTS)
    )
    return max(texts, key=len, default="")[:LONGEST_TEXT]


def _title(node: dict[str, Any], name: str, *, loose: bool) -> str:
    return headline(_plain(node, name, loose=loose))


def _plain(node: dict[str, Any], name: str, *, loose: bool) -> str:
    return _text(_get(node, name), _detail(node, name, "type"), loose=loose)


def _text(value: str, kind: str, *, loose: bool) -> str:
    """Return the plain text of a construct. RSS does not say what is markup, so everything may be (*loose*)."""
    value = value[:_LONGEST_MARKUP]
    if kind == "text/plain" and not loose:
        # It is declared as text, but many feeds escape it twice.
        return clean(decoded(value))
    return to_plain(value)


def _detail(node: dict[str, Any], name: str, part: str) -> str:
    detail = dict.get(node, f"{name}_detail")
    return _get(detail, part) if isinstance(detail, dict) else ""


def _get(node: dict[str, Any], name: str) -> str:
    value = dict.get(node, name)
    return value if isinstance(value, str) else ""


def _describe(start: str) -> str:
    """Return what a document with this *start* seems to be, in words."""
    start = start.lstrip("\ufeff \t\r\n").lower()
    if not start:
        return "an empty document"
    if start.startswith(("<!doctype html", "<html")) or "<html" in start:
        return "an HTML page"
    if start.startswith(("{", "[")):
        return "JSON"
    return "XML of another kind" if start.startswith("<") else "something else"
