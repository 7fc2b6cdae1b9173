"""The text of an entry with the words that met a rule, or came nearest to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Hit
from tocsin.render.quotes import Piece, Quote, quotes
from tocsin.render.words import flat

#: Characters shown of a text in which nothing was found.
_OPENING = 240


def excerpts(entry: Entry, evidence: Evidence | None) -> Iterator[Quote]:
    """Yield excerpts of *entry* with the words marked that met the rule, or came nearest to it.

    The title is always among them. Where nothing but the title was found, the beginning of the text follows. What the page of
    a watch no longer says comes last.
    """
    if evidence and not evidence.holds:
        evidence = replace(evidence, hits=tuple(_leaf_hits(evidence)))
    quoted = quotes(entry, evidence)
    if not any(quote.field == "title" for quote in quoted):
        yield _whole("title", entry.title)
    yield from quoted
    if evidence and not any(quote.field != "title" for quote in quoted):
        for field, text in (("summary", entry.summary), ("body", entry.body)):
            if text:
                yield _whole(field, _opening(text))
    if entry.removed:
        yield _whole("removed", _opening(entry.removed.replace("\n\n", " · ")))


def _opening(text: str) -> str:
    return f"{text[:_OPENING].strip()}{' …' if len(text) > _OPENING else ''}"


def _whole(field: str, text: str) -> Quote:
    return Quote(field=field, pieces=(Piece(text=flat(text)),))


def _leaf_hits(node: Evidence) -> Iterator[Hit]:
    if not node.children:
        yield from node.hits
    for child in node.children:
        yield from _leaf_hits(child)
