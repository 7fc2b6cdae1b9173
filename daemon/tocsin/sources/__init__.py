"""Sources of observations, with one module per kind."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tocsin.model.articles import Article
from tocsin.model.entries import Batch, Cursor


class Source(Protocol):
    """A feed, a page, a table or a price source that is polled."""

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        ...

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """Fetch news since *cursor*.

        Raises:
            SourceError: the poll failed. Nothing is lost, because the next one begins at the same cursor.
        """
        ...


class ArticleFetcher(Protocol):
    """The articles of one source."""

    async def fetch(self, link: str) -> Article:
        """Fetch the article at *link*.

        Raises:
            SourceError: it cannot be fetched, or is none.
        """
        ...
