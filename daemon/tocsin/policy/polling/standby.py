"""The choice of source for the price of an instrument: the first that answers; the others stand by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from datetime import datetime

from tocsin.model.prices import Instrument, Listing, Priced, Quote, RawQuote


def is_wanted(row: str, instruments: Iterable[Instrument], silent: Collection[Listing]) -> bool:
    """Return whether to poll the source *row*: one of *instruments* has no better listing that answers."""
    return any(
        _stands_in(item, listing, silent) for item in instruments for listing in item.sources if listing.row == row
    )


def quotes(
    row: str, prints: Iterable[RawQuote], instruments: Iterable[Instrument], silent: Collection[Listing], now: datetime
) -> Iterator[Quote]:
    """Yield the *prints* of *row* as quotes of the instruments that have no better source now.

    If the source gives no time, the time of a quote is *now*.
    """
    found = {item.symbol: item for item in prints}
    for instrument in instruments:
        for listing in instrument.sources:
            quote = found.get(listing.symbol)
            if listing.row == row and quote and _stands_in(instrument, listing, silent):
                given = {one.name: getattr(quote, one.name) for one in fields(Priced)}
                yield Quote(instrument=instrument.id, at=quote.at or now, first_seen=now, source=row, **given)


def _stands_in(instrument: Instrument, listing: Listing, silent: Collection[Listing]) -> bool:
    better = instrument.sources[: instrument.sources.index(listing)]
    return all(item in silent for item in better)
