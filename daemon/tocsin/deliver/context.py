"""The context of a message, read from the store when it is rendered: prices, and the round-up of a digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.market.series import Series
from tocsin.market.summary import beside, movers, summary
from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import Delivery, DeliveryKind
from tocsin.model.prices import Instrument, PriceSummary
from tocsin.render.digest import Roundup
from tocsin.rules.prices.edge import PriceRule, often
from tocsin.store import Store

#: Messages that are not about the world.
_OWN = (DeliveryKind.OPERATOR, DeliveryKind.TEST)


def with_prices(
    contents: Sequence[AlertContent],
    kind: DeliveryKind,
    *,
    store: Store,
    instruments: Sequence[Instrument],
    rules: Mapping[str, PriceRule],
    now: datetime,
) -> tuple[AlertContent, ...]:
    """Return *contents* with the prices shown beside them; alerts of *rules* also get the frequency of their rule.

    Operator and test messages show no prices.

    Raises:
        StoreError: the series cannot be read.
    """
    if kind in _OWN or not instruments:
        return tuple(contents)
    shown = [beside(one.alert.labels, instruments) for one in contents]
    series = store.read.series({item.id: item for items in shown for item in items}.values())
    return tuple(
        replace(one, prices=tuple(_summaries([series[item.id] for item in items], rules.get(one.alert.rule), now)))
        for one, items in zip(contents, shown, strict=True)
    )


def rounded_up(delivery: Delivery, *, store: Store, instruments: Sequence[Instrument], now: datetime) -> Roundup | None:
    """Return what a digest shows besides its alerts; None for any other message.

    Raises:
        StoreError: it cannot be read.
    """
    if delivery.kind is not DeliveryKind.DIGEST:
        return None
    series = store.read.series(instruments)
    seen = [found for item in instruments if (found := summary(series[item.id], now))]
    return replace(store.read.roundup(delivery, now), movers=movers(seen))


def _summaries(shown: Sequence[Series], rule: PriceRule | None, now: datetime) -> Iterator[PriceSummary]:
    for series in shown:
        if seen := summary(series, now):
            yield replace(seen, often=often(rule, series)) if rule and rule.covers(series.instrument) else seen
