"""What a price source says of one symbol, before anybody knows which instrument that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tocsin.errors import Fault
from tocsin.model import Action, Bar, Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """The newest price of *symbol*; *at* is None where the source gives no time. *bars* are sessions before its own."""

    symbol: str
    price: Decimal
    at: datetime | None = None
    volume: Decimal | None = None
    currency: str = ""
    bars: tuple[Bar, ...] = ()
    actions: tuple[Action, ...] = ()
    session: Hours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A symbol of which an answer that is good otherwise gives no price, and why, in words."""

    symbol: str
    words: str
    fault: Fault = Fault.NOT_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one answer holds."""

    prints: tuple[Print, ...] = ()
    missing: tuple[Missing, ...] = ()
