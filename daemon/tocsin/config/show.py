"""Output of the configuration as it was read, without its secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tocsin.config.config import Config
from tocsin.config.instruments import write_hours
from tocsin.config.secrets import Secret, masked
from tocsin.config.yaml.shape import Shape
from tocsin.model.prices import Hours
from tocsin.units import write_duration


def show(config: Config) -> dict[str, Any]:
    """Return *config* in the shape of its file: defaults filled in, paths whole, secrets masked.

    The result is itself a valid configuration, except for masked secrets.
    """
    return _map(config.file)


def write_config(config: Config) -> str:
    """Return the result of `show` as the text of a file."""
    return yaml.safe_dump(show(config), sort_keys=False, allow_unicode=True, width=120)


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
        case tuple():
            return [_plain(item) for item in value]
        case bool() | int():
            return value
        case str() | Path() | Decimal():
            # A literal dollar sign must not begin a reference when the file is read again.
            return re.sub(r"\$(?=[${])", "$$", masked(str(value)))
    raise TypeError(f"a configuration has no {type(value).__name__}")
