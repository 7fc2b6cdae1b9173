"""Labels of matches compared: what of one is not in another."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.model.prices import Labels

#: A match joins an alert only if these, too, say nothing new (DESIGN 6, Folding).
_TELLING = ("mineral", "company", "country")


def new_values(key: Sequence[str], known: Labels, found: Labels) -> list[str]:
    """The values of the labels that matter, those of the *key* and the telling ones, which are not *known* yet."""
    names = dict.fromkeys((*key, *_TELLING))
    return [v for name in names for v in found.get(name, ()) if v not in known.get(name, ())]
