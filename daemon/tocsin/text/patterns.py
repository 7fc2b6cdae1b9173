"""Regular expressions that people write: RE2, which is linear whatever text it meets."""

from __future__ import annotations

from typing import Any

import re2


def compiled(pattern: str) -> Any:
    """Return *pattern*, compiled.

    Raises:
        ValueError: with what is wrong with it.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        words = b" ".join(part for part in error.args if isinstance(part, bytes)).decode("utf-8", "replace")
        raise ValueError(f"{words or error}; the syntax is RE2's: no look-around, no back-references") from error


def check_pattern(text: str) -> str:
    """Return *text* if it is a regular expression.

    Raises:
        ValueError: it is not one.
    """
    try:
        compiled(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from error
    return text
