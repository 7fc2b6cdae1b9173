"""`tocsin instruments`: the instruments, with their latest prices and the sources of these."""

from __future__ import annotations

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import listing, local
from tocsin.explain.instruments import instrument_view

app = typer.Typer(help="List the instruments and their prices.", no_args_is_help=True)
_EXAMPLE = 'instruments: {copper: {class: metal, currency: USD, sources: ["yahoo:HG=F"]}}'


@app.command("list")
def list_instruments(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List every instrument with its price, its last move and its usual move."""
    with opened(config) as (settings, store):
        failing = {view.name for view in store.read.sources() if view.errors}
        series, *_ = store.read.market(settings.instruments)
        views = [instrument_view(series[item.id], failing) for item in settings.instruments]
        zone = settings.zone
        listing(
            views,
            {
                "instrument": lambda v: v.id,
                "state": lambda v: v.state,
                "price": lambda v: f"{v.price:f} {v.unit}".strip() if v.price is not None else "-",
                "of": lambda v: local(v.at, zone),
                "change": lambda v: "-" if v.change is None else f"{v.change:+z.2%}",
                "sigma": lambda v: "-" if v.sigma is None else f"{v.sigma:.2%}",
                "closes": lambda v: v.closes,
                "source": lambda v: v.source or ", ".join(v.sources) or "-",
            },
            json=json,
            empty=f"There are no instruments in {settings.path.name}. One is written as\n  {_EXAMPLE}",
            zone=zone,
        )
