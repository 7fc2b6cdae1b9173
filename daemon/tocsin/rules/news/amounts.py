"""Amounts as units of the language: sums of money, shares in per cent, weights.

Each is a list of one regular expression, which RE2 runs in linear time on the folded text of a sentence. An amount is a
figure with its unit: a bare figure is none, and neither is a number that is spelt out in letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import re2

from tocsin.rules.news.terms import Place, Term, TermList

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


#: The amounts by the name behind `@tocsin/`.
AMOUNTS: Mapping[str, TermList] = {
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
