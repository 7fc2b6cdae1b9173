"""The verbatim quote: the words around a match, with those that met the rule marked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.model import Coverage, Evidence, Span

#: Characters kept on each side of the matched words, and of all of them together.
AROUND = 120
LONGEST = 600
_ELLIPSIS = "…"

#: A piece of the quote and whether it is one of the words that met the rule.
Piece = tuple[str, bool]


def quote(lead: Coverage, evidence: Evidence) -> tuple[Piece, ...]:
    """The quote of the first hit's sentence surroundings; empty when the proof has no words or the text is gone."""
    spans = sorted({span for hit in evidence.hits for span in hit.spans})
    if not spans:
        return ()
    field = evidence.hits[0].spans[0].field
    text = str(getattr(lead, field, ""))
    mine = [span for span in _merged(spans, field) if span.end <= len(text)]
    if not mine:
        return ()
    # A hit that stands far behind the first has a paragraph of its own; the first says enough.
    near = [span for span in mine if span.end - mine[0].start <= LONGEST]
    start = _word_start(text, max(0, mine[0].start - AROUND))
    end = _word_end(text, min(len(text), near[-1].end + AROUND))
    return _pieces(text, near, start, end)


def matched_words(lead: Coverage, evidence: Evidence, most: int = 12) -> tuple[str, ...]:
    """The words that met the rule, each once, as they stand in the text."""
    spans = sorted({span for hit in evidence.hits for span in hit.spans})
    found = (str(getattr(lead, span.field, ""))[span.start : span.end] for span in spans)
    return tuple(dict.fromkeys(word for word in found if word))[:most]


def _merged(spans: Sequence[Span], field: str) -> list[Span]:
    """Spans of *field* with those that overlap joined."""
    merged: list[Span] = []
    for span in spans:
        if span.field != field:
            continue
        if merged and span.start <= merged[-1].end:
            last = merged.pop()
            span = Span(field=field, start=last.start, end=max(last.end, span.end))  # noqa: PLW2901
        merged.append(span)
    return merged


def _pieces(text: str, spans: Sequence[Span], start: int, end: int) -> tuple[Piece, ...]:
    pieces: list[Piece] = [(_ELLIPSIS, False)] if start else []
    position = start
    for span in spans:
        pieces.append((text[position : span.start], False))
        pieces.append((text[span.start : span.end], True))
        position = span.end
    pieces.append((text[position:end], False))
    if end < len(text):
        pieces.append((_ELLIPSIS, False))
    return tuple((" ".join(re.split(r"\s*\n\s*", piece)), marked) for piece, marked in pieces if piece)


def _word_start(text: str, position: int) -> int:
    """The beginning of the next word or block, so that no word is cut; text without blanks is cut anywhere."""
    if position == 0:
        return 0
    found = re.compile(r"\s+").search(text, position, position + 30)
    return found.end() if found else position


def _word_end(text: str, position: int) -> int:
    if position >= len(text):
        return len(text)
    found = text.rfind(" ", position - 30, position)
    return found if found > 0 else position
