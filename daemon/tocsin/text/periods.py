"""Months, quarters, halves and years that a text names in place of a day: "in March 2027", "by the end of Q2"."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from tocsin.model.dates import DateUnit
from tocsin.text.months import MONTHS

#: Months of each unit.
MONTHS_OF = {DateUnit.DAY: 0, DateUnit.MONTH: 1, DateUnit.QUARTER: 3, DateUnit.HALF: 6, DateUnit.YEAR: 12}
_YEAR = r"(?P<year>20\d\d)(?!\d)"
#: An edge of it, such as its end.
_EARLY = "early beginning start anfang début principios inizio начала"
_LATE = "late end close ende fin finales fines fine конца 底 末"
_EDGES = "|".join(sorted(f"{_EARLY} {_LATE} mid middle mitte mediados".split(), key=len, reverse=True))
_EDGE = rf"(?:the\s)?(?P<edge>{_EDGES})(?:\s(?:of|de|di))?[\s-](?:the\s)?"
#: Words between an ordinal and its year.
_OF = r"(?:,?\s(?:of\s|de\s|del\s|di\s)?"
_ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "1 first 1st ersten premier primer primeiro primo первого 一",
            "2 second 2nd zweiten deuxième segundo secondo второго 二",
            "3 third 3rd dritten troisième tercer terceiro terzo третьего 三",
            "4 fourth 4th vierten quatrième cuarto quarto четвёртого четвертого 四",
        ),
        start=1,
    )
    for word in words.split()
}
_ORDINAL = r"(?P<{}>[1-4]|[^\W\d_]{{4,11}}|[1-4](?:st|nd|rd|th))"
_NAMED = (
    # Q2 2027, the second quarter of 2027
    rf"(?<!\w)(?:{_EDGE})?(?:Q(?P<q>[1-4])|{_ORDINAL.format('quarter')}(?:\.|er?|º)?\s(?:quarter|quartals?|trimestre|квартала))(?!\w){_OF}{_YEAR})?",
    rf"(?<!\w)(?:{_EDGE})?(?:H(?P<h>[12])|(?P<half>first|second|1st|2nd)\shalf)(?!\w){_OF}{_YEAR})?",
    # the end of 2027, year-end 2027, the end of the year
    r"(?<!\w)(?:the\s)?(?P<edge>end|close)\sof\s(?P<which>the|this|next)\s(?P<unit>month|quarter|year)(?!\w)",
    rf"(?<!\w)year-(?P<edge>end)(?!\w)(?:\s{_YEAR})?",
    rf"(?<!\w){_EDGE}{_YEAR}",
    # 2027年3月底, 2027年第二季度, 2027年上半年, 2027年底
    (
        rf"(?<!\d){_YEAR}\s?[年년]\s?(?:(?P<month>1[0-2]|0?[1-9])(?!\d)\s?[月월](?!\s?\d)|第?(?P<quarter>[1-4一二三四])(?:季度|四半期|분기)"
        r"|(?P<half>[上下])半年|(?=年?[底末]))年?(?P<edge>[底末])?"
    ),
)
# A month comes last: most words with a number behind them are none.
_MONTH = rf"(?<!\w)(?:{_EDGE})?(?P<name>[^\W\d_]{{3,10}})\b\.?(?:,?\s(?:del?\s)?{_YEAR})"
_FORMS = tuple(re.compile(form, re.IGNORECASE) for form in (*_NAMED, _MONTH))
#: What has no year and is further ahead more likely lies in the past.
NO_YEAR_HORIZON = timedelta(days=240)
#: Places of a text with one form that are looked at.
_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A *unit* of the calendar, or its edge, from *first* to *last*, in the characters from *start* to *end* of a text."""

    start: int
    end: int
    first: date
    last: date
    unit: DateUnit


def periods(text: str, report: date) -> Iterator[Period]:
    """Yield the periods that *text* names, of which the year is beyond doubt on the day of the *report*."""
    for form in _FORMS:
        found = (period for hit in form.finditer(text) if (period := _period(hit, report)))
        yield from islice(found, _MOST)


def _period(hit: re.Match[str], report: date) -> Period | None:
    parts = {name: value for name, value in hit.groupdict().items() if value is not None}
    unit, number = _which(parts, report)
    if not number:
        return None
    months = MONTHS_OF[unit]
    year = int(parts["year"]) if "year" in parts else report.year + (parts.get("which", "").lower() == "next")
    first = date(year, (number - 1) * months + 1, 1)
    last = _last(first, months)
    if "year" not in parts and last <= report:
        first = first.replace(year=year + 1)
        last = _last(first, months)
        if last > report + NO_YEAR_HORIZON:
            return None
    edge = parts.get("edge", "").lower()
    first, last = (last if edge in _LATE.split() else first), (first if edge in _EARLY.split() else last)
    return Period(start=hit.start(), end=hit.end(), first=first, last=last, unit=unit)


def _which(parts: dict[str, str], report: date) -> tuple[DateUnit, int]:
    """Return the unit that the *parts* of a hit name, and which one of its year it is; 0 if they name none."""
    if "which" in parts:
        unit = DateUnit(parts["unit"].lower())
        later = parts["which"].lower() == "next" and unit is not DateUnit.YEAR
        return unit, 0 if later else (report.month - 1) // MONTHS_OF[unit] + 1
    if "q" in parts or "quarter" in parts:
        word = parts.get("q") or parts["quarter"].lower()
        return DateUnit.QUARTER, _ORDINALS.get(word, 0)
    if "h" in parts or "half" in parts:
        return DateUnit.HALF, 1 + ((parts.get("h") or parts["half"]).lower() in ("2", "second", "2nd", "下"))
    if "month" in parts or "name" in parts:
        return DateUnit.MONTH, int(parts.get("month") or MONTHS.get(parts["name"].lower(), 0))
    return DateUnit.YEAR, 1


def _last(first: date, months: int) -> date:
    month = first.month + months - 1
    return date(first.year, month, calendar.monthrange(first.year, month)[1])
