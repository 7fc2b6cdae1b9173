"""Clauses: what one verb says, found by marks and closed lists of words alone (docs/decisions/0010).

A sentence is cut into pieces at commas, colons, spaced dashes and words that begin a clause or phrase. Not every comma ends
a clause. A comma of a list does not. An aside between two commas is a clause of its own, and the clause around it continues
after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.text.tokens import Sentence, Token

#: Piece of a sentence: the indices of its tokens, all in the same bracket. Tokens in brackets within it are left out.
Piece = list[int]

_CONJOINING = "although as because but if though unless when while whilst"
_CIRCUMSTANTIAL = "according after ahead amid amidst before despite following since until"
_SMALL_ELSE = """
    about above across against among below between during from into onto over past than through toward under upon with
    within without
"""
#: Conjunctions that begin a clause. Behind them the subject may be a list: "as gold, oil fall".
_CONJUNCTIONS = frozenset(_CONJOINING.split())
#: Words that begin a phrase of circumstance: "amid strikes, copper rises". The comma behind the phrase ends a clause.
_CIRCUMSTANCES = frozenset(_CIRCUMSTANTIAL.split())
#: Words that begin a clause or phrase. `and` is not one, since it joins subjects as often as clauses.
_OPENERS = _CONJUNCTIONS | _CIRCUMSTANCES
_JOINING = frozenset(["and", "or", "of"])
#: Words before a noun, or before a whole question, that do not count as words of a piece.
_DETERMINERS = frozenset(["a", "an", "the", "its", "their", "his", "her", "our", "how", "why"])
_POSSESSIVES = ("'s", "s'")
_RELATIVES = frozenset(["which", "who", "whose", "where"])
#: Words that begin an apposition, or another remark on the words before it: "Metals, led by copper, rise".
_REMARKS = frozenset(["a", "an", "the", "formerly", "including", "led", "like", "not", "once"])
#: Words that end an attribution: "Lithium, analysts say, rises". No other part of the rule language knows verbs.
_SAYING = frozenset(["say", "says", "said", "report", "reports", "reported"])
#: Most words of an attribution between commas.
_LONGEST_ATTRIBUTION = 6
#: Words that stay in lower case in headlines in which most words begin with a capital.
_SMALL = _OPENERS | frozenset(_SMALL_ELSE.split())
_SHORTEST_WORD = 4
#: Characters of the shortest clause without blanks: 银价上涨. Anything shorter is a heading or a name.
_SHORTEST_WIDE = 4


def clauses(sentence: Sentence) -> tuple[int, ...]:
    """Return the clause number of each token; tokens of one clause have the same number.

    Text in brackets is a clause of its own, and the clause around it continues after it: in "Albemarle (NYSE: ALB) rises",
    Albemarle rises.
    """
    tokens = sentence.tokens
    numbers = [0] * len(tokens)
    first = 0
    for inside in _by_brackets(tokens):
        pieces = _pieces(tokens, inside)
        for piece, number in zip(pieces, _joined(sentence, pieces), strict=True):
            for index in piece:
                numbers[index] = first + number
        first += len(pieces)
    return tuple(numbers)


def is_sentence_case(sentence: Sentence) -> bool:
    """Return True if a sentence has lower-case words other than *from*, *with* and the like; a title in capitals has none."""
    return not sentence.all_caps and any(
        token.word == token.cased
        and len(token.word) >= _SHORTEST_WORD
        and token.word.isalpha()
        and token.word not in _SMALL
        and not token.wide
        for token in sentence.tokens
    )


def _by_brackets(tokens: Sequence[Token]) -> list[list[int]]:
    """Return the indices of the tokens outside brackets, then of those in each bracket without nested ones."""
    outside: list[int] = []
    found, open_ = [outside], [outside]
    for index, token in enumerate(tokens):
        del open_[token.depth + 1 :]
        while len(open_) <= token.depth:
            inner: list[int] = []
            found.append(inner)
            open_.append(inner)
        open_[token.depth].append(index)
    return [inside for inside in found if inside]


def _pieces(tokens: Sequence[Token], inside: Sequence[int]) -> list[Piece]:
    pieces: list[Piece] = [[]]
    for index in inside:
        token = tokens[index]
        if pieces[-1] and (token.border or token.word in _OPENERS):
            pieces.append([])
        pieces[-1].append(index)
    return pieces


def _joined(sentence: Sentence, pieces: Sequence[Piece]) -> Sequence[int]:
    """Return the clause number of each piece."""
    tokens, count = sentence.tokens, len(pieces)
    # True for a piece if the mark before it need not end a clause. The last item stands for the end of the sentence.
    listed = [False, *(_may_go_on(tokens[piece[0]]) for piece in pieces[1:]), False]
    if not any(listed):
        return range(count)
    names = is_sentence_case(sentence)
    bare = [_is_bare([tokens[index] for index in piece], names) for piece in pieces]
    # True for a piece if nothing from it to the end of its list has a verb: "curbs on gallium, germanium, antimony".
    trailing = [True] * (count + 1)
    for i in range(count - 1, 0, -1):
        trailing[i] = bare[i] and (trailing[i + 1] or not listed[i + 1])
    numbers = [0]
    around = -1  # the clause that continues after an aside
    for i in range(1, count):
        closed = listed[i] and listed[i + 1]
        if closed and _is_aside([tokens[index] for index in pieces[i]], behind=bare[i - 1]) and not bare[i]:
            around = numbers[i - 1] if around < 0 else around
            numbers.append(i)
        elif around >= 0:
            numbers.append(around)
            bare[i], around = False, -1
        elif listed[i] and (bare[i - 1] or trailing[i] or _is_heading(tokens, pieces[i - 1], pieces[i])):
            numbers.append(numbers[i - 1])
        else:
            numbers.append(i)
    return numbers


def _may_go_on(token: Token) -> bool:
    """Return True if the clause may go on: before *token* is a comma (in a Chinese title, a blank), and it is no opener."""
    return token.border and token.joint and token.word not in _OPENERS


def _is_bare(piece: Sequence[Token], names: bool) -> bool:
    """Return True if a piece certainly has no verb: one word, one name, or several of these joined by *and*, *or* or *of*.

    A name is a run of capitalised words. *names* is True if the sentence has lower-case words too: only then do capitals
    show a name.
    """
    words = small = 0
    for place, token in enumerate(piece):
        word = token.word
        if token.wide:
            return False
        if word in _JOINING:
            words = small = 0
        elif word in _DETERMINERS or word.endswith(_POSSESSIVES) or (not place and word in _CONJUNCTIONS):
            continue
        else:
            words += 1
            small += not (names and token.cased[:1].isupper()) or word in _CIRCUMSTANCES
            if words > 1 and small:
                return False
    return True


def _is_aside(piece: Sequence[Token], *, behind: bool) -> bool:
    """Return True if a piece between two commas is a remark on the words before it, or an attribution.

    *behind* is True if the piece before has no verb: an article then begins a remark, not a clause.
    """
    first = piece[0].word
    if first in _RELATIVES or (behind and (first in _REMARKS or first.endswith(_POSSESSIVES))):
        return True
    return len(piece) <= _LONGEST_ATTRIBUTION and piece[-1].word in _SAYING


def _is_heading(tokens: Sequence[Token], piece: Piece, behind: Piece) -> bool:
    """Return True if only a blank separates two pieces and one of them is too short for a clause."""
    return not tokens[behind[0]].clause and min(len(piece), len(behind)) < _SHORTEST_WIDE
