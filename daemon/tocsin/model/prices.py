"""Instruments, their listings, quotes and bars.

Times are aware and in UTC. Prices are decimals in the currency of their instrument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal

from tocsin.errors import Fault

#: Label name to its values, in the order of their first appearance.
Labels = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The trading hours of an instrument: from *opens* to *closes* on *days* (0 is Monday), in *zone* (an IANA name).

    A session that closes at or before it opens ends on the next day.
    """

    days: frozenset[int]
    opens: time
    closes: time
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A place that has a price: *symbol* of the source in *row*."""

    row: str
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A thing that has a price; without *session* each UTC day is a session."""

    id: str
    kind: str = ""  # its class: fx, index, metal, equity, smallcap, or the operator's own word
    currency: str = ""
    unit: str = ""
    labels: Labels = field(default_factory=dict)
    session: Hours | None = None
    sources: tuple[Listing, ...] = ()  # the first that answers
    every: timedelta = timedelta(0)  # interval between polls
    stale_after: timedelta | None = None  # trading time without a new quote; None: the default
    negative: bool = False  # its price may be zero or below: a yield, a spread, electricity

    def can_cost(self, price: Decimal) -> bool:
        """Return True if *price* is possible for this instrument."""
        return price.is_finite() and (self.negative or price > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A split or a dividend: from *at* on the price is different, but the value of a holding is not.

    *split* is how many new shares one old share becomes, *dividend* an amount in the currency of the quotes.
    """

    at: datetime
    split: Decimal | None = None
    dividend: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A finished session: its last price, and the time of that price in UTC."""

    at: datetime
    price: Decimal
    volume: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A price, and what its source says beside it.

    *actions* and *bars* (of earlier sessions) are the recent ones, known already or not. *session* are the trading hours
    that the source gives, and *period* is the start and the end of the session in progress. *high* and *low* are the
    highest and the lowest price of the session so far.
    """

    price: Decimal
    volume: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    currency: str = ""
    actions: tuple[Action, ...] = ()
    bars: tuple[Bar, ...] = ()
    session: Hours | None = None
    period: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Priced):
    """One price of one instrument at one time.

    *at* is the time the source gives, in UTC. *source* is its name: a move is measured between quotes of one source.
    """

    instrument: str
    at: datetime
    first_seen: datetime
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQuote(Priced):
    """The newest price of *symbol*, before its instrument is looked up; *at* is None where the source gives no time."""

    symbol: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A symbol for which an otherwise good answer has no price, with the reason in words."""

    symbol: str
    words: str
    fault: Fault = Fault.NOT_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Prints:
    """The prices in one answer, and the symbols that it has none of."""

    prints: tuple[RawQuote, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Often:
    """The number of *times* that a rule would have fired on the known closes, from the *first* to the *last* of them.

    *sessions* is how many of these closes it could be evaluated on.
    """

    times: int
    sessions: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSummary:
    """The price of *instrument* as a message shows it.

    *points* are the recent closes and the newest price, (time, price) each, oldest first. *reference* is the close that
    the session is measured from. *change* is the move from it to the newest price as a share, and *sigmas* is that move
    in daily sigmas; both are None where one of the two prices is not above zero. *age* is that of the newest price.
    *often* is about the rule of the alert.
    """

    instrument: Instrument
    points: tuple[tuple[datetime, Decimal], ...]
    reference: tuple[datetime, Decimal] | None
    change: float | None
    sigmas: float | None
    age: timedelta
    stale: bool = False
    often: Often | None = None
