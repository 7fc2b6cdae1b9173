"""Comparison of titles, by which entries are folded into stories.

Marks of agencies and outlets change while the headline stays, so they are removed first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tocsin.text.figures import rewrite
from tocsin.text.fold import fold
from tocsin.text.sentences import MARKS, split

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
    # UPDATE 2-, RPT-: in capitals only, since in lower case it is a compound
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
#: Without a colon these words are marks only in capitals.
_SHOUTED = re.compile(r"^\W*(?:BREAKING|URGENT|FLASH|EXCLUSIVE|JUST IN)\s+(?=\S)")
#: A title in which this finds nothing has no marks. Digits count only in a clock or a counter.
_HINT = re.compile(r"[(\[（【〔<*:：|｜/–—-]|^[^a-z]{4}|\d(?i:[.h]\d|\s*(?:gmt|utc)|\s+(?:com|pho|pic|vid|rep))")
#: The least that is a headline: two words, or two characters of a script without blanks.
_SAYING = re.compile(r"[^\W\d_][\W\d_]+[^\W\d_]|[^\W\d_\x00-\u02ff]{2}")
#: Most marks of a headline in a row: REFILE-UPDATE 2-EXCLUSIVE-.
_MOST = 4


def unmarked(title: str) -> str:
    """Return *title* without edition marks, counters and clocks; unchanged if it has hardly anything else."""
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


#: Only this many characters of a title are compared.
_LONGEST = 1000
# Coarser than tokens, and many times as fast: every title of every poll is normalised.
_WORD = re.compile(f"[\\w{MARKS}]+")
#: Initials, figures with what belongs to them, and words, as `text.sentences` cuts them.
_ASCII_WORD = re.compile(
    r"(?:\b[a-z]\.)+[a-z]?\b|[$]?\d+(?:[.,]\d+)*(?: ?%|(?:bn|mn|tn|[bkmt])?\b)|[a-z0-9]+(?:'[a-z0-9]+)*"
)
_SEPARATOR = re.compile(r"\s[-–—|](?=\s)")
#: Most characters of an outlet at the end of a title, and fewest before one, in Chinese or Japanese.
_LONGEST_OUTLET = 30
_SHORTEST_WIDE = 6
#: Names of Chinese and Japanese papers, agencies and sites, known by their endings.
_WIDE_OUTLET = re.compile(
    r"\s?[_－｜|]\s?([^\s_－｜|。！？!?,，、；：:]{0,12}(?:网|網|报|報|新闻|新聞|财经|財經|日报|时报|通讯社|新华社|电视台|在线|快讯|頭條|头条|新聞網|ニュース|新聞|通信))\Z"
)
_NO_NAME = re.compile(r"[!?;:。！？]|\d{3,}|[.,]\s")
_ADDRESS = re.compile(r"[\w-]+(?:\.[\w-]+)+")
#: Longest lower-case word that may stand in a name: Voice of the North.
_PARTICLE = 3
_STOPPED = """
    a an the and or but of in on at to for from by with as is are was were be been has have had it its this
    that these those he she they we you i his her their our after before over under into amid about than then
    up down out off will would could should may might can not no new says said say report reports
