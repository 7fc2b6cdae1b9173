"""Where one clause of a sentence ends and the next begins: who does what stands within one."""

from __future__ import annotations

from itertools import accumulate

from tocsin.text.tokens import Sentence, Token

_OPENING = """
    after ahead although amid amidst as because before but despite following if since though unless until when while whilst
"""
#: Words that begin a clause, or a phrase of circumstance: what stands behind them is another matter.
#: `and` is none of them, since it joins subjects as often as clauses.
_OPENERS = frozenset(_OPENING.split())


def clauses(sentence: Sentence) -> tuple[int, ...]:
    """The number of the clause of each token, counted from 0.

    A comma, colon, bracket or spaced dash begins one, and so do conjunctions and the prepositions of circumstance: "stocks
    rise | as oil falls | amid talks". The first token begins none.
    """
    return tuple(accumulate((_begins(token) for token in sentence.tokens[1:]), initial=0))


def _begins(token: Token) -> bool:
    return token.clause or token.word in _OPENERS
