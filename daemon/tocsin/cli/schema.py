"""`tocsin schema`: what editors need to know of the files."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.config.schema import Kind, schema


def print_schema(kind: Annotated[Kind, typer.Argument(help="Which kind of file.")]) -> None:
    """Print the JSON Schema (2020-12) of a kind of file."""
    print(json.dumps(schema(kind), indent=2, ensure_ascii=False))
