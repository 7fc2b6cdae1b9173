"""Noise of a page: text that changes at every visit and says nothing, such as clocks, counters and session ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from tocsin.text.patterns import check_pattern, compiled

_MONTHS = (
    "jan(?:uary|vier|uar)?|feb(?:ruary|ruar)?|f[ée]vr(?:ier)?|m[aä]r(?:ch|z|s)?|apr(?:il)?|avril|may|mai|jun[ei]?|juin|jul[yi]?"
    "|juillet|aug(?:ust)?|ao[uû]t|sept?(?:ember|embre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[czç](?:ember|embre)?"
)
_DAYS = (
    "(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
    "|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|星期[一二三四五六日天]|周[一二三四五六日]|[月火水木金土日]曜日"
)
_FILLERS = "utc|gmt|[a-z]{2,4}t|[ap]\\.?m\\.?|st|nd|rd|th|at|of|de|den|um|uhr|the|今天是|[年月日号時时分秒上下午前后後]"
_CLOCK = compiled(
    r"\d{1,2}(?:[:.]\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:uhr|[ap]\.?m\b)|:\d{2}(?::\d{2}(?:[.,]\d+)?)?)|\d{1,2}[时時]\d{1,2}分"
)
_ONLY_TIME = compiled(rf"(?i)^(?:{_MONTHS}|{_DAYS}|{_FILLERS}|[\d\s.,:/()|+\-–—T])+$")
#: Without this, a line of numbers is no date.
_DATED = compiled(rf"(?i){_MONTHS}|{_DAYS}|\d[-./]\d{{1,2}}[-./]\d|\d\s*[年月日]|\d:\d\d")
_NUMBERS = compiled(r"\d+")
_DAY = timedelta(days=1)

_UPDATED = (
    "(?:last |page |site )?(?:updated?|modified|reviewed|generated|refreshed|retrieved|accessed|printed)"
    "|copyright|©|\\(c\\)|today is|current time|server time|local time"
    "|zuletzt (?:aktualisiert|geändert)|stand|letzte (?:aktualisierung|änderung)|aktualisiert am"
    "|(?:dernière )?mise à jour|mis à jour|última (?:actualización|atualização|modificación)|actualizado|atualizado"
    "|обновлено|последнее обновление|更新时间|最后更新|更新日期|发布时间|打印时间|当前时间|最終更新|更新日|최종 ?수정|업데이트"
)
#: A short line that says only when the page was made or changed.
_STAMP = compiled(
    rf"(?i)^\W*(?:{_UPDATED})(?:\s+(?:on|at|by|am|le|el|em|in))?\b?[^\pL]*(?:(?:{_MONTHS}|{_DAYS}|{_FILLERS})\b?[^\pL]*)*\W*$"
)

_COUNTED = (
    "views?|visits?|visitors?|reads?|downloads?|comments?|likes?|followers?|online|users online"
    "|aufrufe|besucher|kommentare|downloads|vues|visiteurs|commentaires|visitas|visitantes|lecturas|комментари(?:й|я|ев)|просмотр(?:а|ов|ы)?"
    "|次浏览|次阅读|人在线|阅读|浏览|点击|閲覧|回閲覧|조회"
)
_COUNTERS = (
    "views?|visits?|visitors?|visitor (?:no\\.?|number)|reads?|hits?|page views|clicks?|online now|aufrufe|besucher|vues|visitas|просмотров"
    "|浏览次数|阅读次数|访问量|点击数|点击量|浏览量|阅读量|浏览|阅读|点击|アクセス数|閲覧数|조회수?"
)
_UNITS = (
    "seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|sekunden?|minuten?|stunden?|tage?n?|secondes?|heures?|jours?"
    "|segundos?|minutos?|horas?|d[ií]as?|секунд[уы]?|минут[уы]?|час(?:а|ов)?|дн(?:я|ей)|день"
)
_NUMBER = "\\d[\\d.,'  ]*"
#: Parts of a line that do not count.
_PARTS = compiled(
    "(?i)"
    + "|".join(
        (
            rf"\b{_NUMBER}(?:{_UNITS})\s+(?:ago|назад)\b",
            rf"\b(?:vor|il y a|hace|há)\s+{_NUMBER}(?:{_UNITS})\b",
            r"\d+\s*(?:秒|分钟|分鐘|分|小时|小時|時間|天|日|초|분|시간|일)\s*(?:前|전)",
            rf"\b{_NUMBER}(?:{_COUNTED})(?:\b|$)",
            rf"(?:\b|^|[^\pL])(?:{_COUNTERS})\s*[:：=(（]?\s*{_NUMBER}",
            rf"\b(?:generated|rendered|loaded|took|served|query time)\b[^\pL]{{0,3}}(?:in\s+)?{_NUMBER}(?:ms|s|seconds?)\b",
            r"(?:©|\(c\)|copyright)\s*\d{4}(?:\s*[-–]\s*\d{4})?",
            r"\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b",
            r"\b(?:sid|session(?:[ _-]?id)?|jsessionid|phpsessid|nonce|csrf(?:[ _-]?token)?|token|(?:ray|request|trace)[ _-]?id)\s*[:=#]\s*[\w-]{6,}",
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            r"\b[0-9a-f]{16,}\b",
            r"\b[A-Za-z0-9_-]{32,}\b",
        )
    )
)


class Noise:
    """Noise in the lines of a page: what every page may have, and what the *patterns* of its reader find.

    Raises:
        ValueError: a pattern is not a regular expression.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._own = [compiled(pattern) for pattern in patterns]

    def without(self, line: str) -> str:
        """Return what counts of *line*: empty if all of it is noise. Case and the width of blanks do not count."""
        for pattern in self._own:
            line = pattern.sub(" ", line)
        if _STAMP.search(line):
            return ""
        return " ".join(_PARTS.sub(" ", line).casefold().split()).strip(" .,:;|·-–—")


def is_calendar(line: str, day: date) -> bool:
    """Return True if *line*, which was read on that *day*, is only the time of day or the date of it, in any zone.

    Any other date is no noise: a deadline is news.
    """
    if not _ONLY_TIME.search(line) or not _DATED.search(line):
        return False
    near = (day - _DAY, day, day + _DAY)
    days, others = {one.day for one in near}, {part for one in near for part in (one.month, one.year, one.year % 100)}
    rest = _CLOCK.sub(" ", line)
    found = {int(number[:9]) for number in _NUMBERS.findall(rest)}
    return bool(found & days and found <= days | others) if found else rest != line


def check_noise(text: str) -> str:
    """Return *text* if it is a regular expression that leaves something of a page.

    Raises:
        ValueError: it is not one, or finds all of every line.
    """
    found = compiled(check_pattern(text))
    if all(found.fullmatch(line) for line in ("Licence 17 for gallium", "出口管制公告", "x")):
        raise ValueError(f"{text!r} finds all of every line, so that nothing would ever change")
    return text
