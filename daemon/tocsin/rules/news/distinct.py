"""Pairs of two different values of the same lists, as `$state SENT $state` asks for.

A hit has no partner of its own value, and none that it overlaps. n log n as the other operators.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from tocsin.rules.news.hits import Partners, SentenceHit, mutual


def values_of(hit: SentenceHit) -> frozenset[str]:
    """Return what *hit* stands for: the values of its labelled parts, or of all of them where none has a label."""
    return frozenset(part.value for part in hit.parts if part.labels) or frozenset(part.value for part in hit.parts)


def overlaps(one: SentenceHit, other: SentenceHit) -> bool:
    """Return whether the extents of two hits have a word in common."""
    return one.first <= other.last and other.first <= one.last


def near(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], positions: Sequence[int], within: int | None
) -> list[SentenceHit]:
    """Pair as NEAR does; two hits that stand on both sides are one pair."""
    pairs = mutual(left, right, (_nearest, _nearest), positions, within)
    return list(dict.fromkeys(pairs))


def before(
    left: Sequence[SentenceHit], right: Sequence[SentenceHit], positions: Sequence[int], within: int | None
) -> list[SentenceHit]:
    """Pair as BEFORE does."""
    return mutual(left, right, (_next_behind, _last_before), positions, within)


def _nearest(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], positions: Sequence[int]) -> Partners:
    """For each of *hits* the nearest of *others* on either side, the later of two equally near."""
    sides = zip(_last_before(hits, others, positions), _next_behind(hits, others, positions), strict=True)
    return [behind if behind[0] >= 0 and (ahead[0] < 0 or behind[1] <= ahead[1]) else ahead for ahead, behind in sides]


def _next_behind(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], positions: Sequence[int]) -> Partners:
    """For each of *hits* the one of *others* that begins next behind it, the last of those that begin together."""
    order = sorted(range(len(others)), key=lambda i: (others[i].first, -i))
    firsts = [others[i].first for i in order]
    values = [values_of(others[i]) for i in order]
    changes = _changes(values)
    found = []
    for hit in hits:
        at = bisect_right(firsts, hit.last)
        if at < len(order) and values[at] == values_of(hit):
            at = changes[at]
        found.append((order[at], positions[firsts[at]] - positions[hit.last]) if at < len(order) else (-1, 0))
    return found


def _last_before(hits: Sequence[SentenceHit], others: Sequence[SentenceHit], positions: Sequence[int]) -> Partners:
    """For each of *hits* the one of *others* that ends last before it, the later of those that end together."""
    # From the end of the field to its beginning.
    order = sorted(range(len(others)), key=lambda i: (-others[i].last, -i))
    lasts = [-others[i].last for i in order]
    values = [values_of(others[i]) for i in order]
    changes = _changes(values)
    found = []
    for hit in hits:
        at = bisect_right(lasts, -hit.first)
        if at < len(order) and values[at] == values_of(hit):
            at = changes[at]
        found.append((order[at], positions[hit.first] - positions[-lasts[at]]) if at < len(order) else (-1, 0))
    return found


def _changes(values: Sequence[frozenset[str]]) -> list[int]:
    """Return for each of *values* where the next other value stands; behind the end where there is none."""
    found = list(range(1, len(values) + 1))
    for at in range(len(values) - 2, -1, -1):
        if values[at + 1] == values[at]:
            found[at] = found[at + 1]
    return found
