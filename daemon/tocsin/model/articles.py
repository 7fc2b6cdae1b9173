"""Articles behind entries: their text, and what became of fetching it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: An article that was not fetched within this time is given up: what it says is no news any more.
FETCHED_WITHIN = timedelta(hours=48)
#: Stands between the text that a source gave and that of the article; it ends a sentence.
_BETWEEN = "\n\n"


class ArticleState(StrEnum):
    """The state of an article that was promised to be fetched."""

    WAITING = "waiting"
    FETCHED = "fetched"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The main *text* of an article, and its *address* after all redirects."""

    text: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord:
    """What became of fetching the article of an entry in so many *tries*; a waiting one is due at *due_at*.

    *error* is the last one, *address* is where a fetched one was found.
    """

    state: ArticleState
    due_at: datetime
    tries: int
    error: str
    address: str
    ended_at: datetime | None


def with_article(body: str, text: str) -> tuple[str, int]:
    """Return *body*, as a source gave it, followed by the *text* of the article, and where that begins.

    What stood in *body* keeps its place, so that the evidence of earlier matches stays true.
    """
    before = f"{body}{_BETWEEN}" if body else ""
    return before + text, len(before)


def given(body: str, article_at: int | None) -> str:
    """Return the part of *body* that the source gave: what stands before its article, which begins at *article_at*."""
    return body if article_at is None else body[: max(0, article_at - len(_BETWEEN))]


def fetched(body: str, article_at: int | None) -> str:
    """Return the part of *body* that is the text of its article, empty if there is none."""
    return "" if article_at is None else body[article_at:]
