"""What became of the articles of entries, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from tocsin.model.articles import ArticleRecord, ArticleState
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence
from tocsin.units import counted, local

_ORDER = (ArticleState.FETCHED, ArticleState.WAITING, ArticleState.FAILED)


def summary(counts: Mapping[ArticleState, int]) -> str:
    """Return the numbers of articles of a source by state: `12 fetched, 1 waiting, 2 failed`."""
    return ", ".join(f"{counts[state]:,} {state}" for state in _ORDER if counts.get(state))


def rests_on_article(entry: Entry, evidence: Evidence | None) -> bool:
    """Return whether a word of *evidence* stands in the text of the article of *entry*."""
    at = entry.article_at
    if at is None or evidence is None:
        return False
    return any(span.field == "body" and span.start >= at for hit in evidence.hits for span in hit.spans)


def became(record: ArticleRecord, zone: tzinfo, *, rests: bool) -> str:
    """Return what became of an article, and whether a match *rests* on it."""
    if record.state is ArticleState.FETCHED and record.ended_at:
        proof = "; the evidence is in its text" if rests else ""
        return f"fetched at {local(record.ended_at, zone)} from {record.address}{proof}"
    tries = f"{counted(record.tries, 'try')}, the last: {record.error}" if record.error else "not tried yet"
    if record.state is ArticleState.FAILED:
        return f"not fetched, so the entry was judged without it: {record.error}"
    return f"to be fetched at {local(record.due_at, zone)} ({tries}); the entry was judged without it so far"
