"""Figures in one form: 10 per cent is 10%, and $1.6 billion, US$1.6B and 16亿美元 are one amount."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

_SCALES = {
    3: "k|thousand|tsd|mille|千",
    4: "万|만",
    6: "m|mn|mln|mio|million|millions|millionen|millones|millón|milhões|百万",
    7: "千万",
    8: "亿|억",
    9: "b|bn|bln|billion|billions|milliard|milliards|milliarden|miliardi|mrd|mld|十亿",
    12: "tn|trn|trillion|trillions|兆|万亿|조",
}
_PER_CENT = r"%|percent|per[ -]cent|pct|pc|prozent|pour[ -]cent|por[ -]ciento|percento|procent|퍼센트"
#: Currencies by code. Dollars of all countries have the empty code, so that they equal an amount without a currency.
_CURRENCIES = {
    "": "us dollars?|dollars?|usd|美元|美金|달러|ドル|\\$",
    "eur": "euros?|eur|欧元|€",
    "gbp": "gbp|sterling|英镑|£",
    "cny": "yuan|rmb|cny|renminbi|人民币|元|yen|jpy|日元|円|¥",
    "inr": "rupees?|inr|₹",
    "krw": "krw|₩",
}
_TONNES = "tonnes?|tons?|mt|t|吨"
_EXPONENT = {word: power for power, words in _SCALES.items() for word in words.split("|")}


def _longest_first(words: str) -> str:
    return "|".join(sorted(words.split("|"), key=len, reverse=True))


_SCALE_WORDS = _longest_first("|".join(_SCALES.values()))
_CODE = re.compile("|".join(f"(?P<x{code}>{words})" for code, words in _CURRENCIES.items()))
_FIGURE = re.compile(
    # A currency sign or code before the figure is part of it: US$, A$, EUR.
    r"(?:(?<![a-z0-9])(?P<before>(?:us|au|ca|hk|nz|nt|[acs])? ?\$|€|£|¥|₹|₩|(?:usd|eur|gbp|cny|rmb|jpy|inr|krw)(?= ?[0-9])) ?)?"
    r"(?<![a-z0-9])(?<![a-z0-9][.,])(?P<digits>[0-9]+(?:[.,][0-9]+)*)"
    rf"(?:[ -]?(?P<percent>{_PER_CENT})(?![a-z])"
    rf"|(?:[ -]?(?P<scale>{_SCALE_WORDS})(?![a-z0-9])|(?P<kilo>k)(?=t(?![a-z0-9])))?"
    rf"(?:[ -]?(?P<after>{'|'.join(_CURRENCIES.values())})(?![a-z0-9])|[ -]?(?P<tonnes>{_TONNES})(?![a-z0-9]))?"
    r"(?![a-z0-9]))"
)
#: 1,500 and 1.500.000. A single point before three digits may be of thousands or decimal: 1.500 stays as it is.
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]+)?")
_UNSURE = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
_DIGIT = re.compile("[0-9]")
#: Most characters of a figure. A longer one is an identifier, and has more digits than a Decimal keeps.
_LONGEST = 24


def rewrite(text: str, put: Callable[[str], str]) -> str:
    """Replace each figure of the folded *text* by the result of *put* for its one form.

    The form is the number without separators and scale words. `%` follows a percentage, and the currency code an amount
    of money that is not in dollars. Behind the result a unit of weight becomes the word `tonne`.
    """

    def form(found: re.Match[str]) -> str:
        digits = found["digits"]
        if len(digits) > _LONGEST:
            return found[0]
        if found["percent"]:
            return put(f"{_number(digits, 0)}%")
        before, after, scale = found["before"], found["after"], found["scale"]
        if found["tonnes"] == "t" and before:  # $1.5t
            return put(_number(digits, 12) + _code(before))
        power = 3 if found["kilo"] else _EXPONENT.get(scale or "", 0)
        return put(_number(digits, power) + _code(before or after or "")) + (" tonne" if found["tonnes"] else "")

    return _FIGURE.sub(form, text) if _DIGIT.search(text) else text


def _number(digits: str, power: int) -> str:
    """Return *digits* times ten to the *power*, without separators and needless zeros."""
    if _UNSURE.fullmatch(digits) and not power:
        return digits
    if _GROUPED.fullmatch(digits):
        point = "," if digits.count(".") > 1 else "."
        digits = digits.replace("," if point == "." else ".", "").replace(point, ".")
    elif digits.count(",") == 1 and "." not in digits:
        digits = digits.replace(",", ".")
    elif digits.count(".") > 1 or "," in digits:  # a version, a date or a list
        return digits
    return format(Decimal(digits).scaleb(power).normalize(), "f")


def _code(currency: str) -> str:
    """Return the code of a *currency*, given as a word or sign; empty for dollars."""
    found = _CODE.search(currency)
    return found.lastgroup[1:] if found and found.lastgroup else ""
