"""The key values under which a match is notified."""

from __future__ import annotations

from itertools import islice, product

from tocsin.model.rules import Match

#: Combinations of key values of one match; more than that is a list of everything, not a key.
_MOST = 64


def key_values(match: Match, story_id: int) -> tuple[str, ...]:
    """Return the values of the key under which *match* is notified: `gallium`, or `gallium|cn` for a key of two labels.

    A match without a value for a key label is keyed by its story.
    """
    story = f"story:{story_id}"
    columns: list[tuple[str, ...]] = []
    for name in match.rule.key:
        if name == "story":
            columns.append((story,))
        elif name == "source" and match.source:
            columns.append((match.source,))
        else:
            columns.append(match.labels.get(name) or (story,))
    return tuple("|".join(values) for values in islice(product(*columns), _MOST))
