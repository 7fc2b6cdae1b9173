"""Text of strangers made fit to be shown: one line, no controls, no traps, cut to a length."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

# C0 and C1 controls, lone surrogates, bidirectional overrides and isolates, line and paragraph separators, byte order
# marks: what could move a cursor, end a header, turn a sentence round, or not be encoded at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_BLANKS = re.compile(r"[ \t\n\r\f\v\x85\u2028\u2029]+")
# An address of a mail stays as it is, unless it could be the name of everybody: Discord finds that anywhere in a word.
_MENTION = re.compile(r"(?<![\w.+-])@(?=[\w&!\u200b-\u200f\u2060])|(?<=‹)@|@(?=everyone|here)")
_ANGLE = re.compile(r"<(?=[@!#:/a-zA-Z])")
#: Makes one character of its neighbours.
_JOINER = "\u200d"


def one_line(text: str) -> str:
    """*text* on one line, without control characters; runs of white space become one blank."""
    return flat(text).strip()


def flat(text: str) -> str:
    """As `one_line`, but blanks at both ends stay: for a piece of a longer text."""
    return _CONTROLS.sub("", _BLANKS.sub(" ", text))


def cut(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """*text* of at most *limit* characters, ended by *ellipsis* where it was cut, never inside a composed character."""
    if len(text) <= limit:
        return text
    end = max(0, limit - len(ellipsis))
    while end and (_joins(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    blank = text.rfind(" ", max(0, end - 20), end + 1)
    return text[: blank if blank > 0 else end].rstrip() + ellipsis


def _joins(character: str) -> bool:
    return character in (_JOINER, "\ufe0f") or unicodedata.combining(character) != 0


def web_link(link: str) -> str:
    """*link* if it is an http or https address, with characters that could leave its place encoded; else nothing."""
    link = _CONTROLS.sub("", link.strip())
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        return ""
    return quote(link, safe="!#$%&'()*+,/:;=?@[]~")


def host(link: str) -> str:
    """The host that *link* (as `web_link` gives it) really leads to."""
    return (urlsplit(link).hostname or "").removeprefix("www.")


def defused(text: str) -> str:
    """*text* whose mentions and markup mean nothing to a chat service, and that reads the same.

    `@everyone` gets a full-width at sign, `<!channel>` a different bracket, `[a](b)` a blank: services read these even
    in what they were told is plain text.
    """
    text = _MENTION.sub("＠", _ANGLE.sub("‹", text))
    return text.replace("](", "] (")
