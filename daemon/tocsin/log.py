"""Log lines: a fixed event phrase and key=value pairs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta


def line(event: str, **pairs: object) -> str:
    """Return `event key=value ...`; values with blanks or odd characters are quoted, so that a line stays one line.

    Pairs whose value is None are left out.
    """
    parts = [event, *(f"{key}={_value(value)}" for key, value in pairs.items() if value is not None)]
    return " ".join(parts)


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.1f}s"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    if text and all(c.isalnum() or c in "-_.:/@+%,~" for c in text) and text.isascii():
        return text
    # JSON's escapes keep control characters and line breaks of feed text out of the log.
    return json.dumps("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text), ensure_ascii=False)
