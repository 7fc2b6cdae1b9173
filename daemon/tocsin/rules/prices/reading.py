"""Readings of price conditions on one quote: true, false or unknown, with the numbers that prove it.

Unknown follows Kleene: `false and unknown` is false, `true or unknown` is true, anything else with unknown is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, DecimalException
from statistics import median

from tocsin.market.series import Close, Reference, Series, price_at, sessions_back, since
from tocsin.market.session import day_of, market_time
from tocsin.market.sigma import log_move
from tocsin.model.prices import Quote
from tocsin.model.rules import Evidence
from tocsin.rules.prices.condition import CROSS, Node, Window
from tocsin.units import utc

#: Sessions from which the usual volume is computed.
_VOLUMES = 20
#: The least spread of log volume. With a smaller one every trade in a thin market would stand out.
_VOLUME_FLOOR = 0.1
#: The median absolute deviation of a normal distribution, as a share of its sigma.
_MAD = 0.6745

#: Beginning of the note of an unknown value.
UNKNOWN = "unknown"

_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_COUNT: Mapping[str, Callable[..., Decimal]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "minus": lambda a: -a,
    "abs": abs,
    "%": lambda a: a / 100,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The input of a condition: *quote*, *now*, and *series* before the quote, with earlier sessions closed (`close_before`).

    *alerted* is the price of the last alert of the rule about this instrument, or else the first price that the rule saw.
    *others* are the series of other instruments, which the condition may name, with their newest quote in each.
    *above* says of each crossing, by its text, whether its first number was above the second when they last differed.
    """

    series: Series
    quote: Quote
    now: datetime
    stale_after: timedelta
    min_obs: int
    alerted: Reference | None = None
    others: Mapping[str, Series] = field(default_factory=dict)
    above: Mapping[str, bool] = field(default_factory=dict)


