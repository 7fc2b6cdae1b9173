"""`tocsin sources test` of a source of prices."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import typer

from tocsin.cli.output import dump, local, say, shown, table
from tocsin.cli.threads import in_thread
from tocsin.config.build import make_http, make_price_source
from tocsin.config.config import Config
from tocsin.config.price_feeds import PriceConfig
from tocsin.errors import Fault, SourceError
from tocsin.model.sources import Batch, Cursor

_REMEDIES = {
    Fault.RATE_LIMITED: "wait, and ask less often: every: 1h",
    Fault.AUTH: "give it the key that it asks for",
    Fault.NOT_FOUND: "look the symbol up at the provider",
    Fault.NOT_DATA: "look at what the address shows, and correct rows, symbol, price or time",
}


def try_prices(settings: Config, row: PriceConfig, *, json: bool) -> None:
    """Ask *row* once and say what it gives.

    Raises:
        typer.Exit: with 1, when that is an error.
    """
    try:
        batch = asyncio.run(_poll(settings, row))
    except SourceError as error:
        say(f"{row.address}: {error.fault}: {shown(str(error))}")
        if remedy := error.remedy or _REMEDIES.get(error.fault, ""):
            say(f"what to do: {remedy}")
        raise typer.Exit(1) from error
    if json:
        dump({"address": row.address, "prints": batch.prints, "missing": batch.missing})
        return
    zone = settings.zone
    rows = [
        (item.symbol, f"{item.price:f}", item.currency, local(item.at, zone), len(item.bars), len(item.actions))
        for item in batch.prints
    ]
    print(row.address)
    table(
        ("symbol", "price", "currency", "of", "closes before", "splits and dividends"),
        rows,
        empty="no price",
        zone=zone,
    )
    for item in batch.missing:
        say(f"{item.symbol}: {item.fault}: {shown(item.words)}")


async def _poll(settings: Config, row: PriceConfig) -> Batch:
    async with make_http(settings) as http:
        return await make_price_source(row, http, in_thread).poll(Cursor(), datetime.now(UTC))
