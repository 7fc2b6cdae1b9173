"""Types of values that several sections of the configuration share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

from tocsin.config.secrets import Secret, address
from tocsin.config.shipped import pack_folder
from tocsin.config.yaml.nodes import Missing
from tocsin.config.yaml.shape import TEXT, TEXTS, context, listed
from tocsin.sources.http import urls

#: The names of sources, instruments and receivers and the ids of packs and rules, of at most LONGEST_NAME characters.
LONGEST_NAME = 64
ID = rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}$"
_CLOCK = re.compile(r"^([01]?[0-9]|2[0-3]):([0-5][0-9])$")


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be text; true and false need quotes to be text")
    return str(value)


def zone(value: Any) -> ZoneInfo:
    """Return the time zone named *value*.

    Raises:
        ValueError: there is no such zone.
    """
    name = _text(value)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/London or UTC") from None


def _wall_time(value: Any) -> time:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError('must be a time of the day such as "07:00"')
    return time(int(found[1]), int(found[2]))


def _times(value: Any) -> Any:
    # A least length of the field would be a second fault beside that of a time in it.
    if value in ([], ()):
        raise ValueError("must not be empty")
    return listed(value)


def _number(value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite():
        raise ValueError("must be a number such as 1250.5")
    return found


def _path(value: Any, info: ValidationInfo) -> Path | None:
    text = _text(value)
    return context(info).folder / Path(text).expanduser() if text else None


def _pack(value: Any, info: ValidationInfo) -> Path:
    return pack_folder(_text(value), context(info).folder)


def hidden(value: Any) -> Secret:
    """Return *value* as a secret.

    Raises:
        ValueError: *value* is not text.
    """
    return value if isinstance(value, Secret) else Secret(value if isinstance(value, Missing) else _text(value))


def _address(value: Any) -> Secret:
    if isinstance(value, Missing):
        return address(value, written=value.written)
    url = urls.plain_scheme(_text(value))
    if fault := url_fault(url):
        raise ValueError(fault)
    return address(url, written=getattr(value, "written", url))


def url_fault(url: str) -> str:
    """Return why *url* cannot be requested. Empty if it can."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port != 0
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good:
        return "must be an address that begins with http:// or https://"
    return "must not hold blanks or control characters" if re.search(r"[\s\x00-\x1f]", url) else ""


def unless_empty(check: Callable[[str], object]) -> AfterValidator:
    """Return a validator that refuses what *check* refuses, but accepts an empty text."""

    def checked(text: str) -> str:
        if text:
            check(text)
        return text

    return AfterValidator(checked)


Number = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema(TEXT)]
Zone = Annotated[ZoneInfo, BeforeValidator(zone), WithJsonSchema(TEXT)]
#: A time zone. None if empty.
OwnZone = Annotated[ZoneInfo | None, BeforeValidator(lambda text: zone(text) if text else None), WithJsonSchema(TEXT)]

_TIME = {"type": "string", "pattern": rf"{_CLOCK.pattern}|\$\{{", "examples": ["07:00"]}
WallTime = Annotated[time, BeforeValidator(_wall_time), WithJsonSchema(_TIME)]
#: A time of the day, or a list of them.
WallTimes = Annotated[
    tuple[WallTime, ...],
    BeforeValidator(_times),
    WithJsonSchema({"anyOf": [_TIME, {"type": "array", "items": _TIME, "minItems": 1}]}),
]
#: A path, relative to the file that names it. None if empty.
OwnPath = Annotated[Path | None, BeforeValidator(_path), WithJsonSchema(TEXT)]
#: Packs: the names of shipped ones, and paths with a slash.
Packs = Annotated[tuple[Annotated[Path, BeforeValidator(_pack)], ...], BeforeValidator(listed), WithJsonSchema(TEXTS)]
#: A text that is never shown.
Hidden = Annotated[Secret, BeforeValidator(hidden), WithJsonSchema(TEXT)]
Hiddens = Annotated[tuple[Hidden, ...], BeforeValidator(listed), WithJsonSchema(TEXTS)]
#: A web address, which may hold a secret.
Address = Annotated[Secret, BeforeValidator(_address), WithJsonSchema(TEXT)]