"""
_STOP_WORDS = frozenset(_STOPPED.split())
#: The least share and the least number of words that two titles of one story have in common (docs/decisions/0011).
_SHARE = 0.4
_SHARED = 4


def split_outlet(title: str) -> tuple[str, str]:
    """Return (text, outlet) of a title; the outlet is the name after the last ` - ` or ` | `, empty if there is none.

    A name has at most five words, capitalised as names are, and no sentence mark. At least three words (or six CJK
    characters) must stand before it. The limits are strict, since half a sentence mistaken for a name would be lost to
    every rule. In Chinese and Japanese `_`, `－` and `｜` without blanks separate the two as well, and the name must have an
    ending that is usual for papers and sites.
    """
    wide = None if title.isascii() else _WIDE_OUTLET.search(title[-_LONGEST_OUTLET:])
    if wide and len(text := title[: len(title) - len(wide[0])].rstrip()) >= _SHORTEST_WIDE:
        return text, wide[1]
    place = max(_SEPARATOR.finditer(title), key=re.Match.start, default=None)
    if not place:
        return title, ""
    text, outlet = title[: place.start()], title[place.end() :].strip()
    whole = len(text.split()) >= 3 or (len(text) >= _SHORTEST_WIDE and not text.isascii())
    return (text, outlet) if whole and _is_name(outlet) else (title, "")


def _is_name(outlet: str) -> bool:
    words = outlet.split()
    if not 0 < len(words) <= 5 or len(outlet) > 60 or _NO_NAME.search(outlet):
        return False
    # A lower-case word belongs to the rest of a sentence, "prices soar - again", unless it is an address: mining.com.
    if _ADDRESS.fullmatch(outlet):
        return True
    return not words[0][0].islower() and not any(word[0].islower() and len(word) > _PARTICLE for word in words)


def normal(title: str) -> str:
    """Return the words of a title without its outlet, folded and joined by single blanks: equal for the same headline."""
    text, _ = split_outlet(title[:_LONGEST])
    return " ".join(_WORD.findall(fold(text)))


@dataclass(frozen=True, slots=True)
class TitleFeatures:
    """The parts of a title that are compared: its words without stop words (CJK as pairs of characters), and its numbers."""

    words: frozenset[str]
    numbers: frozenset[str]


# Cached because the headline and the features of a title are computed one after the other.
@lru_cache(maxsize=256)
def _reported(title: str) -> str:
    """Return the folded text of a title without its outlet and edition marks."""
    return fold(split_outlet(unmarked(title[:_LONGEST]))[0])


def headline(title: str) -> str:
    """Return the normal form of a title without its outlet and edition marks, and with each figure in its one form."""
    return " ".join(_WORD.findall(rewrite(_reported(title), str)))


def features(title: str) -> TitleFeatures:
    """Return the features of a title without its outlet and edition marks."""
    numbers: set[str] = set()

    def put(figure: str) -> str:
        numbers.add(figure)
        return " "

    rest = rewrite(_reported(title), put)
    words = set(numbers)
    for word, pair in _words(rest):
        if pair:
            words.add(word)
        elif not word.isalpha() and any(c.isdigit() for c in word):
            numbers.add(word)
            words.add(word)
        elif word not in _STOP_WORDS:
            words.add(_stem(word))
    return TitleFeatures(frozenset(words), frozenset(numbers))


def _words(folded: str) -> Iterator[tuple[str, bool]]:
    """Yield (word, whether it is a pair of CJK characters) of *folded* text."""
    if folded.isascii():
        # Most titles: the same words as those of the tokens, at a fifth of the cost.
        for word in _ASCII_WORD.findall(folded):
            yield word.replace("." if word[0].isalpha() else " ", ""), False
        return
    for sentence in split("title", folded):
        before = None
        for token in sentence.tokens:
            if not token.wide:
                yield token.word, False
            elif before is not None and before.wide and token.glued:
                yield before.word + token.word, True
            before = token


def same_story(one: TitleFeatures, other: TitleFeatures) -> bool:
    """Return True if two titles report the same story.

    They share at least four words and two in five of all their words, and their numbers do not conflict. Numbers agree if
    all those of one title are among those of the other.
    """
    shared = len(one.words & other.words)
    if shared < _SHARED or shared < _SHARE * (len(one.words) + len(other.words) - shared):
        return False
    return one.numbers <= other.numbers or other.numbers <= one.numbers


def agreement(one: TitleFeatures, other: TitleFeatures) -> float:
    """Return the share of all words of two titles that stand in both (Jaccard), 0 to 1; 0 of two empty titles."""
    union = len(one.words | other.words)
    return len(one.words & other.words) / union if union else 0.0


def least_shared(title: TitleFeatures) -> int:
    """Return the least number of words that any other title of the same story shares with this one."""
    return max(_SHARED, math.ceil(_SHARE * len(title.words)))


def _stem(word: str) -> str:
    """Return a word without its possessive and plural s: enough for comparing two headlines."""
    word = word.removesuffix("'s").removesuffix("'")
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
