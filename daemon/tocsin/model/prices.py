"""The frozen values of prices: what has one, what a source says of it, and what is believed.

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
    """When an instrument trades: from *opens* to *closes* on *days* (0 is Monday), in *zone* (an IANA name).

    A session that closes at or before it opens ends on the next day.
    """

    days: frozenset[int]
    opens: time
    closes: time
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Where a price is to be had: as *symbol* of the source whose row is *row*."""

    row: str
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What a price is of; without *session* each UTC day is one."""

    id: str
    kind: str = ""  # its class: fx, index, metal, equity, smallcap, or a word of the operator's own
    currency: str = ""
    unit: str = ""
    labels: Labels = field(default_factory=dict)
    session: Hours | None = None
    sources: tuple[Listing, ...] = ()  # the first that answers
    every: timedelta = timedelta(0)  # how often it is asked for
    stale_after: timedelta | None = None  # trading time without a new quote that is a fault; None: what is usual
    negative: bool = False  # its price may be zero or below: a yield, a spread, a price of power

    def can_cost(self, price: Decimal) -> bool:
        """Whether *price* is a number that it can have as its price."""
        return price.is_finite() and (self.negative or price > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What moves a price but not what is owned, from *at* on: a split or a dividend.

    *split* is how many new shares one old share becomes, *dividend* an amount in the currency of the quotes.
    """

    at: datetime
    split: Decimal | None = None
    dividend: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A session that is over: its last price, and when (UTC) that was."""

    at: datetime
    price: Decimal
    volume: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One price of one instrument at one time.

    *at* is the time the source gives, in UTC. *source* is who gives it: a move is measured between quotes of one source.
    *actions* and *bars* are those of late, whether or not they are known already; *session* is when the source says that
    the instrument trades, and *period* from when to when it does so in the session in progress.
    """

    instrument: str
    price: Decimal
    at: datetime
    first_seen: datetime
    volume: Decimal | None = None
    currency: str = ""
    source: str = ""
    actions: tuple[Action, ...] = ()
    bars: tuple[Bar, ...] = ()
    session: Hours | None = None
    period: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQuote:
    """The newest price of *symbol*, before anybody knows which instrument that is; the rest is as in a `Quote`.

    *at* is None where the source gives no time. *bars* are sessions before its own.
    """

    symbol: str
    price: Decimal
    at: datetime | None = None
    volume: Decimal | None = None
    currency: str = ""
    bars: tuple[Bar, ...] = ()
    actions: tuple[Action, ...] = ()
    session: Hours | None = None
    period: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A symbol of which an answer that is good otherwise gives no price, and why, in words."""

    symbol: str
    words: str
    fault: Fault = Fault.NOT_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Prints:
    """What one answer says of the symbols that were asked for."""

    prints: tuple[RawQuote, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Often:
    """How often a rule would have fired on the closes that are known: *times* from the *first* to the *last* of them.

    *sessions* are those that it could judge.
    """

    times: int
    sessions: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSummary:
    """The price of *instrument* as a message shows it.

    *points* are the closes of late and the newest price, (when, price) each, oldest first. *reference* is the close that
    the session is measured from; *change* is the share that the newest price lies above it, and *sigmas* that move in
    sigmas of a day: both None where one of the two is not above zero. *age* is that of the newest price. *often* is about the rule that is told.
    """

    instrument: Instrument
    points: tuple[tuple[datetime, Decimal], ...]
    reference: tuple[datetime, Decimal] | None
    change: float | None
    sigmas: float | None
    age: timedelta
    stale: bool = False
    often: Often | None = None
