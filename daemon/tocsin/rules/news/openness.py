"""Openness: about how many ordinary titles a rule is looked at for, by the words that the index needs. Pure.

It is judged from the weights of words alone, so it is the same everywhere and needs no texts. It is rough: of two rules the
one of the greater share is looked at more often, and a share of a quarter costs every title.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from tocsin.rules.news.coverage import wanted
from tocsin.rules.news.index import Group, branches
from tocsin.rules.news.nodes import All, Leaf, Pair, Written
from tocsin.rules.news.rarity import COMMON, weight

#: How likely a word of weight 1 stands in a title. The weights of the index compare words; this fits them to titles of news.
_SCALE = 0.03
#: The same for a word of nearly every text.
_COMMON = 0.1
_EVERYWHERE = frozenset(word.encode() for word in COMMON)


def shares(nodes: Sequence[object]) -> list[float]:
    """Return for each of *nodes* the share of ordinary titles, from 0 to 1, that have what its most open branch needs."""
    likelihood = cache(_likelihood)  # rules share their lists
    found = [0.0] * len(nodes)
    for number, groups in branches(nodes):
        found[number] = max(found[number], math.prod(map(likelihood, groups)))
    return found


def share(node: object) -> float:
    """Return the share of one *node*, as `shares`."""
    return shares([node])[0]


def most_open(node: Written) -> tuple[Written, ...]:
    """Return the way from *node* down to its most open branch: a part of the one before each, through names."""
    parts = wanted(node)
    if isinstance(node, All | Pair):
        # A side with one alternative is no branch.
        parts = parts if len(parts) == 1 else [part for part in parts if len(branches([part])) > 1]
    most = max(parts, key=share, default=None)
    # Where all parts together make it open, the whole is the branch.
    if isinstance(node, Leaf) or most is None or share(most) < share(node) / 2:
        return (node,)
    return (node, *most_open(most))


def _likelihood(group: Group) -> float:
    """Return how likely an ordinary title has one of the narrow keys of *group*."""
    missing = 1.0
    for key in (*group.words, *group.parts):
        missing *= 1 - (_COMMON if key.strip() in _EVERYWHERE else weight(key) * _SCALE)
    return 1 - missing
