"""Quotes of instruments, judged by every price rule about them. Pure: takes series and states, and returns new ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.market.hygiene import Finding, clean, is_stale
from tocsin.market.series import Series, append, close_before, in_hours
from tocsin.model.alerts import Ending
from tocsin.model.prices import Instrument, Quote
from tocsin.model.rules import Match, Unevaluated
from tocsin.rules.prices.edge import (
    UNSEEN,
    PriceRule,
    PriceState,
    at_close,
    begin_session,
    ending,
    judge,
    newest_sight,
    sighted,
)
from tocsin.rules.prices.reading import Sight

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
    endings: tuple[Ending, ...] = ()
    states: PriceStates
    refused: tuple[Refused, ...] = ()
    unevaluated: tuple[Unevaluated, ...] = ()
    turned: bool = False  # the series has just become stale, or fresh again


def observe(
    rules: Iterable[PriceRule],
    batches: Mapping[str, Sequence[Quote]],
    series: Mapping[str, Series],
    states: PriceStates,
    now: datetime,
) -> dict[str, Observed]:
    """Judge the quotes of *batches*, by instrument, in order of time; an instrument without any may still become stale.

    *series* has the instruments of *batches* and those `beside` them. The result has those of *batches*, and those about
    which a rule was judged again, because it names another one whose price has changed.
    """
    judging = _Judging(tuple(rules), batches.keys(), series, states, now)
    for quote in sorted((quote for several in batches.values() for quote in several), key=lambda item: item.at):
        judging.take(quote)
    for name, several in batches.items():
        newest = max(several, key=lambda item: item.at, default=None)
        seen = judging.found[name]
        stale = is_stale(seen.series, newest, now)
        if stale != seen.series.stale:
            judging.found[name] = replace(seen, series=replace(seen.series, stale=stale), turned=True)
    return judging.found


def beside(rules: Iterable[PriceRule], ids: Collection[str], instruments: Mapping[str, Instrument]) -> frozenset[str]:
    """Return the ids of the *instruments* that `observe` needs for quotes of *ids*, without these."""
    found: set[str] = set()
    for rule in rules:
        if rule.others and any(rule.needs(instruments[name]) for name in ids):
            found |= {name for name, item in instruments.items() if rule.needs(item)}
    return frozenset(found.difference(ids))


class _Judging:
    """The judgement of quotes, one after the other. *found* is what came of it, by instrument."""

    def __init__(
        self,
        rules: Sequence[PriceRule],
        names: Iterable[str],
        series: Mapping[str, Series],
        states: PriceStates,
        now: datetime,
    ) -> None:
        self.found = {name: Observed(series=series[name], states={}) for name in names}
        self._rules = rules
        self._naming = [rule for rule in rules if rule.others]
        self._series = dict(series)
        self._states = states
        self._now = now

    def take(self, quote: Quote) -> None:
        """Clean *quote* and judge it, with a held one that it confirms."""
        name = quote.instrument
        seen = self.found[name]
        rules = [rule for rule in self._rules if rule.covers(seen.series.instrument)]
        seen = replace(seen, series=in_hours(seen.series, quote.session))
        cleaned = clean(seen.series, quote, self._now)
        moved = _in_terms(rules, seen, self._states, cleaned.series)
        seen = replace(seen, series=cleaned.series, states={**seen.states, **moved})
        if not cleaned.quotes:
            refused = Refused(quote=quote, finding=cleaned.finding, reason=cleaned.reason, notice=cleaned.like_split)
            seen = replace(seen, refused=(*seen.refused, refused))
        for taken in cleaned.quotes:
            seen = self._judge(rules, seen, taken)
        self.found[name] = seen
        self._series[name] = seen.series
        if cleaned.quotes:
            self._judge_others(quote)

    def _judge(self, rules: Sequence[PriceRule], seen: Observed, quote: Quote) -> Observed:
        """Return *seen* after *quote*, which is judged by *rules*."""
        now = max(self._now, quote.at)
        series = close_before(seen.series, quote.at)
        begins = series is not seen.series
        for rule in rules:
            before = self._state(rule, seen)
            try:
                state = sighted(before, quote)
                sight = rule.sight(series, quote, now, state, self._series)
                if begins:
                    state = begin_session(rule, replace(sight, quote=at_close(quote, series.closes[-1])), state)
                after, match = judge(rule, sight, state)
            except Exception as error:  # noqa: BLE001 - a fault of one rule must not keep the next from judging
                seen = _failed(seen, rule, error)
                continue
            seen = _judged(seen, rule, before, after, match)
            if _is_over(rule, before, after):
                seen = _ended(seen, rule, sight)
        return replace(seen, series=append(series, quote), quotes=(*seen.quotes, quote))

    def _judge_others(self, quote: Quote) -> None:
        """Judge the rules about other instruments that name the one of *quote*."""
        now = max(self._now, quote.at)
        for rule in self._naming:
            others = [name for name, one in self._series.items() if rule.covers(one.instrument)]
            for name in others if quote.instrument in rule.others else ():
                if name == quote.instrument:
                    continue
                seen = self.found.get(name) or Observed(series=self._series[name], states={})
                before = self._state(rule, seen)
                try:
                    sight = newest_sight(rule, seen.series, before, now, self._series)
                    after, match = judge(rule, sight, before) if sight else (before, None)
                except Exception as error:  # noqa: BLE001 - as above
                    self.found[name] = _failed(seen, rule, error)
                else:
                    seen = _judged(seen, rule, before, after, match)
                    self.found[name] = _ended(seen, rule, sight) if sight and _is_over(rule, before, after) else seen

    def _state(self, rule: PriceRule, seen: Observed) -> PriceState:
        key = (rule.info.id, seen.series.instrument.id)
        return seen.states.get(key) or self._states.get(key) or UNSEEN


def _failed(seen: Observed, rule: PriceRule, error: Exception) -> Observed:
    return replace(seen, unevaluated=(*seen.unevaluated, Unevaluated.by(error, rule.info)))


def _is_over(rule: PriceRule, before: PriceState, after: PriceState) -> bool:
    """Return whether a rule that tells of its end is armed again. One that fired anew at once is not."""
    return rule.recovered and before.armed is False and after.armed is True


def _ended(seen: Observed, rule: PriceRule, sight: Sight) -> Observed:
    # Nobody has heard yet of an alert of the same poll.
    fresh = any(match.rule.id == rule.info.id for match in seen.matches)
    return seen if fresh else replace(seen, endings=(*seen.endings, ending(rule, sight)))


def _judged(seen: Observed, rule: PriceRule, before: PriceState, after: PriceState, match: Match | None) -> Observed:
    states = {**seen.states, (rule.info.id, seen.series.instrument.id): after} if after != before else seen.states
    return replace(seen, states=states, matches=(*seen.matches, *([match] if match else [])))


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
