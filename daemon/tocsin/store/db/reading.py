"""Values as they are read from cells: what is wrong with one is damage, not a fault of who reads it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tocsin.errors import DamagedError

P = ParamSpec("P")
T = TypeVar("T")
#: What SQLite's driver says of text that is none.
UNDECODABLE = "Could not decode to UTF-8"
#: What reading raises where a value is none of those that were written.
_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def reading(read: Callable[P, T]) -> Callable[P, T]:
    """*read*, of which whatever it raises about a value is a DamagedError."""

    @functools.wraps(read, updated=())
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except _FAULTS as error:
            raise DamagedError(f"a value cannot be read: {error or type(error).__name__}") from error

    return attempt
