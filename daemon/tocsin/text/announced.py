"""Dates that a text announces: a day or a month with a word beside it that says what begins, ends or is due then.

A day alone is no announcement: most dates in news say when something happened. So a cue has to stand beside it, in the same
sentence. All work is linear in the text, and each window around a date is bounded.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, islice

from tocsin.model.dates import AnnouncedDate, DateKind, DateUnit
from tocsin.text.months import MONTHS
from tocsin.text.periods import MONTHS_OF, NO_YEAR_HORIZON, Period, periods

#: Characters of a text that are looked at, and dates of it that are returned.
LONGEST = 30_000
MOST = 12
#: Places of a text with one form of date, and with lengths of time, that are looked at.
_MOST_PLACES = 50
#: Characters before and after a date in which a cue is looked for.
_BEFORE, _AFTER = 70, 40
#: Characters of the quoted words on each side of a date.
_AROUND = 110
#: A day further ahead is hardly one that anybody waits for.
_HORIZON = timedelta(days=3660)

_YEAR = r"(?P<year>20\d\d)"
_DAY = r"(?P<day>\d{1,2})"
# An alternative of all names of months would take ten times as long in a text of numbers.
_NAMED = r"(?P<name>[^\W\d_]{3,10})"
_DATES = (
    rf"(?<!\d){_YEAR}[-/.](?P<month>\d{{1,2}})[-/.]{_DAY}(?!\d)",
    rf"(?<!\d)(?:{_YEAR}\s?[年년]\s?)?(?P<month>\d{{1,2}})\s?[月월]\s?{_DAY}\s?[日号號일]",
    rf"(?<![\d.,/-]){_DAY}\.(?P<month>\d{{1,2}})\.{_YEAR}(?!\d)",
    rf"(?<![\d.,/-])(?P<one>\d{{1,2}})/(?P<other>\d{{1,2}})/{_YEAR}(?!\d)",
    rf"(?<![\w.,]){_DAY}(?:st|nd|rd|th|er|[.º°])?(?:\s(?:of|de))?\s{_NAMED}\b\.?(?:,?\s(?:del?\s)?{_YEAR}(?!\d))?",
    rf"\b{_NAMED}\b\.?\s{_DAY}(?:st|nd|rd|th)?(?![\w%]|[.,:]\d)(?:,?\s{_YEAR}(?!\d))?",
)
_FORMS = tuple(re.compile(form, re.IGNORECASE) for form in _DATES)

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_UNITS = {
    "day": "days? tagen? tage jours? días? dias? giorni giorno 天 日",
    "week": "weeks? wochen? semaines? semanas? settimane 周 週",
    "month": "months? monaten? monate mois meses mesi 个月 個月 か月 カ月",
    "year": "years? jahren? jahre ans années años anos anni 年",
}
_UNIT = "|".join(
    f"(?P<{name}>{'|'.join(sorted(words.split(), key=len, reverse=True))})" for name, words in _UNITS.items()
)
_LENGTH = re.compile(
    r"(?:\b(?P<for>for|für|pour|pendant|por|durante|per)\s(?:a\s(?:further|period\sof)\s|another\s|an\sadditional\s)?"
    r"|\b(?P<within>within|binnen|dentro\sde|sous)\s|(?P<wide>为期|為期|期限为|暂停|暫停)\s?)"
    rf"(?P<number>\d{{1,3}}|{'|'.join(_ONES)})[\s-]?(?:{_UNIT})(?![A-Za-z])",
    re.IGNORECASE,
)
#: What a length of time must be the length of; for all else it says how long something went on.
_LASTING = re.compile(
    r"suspen|pause|halt|\bban|extend|exempt|waive|delay|postpone|defer|valid|in force|truce|moratori|aussetz|ausgesetzt"
    r"|verläng|prorog|prolong|aplaz|sospes|暂停|暫停|延长|延期|有效",
    re.IGNORECASE,
)

#: A cue that says by itself what a date is, anywhere in the sentence before it.
_HEARING = r"hearings?|anhörung|audience|audiencia|udienza|audiência|слушани\w*|听证会|聽證會|公聴会|공청회"
_DUE = (
    r"deadline|due|comments?|submissions?|apply by|no later than|not later than|at the latest|by the close|frist|spätestens"
    r"|date limite|au plus tard|plazo|fecha límite|a más tardar|scadenza|entro|prazo|не позднее|截止|期限|締め切り|마감"
)
_START = (
    r"effective|(?:takes?|taking|took|come|comes|coming|go|goes|going) (?:in)?(?:to )?effect|into (?:force|effect)|in force"
    r"|begin\w*|start\w*|enters?|apply|applies|tritt|in kraft|gilt|gelten|beginn\w*|entre en vigueur|entrera|entrée en vigueur"
    r"|entra en vigor|entrará|entrada en vigor|vigencia|entra in vigore|entrata in vigore|entra em vigor|вступ\w*"
    r"|施行|实施|實施|生效|発効|시행|발효"
)
_END = (
    r"expir\w*|laps\w*|ends?|ending|runs? out|runs? until|läuft|endet|auslaufen|expire|échéance|vence|vencer|scade|expira"
    r"|истека\w*|到期|失效|終了|期満|만료"
)
#: A cue that counts only directly before a date.
_UNTIL = r"until|till|through|thru|up to|bis(?: zum)?|jusqu[’']au|hasta(?: el)?|fino al?|até(?: o)?|до|截至|(?<!甚)至|(?<![达達])到"
_BY = r"by|before|prior to|vor dem|bis spätestens|avant le|antes del?|entro il|к|于"
_FROM = (
    r"from|as of|as from|starting(?: on| from)?|beginning(?: on)?|with effect from|ab(?: dem)?|seit dem|à (?:partir|compter) du"
    r"|a partir del?|desde el|dal|a partire dal|со?|(?<![来來])自|从|從"
)
_FILL = r"[\s(,:]*(?:the|midnight|le|el|il|dem|den|on|am|\w{3,9}day|mon|tue|wed|thu|fri|sat|sun)?[\s,.]*"
_DIRECT = tuple(
    (kind, re.compile(rf"(?:(?<![^\W\u3040-\u9fff])(?:{cue})){_FILL}\Z", re.IGNORECASE))
    for kind, cue in ((DateKind.ENDS, _UNTIL), (DateKind.DEADLINE, _BY), (DateKind.BEGINS, _FROM))
)
_STRONG = tuple(
    (kind, re.compile(rf"(?<![A-Za-zÀ-ɏ\u0400-\u04ff])(?:{cue})", re.IGNORECASE))
    for kind, cue in (
        (DateKind.HEARING, _HEARING),
        (DateKind.DEADLINE, _DUE),
        (DateKind.BEGINS, _START),
        (DateKind.ENDS, _END),
    )
)
#: What stands directly behind a date where the cue does: 自…起, 至…止, ...まで, ...から, ...까지, ...부터.
_BEHIND = (
    (DateKind.ENDS, re.compile(r"\s?(?:止|まで|까지|前有效|到期)")),
    (DateKind.BEGINS, re.compile(r"\s?(?:起|から|부터|施行|实施|生效|시행)")),
    (DateKind.DEADLINE, re.compile(r"\s?(?:前|之前|截止)")),
)
_THEN = re.compile(
    r"\s*(?:to|until|through|till|and|bis(?: zum)?|au|al|a|до|по|至|到|-|–|—|~)\s*(?:the\s)?", re.IGNORECASE
)
# The full stop of an ordinal, as in 1. Dezember, ends nothing.
_BORDER = re.compile(r"[.!?](?=\s)(?<!\b\d\.)(?<!\b\d\d\.)|[。！？；;\n]")


def announced(text: str, day: date) -> tuple[AnnouncedDate, ...]:
    """Return the dates after *day*, that of the report, that *text* announces, in their order, at most 12."""
    text = text[:LONGEST]
    found: dict[tuple[date, DateKind], AnnouncedDate] = {}
    behind, kind_behind = 0, None
    for named in sorted(_named(text, day), key=lambda one: (one.start, one.end)):
        kind = _kind(_same_sentence_before(text, named.start), text[named.end : named.end + _AFTER])
        if kind_behind is DateKind.BEGINS and behind <= named.start and _THEN.fullmatch(text[behind : named.start]):
            kind = DateKind.ENDS
        behind, kind_behind = named.end, kind
        then = named.first if kind in (DateKind.BEGINS, DateKind.HEARING) else named.last
        if kind and day < then <= day + _HORIZON:
            found.setdefault((then, kind), _quoted(text, named.start, named.end, then, kind, unit=named.unit))
    for start, end, then, kind in _lengths(text, day):
        if all(one.kind is not kind for one in found.values()):
            found.setdefault((then, kind), _quoted(text, start, end, then, kind, counted=True))
    told = [one for one in found.values() if not any(_says_more(other, one) for other in found.values())]
    return tuple(sorted(told, key=lambda one: one.day))[:MOST]


def _named(text: str, report: date) -> Iterator[Period]:
    """Yield the days, months, quarters, halves and years in *text*, if it is beyond doubt which; each place once."""
    taken: set[int] = set()
    for one in chain(_days(text, report), periods(text, report)):
        # A date within another is a part of it: 2026年11月10日 and 11月10日.
        if one.start not in taken and one.end not in taken:
            taken.update(range(one.start, one.end + 1))
            yield one


def _days(text: str, report: date) -> Iterator[Period]:
    for form in _FORMS:
        dated = ((*hit.span(), then) for hit in form.finditer(text) if (then := _day(hit.groupdict(), report)))
        for start, end, then in islice(dated, _MOST_PLACES):
            yield Period(start=start, end=end, first=then, last=then, unit=DateUnit.DAY)


def _says_more(one: AnnouncedDate, other: AnnouncedDate) -> bool:
    """Return True if *one* is the same as *other*, and of a shorter unit that lies in that of *other*."""
    months = MONTHS_OF[other.unit]
    if one.kind is not other.kind or MONTHS_OF[one.unit] >= months or one.counted:
        return False
    return (one.day.year, (one.day.month - 1) // months) == (other.day.year, (other.day.month - 1) // months)


def _day(parts: dict[str, str | None], report: date) -> date | None:
    day, month = parts.get("day"), parts.get("month")
    if parts.get("name"):
        month = str(MONTHS.get((parts["name"] or "").lower(), 0))
    if parts.get("one"):  # 4/5/2026 may be two days
        numbers = int(parts["one"] or 0), int(parts["other"] or 0)
        if numbers[0] != numbers[1] and max(numbers) <= 12:
            return None
        day, month = str(max(numbers)), str(min(numbers))
    year = parts.get("year")
    try:
        if year:
            return date(int(year), int(month or 0), int(day or 0))
        found = date(report.year, int(month or 0), int(day or 0))
        found = found if found > report else found.replace(year=report.year + 1)
    except ValueError:
        return None
    return found if found <= report + NO_YEAR_HORIZON else None


def _lengths(text: str, report: date) -> Iterator[tuple[int, int, date, DateKind]]:
    """Yield the start, end, last day and kind of each length of time for which something is said to last."""
    for hit in islice(_LENGTH.finditer(text), _MOST_PLACES):
        before = _same_sentence_before(text, hit.end("wide") if hit["wide"] else hit.start())
        if hit["within"] or _LASTING.search(before):
            number = int(hit["number"]) if hit["number"].isdecimal() else _ONES.index(hit["number"].lower()) + 1
            then = _after(report, number, next(name for name in _UNITS if hit[name]))
            kind = DateKind.DEADLINE if hit["within"] else DateKind.ENDS
            if number and then <= report + _HORIZON:
                yield hit.start(), hit.end(), then, kind


def _after(day: date, number: int, unit: str) -> date:
    if unit in ("day", "week"):
        return day + timedelta(days=number * (7 if unit == "week" else 1))
    months = day.month - 1 + number * (12 if unit == "year" else 1)
    year, month = day.year + months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _same_sentence_before(text: str, start: int) -> str:
    """Return the end of what stands before *start* in its sentence."""
    before = text[max(0, start - _BEFORE) : start]
    borders = [hit.end() for hit in _BORDER.finditer(before)]
    return before[borders[-1] :] if borders else before


def _kind(before: str, after: str) -> DateKind | None:
    """Return what happens on a date between these texts; None if neither says it."""
    strong = [(hit.start(), kind) for kind, cue in _STRONG for hit in cue.finditer(before)]
    nearest = max(strong)[1] if strong else None
    if nearest in (DateKind.HEARING, DateKind.DEADLINE):
        return nearest
    behind = next((kind for kind, cue in _BEHIND if cue.match(after)), None)
    direct = next((kind for kind, cue in _DIRECT if cue.search(before)), None)
    return behind or direct or nearest


def _quoted(
    text: str,
    start: int,
    end: int,
    day: date,
    kind: DateKind,
    *,
    counted: bool = False,
    unit: DateUnit = DateUnit.DAY,
) -> AnnouncedDate:
    """Return the date at *start* with the words of its sentence around it, cut between words where it is long."""
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    borders = [hit.end() for hit in _BORDER.finditer(text, first, start)]
    if borders:
        first = borders[-1]
    elif first and (blank := text.find(" ", first, start)) >= 0:
        first = blank
    border = _BORDER.search(text, end, last)
    if border:
        last = border.end()
    elif last < len(text) and (blank := text.rfind(" ", end, last)) >= 0:
        last = blank
    first += len(text[first:start]) - len(text[first:start].lstrip())
    words = text[first:last].rstrip()
    return AnnouncedDate(
        day=day, kind=kind, words=words, at=start - first, length=end - start, counted=counted, unit=unit
    )
