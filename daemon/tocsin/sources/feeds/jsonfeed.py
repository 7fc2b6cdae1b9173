"""Parser of JSON Feed 1.0 and 1.1 (jsonfeed.org), with the same plain values as for RSS and Atom."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.dates import order, parse_time
from tocsin.sources.documents.items import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    Item,
    Parsed,
    absolute,
    first_web,
    headline,
    language_tag,
    names,
    newest,
    stated,
)
from tocsin.sources.documents.paths import compiled_path, look_up
from tocsin.text.html import clean, to_plain
from tocsin.units import counted

#: Most brackets, commas and colons of a document. Each costs some 70 bytes of memory when it is read.
MOST_MARKS = 1_000_000
#: Most items of a document that is read. More would take seconds.
MOST_ITEMS = 20_000
_VERSION = "jsonfeed.org/version/"
_BLANKS = " \t\r\n"
_TIMES = ("date_published", "date_modified")


def is_json(text: str) -> bool:
    """Return whether *text* begins like a JSON object or array, as no XML can."""
    return text.lstrip(_BLANKS)[:1] in {"{", "["}


def parse(text: str, *, url: str, content_language: str = "", items: str = "") -> Parsed:
    """Return the JSON Feed in *text* from *url*, or any JSON of which the JMESPath expression *items* makes items of one.

    A feed is recognised by its `version`, or by a title and items. A field of a wrong type counts as missing. An id that
    is a number is kept as it is written (JSON Feed 1.0, "id").

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    feed = _made(_load(text), items) if items else _load(text)
    if not _is_feed(feed):
        words = f"JSON, but not a JSON Feed: it has neither a version of {_VERSION} nor a title and items"
        raise SourceError(words, fault=Fault.NOT_A_FEED)
    raw = feed.get("items")
    listed = raw if isinstance(raw, list) else []
    if len(listed) > MOST_ITEMS:
        raise SourceError(f"a feed of more than {MOST_ITEMS} items", fault=Fault.TOO_LARGE)
    found = [entry for entry in listed if isinstance(entry, dict)]
    notes = ["`items` is missing"] if not isinstance(raw, list) else []
    if len(found) < len(listed):
        notes.append(f"left out because they are not objects: {counted(len(listed) - len(found), 'item')}")
    if feed.get("expired") is True:
        notes.append("the feed says that it has expired: there will be no more items")
    site = first_web([absolute(url, _get(feed, "home_page_url"))])
    language = language_tag(_get(feed, "language")) or language_tag(content_language)
    day_first = order(_get(entry, name) for entry in found for name in _TIMES)
    kept, cut = newest([_item(entry, url=url, site=site, language=language, day_first=day_first) for entry in found])
    return Parsed(title=_title(feed), link=site, items=kept, form="JSON Feed", notes=(*notes, *cut))


def _load(text: str) -> Any:
    if sum(map(text.count, "{[,:")) > MOST_MARKS:
        raise SourceError(f"JSON with more than {MOST_MARKS} values", fault=Fault.TOO_LARGE)
    try:
        # Numbers stay text, so that ids keep their form and no number is too large.
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False)
    except json.JSONDecodeError as error:
        words = f"broken JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise SourceError(words, fault=Fault.NOT_A_FEED) from error
    except RecursionError as error:
        raise SourceError("JSON that is nested too deeply", fault=Fault.NOT_A_FEED) from error


def _made(document: Any, items: str) -> dict[str, Any]:
    """Return a JSON Feed with what *items* finds in *document*.

    Raises:
        SourceError: NOT_A_FEED.
    """
    try:
        found = look_up(compiled_path(items), document)
    except ValueError as error:
        raise SourceError(f"{error}; correct `items`", fault=Fault.NOT_A_FEED) from error
    if not isinstance(found, list):
        raise SourceError("its `items` are no list: it was rebuilt, or answers with an error", fault=Fault.NOT_A_FEED)
    return {"title": "", "items": found}


def _is_feed(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    return _VERSION in _get(document, "version") or ("title" in document and isinstance(document.get("items"), list))


def _item(entry: dict[str, Any], *, url: str, site: str, language: str, day_first: bool | None) -> Item:
    attached = entry.get("attachments")
    files = [_get(file, "url") for file in attached if isinstance(file, dict)] if isinstance(attached, list) else []
    own = first_web(absolute(site or url, a) for a in (_get(entry, "url"), _get(entry, "external_url"), *files))
    html, plain = to_plain(_get(entry, "content_html")), clean(_get(entry, "content_text"))
    body = max(html, plain, key=len)[:LONGEST_TEXT]
    summary = clean(_get(entry, "summary"))[:LONGEST_TEXT]
    times = (_get(entry, name).strip() for name in _TIMES)
    published, published_raw = stated(times, partial(parse_time, day_first=day_first))
    return Item(
        id=clean(_get(entry, "id")),
        link=own or site,
        own_link=bool(own),
        title=_title(entry),
        summary="" if summary == body else summary,
        body=body,
        authors=names(_get(author, "name") for author in _people(entry)),
        categories=names(tag for tag in _listed(entry, "tags") if isinstance(tag, str)),
        language=language_tag(_get(entry, "language")) or language,
        published=published,
        published_raw=published_raw,
    )


def _people(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the authors: `authors` of version 1.1, `author` of 1.0."""
    found = [*_listed(entry, "authors"), entry.get("author")]
    return [person for person in found if isinstance(person, dict)]


def _listed(node: dict[str, Any], name: str) -> list[Any]:
    value = node.get(name)
    return value if isinstance(value, list) else []


def _title(node: dict[str, Any]) -> str:
    """Return a title. It should be plain text, but markup in it is read as in RSS."""
    return headline(to_plain(_get(node, "title")[: 4 * LONGEST_TITLE]))


def _get(node: dict[str, Any], name: str) -> str:
    """Return a string or number as it was written, without lone surrogates. Empty for anything else."""
    value = node.get(name)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
