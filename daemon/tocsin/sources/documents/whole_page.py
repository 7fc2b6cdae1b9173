"""The text of a page, or of a part of it, line by line, to be compared with what it was (the kind `watch`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.items import LONGEST_TEXT, LONGEST_TITLE, Item, Parsed, headline, language_tag
from tocsin.sources.documents.page import MOST_REPEATED, tree_of
from tocsin.text.html import clean, to_plain

#: Ends of cells and terms: a row of a table, and a term with what it is, is one line.
_CELLS = re.compile(r"</t[dh]\s*>|<t[dh](?:\s[^<>]*+)?>|</dt\s*>|<dd(?:\s[^<>]*+)?>", re.IGNORECASE)
_TAGS = re.compile(r"<[a-zA-Z!]")
_OTHER = re.compile(r"\s*+(?:(?:<\?xml[^<>]*+>\s*+)?(?P<feed><(?:rss|feed|rdf:RDF)[\s>])|%PDF|PK\x03)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is compared of a page: the *part* at a CSS selector, or all of it, without what the patterns *ignore* find."""

    part: str = ""
    ignore: tuple[str, ...] = ()


def read_text(page: str, part: str, *, url: str, content_language: str = "") -> Parsed:
    """Return one item that has the title of the HTML *page* from *url*, and as its body the text of *part*, or of all of it.

    An empty line is between two lines of the text.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    if kind := _OTHER.match(page):
        words = "it is a feed: write `feed` in place of `watch`" if kind["feed"] else "it is no page, but a file"
        raise SourceError(words, fault=Fault.NOT_A_FEED)
    tree = tree_of(page)
    found = tree.css(part or "body")
    if part and not found:
        words = f"nothing on the page is {part!r}: it was rebuilt, or needs a browser; correct `part`"
        raise SourceError(words, fault=Fault.NOT_A_FEED)
    most, pieces = MOST_REPEATED * max(len(page), 1000), []
    for node in found:
        pieces.append(node.html or "")
        most -= len(pieces[-1])
        if most < 0:
            raise SourceError(f"the nodes that are {part!r} are nested; correct `part`", fault=Fault.TOO_LARGE)
    # A file of plain text has lines of its own.
    text = to_plain(_CELLS.sub(" ", "\n".join(pieces))) if _TAGS.search(page) else clean("\n\n".join(page.splitlines()))
    head, root = tree.css_first("title"), tree.css_first("html")
    title = headline(head.text(separator=" ", strip=True)[: 4 * LONGEST_TITLE]) if head else ""
    language = language_tag((root.attributes.get("lang") or "") if root else "") or language_tag(content_language)
    notes = (f"its text is longer than {LONGEST_TEXT} characters: the beginning is watched",)
    return Parsed(
        title=title,
        link=url,
        items=(Item(link=url, own_link=False, title=title, body=text[:LONGEST_TEXT], language=language),),
        form="a watched page",
        notes=notes if len(text) > LONGEST_TEXT else (),
    )
