"""How often a price rule would have fired on the closes that are known: the rule itself, stepped from close to close."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tocsin.market.series import Series
from tocsin.model.prices import Often, Quote
from tocsin.rules.prices.condition import Node, parts
from tocsin.rules.prices.edge import PriceRule, PriceState, begin_session, judge, sighted
from tocsin.rules.prices.reading import Sight, read

_DAY = timedelta(days=1)


def often(rule: PriceRule, series: Series) -> Often | None:
    """What *rule* would have told on the closes of *series*; None where closes cannot say that.

    They cannot for what happens within a session: its opening, and windows of less than a day. A close that takes several
    polls to be confirmed is confirmed here. Linear in the closes, of which there are at most 300.
    """
    if not series.closes or any(map(_is_within_a_session, parts(rule.when))):
        return None
    once, state = replace(rule, confirm=1), PriceState()
    judged = times = 0
    for number, close in enumerate(series.closes[1:], start=1):
        before = series.closes[number - 1]
        quote = Quote(
            instrument=series.instrument.id, price=close.price, at=close.at, first_seen=close.at, volume=close.volume
        )
        known = replace(
            series, closes=series.closes[:number], quotes=(), opening=None, last=None, held=None, split_day=None
        )
        state = sighted(state, quote)
        sight = Sight(
            series=known,
            quote=quote,
            now=close.at,
            stale_after=rule.stale_after,
            min_obs=rule.min_obs,
            alerted=state.alerted,
        )
        began = replace(sight, quote=replace(quote, price=before.price, volume=None))
        state = begin_session(once, began, state)
        judged += read(once.when, sight).truth is not None
        state, match = judge(once, sight, state)
        times += match is not None
    return Often(times=times, sessions=judged, first=series.closes[0].at, last=series.closes[-1].at)


def _is_within_a_session(node: Node) -> bool:
    return node.op == "gap" or (node.window.span is not None and node.window.span < _DAY)
