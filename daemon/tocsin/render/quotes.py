"""Quotes: the verbatim words that met a rule, with the sentence around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.model.alerts import Coverage
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Hit, Span
from tocsin.render.words import cut, flat
from tocsin.text.document import Document

#: Quotes shown of one alert, and characters shown either side of the words in a sentence without an end.
MOST_QUOTES = 3
_AROUND = 240
_LONGEST = 900
#: Characters shown of a headline in a list.
_HEADLINE = 300
_FIELDS = ("title", "summary", "body")
#: Places of the first character and after the last one.
_Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of characters that met the rule (*marked*), or text beside it."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An excerpt of *field*, verbatim, in pieces; `article` is the field of the text that was fetched behind a link."""

    field: str
    pieces: tuple[Piece, ...]


def quotes(lead: Coverage | Entry, evidence: Evidence | None) -> tuple[Quote, ...]:
    """Return at most three excerpts of *lead* with the hits of *evidence*. The title comes first, as a whole."""
    texts = {name: getattr(lead, name) for name in _FIELDS}
    found: list[Quote] = []
    for field, ranges in _ranges(texts, evidence).items():
        spans = _spans(evidence, field, texts[field])
        found += [_quote(_part(lead, field, start), texts[field], start, end, spans) for start, end in ranges]
    return tuple(found[:MOST_QUOTES])


def _part(lead: Coverage | Entry, field: str, start: int) -> str:
    """Return the name of what stands at *start* of *field*: `article` for the text that was fetched behind a link."""
    return "article" if field == "body" and lead.article_at is not None and start >= lead.article_at else field


def headline(lead: Coverage | Entry, evidence: Evidence | None) -> tuple[Piece, ...]:
    """Return the title of *lead* in pieces, at most its first 300 characters, with the hits of *evidence* marked."""
    text = cut(lead.title, _HEADLINE)
    return _quote("title", text, 0, len(text), _spans(evidence, "title", text)).pieces


def words(lead: Coverage | Entry, evidence: Evidence | None) -> tuple[str, ...]:
    """Return the distinct words that met the rule, in the order of the text."""
    seen: dict[str, str] = {}
    for field in _FIELDS:
        text = getattr(lead, field)
        for start, end in _spans(evidence, field, text):
            word = flat(text[start:end]).strip()
            seen.setdefault(word.casefold(), word)
    return tuple(word for word in seen.values() if word)


def _spans(evidence: Evidence | None, field: str, text: str) -> list[_Range]:
    """Return the ranges of the words in *text*, which is *field*."""
    spans = {span for hit in (evidence.hits if evidence else ()) for span in hit.spans}
    return _merged((span.start, span.end) for span in spans if _within(span, field, text))


def _within(span: Span, field: str, text: str) -> bool:
    # The text of an old entry may have been deleted or corrected since.
    return span.field == field and span.end <= len(text)


def _merged(ranges: Iterable[_Range]) -> list[_Range]:
    """Return *ranges* in order, those that overlap as one."""
    apart: list[_Range] = []
    for start, end in sorted(ranges):
        if apart and start < apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart


def _ranges(texts: dict[str, str], evidence: Evidence | None) -> dict[str, list[_Range]]:
    """Return the ranges to quote, by field. Overlapping excerpts are merged."""
    document = Document(**texts)
    ranges: dict[str, list[_Range]] = {}
    for field in _FIELDS:
        text = texts[field]
        hits = [
            hit for hit in (evidence.hits if evidence else ()) if any(_within(span, field, text) for span in hit.spans)
        ]
        if hits and field == "title" and len(text) <= _LONGEST:
            ranges[field] = [(0, len(text))]
        elif hits:
            borders = [*(_opening(text, s.start) for s in document.sentences(field)), len(text)]
            ranges[field] = _merged(_excerpt(text, hit, borders) for hit in hits)
    return ranges


def _excerpt(text: str, hit: Hit, borders: Sequence[int]) -> _Range:
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


def _quote(field: str, text: str, start: int, end: int, spans: Sequence[_Range]) -> Quote:
    pieces: list[Piece] = []
    at = start
    for first, last in spans:
        if start <= first and last <= end:
            pieces += [Piece(text=flat(text[at:first])), Piece(text=flat(text[first:last]), marked=True)]
            at = last
    pieces.append(Piece(text=flat(text[at:end])))
    before, after = text[:start].rstrip(), text[end:].strip()
    cut_off = before and not before.endswith(tuple('.!?。！？”"’»')) and not text[:start].endswith("\n")
    ended = text[:end].endswith(tuple('.!?。！？”"’»)）')) or text[end:].startswith("\n\n")
    pieces = [Piece(text="… ")] * bool(cut_off) + pieces + [Piece(text=" …")] * bool(after and not ended)
    return Quote(field=field, pieces=tuple(piece for piece in pieces if piece.text))
