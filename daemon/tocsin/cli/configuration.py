"""`tocsin config` and `tocsin schema`: the configuration as tocsin reads it, and the JSON Schemas of files."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.output import dump
from tocsin.config.schema import Kind, schema
from tocsin.config.show import show, write_config

app = typer.Typer(help="Show the configuration.", no_args_is_help=True)


@app.command("show")
def show_config(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Print the configuration as tocsin reads it: defaults filled in, secrets masked."""
    settings = read_config(config)
    if json:
        dump(show(settings))
    else:
        print(write_config(settings), end="")


def print_schema(kind: Annotated[Kind, typer.Argument(help="The kind of file.")]) -> None:
    """Print the JSON Schema (2020-12) of a kind of file, for editors."""
    print(json.dumps(schema(kind), indent=2, ensure_ascii=False))
