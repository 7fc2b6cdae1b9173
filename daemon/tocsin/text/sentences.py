"""Cut a field into sentences of tokens, in one linear scan of the original text.

Marks are found before anything is folded, so every token knows its place in the original text.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from tocsin.text.fold import APOSTROPHES, fold, repair
from tocsin.text.tokens import BORDER, CLAUSE, DEPTH, GLUED, IS_KATAKANA, IS_WIDE, JOINT, Row, Sentence

_ABBREVIATED = """
    inc corp co ltd llc plc bros mr mrs ms dr prof st mt ft vs v sen rep gov gen col lt sgt jr sr dept
    est approx al ca cf eg ie jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun
    pct ed min max bn mn tn sq gmbh bhd sdn pty pte rev hon pres sec adm cmdr capt maj
"""
#: Words whose full stop does not end a sentence.
ABBREVIATIONS = frozenset(_ABBREVIATED.split())
#: Abbreviations only before a figure: "No. 5", but "China said no. Then ..."
_NUMBERING = frozenset(["no", "nos", "fig", "vol", "rs"])


def ranges(points: Iterable[int]) -> str:
    """Return ascending code *points* of the basic plane as ranges of a character class."""
    found: list[list[int]] = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in found)


#: The basic plane without Han and Hangul, which have no marks and are two thirds of it.
_MARKED = (range(0x300, 0x3400), range(0xA000, 0xAC00), range(0xD7A4, 0xD800), range(0xF900, 0x10000))
#: The combining marks of the basic plane, as ranges of a character class.
MARKS = ranges(p for p in chain(*_MARKED) if unicodedata.category(chr(p)) in ("Mn", "Mc"))
_SOFT = "\u00ad\u200b-\u200d\u2060\ufeff"
_HAN = "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d"
#: The characters that are words of their own: Han, kana, Hangul and Thai.
WIDE = (
    f"{_HAN}\u3041-\u3096\u309d-\u309f{_KATAKANA}\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e"
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"
)
#: The marks of those scripts that separate sentences, clauses and words.
_AROUND = "\u3000-\u3003\u3008-\u3020\uff01-\uff0f\uff1a-\uff20\uff3b-\uff3d\uff5b-\uff64"
#: What ends a web address, since none may hold it (RFC 3986), and the quotation marks of other alphabets.
_NO_ADDRESS = r"\"<>\\^`{|}“”„‟«»‹›"
_QUOTE = APOSTROPHES
_LETTER = f"(?:(?![{WIDE}_])\\w|[{MARKS}{_SOFT}])"
# Nearly all letters are ASCII, so a run of these is matched at once. The match never backtracks into a run. Groups are
# atomic and not possessive, which Python before 3.11.5 matches wrongly.
_RUN = f"(?>(?:[A-Za-z0-9]++|{_LETTER})+)"
#: Articles and the like of French, Italian, Catalan and Portuguese that lose their vowel before another: l', dell', qu'.
#: O'Brien, don't and N'Djamena are one word.
ELIDED = "[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|quoiqu|un|all|dall|dell|nell|sull|coll|quell|quest"
#: The point in the Catalan col·lapse.
INNER_POINT = re.compile("(?<=[lL])·(?=[lL])")
#: A hashtag, which may be several words.
TAG = f"[#＃](?=[^\\W\\d_]){_RUN}(?>(?:{INNER_POINT.pattern}{_RUN})*)"
# A Hangul syllable may be written as separate letters; it still is one character.
_SYLLABLE = "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
_SIGN = "$＄€£¥￥₩₹₽₺₴₫₱฿"
# US$, HK$, R$: the country of the dollars is part of the figure.
_DOLLARS = "(?:[A-ZＡ-Ｚ]{1,3}|(?i:us|au|ca|hk|nt|nz|sg)|U\\.S\\.)[$＄]"
_CODES = ("RMB", "CNY", "CNH")
_MONEY = (
    f"(?:{_DOLLARS}|[$＄](?:US|AU?|CA?|HK|NT|NZ?|SG?|R)(?=\\d)|(?:{'|'.join(_CODES)})(?=\\s?\\d))"
    r"\s?\d+(?>(?:[.,]\d+)*)[A-Za-zＡ-Ｚａ-ｚ\d]*+"
)
#: What follows a word of ASCII letters that is surely whole. Money may begin with a currency before a figure.
_BEHIND = rf"(?=[ ,\n](?!\d)|[-;!?)\"”/]|\.(?:\s|\Z)|{''.join(f'(?<!{code})' for code in _CODES)}[ \n]\d|\Z)"
_KINDS = "|".join(
    [
        # A short cut for most words of most news, many at once: no kind below would match more here.
        rf"(?P<plain>(?>(?:[A-Za-z]++[ \n](?=[A-Za-z]))+)(?:[A-Za-z]++{_BEHIND})?|[A-Za-z]++{_BEHIND})",
        # Nothing in a web address counts as a word. In a script without blanks between words, the address ends at the
        # first character of that script.
        f"(?P<address>(?:https?://|www\\.)[^\\s{WIDE}{_AROUND}{_NO_ADDRESS}]+)",
        # U.S., U.K, D.R.C.: one token. The letters must stand alone between their dots.
        r"(?P<initials>(?<![^\W_])(?:[A-Za-z]\.)+[A-Za-z]\.?(?![A-Za-z0-9]|·[lL]|\.?[$＄]))",
        rf"(?P<number>(?=[\s\S]{{0,4}}[\d$＄])(?:{_MONEY}|{_DOLLARS}(?![A-Za-z])|(?:[{_SIGN}]\s?)?\d+(?:[.,]\d+)*(?:\s?[%％]|(?i:bn|mn|tn|[bkmt])?)(?!{_LETTER})|[$＄][A-Za-z]+))",
        f"(?P<wide>(?:{_SYLLABLE}|[{WIDE}])[{MARKS}\u3099\u309a\uff9e\uff9f]*)",
        f"(?P<elided>(?i:{ELIDED})[{_QUOTE}](?=[aeiouyhAEIOUYH\\u00c0-\\u00ff\\u0152\\u0153\\d]|\\Z))",
        f"(?P<word>{_RUN}(?>(?:[{_QUOTE}]{_RUN}|{INNER_POINT.pattern}{_RUN})*))",
        f"(?P<tag>{TAG})",
        r"(?P<end>[.!?]++(?=[\"'”’»)\]]*(?:\s|$)))",
        r"(?P<stop>[。！？｡]+)",
        r"(?P<border>\n[^\S\n]*\n)",
        r"(?P<semi>[;；])",
        r"(?P<clause>[()\[\]{}（）【】〔〕［］]++|[,:，：|｜]|(?<=\s)[-–—―]+(?=\s)|——+|…)",
        r"(?P<joint>[、/&／＆,])",
        # A row of marks that end nothing is one piece; otherwise a long row would be scanned again from each mark in it.
        r"(?P<other>[.!?]++|\S)",
    ]
)
#: A blank is taken with what follows it: to find that nothing begins with it would take as long as a word.
_SCAN = re.compile(f" ?(?:{_KINDS})")
_IS_HAN = re.compile(f"[{_HAN}]")
_COMMAS = frozenset(",，")
_OPEN = frozenset("([{（【〔［")
_BRACKETS = _OPEN | frozenset(")]}）】〕］")
_FIGURE = re.compile(r"\s*\d")
_WORDS = frozenset(["word", "wide", "number", "initials", "elided"])
_ENDS = frozenset(["end", "stop", "border"])
#: What stands between two tokens that may be coordinated: an end here is the full stop of an abbreviation.
_JOINING = frozenset(["joint", "end"])
# RareEarths, USChina: a capital begins a word if a lower-case letter stands before or behind it.
_CAMEL = re.compile("[A-ZÀ-Þ]{2,}s?(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|\\d+")
#: A hashtag is several words only if its longest part has this many letters: #NdFeB is one word.
_LONG_PART = 4
#: Longer tokens are not words. Their folded forms are not cached, so that a hostile text cannot fill the memory.
_LONGEST = 64


def split(field: str, text: str, *, japanese: bool = False, end: int = sys.maxsize) -> tuple[Sentence, ...]:
    """Return the sentences of *text*, as `cut` finds them."""
    return cut(field, text, japanese=japanese, end=end).sentences


def cut(field: str, text: str, *, japanese: bool = False, end: int = sys.maxsize) -> Row:
    """Return the tokens and sentences of *text* up to the character at *end*. A semicolon ends a sentence only in a title."""
    row = Row(field)
    words, firsts = row.words, row.firsts
    # Only marks between two tokens count: the first token of a sentence has none before it.
    marks = depth = first = 0
    behind = -1
    for piece in _SCAN.finditer(text, 0, min(end, len(text))):
        kind = piece.lastgroup or ""
        start, stop = piece.span(piece.lastindex or 0)
        if kind == "plain":
            run = piece[kind]
            row.add_plain(run, start, marks | (depth << DEPTH) | (behind == start and GLUED))
            marks, behind = JOINT, stop - run[-1].isspace()
        elif kind in _WORDS:
            here = marks | (depth << DEPTH) | (behind == start and GLUED)
            if _add_word(row, piece, behind, here, japanese):
                marks, behind = JOINT, stop
        elif kind == "tag":
            _add_tag(row, piece[kind], start, marks | depth << DEPTH, japanese)
            marks, behind = JOINT if len(words) > first else 0, stop
        elif (kind in _ENDS and not (len(words) > first and _abbreviates(row, behind, piece))) or (
            kind == "semi" and field == "title"
        ):
            if len(words) > first:
                firsts.append(first)
            marks, depth, first = 0, 0, len(words)
        elif kind in ("clause", "semi"):
            mark = piece[kind]
            bracket = mark[0] in _BRACKETS
            depth = _depth(depth, mark) if bracket else depth
            if len(words) > first:
                marks |= CLAUSE if bracket else CLAUSE | BORDER
            marks = marks if mark in _COMMAS else marks & ~JOINT
        elif kind not in _JOINING:
            marks &= ~JOINT
    if len(words) > first:
        firsts.append(first)
    return row


def _add_word(row: Row, piece: re.Match[str], behind: int, marks: int, japanese: bool) -> bool:
    """Add the word, figure or wide character of *piece*; return False if nothing of it is left when it is folded.

    *behind* is the end of the token before.
    """
    kind = piece.lastgroup or ""
    raw = piece[kind]
    start, stop = piece.span(kind)
    word, written = (_forms if stop - start <= _LONGEST else _folded)(raw, kind, japanese)
    if not word:
        return False
    if kind == "wide":
        marks |= IS_WIDE | (_is_katakana(raw[0]) and IS_KATAKANA)
        if marks & (JOINT | GLUED) == JOINT and not japanese and row.field == "title":
            marks |= (row.marks[-1] & IS_WIDE and _is_parted(piece.string, behind, start)) and BORDER
    row.add(word, written, start, stop, marks)
    return True


def _add_tag(row: Row, tag: str, start: int, marks: int, japanese: bool) -> None:
    """Add the tokens of a hashtag that begins at *start*; the first has the *marks* before it."""
    for offset, raw in camel_words(tag[1:]):
        word, written = _folded(raw, "word", japanese)
        first = start + 1 + offset
        if word:
            row.add(word, written, first, first + len(raw), marks)
        marks = marks & ~(CLAUSE | BORDER) | JOINT | GLUED


def camel_words(tag: str) -> list[tuple[int, str]]:
    """Return (offset, word) of each word of a hashtag: #RareEarths is two, as its capitals say; #rareearths is one."""
    words = [(part.start(), part.group()) for part in _CAMEL.finditer(tag)]
    whole = sum(len(word) for _, word in words) == len(tag)
    if whole and all(len(word) > 1 for _, word in words) and any(len(word) >= _LONG_PART for _, word in words):
        return words
    return [(0, tag)]


