"""Text of strangers made fit to be shown: one line, no controls, no traps, cut to a length."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

# C0 and C1 controls, lone surrogates: what could move a cursor, end a header, or not be encoded at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# What no font shows: zero width, marks and overrides of direction, separators, annotations, fillers, tags. It could turn
# a sentence round, or hide in it.
_UNSEEN = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Joiners belong to Arabic and Indic words and to emoji; anywhere else they only hide.
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINERS = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])")
_BLANKS = re.compile(r"[ \t\n\r\f\v\x85\u2028\u2029]+")
# An address of a mail stays as it is, unless it could be the name of everybody: Discord finds that anywhere in a word.
_MENTION = re.compile(r"(?<![\w.+-])@(?=[\w&!\u200b-\u200f\u2060])|(?<=‹)@|@(?=everyone|here)")
_ANGLE = re.compile(r"<(?=[@!#:/a-zA-Z])")
#: Makes one character of its neighbours.
_JOINER = "\u200d"
#: Two characters of one word, in scripts that part their words.
_WORD = re.compile(r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uff66-\uff9f\U00020000-\U0003ffff]{2}")
_LONGEST_WORD = 40
_LINK = re.compile(r"\[?https?://")
_LONGEST_LINK = 2000
_WHOLE_LINK = re.compile(r"(?<!\S)https?://[^\s<>\[\]]+")
#: What makes code of a sentence, and escapes what follows.
_TRAPS = str.maketrans({"`": "'", "\\": "＼"})


def one_line(text: str) -> str:
    """Return *text* on one line, without control characters; runs of white space become one blank."""
    return flat(text).strip()


def flat(text: str) -> str:
    """Return the same as `one_line`, but with the blanks at both ends: for a piece of a longer text."""
    return _CONTROLS.sub("", seen(_BLANKS.sub(" ", text)))


def seen(text: str) -> str:
    """Return *text* without characters that nobody sees."""
    return _JOINERS.sub("", _UNSEEN.sub("", text))


def cut(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """Return *text* of at most *limit* characters, ended by *ellipsis* where it was cut, as `whole` says."""
    if len(text) <= limit:
        return text
    return text[: whole(text, max(0, limit - len(ellipsis)))].rstrip() + ellipsis


def whole(text: str, end: int) -> int:
    """Return the last place at or before *end* that is within no link, no word and no composed character of *text*.

    A run of letters without end is no word, and is cut anywhere; so are scripts that write without blanks.
    """
    start = max(text.rfind(blank, max(0, end - _LONGEST_LINK), end) for blank in " \n\t") + 1
    link = _LINK.search(text, max(start, end - _LONGEST_LINK), end)
    if link and end < len(text) and not text[end].isspace():
        return link.start()
    place = end
    while max(0, end - _LONGEST_WORD - 1) < place < len(text) and _WORD.fullmatch(text, place - 1, place + 1):
        place -= 1
    if place <= 0 or end - place > _LONGEST_WORD:
        place = end
    while 0 < place < len(text) and (_joins(text[place]) or text[place - 1] == _JOINER):
        place -= 1
    return place


def _joins(character: str) -> bool:
    return character in (_JOINER, "\ufe0f") or unicodedata.combining(character) != 0


def web_link(link: str) -> str:
    """Return *link* if it is an http or https address, with characters that could end it encoded; else nothing."""
    link = _CONTROLS.sub("", link.strip())
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        return ""
    return quote(link, safe="!#$%&'()*+,/:;=?@[]~")


def host(link: str) -> str:
    """Return the host that *link* (as `web_link` gives it) really leads to."""
    return (urlsplit(link).hostname or "").removeprefix("www.")


def defused(text: str) -> str:
    """Return *text* whose mentions and markup mean nothing to a chat service, and that reads the same.

    `@everyone` gets a full-width at sign, `<!channel>` a different bracket, `[a](b)` a blank: services read these even
    in what was declared to be plain text.
    """
    text = _MENTION.sub("＠", _ANGLE.sub("‹", text))
    return text.replace("](", "] (")


def markdown(text: str) -> str:
    """Return *text*, whose mentions are defused, as Markdown: lines end where they do, and nothing is code.

    Nothing is escaped: half of these services show a backslash, and none finds a link with one in it.
    """
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", text.translate(_TRAPS).replace("]:", "] :"))


def linked(text: str) -> str:
    """Return *text* with its addresses as links of Markdown, for services that find none by themselves."""
    return _WHOLE_LINK.sub(_link, text)


def _link(found: re.Match[str]) -> str:
    link = found[0].replace("(", "%28").replace(")", "%29")
    return f"[{link}]({link})"
