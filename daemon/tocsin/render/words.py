"""Words to show: feed text made safe (one line, no control characters, no markup, cut to a length), and times."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from tocsin import units

# C0 and C1 controls and lone surrogates: they could move a cursor, end a header, or not be encoded at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Invisible characters: zero width, direction marks and overrides, separators, annotations, fillers, tags. They could
# reverse a sentence, or hide in it.
_UNSEEN = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Joiners belong in Arabic and Indic words and in emoji. Anywhere else they only hide.
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINERS = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])")
_BLANKS = re.compile(r"[ \t\n\r\f\v\x85\u2028\u2029]+")
# A mail address stays as it is, unless it could be a mention of everybody, which Discord finds anywhere in a word.
_MENTION = re.compile(r"(?<![\w.+-])@(?=[\w&!\u200b-\u200f\u2060])|(?<=‹)@|@(?=everyone|here)")
_ANGLE = re.compile(r"<(?=[@!#:/a-zA-Z])")
#: Joins its neighbours into one character.
_JOINER = "\u200d"
#: Two characters of one word, in scripts with spaces between words.
_WORD = re.compile(r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uff66-\uff9f\U00020000-\U0003ffff]{2}")
_LONGEST_WORD = 40
_LINK = re.compile(r"\[?https?://")
_LONGEST_LINK = 2000
_WHOLE_LINK = re.compile(r"(?<!\S)https?://[^\s<>\[\]]+")
#: Characters that begin code or escape what follows.
_TRAPS = str.maketrans({"`": "'", "\\": "＼"})


def one_line(text: str) -> str:
    """Return *text* on one line, without control characters. Runs of white space become one space."""
    return flat(text).strip()


def flat(text: str) -> str:
    """Return the same as `one_line` but with the spaces at both ends, for a piece of a longer text."""
    return _CONTROLS.sub("", seen(_BLANKS.sub(" ", text)))


def seen(text: str) -> str:
    """Return *text* without invisible characters."""
    if text.isascii() and text.isprintable():
        return text  # most of it, and pages ask for each of their values
    return _JOINERS.sub("", _UNSEEN.sub("", text))


def cut(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """Return *text* cut to at most *limit* characters at a position from `whole`, with *ellipsis* at a cut."""
    if len(text) <= limit:
        return text
    return text[: whole(text, max(0, limit - len(ellipsis)))].rstrip() + ellipsis


def whole(text: str, end: int) -> int:
    """Return the last position at or before *end* that is not inside a link, a word or a composed character of *text*.

    An endless run of letters is not a word and is cut anywhere, and so are scripts without spaces.
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
    while 0 < place < len(text) and (
        text[place] in (_JOINER, "\ufe0f") or unicodedata.combining(text[place]) or text[place - 1] == _JOINER
    ):
        place -= 1
    return place


def web_link(link: str) -> str:
    """Return *link* if it is an http or https address, with characters that could end it encoded. Else empty."""
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
    """Return *text* with mentions and markup that a chat service does not recognise, although it reads the same.

    `@everyone` gets a full-width at sign, `<!channel>` a different bracket, `[a](b)` a space. Services interpret these
    even in text that was declared as plain.
    """
    text = _MENTION.sub("＠", _ANGLE.sub("‹", text))
    return text.replace("](", "] (")


def markdown(text: str) -> str:
    """Return *text*, with mentions already defused, as Markdown that keeps line breaks and has no code.

    Nothing is escaped, because half of these services show a backslash, and none recognises a link with one in it.
    """
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", text.translate(_TRAPS).replace("]:", "] :"))


def linked(text: str) -> str:
    """Return *text* with its addresses as Markdown links, for services that recognise none by themselves."""
    return _WHOLE_LINK.sub(_link, text)


def _link(found: re.Match[str]) -> str:
    link = found[0].replace("(", "%28").replace(")", "%29")
    return f"[{link}]({link})"


#: A message is late if it is sent more than this after it was planned.
LATE = timedelta(seconds=90)


def local(time: datetime, zone: ZoneInfo) -> str:
    """Return `2026-03-02 20:00 CST (12:00 UTC)`. The UTC part has a date if that differs."""
    there, universal = time.astimezone(zone), time.astimezone(UTC)
    if not there.utcoffset():
        return units.utc(time)
    shown = f"{units.local(time, zone)} {there.tzname()}"
    same_day = there.date() == universal.date()
    return f"{shown} ({universal:%H:%M} UTC)" if same_day else f"{shown} ({units.utc(time)})"


def late_line(created: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a line that says how late a message planned for *created* is. Empty up to 90 s."""
    late = now - created
    return f"Late by {units.duration(late)}: this was to be sent at {local(created, zone)}." if late > LATE else ""


def held_line(created: datetime, due: datetime, zone: ZoneInfo) -> str:
    """Return a line that says since when a message due at *due* was held. Empty for less than a minute."""
    return f"Held since {local(created, zone)}." if due - created >= timedelta(minutes=1) else ""
