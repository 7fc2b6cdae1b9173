"""Headlines of a message that its reader cannot read, as questions to a translator, and the answers beside them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from tocsin.model.alerts import AlertContent, Coverage
from tocsin.model.deliveries import DeliveryKind
from tocsin.render.page import MOST_ITEMS, MOST_RELATED
from tocsin.text.language import language

#: The most headlines of one message that are translated.
MOST_HEADLINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A headline, the language that it is in, and the language to translate it into."""

    text: str
    source: str
    target: str


def questions(contents: Sequence[AlertContent], kind: DeliveryKind, reads: Sequence[str]) -> tuple[Question, ...]:
    """Return the headlines of *contents* that somebody who *reads* these languages cannot read, the leading ones first.

    A headline in Latin script whose source states no language is none of them: it is not known to be in another one.
    """
    found = (_question(coverage, kind, reads) for coverage in _shown(contents))
    return tuple(islice(dict.fromkeys(filter(None, found)), MOST_HEADLINES))


def with_translations(
    contents: Sequence[AlertContent], kind: DeliveryKind, reads: Sequence[str], found: Mapping[Question, str]
) -> tuple[AlertContent, ...]:
    """Return *contents* of a message of *kind* with the translations *found* for who *reads* these languages."""

    def told(coverage: Coverage) -> Coverage:
        question = _question(coverage, kind, reads)
        return replace(coverage, translated=found.get(question, "")) if question else coverage

    return tuple(
        replace(one, lead=told(one.lead) if one.lead else None, related=tuple(map(told, one.related)))
        for one in contents
    )


def _shown(contents: Sequence[AlertContent]) -> Iterator[Coverage]:
    yield from (one.lead for one in contents if one.lead)
    yield from (coverage for one in contents[:MOST_ITEMS] for coverage in one.related[:MOST_RELATED])


def _question(coverage: Coverage, kind: DeliveryKind, reads: Sequence[str]) -> Question | None:
    now = coverage.revised if kind is DeliveryKind.CORRECTION else None
    text = now.title if now and not now.withdrawn else coverage.title
    source = language(text, coverage.language)
    known = {one[:2].lower() for one in reads}
    return Question(text=text, source=source, target=reads[0]) if source and reads and source not in known else None
