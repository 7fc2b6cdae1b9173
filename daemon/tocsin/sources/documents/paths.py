"""JMESPath expressions of the configuration."""

from __future__ import annotations

from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError


def compiled_path(expression: str) -> Any:
    """Return *expression*, compiled.

    Raises:
        ValueError: it is not JMESPath.
    """
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(f"{expression!r} is not JMESPath: {str(error).splitlines()[0]}") from None


def look_up(path: Any, value: Any) -> Any:
    """Return what *path* finds in the JSON *value*.

    Raises:
        ValueError: it cannot be looked up there.
    """
    try:
        return path.search(value)
    except (JMESPathError, RecursionError) as error:
        raise ValueError(f"{path.expression} cannot be looked up: {str(error).splitlines()[0]}") from None
