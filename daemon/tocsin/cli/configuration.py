"""`tocsin config`: the configuration as it was understood."""

from __future__ import annotations

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, border, read_config
from tocsin.cli.output import dump
from tocsin.config.show import show

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@app.command("show")
def show_config(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print the configuration with its defaults filled in and its secrets left out, as JSON."""
    with border():
        dump(show(read_config(config)))
