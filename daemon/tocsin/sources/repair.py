"""Repairs that make a nearly well-formed feed well-formed, and leave a well-formed one as it is."""

from __future__ import annotations

import re
from html.entities import html5

_OPEN, _CLOSE = "<![CDATA[", "]]>"
#: XML 1.0, production 2: what may not stand in a document.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,8}));|([A-Za-z][A-Za-z0-9]{0,31});)?")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
#: Tags that no entry needs: categories, and extensions but for the usual ones.
_NEEDLESS = re.compile(
    r"</?(?:category\b|(?!(?:a10|atom|content|dc|dcterms|feedburner|rdf|rss|xhtml):)[A-Za-z_][\w.-]*:)[^<>]*>"
)
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,300}\?>\s*")
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)


def repair(text: str) -> str:
    """*text* with a bare `&` escaped, HTML's entities as numbers, and without what XML forbids.

    Sections of CDATA stay as they are, but for forbidden characters. What stands before the document goes, and so does
    its declaration: the caller encodes the text anew.
    """
    text = _DECLARATION.sub("", _ILLEGAL.sub("", text).lstrip("\ufeff"), count=1)
    start = text.find("<")
    text = text[start:] if start > 0 else text
    parts: list[str] = []
    position = 0
    while (opened := text.find(_OPEN, position)) >= 0:
        closed = text.find(_CLOSE, opened)
        end = len(text) if closed < 0 else closed + len(_CLOSE)
        parts += (_AMPERSAND.sub(_reference, text[position:opened]), text[opened:end])
        position = end
    parts.append(_AMPERSAND.sub(_reference, text[position:]))
    return "".join(parts)


def reduce(text: str) -> str:
    """*text* without what an entry can do without: for a document that the parser cannot stand as it is."""
    return _NEEDLESS.sub("", text)


def is_cut_off(text: str) -> bool:
    """Whether the document breaks off before the end of its root."""
    return not _END.search(text[-2000:])


def ends_inside_entry(text: str) -> bool:
    """Whether the last entry of the document is open at its end."""
    return max(text.rfind("<item"), text.rfind("<entry")) > max(text.rfind("</item"), text.rfind("</entry"))


def _reference(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name:
        if name in _OF_XML:
            return found.group()
        characters = html5.get(f"{name};")
        return "".join(f"&#{ord(c)};" for c in characters) if characters else f"&amp;{name};"
    if hexadecimal or decimal:
        point = int(hexadecimal, 16) if hexadecimal else int(decimal)
        legal = point in {9, 10, 13} or 0x20 <= point <= 0x10FFFF
        return found.group() if legal and not _ILLEGAL.match(chr(point)) else ""
    return "&amp;"
