"""Spans and hits, and the operators that pair them or take some away, one field at a time.

Tokens are their numbers in the row of the field, *positions* their places in half words, with a `GAP` between two sentences:
the nearest hit is of the same sentence wherever there is one there. Every operator is n log n in the hits of its field.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from tocsin.rules.news.places import reach


class Part(NamedTuple):
    """A span that belongs to a hit: tokens, the list that found it, its group of coordinated spans, and their labels.

    *source* is the full name of the list, *labels* are (name, value). *places* are the tokens where the labels stand: of
    each label of the group the first. *value* is what the span itself stands for: its own label, else the member of the
    list that found it, or its words where none did.
    """

    first: int
    last: int
    source: str
    group: int
    labels: tuple[tuple[str, str], ...]
    places: tuple[tuple[int, int], ...] = ()
    value: str = ""


class SentenceHit(NamedTuple):
    """A set of spans of one sentence of a field; its extent runs from the first token to the last."""

    first: int
    last: int
    parts: tuple[Part, ...]


#: Of each hit its partner among others: (index, half words between the two), -1 for none.
Partners = list[tuple[int, int]]
#: Returns the partners of hits among others.
Finder = Callable[[Sequence[SentenceHit], Sequence[SentenceHit], Sequence[int]], Partners]
#: An operator that pairs the hits of two sides, within so many words or without a limit.
Pairing = Callable[[Sequence[SentenceHit], Sequence[SentenceHit], Sequence[int], int | None], list[SentenceHit]]


def near(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], positions: Sequence[int], within: int | None
) -> list[SentenceHit]:
    """Pair each left hit with a right one when neither has a nearer partner; *within* words, None without a limit."""
    if len(left) == len(right) == 1:  # as nearly always
        early, late = sorted((left[0], right[0]))
        steps = positions[late.first] - positions[early.last]
        return [_joined(left[0], right[0])] if steps <= reach(within) else []
    return mutual(left, right, (_nearest, _nearest), positions, within)


def before(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], positions: Sequence[int], within: int | None
) -> list[SentenceHit]:
    """As `near`, but the left hit ends before the right one begins."""
    return mutual(left, right, (_next_behind, _last_before), positions, within)


def in_clause(
    pair: Pairing,
    left: Sequence[SentenceHit],
    right: Sequence[SentenceHit],
    positions: Sequence[int],
    clause: Callable[[int], object],
) -> list[SentenceHit]:
    """*pair* without a limit within each clause, *clause* being that of a token; a hit over the end of one is in none."""
    sides: dict[object, tuple[list[SentenceHit], list[SentenceHit]]] = {}
    for side, hits in enumerate((left, right)):
        for hit in hits:
            if clause(hit.first) == (number := clause(hit.last)):
                sides.setdefault(number, ([], []))[side].append(hit)
    return [hit for one, other in sides.values() for hit in pair(one, other, positions, None)]


def subtract(
    op: str, left: Sequence[SentenceHit], right: Sequence[SentenceHit], positions: Sequence[int], within: int
) -> list[SentenceHit]:
    """Return the left hits less, for each right one, the nearest within reach and what is coordinated with it.

    NOT BEFORE takes the nearest that ends before the right one, NOT AFTER the nearest that begins behind it. A word that
    two lists found goes for both, and with it every hit that rests on it, alone or among others. With a distance of 0
    NOT NEAR takes every left hit that overlaps a right one.
    """
    if op == "NOT NEAR" and within == 0:
        dropped = {i for i, (j, steps) in enumerate(_nearest(left, right, positions)) if j >= 0 and steps == 0}
    else:
        dropped = {i for i, steps in _FINDERS[op](right, left, positions) if i >= 0 and steps <= 2 * within}
    if not dropped:
        return list(left)
    groups = {(part.source, part.group) for i in dropped for part in left[i].parts}
    words = {token for i in dropped for part in left[i].parts for token in _tokens(part)}
    return [
        hit
        for hit in left
        if not any((part.source, part.group) in groups or words.intersection(_tokens(part)) for part in hit.parts)
    ]


def _tokens(part: Part) -> range:
    return range(part.first, part.last + 1)


def mutual(
    left: Sequence[SentenceHit],
    right: Sequence[SentenceHit],
    finders: tuple[Finder, Finder],
    positions: Sequence[int],
    within: int | None,
) -> list[SentenceHit]:
    """Join each left hit with its partner when it is the partner's own, *within* words; None: in its sentence."""
    forth, back = finders
    limit = reach(within)
    pairs = [(i, j) for i, (j, steps) in enumerate(forth(left, right, positions)) if j >= 0 and steps <= limit]
    if not pairs:  # most are too far from each other
        return []
    partners = back([right[j] for _, j in pairs], left, positions)
    return [_joined(left[i], right[j]) for (i, j), (own, _) in zip(pairs, partners, strict=True) if own == i]


def _next_behind(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], positions: Sequence[int]) -> Partners:
    """For each of *hits* the one of *others* that begins next behind its end, the last of those that begin together."""
    firsts = [other.first for other in others]
    found = []
    for hit in hits:
        behind = bisect_right(firsts, hit.last)
        if behind == len(firsts):
            found.append((-1, 0))
        else:
            first = firsts[behind]
            found.append((bisect_right(firsts, first) - 1, positions[first] - positions[hit.last]))
    return found


def _last_before(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], positions: Sequence[int]) -> Partners:
    """For each of *hits* the one of *others* that ends last before its beginning, the later of those that end together."""
    by_end = sorted(range(len(others)), key=lambda i: others[i].last)
    lasts = [others[i].last for i in by_end]
    found = []
    for hit in hits:
        at = bisect_left(lasts, hit.first) - 1
        found.append((by_end[at], positions[hit.first] - positions[lasts[at]]) if at >= 0 else (-1, 0))
    return found


def _nearest(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], positions: Sequence[int]) -> Partners:
    """For each of *hits* the nearest of *others*, the later of two equally near.

    *others* are sorted by their first token. Only two need a look: of those that begin at or before the end of the hit the
    one that reaches farthest, and the last of those that begin next behind it.
    """
    if not others:
        return [(-1, 0)] * len(hits)
    firsts = [other.first for other in others]
    # farthest[k] is the one of others[0..k] that ends last, the later of two that end together.
    lasts = [other.last for other in others]
    ascending = lasts == sorted(lasts)  # as single words are
    order = range(len(others))
    farthest = order if ascending else list(accumulate(order, partial(_farther, others)))
    found = []
    for hit in hits:
        behind = bisect_right(firsts, hit.last)
        best, steps = -1, 0
        if behind:
            best = farthest[behind - 1]
            steps = max(0, positions[hit.first] - positions[others[best].last])
        if behind < len(others) and (best < 0 or steps):
            ahead = positions[firsts[behind]] - positions[hit.last]
            if best < 0 or ahead <= steps:
                best, steps = bisect_right(firsts, firsts[behind]) - 1, ahead
        found.append((best, steps))
    return found


#: The finder of what each right hit of a subtraction takes away.
_FINDERS = {"NOT NEAR": _nearest, "NOT BEFORE": _last_before, "NOT AFTER": _next_behind}


def _farther(others: Sequence[SentenceHit], one: int, later: int) -> int:
    return one if others[one].last > others[later].last else later


def _joined(one: SentenceHit, other: SentenceHit) -> SentenceHit:
    parts = tuple(sorted({*one.parts, *other.parts}))
    return SentenceHit(min(one.first, other.first), max(one.last, other.last), parts)
