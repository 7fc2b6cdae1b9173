"""Clauses: what one verb says, told by marks and closed lists of words alone (docs/decisions/0010)."""

from __future__ import annotations

from tocsin.text.tokens import Sentence

_OPENING = """
    after ahead although amid amidst as because before but despite following if since though unless until when while whilst
"""
#: Words that begin a clause, or a phrase of circumstance: what stands behind them is another matter.
#: `and` is none of them, since it joins subjects as often as clauses.
_OPENERS = frozenset(_OPENING.split())


def clauses(sentence: Sentence) -> tuple[int, ...]:
    """Return the number of the clause of each token, counted from 0.

    A comma, colon or spaced dash begins one, and so do conjunctions and the prepositions of circumstance: "stocks rise | as
    oil falls | amid talks". The first token begins none. What stands in brackets is a clause of its own, and the one around
    it goes on behind it: "Albemarle (NYSE: ALB) rises" is said of Albemarle.
    """
    open_, last = [0], 0
    numbers = []
    for index, token in enumerate(sentence.tokens):
        begins = bool(index) and (token.border or token.word in _OPENERS)
        del open_[token.depth + 1 :]
        while len(open_) <= token.depth:
            last += 1
            open_.append(last)
            begins = False
        if begins:
            last += 1
            open_[-1] = last
        numbers.append(open_[-1])
    return tuple(numbers)
