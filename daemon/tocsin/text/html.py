"""Conversion of markup to plain text, in linear time and without ever raising.

The result is stored, matched and shown. In it an empty line marks the border of a block.
"""

from __future__ import annotations

import re
from html import unescape

_BLOCK_NAMES = """
    address article aside blockquote br caption dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody td tfoot
    th thead title tr ul
"""
#: Tags that end a block, so that no sentence runs across them.
_BLOCKS = frozenset(_BLOCK_NAMES.split())
#: Elements whose content is not text. A script or style that is left open takes all that follows, as in a browser. Any other
#: element that is left open may be markup that was cut short: what follows it counts as text.
_SWALLOWING = ("script", "style")
_SILENT = {
    name: re.compile(rf"</{name}(?![A-Za-z0-9:-])", re.IGNORECASE)
    for name in (*_SWALLOWING, "template", "noscript", "iframe", "object", "svg", "math", "head")
}
# A tag ends at the next angle bracket of either kind, and nothing is tried twice: linear whatever is left open.
# CDATA marks are removed; their content stays.
_TAG = re.compile(
    r"<(?:!--|!\[CDATA\[|(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]*+)(?P<rest>[^<>]*+)>|[!?][^<>]*+>)|\]\]>"
)
#: Most rounds of decoding of a title that was escaped too often.
_MOST_ESCAPED = 3
_INLINE_NAMES = "a|abbr|b|big|cite|code|em|font|i|mark|nobr|q|s|small|span|strike|strong|sub|sup|tt|u|wbr"
_INLINE = re.compile(rf"</?(?:{_INLINE_NAMES})(?:\s[^<>]*+)?/?>", re.IGNORECASE)
_BLOCK = re.compile(
    rf"</?(?:{'|'.join(_BLOCKS - {'title', 'summary', 'caption', 'details'})})(?:\s[^<>]*+)?/?>", re.IGNORECASE
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# A number longer than that of any character. Python refuses to read very long ones (sys.set_int_max_str_digits).
_ENDLESS = re.compile(r"&#[0-9]{9,};?")
_BORDER = "\n\n"
_BORDERS = re.compile(r"\n[^\S\n]*\n")
_BLANKS = re.compile(r"\s+")
# C0 and C1 controls except white space, lone surrogates, bidirectional overrides and isolates, byte order marks.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)


def to_plain(html: str) -> str:
    """Return the text of an HTML fragment: entities decoded, blocks separated by an empty line, other white space one blank.

    Scripts, styles and comments are left out. An angle bracket that opens no tag stays as it is.
    """
    if "<" not in html:
        return _tidy(decoded(html), newline_is_blank=True)
    parts: list[str] = []
    position = 0
    unclosed: set[str] = set()
    while tag := _TAG.search(html, position):
        parts.append(_BLANKS.sub(" ", decoded(html[position : tag.start()])))
        position = tag.end()
        if tag.group() == "<!--":
            # `<!-->` is a whole comment, too.
            end = html.find("-->", tag.start() + 2)
            position = len(html) if end < 0 else end + 3
            continue
        name = (tag["name"] or "").lower()
        if name in _BLOCKS:
            parts.append(_BORDER)
        elif name in _SILENT and name not in unclosed and not tag["close"] and not tag["rest"].endswith("/"):
            closing = _SILENT[name].search(html, position)
            if closing:
                position = closing.start()
            elif name in _SWALLOWING:
                position = len(html)
            else:
                unclosed.add(name)
    parts.append(_BLANKS.sub(" ", decoded(html[position:])))
    return _tidy("".join(parts), newline_is_blank=False)


def clean(text: str) -> str:
    """Return plain text made fit to store and show: no control characters, borders as an empty line, single blanks."""
    return _tidy(text, newline_is_blank=False)


def one_line(text: str) -> str:
    """Return the plain *text* of a title as one line, without the markup that shows if it was escaped too often.

    Block tags become blanks. Only formatting tags and entities with a semicolon count as markup here: "5 < 6" and names
    in angle brackets stay.
    """
    for _ in range(_MOST_ESCAPED):
        if not ("<" in text or "&" in text or "]]>" in text):
            break
        before, text = text, _CDATA.sub("", text)
        text = _ENTITY.sub(lambda found: unescape(found[0]), _INLINE.sub("", _BLOCK.sub(" ", text)))
        if text == before:
            break
    return _tidy(text, newline_is_blank=True)


def decoded(html: str) -> str:
    """Return *html* with its entities decoded; a number longer than that of any character becomes U+FFFD."""
    return unescape(_ENDLESS.sub("\ufffd", html)) if "&" in html else html


def _tidy(text: str, *, newline_is_blank: bool) -> str:
    text = _UNWANTED.sub("", text)
    if newline_is_blank or "\n" not in text:
        return _BLANKS.sub(" ", text).strip()
    blocks = (_BLANKS.sub(" ", block).strip() for block in _BORDERS.split(text))
    return _BORDER.join(block for block in blocks if block)
