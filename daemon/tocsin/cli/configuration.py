"""`tocsin config`: the configuration as it was understood."""

from __future__ import annotations

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config
from tocsin.cli.output import dump
from tocsin.config.show import show, write_config

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@app.command("show")
def show_config(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Print the configuration as it was understood: defaults filled in, secrets masked."""
    with border():
        settings = read_config(config)
        if json:
            dump(show(settings))
        else:
            print(write_config(settings), end="")
