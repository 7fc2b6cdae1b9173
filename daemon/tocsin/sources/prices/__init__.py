"""What a provider of prices is: how it is asked, and how its answers are read. Neither does any input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tocsin.model.prices import Prints


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked."""

    url: str
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """Who knows prices."""

    def request(self, symbols: Sequence[str], now: datetime, *, first: bool) -> Request:
        """What to ask about *symbols*; *first*: nothing is known of them yet, so their history is wanted too."""
        ...

    def parse(self, body: bytes, content_type: str, symbols: Sequence[str]) -> Prints:
        """What an answer says of *symbols*.

        Raises:
            SourceError: it is not what was promised, or says that it is an error.
        """
        ...