#: Makes the explanation of a number; called only if the proof is wanted.
_Words = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The *value* of a *node*, None when it is unknown."""

    node: Node
    value: Decimal | bool | None
    words: _Words
    children: tuple[Reading, ...] = ()

    @property
    def truth(self) -> bool | None:
        """The value of a condition."""
        return self.value if isinstance(self.value, bool) else None

    @property
    def evidence(self) -> Evidence:
        """The proof: every part with its numbers."""
        return Evidence(
            op=self.node.op,
            text=self.node.text,
            holds=self.value is True,
            note=self.words(),
            children=tuple(child.evidence for child in self.children),
        )


class _UnknownError(Exception):
    """A number that cannot be known; the message is the reason."""


def read(node: Node, sight: Sight) -> Reading:
    """Read *node* on *sight*. A number that cannot be computed is unknown, not an error."""
    why = _blind(sight)
    return _unknown(node, (), why) if why else _read(node, sight)


def _blind(sight: Sight) -> str:
    """Return the reason why every condition on this quote is unknown; empty if there is none."""
    hours = sight.series.instrument.session
    age = market_time(hours, sight.quote.at, sight.now)
    if age > sight.stale_after:
        return f"the quote of {_at(sight.quote.at)} is older than stale_after"
    if sight.series.split_day == day_of(hours, sight.quote.at):
        return "a split took effect in this session"
    return ""


def _read(node: Node, sight: Sight) -> Reading:
    children = tuple([_read(child, sight) for child in node.children])
    if node.op in ("and", "or", "not"):
        truth = _kleene(node.op, [child.truth for child in children])
        return _unknown(node, children) if truth is None else Reading(node, truth, _nothing, children)
    numbers = [child.value for child in children if child.value is not None]
    if len(numbers) < len(children):
        return _unknown(node, children)
    try:
        if node.op == CROSS:
            truth, words = _cross(node, sight, Decimal(numbers[0]), Decimal(numbers[1]))
            return Reading(node, truth, words, children)
        if node.op in _COMPARE:
            return Reading(node, _COMPARE[node.op](Decimal(numbers[0]), Decimal(numbers[1])), _nothing, children)
        number, words = _number(node, sight, numbers)
    except _UnknownError as error:
        return _unknown(node, children, str(error))
    except DecimalException:
        return _unknown(node, children, "it cannot be counted")
    return Reading(node, number, words, children)


def _unknown(node: Node, children: tuple[Reading, ...], why: str = "") -> Reading:
    return Reading(node, None, lambda: f"{UNKNOWN}: {why}" if why else UNKNOWN, children)


def _nothing() -> str:
    return ""


def _kleene(op: str, values: Sequence[bool | None]) -> bool | None:
    if op == "not":
        return None if values[0] is None else not values[0]
    decisive = op == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _cross(node: Node, sight: Sight, one: Decimal, other: Decimal) -> tuple[bool, _Words]:
    """Return whether *one* has just crossed *other*. It has not at the first reading, nor where it only touches it."""
    was = sight.above.get(node.text)
    if was is None or one == other:
        return False, lambda: f"{one:.6g} at {other:.6g}" if one == other else _side(one > other)
    if was == (one > other):
        return False, lambda: _side(was)
    return True, lambda: f"{_side(one > other)} now, {_side(was)} before"


def _side(above: bool) -> str:
    return "above" if above else "below"


def sides(*readings: Reading) -> dict[str, bool]:
    """Return, by its text, on which side the first number of each crossing in *readings* is; equal numbers have no side."""
    found = {}
    for reading in readings:
        numbers = [child.value for child in reading.children if child.value is not None]
        if reading.node.op == CROSS and len(numbers) == len(reading.node.children) and numbers[0] != numbers[1]:
            found[reading.node.text] = numbers[0] > numbers[1]
        found |= sides(*reading.children)
    return found


def _number(node: Node, sight: Sight, numbers: Sequence[Decimal | bool]) -> tuple[Decimal, _Words]:
    """Return the value of a number and its explanation in words."""
    if node.op == "number":
        return node.number, _nothing
    if node.op in _COUNT:
        value = _COUNT[node.op](*numbers)
        return value, lambda: f"{value:.6g}"
    sight = _about(node.instrument, sight)
    if node.op == "last":
        return sight.quote.price, lambda: f"{sight.quote.price:f} of {_at(sight.quote.at)}"
    if node.op in ("day_high", "day_low"):
        return _touched(sight, node.op)
    if node.op == "volume_z":
        return _volume(sight)
    if node.op == "gap":
        return _gap(sight)
    if node.op == "z":
        return _z(sight, node.window.sessions)
    if node.op == "change":
        found = _reference(sight, node.window)
        return _move(found.price, sight.quote.price), lambda: _percent(found, sight.quote.price)
    if node.op == "mean":
        return _mean(sight, node.window.sessions)
    return _extreme(sight, node.op, node.window)


def _about(name: str, sight: Sight) -> Sight:
    """Return the input of a function of the instrument *name*: its newest quote, and its series before that."""
    if name in ("", sight.series.instrument.id):
        return sight
    series = sight.others.get(name)
    newest = series.newest if series else None
    if series is None or newest is None:
        raise _UnknownError(f"no price of {name} is known")
    other = replace(sight, series=replace(series, quotes=series.quotes[:-1]), quote=newest, alerted=None)
    if why := _blind(other):
        raise _UnknownError(f"{name}: {why}")
    return other


def _touched(sight: Sight, op: str) -> tuple[Decimal, _Words]:
    """Return the highest or lowest price of the session so far, as its source gives it."""
    high = op == "day_high"
    found = sight.quote.high if high else sight.quote.low
    if found is None:
        raise _UnknownError(f"the source gives no {'high' if high else 'low'} of the session")
    return found, lambda: f"{found:f} in the session until {_at(sight.quote.at)}"


def _reference(sight: Sight, window: Window) -> Reference:
    """Return the price that a change is measured from."""
    if window.span is not None:
        found = price_at(sight.series, sight.quote.at - window.span)
        if found is None:
            raise _UnknownError(f"no price is known of {_at(sight.quote.at - window.span)}")
        return found
    if window.sessions:
        _observed(sight)
        close = sessions_back(sight.series, window.sessions)
        if close is None:
            raise _UnknownError(f"{len(sight.series.closes)} of {window.sessions} closes are known")
        return Reference(price=close.price, at=close.at)
    if sight.alerted is None:
        raise _UnknownError("there was no alert yet")
    return sight.alerted


def _z(sight: Sight, sessions: int) -> tuple[Decimal, _Words]:
    """Return ln(p / close) / (sigma sqrt(k)). Sigma is that after the close, so the moves being judged are not in it."""
    _observed(sight)
    close = sessions_back(sight.series, sessions)
    if close is None:
        raise _UnknownError(f"{len(sight.series.closes)} of {sessions} closes are known")
    z = _log(close.price, sight.quote.price) / (close.sigma * math.sqrt(sessions))
    found = Reference(price=close.price, at=close.at)
    return (
        Decimal(repr(z)),
        lambda: f"{z:+.1f} sigma, a day's being {close.sigma:.2%}; {_percent(found, sight.quote.price)}",
    )


def _gap(sight: Sight) -> tuple[Decimal, _Words]:
    """Return the move from the last close to the first quote of the session in progress."""
    _observed(sight)
    close = sessions_back(sight.series, 1)
    if close is None:
        raise _UnknownError("no close is known")
    opening = sight.series.opening or sight.quote
    found = Reference(price=close.price, at=close.at)
    return _move(close.price, opening.price), lambda: f"{_percent(found, opening.price)}, opened at {opening.price:f}"


def _mean(sight: Sight, sessions: int) -> tuple[Decimal, _Words]:
    """Return the mean of the last closes before the session of this quote."""
    closes = _closes(sight, sessions)
    mean = sum((close.price for close in closes), Decimal(0)) / len(closes)
    return mean, lambda: f"{mean:.6g}, the mean of {len(closes)} closes since {_at(closes[0].at)}"


def _closes(sight: Sight, count: int) -> Sequence[Close]:
    """Return the last *count* closes before the session of this quote."""
    _observed(sight)
    if len(sight.series.closes) < count:
        raise _UnknownError(f"{len(sight.series.closes)} of {count} closes are known")
    return sight.series.closes[-count:]


def _extreme(sight: Sight, op: str, window: Window) -> tuple[Decimal, _Words]:
    """Return the highest or lowest price before this quote. For `td` windows it is that of the closes."""
    if window.sessions:
        found = [Reference(price=close.price, at=close.at) for close in _closes(sight, window.sessions)]
    else:
        assert window.span is not None
        start = sight.quote.at - window.span
        if price_at(sight.series, start) is None:
            raise _UnknownError(f"no price is known of {_at(start)}")
        found = [item for item in since(sight.series, start) if item.at < sight.quote.at]
        if not found:
            raise _UnknownError(f"there was no price since {_at(start)}")
    best = (max if op == "high" else min)(found, key=lambda item: item.price)
    return best.price, lambda: f"{best.price:f} of {_at(best.at)}"


def _volume(sight: Sight) -> tuple[Decimal, _Words]:
    """Return the distance of ln(volume) from the median of 20 sessions, in sigmas by median absolute deviation."""
    volume = sight.quote.volume
    known = [math.log(c.volume) for c in sight.series.closes[-_VOLUMES:] if c.volume is not None and c.volume > 0]
    if volume is None or volume <= 0:
        raise _UnknownError("the quote has no volume")
    if len(known) < _VOLUMES:
        raise _UnknownError(f"the volume of {len(known)} of {_VOLUMES} sessions is known")
    usual = median(known)
    spread = max(median(abs(v - usual) for v in known) / _MAD, _VOLUME_FLOOR)
    z = (math.log(volume) - usual) / spread
    return Decimal(repr(z)), lambda: f"{z:+.1f}: {volume:f}, usual {math.exp(usual):.0f}"


def _observed(sight: Sight) -> None:
    if len(sight.series.closes) < sight.min_obs:
        raise _UnknownError(f"{len(sight.series.closes)} of min_obs {sight.min_obs} closes are known")


def _move(before: Decimal, after: Decimal) -> Decimal:
    _ratio(before, after)
    return after / before - 1


def _log(before: Decimal, after: Decimal) -> float:
    _ratio(before, after)
    return log_move(before, after)


def _ratio(before: Decimal, after: Decimal) -> None:
    if before <= 0 or after <= 0:
        raise _UnknownError(f"from {before:f} to {after:f} there is no ratio; subtract prices at or below zero")


def _percent(reference: Reference, price: Decimal) -> str:
    return f"{_move(reference.price, price):+.2%} on {reference.price:f} of {_at(reference.at)}"


def _at(moment: datetime) -> str:
    return f"{utc(moment)}"
