"""Spans and how operators pair them, one sentence at a time (DESIGN 4: Hits, Distance, NEAR, NOT NEAR).

Every operator is n log n in the hits of its sentence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tocsin.text.tokens import Sentence


class Part(NamedTuple):
    """A span that belongs to a hit: tokens, the list that found it, its label, its group of coordinated spans."""

    first: int
    last: int
    source: str
    label: str
    group: int


class SentenceHit(NamedTuple):
    """A set of spans of one sentence; its extent runs from the first token to the last."""

    first: int
    last: int
    parts: tuple[Part, ...]


Distance = Callable[[SentenceHit, SentenceHit], int]


def near(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], sentence: Sentence, within: int | None
) -> list[SentenceHit]:
    """Pair each left hit with a right one when neither has a nearer partner; *within* words, None without a limit."""
    limit = None if within is None else 2 * within
    forth = [_nearest(hit, right, sentence) for hit in left]
    back = [_nearest(hit, left, sentence) for hit in right]
    return [
        _joined(left[i], right[j])
        for i, (j, steps) in enumerate(forth)
        if j >= 0 and back[j][0] == i and (limit is None or steps <= limit)
    ]


def before(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], sentence: Sentence, within: int
) -> list[SentenceHit]:
    """As `near`, but the left hit ends before the right one begins."""
    if not left or not right:
        return []
    by_end = sorted(range(len(left)), key=lambda i: (left[i].last, left[i].first))
    ends = [left[i].last for i in by_end]
    starts = [hit.first for hit in right]
    pairs = []
    for i, hit in enumerate(left):
        j = bisect_right(starts, hit.last)
        if j == len(right) or sentence.positions[starts[j]] - sentence.positions[hit.last] > 2 * within:
            continue
        nearest = by_end[bisect_left(ends, starts[j]) - 1]
        if left[nearest].last == hit.last and nearest == i:
            pairs.append(_joined(hit, right[j]))
    return pairs


def not_near(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], sentence: Sentence, within: int
) -> list[SentenceHit]:
    """The left hits less, for each right one, the nearest within reach and what is coordinated with it.

    With a distance of 0 every left hit that overlaps a right one goes.
    """
    if not left or not right:
        return list(left)
    if within == 0:
        dropped = {i for i, hit in enumerate(left) if _nearest(hit, right, sentence)[1] == 0}
    else:
        dropped = set()
        for hit in right:
            i, steps = _nearest(hit, left, sentence)
            if i >= 0 and steps <= 2 * within:
                dropped.add(i)
    groups = {(part.source, part.group) for i in dropped for part in left[i].parts}
    return [
        hit
        for i, hit in enumerate(left)
        if i not in dropped and not any((part.source, part.group) in groups for part in hit.parts)
    ]


def _nearest(hit: SentenceHit, others: Sequence[SentenceHit], sentence: Sentence) -> tuple[int, int]:
    """(index, half words) of the hit of *others* nearest to *hit*, the later of two equally near; (-1, 0) for none.

    *others* are sorted by their first token. Only the neighbours of *hit* need a look: the last that begins at or
    before its end, which may overlap it, and the first that begins behind it.
    """
    if not others:
        return -1, 0
    positions = sentence.positions
    behind = bisect_right(others, hit.last, key=lambda other: other.first)
    best, steps = -1, 0
    if behind:
        # Extents of one expression hardly nest: looking back a few is enough to find the one that reaches farthest.
        reach = max(range(max(0, behind - _LOOK_BACK), behind), key=lambda k: (others[k].last, k))
        best, steps = reach, max(0, positions[hit.first] - positions[others[reach].last])
        if others[reach].last >= hit.first:
            return reach, 0
    if behind < len(others):
        ahead = positions[others[behind].first] - positions[hit.last]
        if best < 0 or ahead <= steps:
            best, steps = behind, ahead
    return best, steps


_LOOK_BACK = 16


def _joined(one: SentenceHit, other: SentenceHit) -> SentenceHit:
    parts = tuple(sorted({*one.parts, *other.parts}))
    return SentenceHit(min(one.first, other.first), max(one.last, other.last), parts)
