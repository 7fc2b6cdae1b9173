"""Particulars: dates, document numbers and figures, which reports of one event share in every language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from tocsin.text.figures import rewrite
from tocsin.text.fold import fold
from tocsin.text.months import ANY_MONTH, MONTHS

_MONTH = f"(?P<month>{ANY_MONTH})"
_DATES = (
    re.compile(r"(?<!\d)20\d\d(?P<mark>[-/.]) ?(?P<month>\d{1,2})(?P=mark) ?(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?:20\d\d ?[年년] ?)?(?<!\d)(?P<month>\d{1,2}) ?[月월] ?(?P<day>\d{1,2}) ?[日号일]"),
    re.compile(rf"\b{_MONTH}\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w%]|[.,:]\d)"),
    re.compile(rf"(?<![\w.,])(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|[.º])?(?: of| de)? {_MONTH}\b"),
)
_YEAR, _SERIAL = r"(?P<year>20\d\d)", r"(?P<number>\d{1,5})(?!\d)"
_NO = r"(?:no|nr|n[°o]|number|nomor|n\.o)\.? ?"
_KIND = (
    "announcement|notice|notification|order|decree|circular|regulation|decision|directive|proclamation|bulletin"
    "|resolution|verordnung|erlass|règlement|décret|arrêté|decreto|resolución|resolução|regolamento"
    "|постановлени[ея]|указ|приказ|распоряжени[ея]|peraturan|keputusan"
)
_WIDE_KIND = "公告|通告|通知|公示|决定|告示|令"
_DOCUMENTS = (
    # 公告2026年第9号, 〔2026〕9号, 제2026-9호
    re.compile(rf"[\[(〔]?(?<!\d){_YEAR}(?:[\])〕]| ?年| ?년|-) ?[第제]? ?{_SERIAL} ?[号호]"),
    re.compile(
        rf"[第제] ?{_SERIAL} ?[号호] ?(?:{_WIDE_KIND}|고시|공고)|(?:{_WIDE_KIND}|고시|공고) ?[第제] ?(?P<other>\d{{1,5}}) ?[号호]"
    ),
    # No. 9 of 2026, No. 9 (2026), № 9/2026, Nomor 10 Tahun 2026
    re.compile(rf"\b{_NO}(?P<number>\d{{1,5}})(?: ?[/,(-] ?| (?:of |de |del |von |tahun |от )?\(?){_YEAR}(?!\d)"),
    # No. 2026-9, 2026 No. 9
    re.compile(rf"\b{_NO}{_YEAR}[-/]{_SERIAL}|(?<!\d)(?P<before>20\d\d) {_NO}(?P<other>\d{{1,5}})(?!\d)"),
    # Notice 2026/123, Regulation (EU) 2026/123, Decreto 123/2026
    re.compile(
        rf"\b(?:{_KIND})s? (?:\((?:eu|ue)\) )?(?:{_NO})?(?:{_YEAR}[/-]{_SERIAL}|(?P<other>\d{{1,5}})/(?P<before>20\d\d)(?!\d))"
    ),
    # Announcement No. 9, Executive Order 14000
    re.compile(rf"\b(?:{_KIND})s? (?:\((?:eu|ue)\) )?(?:{_NO}{_SERIAL}|(?P<other>\d{{5}})(?!\d))"),
)
_BARE_YEAR = re.compile(r"(?:19|20)\d\d")
_DIGITS = re.compile(r"\d")
#: Fewest digits of a figure, other than a percentage, that two reports hardly share by chance.
_TELLING = 3
#: Most characters that are looked at, and most particulars of a text.
_LONGEST = 1000
_MOST = 24


def particulars(text: str, day: date) -> tuple[str, ...]:
    """Return the particulars of *text*, such as `date 12-01`, `document 9/2026` and `figure 30%`, each once, at most 24.

    *day* is the day of the report. A date within a day of it only says when the report was written, and is left out.
    A document without a year is taken to be of the year of *day*. Years and small numbers are not figures.
    """
    found: dict[str, None] = {}

    def put(particular: str) -> str:
        found[particular] = None
        return " "

    rest = fold(text[:_LONGEST])
    for pattern in _DATES:
        rest = pattern.sub(lambda hit: _date(hit, day, put), rest)
    for pattern in _DOCUMENTS:
        rest = pattern.sub(lambda hit: put(_document(hit.groupdict(), day)), rest)
    rewrite(rest, lambda figure: put(f"figure {figure}") if _tells(figure) else " ")
    return tuple(found)[:_MOST]


def _date(hit: re.Match[str], day: date, put: Callable[[str], str]) -> str:
    month, number = hit["month"], int(hit["day"])
    found = (int(month) if month.isdecimal() else MONTHS[month], number)
    if found in {(near.month, near.day) for near in (day - timedelta(days=n) for n in (-1, 0, 1))}:
        return " "
    return put("date {:02}-{:02}".format(*found)) if 1 <= found[0] <= 12 and 1 <= number <= 31 else hit[0]


def _document(named: dict[str, str | None], day: date) -> str:
    number = named.get("number") or named.get("other")
    year = named.get("year") or named.get("before")
    return f"document {int(number or 0)}/{year or day.year}"


def _tells(figure: str) -> bool:
    """Return True if two reports that name *figure* are most likely about the same event."""
    return figure.endswith("%") or (len(_DIGITS.findall(figure)) >= _TELLING and not _BARE_YEAR.fullmatch(figure))
