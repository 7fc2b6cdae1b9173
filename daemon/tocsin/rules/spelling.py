"""What was probably meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_LONGEST_NAME = 80


def meant(name: str, known: Collection[str], *, sigil: str = "") -> str:
    """`; did you mean x?` when *name* is nearly one of *known*, written behind *sigil*."""
    near = difflib.get_close_matches(name[:_LONGEST_NAME], sorted(known), n=1)
    return f"; did you mean {sigil}{near[0]}?" if near else ""
