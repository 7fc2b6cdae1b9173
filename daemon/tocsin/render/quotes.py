"""Quotes: the verbatim words that met a rule, with the sentence around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.model.alerts import Coverage
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Hit, Span
from tocsin.render.words import flat
from tocsin.text.document import Document

#: Quotes shown of one alert, and characters shown either side of the words in a sentence without an end.
MOST_QUOTES = 3
_AROUND = 240
_LONGEST = 900
_FIELDS = ("title", "summary", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of characters that met the rule (*marked*), or text beside it."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An excerpt of *field*, verbatim, in pieces."""

    field: str
    pieces: tuple[Piece, ...]


def quotes(lead: Coverage | Entry, evidence: Evidence | None) -> tuple[Quote, ...]:
    """Return at most three excerpts of *lead* with the hits of *evidence*. The title comes first, as a whole."""
    texts = {name: getattr(lead, name) for name in _FIELDS}
    found: list[Quote] = []
    for field, ranges in _ranges(texts, evidence).items():
        spans = _spans(evidence, field, texts[field])
        found += [_quote(field, texts[field], start, end, spans) for start, end in ranges]
    return tuple(found[:MOST_QUOTES])


def words(lead: Coverage | Entry, evidence: Evidence | None) -> tuple[str, ...]:
    """Return the distinct words that met the rule, in the order of the text."""
    seen: dict[str, str] = {}
    for field in _FIELDS:
        text = getattr(lead, field)
        for span in _spans(evidence, field, text):
            word = flat(text[span.start : span.end]).strip()
            seen.setdefault(word.casefold(), word)
    return tuple(word for word in seen.values() if word)


def _spans(evidence: Evidence | None, field: str, text: str) -> list[Span]:
    """Return the spans of *field* in *text*, ascending. Overlapping spans are merged."""
    hits = evidence.hits if evidence else ()
    apart: list[Span] = []
    for span in sorted({span for hit in hits for span in hit.spans if span.field == field}):
        if span.end > len(text):  # the text of an old entry may have been deleted or corrected since
            continue
        if apart and span.start < apart[-1].end:
            last = apart.pop()
            apart.append(Span(field=field, start=last.start, end=max(last.end, span.end)))
        else:
            apart.append(span)
    return apart


def _ranges(texts: dict[str, str], evidence: Evidence | None) -> dict[str, list[tuple[int, int]]]:
    """Return the ranges to quote, by field. Overlapping excerpts are merged."""
    document = Document(**texts)
    ranges: dict[str, list[tuple[int, int]]] = {}
    for field in _FIELDS:
        text = texts[field]
        hits = [hit for hit in (evidence.hits if evidence else ()) if _in(hit, field, text)]
        if not hits:
            continue
        if field == "title" and len(text) <= _LONGEST:
            ranges[field] = [(0, len(text))]
            continue
        borders = [*(_opening(text, s.start) for s in document.sentences(field)), len(text)]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(_excerpt(text, hit, borders) for hit in hits):
            if merged and start < merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            else:
                merged.append((start, end))
        ranges[field] = merged
    return ranges


def _in(hit: Hit, field: str, text: str) -> bool:
    return any(span.field == field and span.end <= len(text) for span in hit.spans)


def _excerpt(text: str, hit: Hit, borders: Sequence[int]) -> tuple[int, int]:
    """Return the sentence of *hit*, or the part near the words if it is too long."""
    first, last = min(span.start for span in hit.spans), max(span.end for span in hit.spans)
    start = max((border for border in borders if border <= first), default=0)
    end = min((border for border in borders if border >= last), default=len(text))
    if end - start > _LONGEST:
        last = min(last, first + _LONGEST)
        start, end = max(start, first - _AROUND), min(end, last + _AROUND)
    return start, start + len(text[start:end].rstrip())


def _opening(text: str, start: int) -> int:
    """Return the beginning of a sentence whose first word is at *start*, including quotation marks and brackets."""
    while start and not (text[start - 1].isspace() or text[start - 1] in ".!?。！？；"):
        start -= 1
    return start


def _quote(field: str, text: str, start: int, end: int, spans: Sequence[Span]) -> Quote:
    pieces: list[Piece] = []
    at = start
    for span in spans:
        if start <= span.start and span.end <= end:
            pieces += [
                Piece(text=flat(text[at : span.start])),
                Piece(text=flat(text[span.start : span.end]), marked=True),
            ]
            at = span.end
    pieces.append(Piece(text=flat(text[at:end])))
    before, after = text[:start].rstrip(), text[end:].strip()
    cut_off = before and not before.endswith(tuple('.!?。！？”"’»')) and not text[:start].endswith("\n")
    pieces = [Piece(text="… ")] * bool(cut_off) + pieces + [Piece(text=" …")] * bool(after and not _ended(text, end))
    return Quote(field=field, pieces=tuple(piece for piece in pieces if piece.text))


def _ended(text: str, end: int) -> bool:
    return text[:end].endswith(tuple('.!?。！？”"’»)）')) or text[end:].startswith("\n\n")
