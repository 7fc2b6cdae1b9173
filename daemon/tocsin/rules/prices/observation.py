"""Quotes of one instrument, judged by every price rule about it. Pure: takes series and states, and returns new ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.market.hygiene import Finding, clean, is_stale
from tocsin.market.series import Series, append, close_before, in_hours
from tocsin.model.prices import Quote
from tocsin.model.rules import Match, Unevaluated
from tocsin.rules.prices.edge import UNSEEN, PriceRule, PriceState, begin_session, judge, sighted

#: States by (rule id, instrument id).
PriceStates = Mapping[tuple[str, str], PriceState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A quote that hygiene kept from all rules, and the reason."""

    quote: Quote
    finding: Finding
    reason: str
    notice: bool = False  # to be reported to the operator: it looks like a split, but no split event came


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The result of judging quotes of one instrument: its *series*, and those *states* of rules that changed."""

    series: Series
    quotes: tuple[Quote, ...] = ()
    matches: tuple[Match, ...] = ()
    states: PriceStates
    refused: tuple[Refused, ...] = ()
    unevaluated: tuple[Unevaluated, ...] = ()
    turned: bool = False  # the series has just become stale, or fresh again


def observe(
    rules: Iterable[PriceRule], series: Series, states: PriceStates, quotes: Sequence[Quote], now: datetime
) -> Observed:
    """Judge *quotes* of the instrument of *series* in order of time. Without quotes it may still become stale."""
    mine = [rule for rule in rules if rule.covers(series.instrument)]
    seen = Observed(series=series, states={})
    in_order = sorted(quotes, key=lambda item: item.at)
    for quote in in_order:
        seen = replace(seen, series=in_hours(seen.series, quote.session))
        cleaned = clean(seen.series, quote, now)
        moved = _in_terms(mine, seen, states, cleaned.series)
        seen = replace(seen, series=cleaned.series, states={**seen.states, **moved})
        if not cleaned.quotes:
            refused = Refused(quote=quote, finding=cleaned.finding, reason=cleaned.reason, notice=cleaned.like_split)
            seen = replace(seen, refused=(*seen.refused, refused))
        for taken in cleaned.quotes:
            seen = _judge(mine, seen, states, taken, max(now, taken.at))
    stale = is_stale(seen.series, in_order[-1] if in_order else None, now)
    if stale != seen.series.stale:
        seen = replace(seen, series=replace(seen.series, stale=stale), turned=True)
    return seen


def _in_terms(rules: Iterable[PriceRule], seen: Observed, states: PriceStates, after: Series) -> PriceStates:
    """Return the states in which the last alert's price is adjusted as hygiene adjusted all prices in *after*.

    Prices are multiplied, or shifted if those of the instrument may be negative. The sides of crossings are learned anew.
    """
    old, new = seen.series.newest, after.newest
    if not old or not new or old.price == new.price:
        return {}
    shifts = after.instrument.negative
    keys = [(rule.info.id, after.instrument.id) for rule in rules]
    known = {key: state for key in keys if (state := seen.states.get(key) or states.get(key))}
    return {
        key: replace(
            state,
            alerted=replace(at, price=at.price - old.price + new.price if shifts else at.price * new.price / old.price),
            above={},
        )
        for key, state in known.items()
        if (at := state.alerted)
    }


def _judge(rules: Sequence[PriceRule], seen: Observed, states: PriceStates, quote: Quote, now: datetime) -> Observed:
    series = close_before(seen.series, quote.at)
    begins = series is not seen.series
    changed = dict(seen.states)
    matches = list(seen.matches)
    failed = list(seen.unevaluated)
    for rule in rules:
        key = (rule.info.id, quote.instrument)
        before = changed.get(key) or states.get(key) or UNSEEN
        state = sighted(before, quote)
        sight = rule.sight(series, quote, now, state)
        try:
            if begins:
                close = replace(quote, price=series.closes[-1].price, volume=None)
                state = begin_session(rule, replace(sight, quote=close), state)
            after, match = judge(rule, sight, state)
        except Exception as error:  # noqa: BLE001 - a fault of one rule must not keep the next from judging
            failed.append(Unevaluated.by(error, rule.info))
            continue
        if after != before:
            changed[key] = after
        if match:
            matches.append(match)
    return replace(
        seen,
        series=append(series, quote),
        quotes=(*seen.quotes, quote),
        matches=tuple(matches),
        states=changed,
        unevaluated=tuple(failed),
    )
