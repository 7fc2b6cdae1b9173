"""Providers of prices: how each is asked, and how its answers are read. Neither does any input or output."""

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
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """A service, or a document, that has prices."""

    def request(self, symbols: Sequence[str], now: datetime, *, first: bool) -> Request:
        """Return the request about *symbols*; with *first* nothing is known of them yet, and their history is wanted too."""
        ...

    def parse(self, body: bytes, content_type: str, symbols: Sequence[str]) -> Prints:
        """Return what an answer says of *symbols*.

        Raises:
            SourceError: it is not what was promised, or says that it is an error.
        """
        ...


def some(found: Prints) -> Prints:
    """Return *found*, if it holds a price or was asked for none.

    Raises:
        SourceError: every price is missing; the words are those about the first.
    """
    if found.prints or not found.missing:
        return found
    raise SourceError(found.missing[0].words, fault=found.missing[0].fault)
