"""Spans and hits, and the operators that pair them, one sentence at a time: NEAR, BEFORE, CLAUSE and NOT NEAR.

Every operator is n log n in the hits of its sentence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from tocsin.text.tokens import Sentence, clauses


class Part(NamedTuple):
    """A span that belongs to a hit: tokens, the list that found it, its group of coordinated spans, and their labels.

    *source* is the full name of the list, *labels* are (name, value). *places* are the tokens where the labels stand: of each label of the group the first.
    """

    first: int
    last: int
    source: str
    group: int
    labels: tuple[tuple[str, str], ...]
    places: tuple[tuple[int, int], ...] = ()


class SentenceHit(NamedTuple):
    """A set of spans of one sentence; its extent runs from the first token to the last."""

    first: int
    last: int
    parts: tuple[Part, ...]


def near(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], sentence: Sentence, within: int | None
) -> list[SentenceHit]:
    """Pair each left hit with a right one when neither has a nearer partner; *within* words, None without a limit."""
    limit = None if within is None else 2 * within
    forth = _nearest(left, right, sentence)
    back = _nearest(right, left, sentence)
    return [
        _joined(left[i], right[j])
        for i, (j, steps) in enumerate(forth)
        if j >= 0 and back[j][0] == i and (limit is None or steps <= limit)
    ]


def in_clause(left: Sequence[SentenceHit], right: Sequence[SentenceHit], sentence: Sentence) -> list[SentenceHit]:
    """As `near` without a limit, within each clause; a hit that reaches over the end of one stands in none."""
    if not left or not right:
        return []
    numbers = clauses(sentence)
    sides: dict[int, tuple[list[SentenceHit], list[SentenceHit]]] = {}
    for side, hits in enumerate((left, right)):
        for hit in hits:
            if numbers[hit.first] == numbers[hit.last]:
                sides.setdefault(numbers[hit.first], ([], []))[side].append(hit)
    return [pair for one, other in sides.values() for pair in near(one, other, sentence, None)]


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
        j = bisect_right(starts, starts[j]) - 1
        if by_end[bisect_left(ends, starts[j]) - 1] == i:
            pairs.append(_joined(hit, right[j]))
    return pairs


def not_near(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], sentence: Sentence, within: int
) -> list[SentenceHit]:
    """Return the left hits less, for each right one, the nearest within reach and what is coordinated with it.

    A word that two lists found goes for both. With a distance of 0 every left hit that overlaps a right one goes.
    """
    if not left or not right:
        return list(left)
    if within == 0:
        dropped = {i for i, (j, steps) in enumerate(_nearest(left, right, sentence)) if j >= 0 and steps == 0}
    else:
        dropped = {i for i, steps in _nearest(right, left, sentence) if i >= 0 and steps <= 2 * within}
    groups = {(part.source, part.group) for i in dropped for part in left[i].parts}
    words = {token for i in dropped if len(left[i].parts) == 1 for token in _tokens(left[i])}
    return [
        hit
        for i, hit in enumerate(left)
        if i not in dropped
        and not any((part.source, part.group) in groups for part in hit.parts)
        and not (len(hit.parts) == 1 and words.intersection(_tokens(hit)))
    ]


def _tokens(hit: SentenceHit) -> range:
    return range(hit.first, hit.last + 1)


def _nearest(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], sentence: Sentence) -> list[tuple[int, int]]:
    """For each of *hits* (index, half words) of the nearest of *others*, the later of two equally near; -1 for none.

    *others* are sorted by their first token. Only two need a look: of those that begin at or before the end of the hit the
    one that reaches farthest, and the last of those that begin next behind it.
    """
    if not others:
        return [(-1, 0)] * len(hits)
    positions = sentence.positions
    firsts = [other.first for other in others]
    # farthest[k] is the one of others[0..k] that ends last, the later of two that end together.
    farthest = list(accumulate(range(len(others)), partial(_farther, others)))
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


def _farther(others: Sequence[SentenceHit], one: int, later: int) -> int:
    return one if others[one].last > others[later].last else later


def _joined(one: SentenceHit, other: SentenceHit) -> SentenceHit:
    parts = tuple(sorted({*one.parts, *other.parts}))
    return SentenceHit(min(one.first, other.first), max(one.last, other.last), parts)
