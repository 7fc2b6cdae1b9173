"""Marks of agencies and outlets around a headline, which change while the headline stays."""

from __future__ import annotations

import re

_ZONE = r"\s*(?:[ap]\.?m\b\.?|(?:GMT|UTC|BST|CES?T|E[SD]?T|P[SD]?T|IST|JST|HKT|SGT|AEDT|AEST|CST)\b)"
_CLOCK = rf"(?:\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:{_ZONE})*|\d{{1,2}}[.h]\d{{2}}(?:{_ZONE})+|\d{{4}}\s*(?:GMT|UTC)\b)"
_BARE = r"comments?|photos?|pictures?|videos?|repl(?:y|ies)"
_COUNTED = rf"{_BARE}|updates?"
_ORDINAL = r"(?:\d+(?:st|nd|rd|th)|first|second|third)\s+"
_LATIN = (
    r"updat(?:e|ed|es)|refiled?|rpt|repeat|recasts?|wrap-?up|round-?up|correct(?:ed|s|ion)|exclusive|breaking(?:\s+news)?"
    r"|(?:news\s?)?flash|urgent|(?:news\s+)?alert|just\s+in|developing|snap|scoop"
    r"|wdh|korrektur|eil(?:meldung)?|exklusiv|exclusif|alerte|flash\s+info|urgente|última\s+hora|exclusiva|esclusiva"
)
_WIDE = "快[讯訊]|更新|突[发發]|[独獨]家|速[报報]|[号號]外|[滚滾][动動]|重磅|最新|속보|단독|긴급"
# "Lead" alone is a metal.
_MARK = rf"(?:(?:{_ORDINAL})?(?:{_LATIN}|ld)|{_ORDINAL}lead|{_WIDE})"
_OPEN, _CLOSE = r"[(\[（【〔<]", r"[)\]）】〕>]"
_AGENCY = r"reuters|ap|afp|dj|bloomberg|xinhua|yonhap|kyodo|dpa|tass|pti|ani|ians"
_NOISE = re.compile(
    # UPDATE 2-, RPT-: only capitals, for lower case is a compound
    rf"^\W{{0,20}}(?-i:(?=[A-Z0-9 ]{{1,60}}-)){_MARK}\s*\d*-\s*"
    # BREAKING:, Update 3 -, 快讯：
    rf"|^\W{{0,20}}{_MARK}\s*\d*(?:\s+[-–—]|\s*[–—:：|｜/])\s*"
    # (2nd LD), [Update 3], 【快讯】, (ATTN: ...)
    rf"|{_OPEN}\s*(?:(?:{_MARK}|lead)\s*\d*|attn\b[^)]{{0,80}})\s*{_CLOSE}"
    # - update 2, | exclusive
    rf"|\s[-–—|]\s*{_MARK}\s*\d*\W*\Z"
    # *Reuters*, *DJ, (AFP)
    rf"|^\s*\*[^*]{{1,30}}\*\s*[:：-]?|\*[^*]{{1,30}}\*\s*\Z|^\s*\*+\s*(?:dj\b)?|{_OPEN}\s*(?:{_AGENCY})\s*{_CLOSE}"
    # (12), [3 comments]
    rf"|[(\[（【]\s*\d+\s*(?:{_COUNTED}|views?|reads?|shares?)?\s*[)\]）】]"
    rf"|(?<![\w.,])\d+\s+(?:{_BARE})\b"
    # (updated 10:32 GMT), 10:32 -, as of 14:05
    rf"|[(\[（【]?(?:\b(?:last\s+)?(?:updated|as of)\s+(?:at\s+)?)?\b{_CLOCK}(?!\d)\s*[)\]）】]?",
    re.IGNORECASE,
)
#: Without a colon they are marks in capitals only.
_SHOUTED = re.compile(r"^\W*(?:BREAKING|URGENT|FLASH|EXCLUSIVE|JUST IN)\s+(?=\S)")
#: What a title without any of these has no marks of; of digits those of a clock or a counter.
_HINT = re.compile(r"[(\[（【〔<*:：|｜/–—-]|^[^a-z]{4}|\d(?i:[.h]\d|\s*(?:gmt|utc)|\s+(?:com|pho|pic|vid|rep))")
#: Two words, or two characters of a script without blanks.
_SAYING = re.compile(r"[^\W\d_][\W\d_]+[^\W\d_]|[^\W\d_\x00-\u02ff]{2}")
#: How many marks a headline has at most, one behind the other: REFILE-UPDATE 2-EXCLUSIVE-.
_MOST = 4


def unmarked(title: str) -> str:
    """Return *title* without marks of an edition, counters and clocks; one that has hardly anything else as it is."""
    if not _HINT.search(title):
        return title
    found = title
    for _ in range(_MOST):
        before, found = found, _NOISE.sub(" ", found)
        if not found.isupper():
            found = _SHOUTED.sub("", found)
        if found == before:
            break
    return found if _SAYING.search(found) else title
