"""Markup to plain text, in linear time and without ever raising.

The result is what is stored, matched and shown: an empty line marks the border of a block.
"""

from __future__ import annotations

import re
from html import unescape

#: Tags that end a block, so that no sentence runs across them.
_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul"]
)
#: Elements whose content is no text.
_SILENT = frozenset(["script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head"])
# A tag ends at the next angle bracket of either kind, so the scan is linear whatever is left open.
_TAG = re.compile(r"<(?:!--|(/?)([A-Za-z][A-Za-z0-9:-]*)([^<>]*)>|[!?][^<>]*>)")
_BORDER = "\n\n"
_BORDERS = re.compile(r"\n[^\S\n]*\n")
_BLANKS = re.compile(r"\s+")
# C0 and C1 controls but white space, lone surrogates, bidirectional overrides and isolates, byte order marks.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)


def to_plain(html: str) -> str:
    """The text of an HTML fragment: entities decoded, blocks separated by an empty line, other white space one blank.

    Scripts, styles and comments are left out. An angle bracket that opens no tag stays as it is.
    """
    if "<" not in html:
        return _tidy(unescape(html) if "&" in html else html, newline_is_blank=True)
    parts: list[str] = []
    position = 0
    silent = ""
    while tag := _TAG.search(html, position):
        if not silent:
            parts.append(_BLANKS.sub(" ", unescape(html[position : tag.start()])))
        position = tag.end()
        if tag.group() == "<!--":
            end = html.find("-->", position)
            position = len(html) if end < 0 else end + 3
            continue
        name = (tag.group(2) or "").lower()
        if silent:
            silent = "" if tag.group(1) and name == silent else silent
        elif name in _SILENT and not tag.group(1) and not (tag.group(3) or "").endswith("/"):
            silent = name
        elif name in _BLOCKS:
            parts.append(_BORDER)
    if not silent:
        parts.append(_BLANKS.sub(" ", unescape(html[position:])))
    return _tidy("".join(parts), newline_is_blank=False)


def clean(text: str) -> str:
    """Plain text made fit to store and show: no control characters, borders as an empty line, single blanks."""
    return _tidy(text, newline_is_blank=False)


def _tidy(text: str, *, newline_is_blank: bool) -> str:
    text = _UNWANTED.sub("", text)
    if newline_is_blank or "\n" not in text:
        return _BLANKS.sub(" ", text).strip()
    blocks = (_BLANKS.sub(" ", block).strip() for block in _BORDERS.split(text))
    return _BORDER.join(block for block in blocks if block)
