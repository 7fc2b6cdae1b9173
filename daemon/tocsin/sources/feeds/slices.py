"""Slices of a feed: its head, its items and its tail, so that items of the last document need not be parsed again.

An item may be left out only if that changes nothing about the others. feedparser is one long state machine, and elements
of an item can change what it makes of later ones. So a document is cut only if each item lies beside the next one, and
each is plain: no markup in a text, no element of feeds in another one, no namespace, no base address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from tocsin.sources.documents.items import MOST_ENTRIES, Marks

#: Markup that tells where items are. A name may have a prefix, and feedparser ignores its case.
_MARKUP = re.compile(r"<(?:(!--|!\[CDATA\[)|([!?])|(/?)([^\s<>/:]*:)?(item|entry)(?=[\s/>]))", re.IGNORECASE)
_ENDS = {"!--": "-->", "![cdata[": "]]>"}
#: The end of a document behind its last item: closing tags and comments.
_TAIL = re.compile(r"(?>(?:\s+|</[^<>]*>|<!--.*?-->)*)", re.DOTALL)
#: Elements before the items that change from one document to the next, and change nothing about items.
_CHANGING = re.compile(
    r"<(lastBuildDate|pubDate|updated|modified|dc:date|dcterms:modified|ttl|openSearch:totalResults)>[^<>]*</\1\s*>"
)
#: Left in the place of an item. Where no element may be, it may not be either.
_PLACE = "<!---->"

_TAG = re.compile(r"<(?:(!--|!\[CDATA\[)|([!?])|(/?)([^\s<>/]+)([^<>]*)>)")
#: Attributes that can have an effect on later items.
_LASTING = re.compile(r"xmlns|[\s:]base\s*=", re.IGNORECASE)
#: Elements, without prefix, that have an effect on later items.
_OUTER = frozenset(["rss", "rdf", "channel", "feed", "item", "entry", "textinput"])
#: Elements, without prefix, in which feedparser treats markup as text.
_TEXTS = frozenset(
    [
        "title",
        "subtitle",
        "tagline",
        "rights",
        "copyright",
        "description",
        "abstract",
        "info",
        "browserfriendly",
        "summary",
        "content",
        "body",
        "encoded",
        "fullitem",
    ]
)
_NAME_PARTS = re.compile(r"[:_]")
#: The element `media:content` is no text, if its prefix is what it seems.
_MEDIA = re.compile(r"\sxmlns:media\s*=\s*[\"']https?://search\.yahoo\.com/mrss/?[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """The parts of a *document*: items are at *places* (start, end) in it, with only white space between them."""

    document: str
    places: tuple[tuple[int, int], ...]

    def marks(self, *beside: str) -> Marks:
        """Return the marks of the items; their context is what comes before them, and *beside*."""
        head = _CHANGING.sub("", self.document[: self.places[0][0]])
        return Marks(context=_digest("\n".join((*beside, head))), items=tuple(map(_digest, self.items)))

    @property
    def items(self) -> list[str]:
        """Return the items as they are written."""
        return [self.document[start:end] for start, end in self.places]

    def without(self, skipped: Collection[int]) -> str:
        """Return the document without the items with the numbers *skipped*."""
        parts: list[str] = []
        at = 0
        for number, (start, end) in enumerate(self.places):
            if number in skipped:
                parts += (self.document[at:start], _PLACE)
                at = end
        return "".join((*parts, self.document[at:]))

    def are_plain(self, skipped: Collection[int] = ()) -> bool:
        """Check whether no item but *skipped* ones, which were checked before, can have an effect on another one."""
        head = self.document[: self.places[0][0]]
        # Another declaration, inside of that one or beside a comment, would make the element a text after all.
        media = 0 < len(_MEDIA.findall(head)) == head.count("xmlns:media")
        return all(number in skipped or is_plain(item, media=media) for number, item in enumerate(self.items))


def split(document: str) -> Slices | None:
    """Return the parts of *document*, from its root on. None if it cannot be cut, or has no items or too many."""
    places: list[tuple[int, int]] = []
    start, at, tag = -1, 0, ""
    while found := _MARKUP.search(document, at):
        opaque, other, closes, prefix, name = found.groups()
        at = found.end()
        if opaque:
            ends = _ENDS[opaque.lower()]
            at = document.find(ends, at) + len(ends)
            if at < len(ends):
                return None
            continue
        if other or prefix or name != (tag or name) or bool(closes) != (start >= 0):
            return None
        tag = name
        end = document.find(">", at)
        if end < 0 or document[end - 1] == "/" or len(places) >= MOST_ENTRIES:
            return None
        if closes:
            places.append((start, end + 1))
            start = -1
        elif places and document[places[-1][1] : found.start()].strip():
            return None
        else:
            start = found.start()
        at = end + 1
    if not places or start >= 0 or not _TAIL.fullmatch(document, places[-1][1]):
        return None
    return Slices(document=document, places=tuple(places))


def is_plain(item: str, *, media: bool = False) -> bool:
    """Check whether parsing *item* has no effect on later items; with *media* `media:content` is an element of Media RSS.

    That is true of elements in each other, but for those of a feed, and those that feedparser reads as a text with markup.
    """
    if _LASTING.search(item):
        return False
    path: list[str] = []
    at = 0
    while found := _TAG.search(item, at):
        opaque, other, closes, name, rest = found.groups()
        at = found.end()
        if opaque:
            at = item.find(_ENDS[opaque.lower()], at)
            if at < 0:
                return False
            continue
        if other:
            return False
        if closes:
            if not path or path.pop() != name:
                return False
        elif path and (_local(name) in _OUTER or _is_text(path[-1], media=media)):
            return False
        elif not rest.endswith("/"):
            path.append(name)
    return not path


def _is_text(name: str, *, media: bool) -> bool:
    return _local(name) in _TEXTS and not (media and name == "media:content")


def _local(name: str) -> str:
    """Return *name* without its prefix, as feedparser sees it: it joins them by `_`."""
    return _NAME_PARTS.split(name.lower())[-1]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
