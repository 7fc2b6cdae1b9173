"""A span of time in words that fit into a line."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def write(span: timedelta) -> str:
    """`1h 30m`, `2d`, `45s`: at most two units, the smaller one cut off."""
    rest = max(0, round(span.total_seconds()))
    parts: list[str] = []
    for unit, size in _UNITS:
        if rest >= size and len(parts) < 2:
            parts.append(f"{rest // size}{unit}")
            rest %= size
        elif parts:
            break
    return " ".join(parts) or "0s"
