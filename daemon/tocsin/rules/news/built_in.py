"""The terms that are built in: amounts (money, shares in per cent, weights), and the names that no list has.

An amount is a figure with its unit, found by one regular expression, which RE2 runs in linear time on the folded text of a
sentence. A bare figure is none, and neither is a number in letters. A name is known by its capitals, in a sentence that has
small words too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from tocsin.rules.news.lists import TermList
from tocsin.rules.news.terms import Place, Term
from tocsin.text.clauses import is_sentence_case
from tocsin.text.tokens import Sentence, Token

_FIGURE = r"\d+(?:[.,]\d+)*"
#: Between a figure and its unit: a blank or a hyphen, one that never breaks among them.
_GAP = "[ \\-\u2010\u2011]"
_SCALE = (
    r"(?:k|thousand|tsd|m|mm|mn|mln|mio|millions?|millionen|millones|milhões|b|bn|bln|billions?|milliards?|milliarden"
    r"|miliardi|mrd|mld|tn?|trn|trillions?|crores?|cr|lakhs?)\b"
)
_WIDE_SCALE = "[余多]?[十百千万亿萬億兆만억조천]*"
#: Ten thousand and more in Han characters.
_WIDE_FIGURE = "[一二两三四五六七八九十百千]+[万亿萬億兆]"

_CODES = "usd|eur|gbp|cny|cnh|rmb|jpy|inr|krw|aud|cad|chf|hkd|sgd|nzd|brl|zar|sek|nok|idr|sar|aed"
_DOLLAR = r"(?:(?:us|au|ca|hk|nz|nt|sg) ?|[acrs])?\$(?:us|au?|ca?|hk|nz|nt|sg?)?"
_BEFORE = rf"(?:{_DOLLAR}|[€£¥₹₩₽₺₫฿]|{_CODES}|rs\.?)"
_BEHIND = (
    rf"(?:{_CODES}|(?:(?:us|american|australian|canadian|hong kong|singapore|new zealand|taiwan){_GAP})?dollars?|euros?|yuan"
    r"|renminbi|yen|rupees?|rupiah|sterling|pounds sterling|rou?bles?|rubles?|francs?|pesos?|reais|kron(?:a|er|or)|crowns"
    r"|riyals?|dirhams?|ringgit|baht|cedis?|naira|kwacha|tenge|hryvnias?|liras?|shillings?)"
)
#: Names of currencies that are other words as well: money only behind a scale.
_BEHIND_A_SCALE = r"(?:won|rand|real)"
_WIDE_CURRENCY = (
    "(?:美元|美金|欧元|歐元|日元|英镑|英鎊|澳元|加元|港元|港币|韩元|卢布|卢比|人民币|人民元|元|円|圆|米?ドル|ユーロ|ウォン"
    "|달러|유로|위안|엔|원)"
)

_PER_CENT = (
    rf"(?:%|(?:percent|pct|pc|procent|prozent|per{_GAP}cent|pour{_GAP}cent|por{_GAP}(?:cento|ciento)|per{_GAP}cento"
    rf"|percentage{_GAP}points?)\b|个?百分点|パーセント|퍼센트)"
)

_WEIGHT = (
    rf"(?:(?:(?:metric|short|long){_GAP})?(?:tonnes?|tons?)|[km]?t|[km]?tp[ayd]|dmt|tonnen|tonnellate|toneladas|tonn"
    rf"|kgs?|kilos?|kilogram(?:me)?s?|[km]?lbs?|pounds?|[km]?oz|(?:troy{_GAP})?ounces?)"
)
_WIDE_WEIGHT = "(?:吨|噸|公斤|千克|磅|盎司|トン|キロ|톤)"


@dataclass(frozen=True, slots=True)
class _Found:
    """A place in a text: its first character, and the one behind its last."""

    first: int
    behind: int

    def start(self) -> int:
        return self.first

    def end(self) -> int:
        return self.behind


@dataclass(frozen=True, slots=True)
class _Amount:
    """A regular expression that is found only where no figure and no word runs into it: RE2 cannot look behind."""

    pattern: Any  # RE2 ships no types

    def finditer(self, text: str) -> Iterator[Place]:
        """Return where it is found in *text*, without the character before it."""
        for found in self.pattern.finditer(text):
            yield _Found(*found.span(1))


def _unit(name: str, *forms: str) -> TermList:
    pattern = re2.compile(rf"(?:^|[^\w.,$€£¥₹₩])({'|'.join(forms)})")
    return TermList(f"tocsin/{name}", ((Term(f"@tocsin/{name}", pattern=_Amount(pattern), loose=True), ""),))


# ---- names --------------------------------------------------------------------------------------------------------

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


#: The built-in terms by the name behind `@tocsin/`.
BUILT_IN: Mapping[str, TermList] = {
    "name": TermList("tocsin/name", ((Term("@tocsin/name", loose=True), ""),), finder=proper_names),
    "money": _unit(
        "money",
        rf"{_BEFORE} ?{_FIGURE}(?:{_GAP}?{_SCALE})?{_WIDE_SCALE}",
        rf"{_FIGURE}{_GAP}?(?:{_SCALE}{_GAP}?)?{_BEHIND}\b",
        rf"{_FIGURE}{_GAP}?{_SCALE}{_GAP}?{_BEHIND_A_SCALE}\b",
        rf"{_FIGURE} ?{_WIDE_SCALE} ?{_WIDE_CURRENCY}",
        rf"{_WIDE_FIGURE}{_WIDE_CURRENCY}",
    ),
    "percent": _unit(
        "percent",
        rf"{_FIGURE}{_GAP}?{_PER_CENT}",
        rf"百分之(?:{_FIGURE}|[一二两三四五六七八九十百点]+)",
    ),
    "tonnes": _unit(
        "tonnes",
        rf"{_FIGURE}{_GAP}?(?:{_SCALE}{_GAP}?)?{_WEIGHT}\b",
        rf"{_FIGURE} ?{_WIDE_SCALE} ?{_WIDE_WEIGHT}",
        rf"{_WIDE_FIGURE}{_WIDE_WEIGHT}",
    ),
}
