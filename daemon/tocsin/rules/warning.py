"""A warning at its place in a pack."""

from __future__ import annotations

from tocsin.errors import Problem
from tocsin.model.rules import Located


def warning(place: Located, words: str, offset: int = 0, length: int | None = None) -> Problem:
    """*words* about *length* characters of *place* from *offset* on; without a length about all of it."""
    position, excerpt = place.at(offset), place.excerpt(offset)
    longest = max(1, len(excerpt) - position.column + 1)
    wanted = len(place.text) if length is None else length
    return Problem(message=words, position=position, excerpt=excerpt, length=max(1, min(wanted, longest)), warning=True)