def _depth(depth: int, brackets: str) -> int:
    """Return the number of open brackets after *brackets*; a closing bracket without an opening one is ignored."""
    for mark in brackets:
        depth = depth + 1 if mark in _OPEN else max(0, depth - 1)
    return depth


def _folded(raw: str, kind: str, japanese: bool) -> tuple[str, str]:
    """Return (folded, normalised) of one token; initials lose their dots, numbers their blanks."""
    if kind == "initials":
        raw = raw.replace(".", "")
    elif kind == "number":
        # RMB 5bn keeps its blank: `prefilter.gist` sees two words here, and one in RMB5bn.
        raw = (" " if raw.startswith(_CODES) else "").join(raw.replace("U.S.", "US").split())
    elif kind == "word":
        raw = INNER_POINT.sub("", raw)
    return fold(raw, japanese=japanese), repair(raw)


_forms = lru_cache(maxsize=65536)(_folded)


def _abbreviates(row: Row, behind: int, mark: re.Match[str]) -> bool:
    """Return True if *mark* is the full stop of an abbreviation, the last token, which ends at *behind*."""
    if mark["end"] != "." or behind != mark.start("end"):
        return False
    word = row.words[-1]
    if word in _NUMBERING:
        return _FIGURE.match(mark.string, mark.end()) is not None
    return word in ABBREVIATIONS or (len(word) == 1 and word.isalpha() and not row.marks[-1] & IS_WIDE)


def _is_parted(text: str, behind: int, start: int) -> bool:
    """Return True if only blanks stand before the Chinese character at *start*: in Chinese titles they serve as commas."""
    return text[behind:start].isspace() and _IS_HAN.match(text, start) is not None


def _is_katakana(character: str) -> bool:
    return "\u30a1" <= character <= "\u30ff" or "\u31f0" <= character <= "\u31ff" or "\uff66" <= character <= "\uff9d"
