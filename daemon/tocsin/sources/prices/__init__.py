"""Providers of prices: the requests for each, and the parsing of its answers. They do no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tocsin.errors import SourceError
from tocsin.model.prices import Prints


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to a provider."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """A service or document with prices."""

    def request(self, symbols: Sequence[str], now: datetime, *, first: bool) -> Request:
        """Return the request for *symbols*. With *first*, nothing is known of them yet, and their history is requested too."""
        ...

    def parse(self, body: bytes, content_type: str, symbols: Sequence[str]) -> Prints:
        """Return the prices of *symbols* in an answer.

        Raises:
            SourceError: the answer is not in the expected format, or is an error.
        """
        ...


def some(found: Prints) -> Prints:
    """Return *found* if it has a price, or if none was requested.

    Raises:
        SourceError: every price is missing. The message is that of the first.
    """
    if found.prints or not found.missing:
        return found
    raise SourceError(found.missing[0].words, fault=found.missing[0].fault)
