"""Discovery of a feed: an address is polled once, and a page is followed to the feeds that it links to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tocsin.config.feeds import FeedConfig
from tocsin.config.secrets import address
from tocsin.errors import SourceError
from tocsin.model.entries import Batch

#: Polls a source once and returns all that it holds. Raises SourceError if that fails.
Poll = Callable[[FeedConfig], Awaitable[Batch]]


async def discover(given: FeedConfig, poll: Poll, linked: Callable[[Sequence[str]], None]) -> tuple[FeedConfig, Batch]:
    """Poll the source that was *given* and return it with what it holds. A page is replaced by the first feed that it links to.

    *linked* is called with the addresses of all these feeds before that one is polled.

    Raises:
        SourceError: a poll failed.
    """
    try:
        return given, await poll(given)
    except SourceError as error:
        if not error.instead:
            raise
        linked(error.instead)
        source = replace(given, url=address(error.instead[0]))
        return source, await poll(source)
