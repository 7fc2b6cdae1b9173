"""The source that gives the price of an instrument: the first that answers; the others stand by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from tocsin.model.prices import Instrument, Listing, Quote, RawQuote


def is_wanted(row: str, instruments: Iterable[Instrument], silent: Collection[Listing]) -> bool:
    """Whether the source *row* is to be asked: for one of *instruments* no better listing than its own answers."""
    return any(
        _stands_in(item, listing, silent) for item in instruments for listing in item.sources if listing.row == row
    )


def quotes(
    row: str, prints: Iterable[RawQuote], instruments: Iterable[Instrument], silent: Collection[Listing], now: datetime
) -> Iterator[Quote]:
    """The *prints* of *row* as quotes of the instruments that have no better source now.

    Where the source gives no time, it is the price of *now*.
    """
    found = {item.symbol: item for item in prints}
    for instrument in instruments:
        for listing in instrument.sources:
            said = found.get(listing.symbol)
            if listing.row == row and said and _stands_in(instrument, listing, silent):
                yield Quote(
                    instrument=instrument.id,
                    price=said.price,
                    at=said.at or now,
                    first_seen=now,
                    volume=said.volume,
                    currency=said.currency,
                    source=row,
                    actions=said.actions,
                    bars=said.bars,
                    session=said.session,
                    period=said.period,
                )


def _stands_in(instrument: Instrument, listing: Listing, silent: Collection[Listing]) -> bool:
    better = instrument.sources[: instrument.sources.index(listing)]
    return all(item in silent for item in better)
