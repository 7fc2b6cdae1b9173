"""Proper names that no list has, told by their capitals: `@tocsin/name`.

Only a sentence that has small words too can tell: in a headline in which every word has a capital there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.text.clauses import is_sentence_case
from tocsin.text.tokens import Sentence, Token

_LEADING = """
    a after all amid an another as at because before but by despite every following for from her his how if in inside its meet
    my new no not on one our over since some that the their these this those though to two under until what when where
    which while who whose why will with
"""
#: Words that begin sentences, and no names: "As Acme Metals grows ...".
_NO_NAME = frozenset(_LEADING.split())
#: What stands between two words of a name.
_JOINTS = frozenset([" ", "-", "\u2010", "\u2011", "\u2013", "&", " & "])


def proper_names(sentence: Sentence, text: str) -> Iterator[tuple[int, int]]:
    """Yield the first and last token of each name; none in a sentence that is written like a title or in capitals.

    A name is a run of words with a capital, of one word only where neither the sentence nor a mark before it gives the
    capital. *text* is the field of the sentence.
    """
    if is_sentence_case(sentence):
        tokens = sentence.tokens
        for first, last in _runs(tokens, text):
            if first < last or _is_odd(tokens[first]) or (first and tokens[first].joint):
                yield first, last


def _runs(tokens: Sequence[Token], text: str) -> Iterator[tuple[int, int]]:
    """Yield the first and last of tokens with a capital that a blank or a hyphen joins."""
    first = -1
    for index, token in enumerate(tokens):
        capital = token.cased[:1].isupper()
        if first >= 0 and not (capital and text[tokens[index - 1].end : token.start] in _JOINTS):
            yield first, index - 1
            first = -1
        if first < 0 and capital and (token.word not in _NO_NAME or _is_odd(token)):
            first = index
    if first >= 0:
        yield first, len(tokens) - 1


def _is_odd(token: Token) -> bool:
    """Return True if a word has a capital that no sentence gives it: BHP, SolGold."""
    return len(token.word) > 1 and token.cased[1:] != token.cased[1:].lower()
