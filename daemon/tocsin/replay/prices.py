"""Quotes of a replay: judged by the live rules on series that are kept in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.market.series import Series, begin
from tocsin.model.prices import Instrument, Quote
from tocsin.rules.prices.edge import PriceState
from tocsin.rules.prices.observation import Observed, observe
from tocsin.rules.ruleset import RuleSet


@dataclass(slots=True)
class Prices:
    """What is remembered of the prices of *instruments*, and what the rules remember of them."""

    instruments: dict[str, Instrument]
    series: dict[str, Series] = field(default_factory=dict)
    states: dict[tuple[str, str], PriceState] = field(default_factory=dict)

    def observe(self, rules: RuleSet, quotes: Sequence[Quote], now: datetime) -> tuple[Observed, ...]:
        """What *rules* make of *quotes*, written down; quotes of an instrument that is not known are left out."""
        by_instrument: dict[str, list[Quote]] = defaultdict(list)
        for quote in quotes:
            if quote.instrument in self.instruments:
                by_instrument[quote.instrument].append(quote)
        found = []
        for name, several in by_instrument.items():
            series = self.series.get(name) or begin(self.instruments[name])
            seen = observe(rules.prices.values(), series, self.states, several, now)
            self.series[name] = seen.series
            self.states |= seen.states
            found.append(seen)
        return tuple(found)


def remember(instruments: Iterable[Instrument]) -> Prices:
    """Nothing yet, of *instruments*."""
    return Prices({item.id: item for item in instruments})
