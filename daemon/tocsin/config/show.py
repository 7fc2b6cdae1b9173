"""Output made from the shapes: the configuration as it was read, without its secrets, and JSON Schemas (2020-12) for editors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import NullableSchema, StringSchema

from tocsin.config.config import Config, ConfigFile
from tocsin.config.instruments import write_hours
from tocsin.config.pack_file import RuleFile
from tocsin.config.secrets import Secret
from tocsin.config.testfile import RuleTestFile
from tocsin.config.yaml.meanings import Described
from tocsin.config.yaml.shape import Shape
from tocsin.errors import Position
from tocsin.model.prices import Hours
from tocsin.redaction import masked
from tocsin.units import write_duration


def show(config: Config) -> dict[str, Any]:
    """Return *config* in the shape of its file: defaults filled in, paths whole, secrets masked.

    The result is itself a valid configuration, except for masked secrets.
    """
    return _map(config.file)


def write_config(config: Config) -> str:
    """Return the result of `show` as the text of a file."""
    return yaml.safe_dump(show(config), sort_keys=False, allow_unicode=True, width=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the configuration as *text* without secrets, and its *place* in the file; None for a default.

    *more* counts entries that the text leaves out.
    """

    name: str
    place: Position | None
    text: str
    more: int


def sections(config: Config, most: int) -> Iterator[Section]:
    """Yield the sections of *config*, with at most so many entries each; those of the file come first, in its order."""
    shown = show(config)
    order = list(config.places)
    for name in sorted(shown, key=lambda one: order.index(one) if one in order else len(order)):
        value, more = shown[name], 0
        if isinstance(value, dict | list) and len(value) > most:
            more = len(value) - most
            value = dict(islice(value.items(), most)) if isinstance(value, dict) else value[:most]
        text = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=100)
        yield Section(name=name, place=config.places.get(name), text=text, more=more)


def _map(shape: Shape) -> dict[str, Any]:
    fields = ((field.alias or name, getattr(shape, name)) for name, field in type(shape).model_fields.items())
    return {name: _plain(value) for name, value in fields if value is not None}


def _plain(value: Any) -> Any:
    """Return *value* as it is written into a file."""
    match value:
        case Shape():
            return _map(value)
        case Secret():
            return value.shown
        case timedelta():
            return write_duration(value)
        case time():
            return f"{value:%H:%M}"
        case Hours():
            return write_hours(value)
        case ZoneInfo():
            return value.key
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case bool() | int():
            return value
        case str() | Path() | Decimal():
            # A literal dollar sign must not begin a reference when the file is read again.
            return re.sub(r"\$(?=[${])", "$$", masked(str(value)))
    raise TypeError(f"a configuration has no {type(value).__name__}")


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Kind(StrEnum):
    """The kinds of file that have a schema."""

    RULES = "rules"
    CONFIG = "config"
    TESTS = "tests"


#: The shape and the description of each kind of file.
_SHAPES: dict[Kind, tuple[type[Shape], str]] = {
    Kind.RULES: (RuleFile, "A file of a rule pack"),
    Kind.CONFIG: (ConfigFile, "The configuration of tocsin"),
    Kind.TESTS: (RuleTestFile, "A file of rule tests"),
}


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of a *kind* of file. It is closed except for `x-` keys, and describes every key."""
    shape, title = _SHAPES[kind]
    made = shape.model_json_schema(schema_generator=_Generator)
    return {"$schema": _DIALECT, **made, "title": title}


class _Generator(Described):
    """Generator of a schema that accepts what the reader accepts: numbers where text is expected. Defaults are left out."""

    def str_schema(self, schema: StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        return {**made, "type": ["string", "number"]}

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # a key without a value is a fault, so null is not allowed

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 (as the base class asks)
        return False
