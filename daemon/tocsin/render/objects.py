"""Values as the objects of JSON that commands print, and that the page exports."""

from __future__ import annotations

import dataclasses
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any

from tocsin.errors import Position
from tocsin.model.deliveries import Message
from tocsin.model.reasons import Reason
from tocsin.render.answer_links import masked
from tocsin.render.reasons import in_words
from tocsin.render.words import seen


def with_more(value: Any, **more: Any) -> dict[str, Any]:
    """Return the object of *value* with the fields *more*."""
    return {**plain(value), **plain(more)}


def plain(value: Any) -> Any:
    """Return *value* as JSON types.

    Dataclasses and mappings become dicts, days and times (in UTC) ISO 8601, decimals text, enums their values, pictures Base64. A reason becomes
    its sentence, with its cause beside it. Links to answer in a message are masked.

    Invisible characters are removed, because the text is copied into pages and messages. Fields that hold None, an empty string or an empty collection are kept, so that the shape is fixed.
    """
    # Most values are of these types themselves.
    kind = type(value)
    if write := _AT_ONCE.get(kind):
        return write(value)
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    if kind is dict:
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Reason):
        return in_words(value)
    if isinstance(value, Message):
        value = masked(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Position):
            return str(value)
        found = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        reason = found.get("reason")
        cause = {"cause": reason.main.value} if isinstance(reason, Reason) else {}
        return {name: plain(item) for name, item in found.items()} | cause
    for written, write in _WRITTEN:
        if isinstance(value, written):
            return write(value)
    if isinstance(value, Mapping):
        return plain(dict(value))
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    return plain(list(value)) if isinstance(value, list | tuple) else value


_AT_ONCE: Mapping[type, Callable[[Any], Any]] = {
    str: seen,
    datetime: datetime.isoformat,
    **dict.fromkeys((type(None), bool, int, float), lambda value: value),
}
#: How values without parts are written. An enum of texts is a text too.
_WRITTEN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Enum, attrgetter("value")),
    (str, seen),
    (date, lambda value: value.isoformat()),  # and times
    (Decimal, str),  # keeps all digits
    (timedelta, timedelta.total_seconds),
    (bytes, lambda value: b64encode(value).decode()),
)
