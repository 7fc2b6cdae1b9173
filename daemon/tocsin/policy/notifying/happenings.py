"""Alerts about one happening: people answer them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from tocsin.model.records import Card


def happenings(cards: Sequence[Card], cooldowns: Mapping[str, timedelta]) -> tuple[tuple[Card, ...], ...]:
    """Return *cards*, the newest first, in groups: each is about one happening, and its highest severity leads.

    As in messages, alerts of one story or one entry belong together, and so do alerts that a price rule raised at one
    time. Alerts of one rule and key value do, too, if no more than its cooldown lies between one and the next.
    """
    groups = _Groups(len(cards))
    firsts: dict[object, int] = {}
    for number, card in enumerate(cards):
        places: list[object] = [("story", card.alert.story_id), *(("entry", entry) for entry in card.entries)]
        if not card.entries:
            places.append(("price", card.alert.rule, card.alert.opened_at))
        for place in places:
            groups.join(firsts.setdefault(place, number), number)
    by_key: dict[object, list[int]] = defaultdict(list)
    for number, card in enumerate(cards):
        by_key[card.alert.rule, card.alert.key].append(number)
    for numbers in by_key.values():
        cooldown = cooldowns.get(cards[numbers[0]].alert.rule, timedelta(0))
        for newer, older in pairwise(numbers):
            if cards[newer].alert.opened_at - cards[older].alert.opened_at <= cooldown:
                groups.join(newer, older)
    found: dict[int, list[Card]] = defaultdict(list)
    for number, card in enumerate(cards):
        found[groups.first(number)].append(card)
    return tuple(tuple(sorted(group, key=lambda card: -card.alert.severity.rank)) for group in found.values())


class _Groups:
    """Numbers that were joined; the smallest of a group stands for it."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def first(self, number: int) -> int:
        """Return the number that stands for the group of *number*."""
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        low, high = sorted((self.first(one), self.first(other)))
        self._above[high] = low
