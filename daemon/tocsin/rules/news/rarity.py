"""Rarity: how often words stand in texts, judged by the words alone, so that it is the same everywhere and needs no texts."""

from __future__ import annotations

import math
from typing import NamedTuple

#: Words of nearly every text, which alone narrow nothing. Those that negate or hedge are left out: beside others they matter.
_EVERYWHERE = """
a about after all also an and are as at be been but by for from had has have he her his how in into is it its more
of on one or other our out over said say says she some than that the their them there they this to up was we were what
when which who will with you your year day week time s
de la le les el los der die das und et y en 的 了 在 是 和 有 年 月 日
"""
COMMON = frozenset(_EVERYWHERE.split())

_OFTEN = """
american amid ahead back bank best big billion can canada chief china company could country data day deal december european expected
fall fears first four global good group growth high higher highs home hits india investors january japan korea last latest lead
live low lower make makes march market markets may million month months need news next off office open plan plans power president
price prices record report reports rise rises rising say set sets share shares state states stock stocks support take takes talks
three time top trade trump under us use war way week world year years
"""
#: Words of news about business and politics of every kind.
OFTEN = frozenset(_OFTEN.split())
#: How likely a word stands in a text, where its length says too little.
_LIKELY = {word.encode(): 0.1 for word in OFTEN} | {word.encode(): 1.0 for word in COMMON}


def weight(key: bytes) -> float:
    """Return how often *key* stands in texts, compared with others: 1 for a word of nearly every text. It may be two words."""
    first, _, second = key.partition(b" ")
    if first and second:
        return weight(first) * weight(second)
    return _LIKELY.get(key) or 2.0 ** -len(key)


class Needed(NamedTuple):
    """Words of which a sentence with a hit has at least one, among its words and their beginnings, and how often these stand in texts.

    Without words nothing is known of such a sentence.
    """

    words: frozenset[str]
    weight: float


#: Words of each of which a field with a hit has at least one, as `Needed`.
Needs = tuple[frozenset[str] | tuple[str, ...], ...]
UNKNOWN = Needed(frozenset(), math.inf)
