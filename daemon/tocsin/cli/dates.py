"""`tocsin dates`: list the dates that news announces."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import listing
from tocsin.explain.dates import ahead, what
from tocsin.model.dates import DateState

app = typer.Typer(help="List the dates that news announces.", no_args_is_help=True)

AllOption = Annotated[bool, typer.Option("--all", help="Include those that are past or were rejected.")]


@app.command("list")
def list_dates(
    config: ConfigOption = DEFAULT_CONFIG, *, everything: AllOption = False, json: JsonOption = False
) -> None:
    """List the dates ahead that entries of alerts announce, with the words around them; the next comes first."""
    with opened(config) as (settings, store):
        today = datetime.now(UTC).astimezone(settings.zone).date()
        states = [one for one in DateState if everything or one is not DateState.REJECTED]
        listing(
            store.read.dates(None if everything else today, states),
            {
                "id": lambda d: d.id,
                "day": lambda d: f"{d.day} {ahead(d.day, today)}",
                "what": what,
                "state": lambda d: f"{d.state} by {d.judged_by}" if d.judged_by else d.state,
                "alert": lambda d: f"{d.alert_id} {d.title}",
                "words": lambda d: d.words,
            },
            json=json,
            empty="No alert announces a date."
            if everything
            else "No alert announces a date ahead; past and rejected ones: tocsin dates list --all",
        )
