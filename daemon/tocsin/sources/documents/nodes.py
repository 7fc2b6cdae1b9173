"""Fields of the rows of a page, by CSS selectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.charset import decode

MOST_ROWS = 100_000
#: Of each field of a row: how many places it names, and what the first says.
Row = list[tuple[int, str | None]]


def read(body: bytes, *, content_type: str, rows: str, fields: Sequence[str]) -> list[Row]:
    """The *fields* (`selector` or `selector@attribute`) of the nodes that *rows* names; without it, of the whole page.

    Raises:
        SourceError: NOT_A_FEED, for what the parser cannot stand.
    """
    tree = tree_of(decode(body, content_type)[0])
    found: Iterable[LexborHTMLParser | LexborNode] = tree.css(rows)[:MOST_ROWS] if rows else [tree]
    return [[_field(node, expression) for expression in fields] for node in found]


def tree_of(page: str) -> LexborHTMLParser:
    """The tree of the HTML *page*.

    Raises:
        SourceError: NOT_A_FEED, when it would grow beyond all memory.
    """
    try:
        return LexborHTMLParser(page)
    except SelectolaxError as error:
        raise SourceError("cannot be read: its markup grows beyond all memory", fault=Fault.NOT_A_FEED) from error


def _field(node: LexborHTMLParser | LexborNode, expression: str) -> tuple[int, str | None]:
    selector, at, attribute = expression.partition("@")
    places = node.css(selector.strip())
    if not places:
        return 0, None
    said = places[0].attributes.get(attribute) if at else places[0].text(separator=" ", strip=True)
    return len(places), said
