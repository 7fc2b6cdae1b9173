"""Repairs that make a nearly well-formed feed well-formed, and leave a well-formed one as it is."""

from __future__ import annotations

import re
from functools import partial
from html.entities import html5, name2codepoint

_OPEN, _CLOSE = "<![CDATA[", "]]>"
#: XML 1.0, production 2: what may not stand in a document.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,8}));|([A-Za-z][A-Za-z0-9]{0,31});)?")
#: An entity that a document declares itself and feedparser keeps: text without another entity in it.
_DECLARED = re.compile(r'<!ENTITY\s+(\w{1,64})\s+"(&#\w{1,10};|[^&"<]{0,1000})"')
_MOST_DECLARED = 50
#: Characters that these may become in all: a short name could stand for a long text a million times.
_LONGEST_DECLARED = 1_000_000
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
#: Tags that no entry needs: categories, and extensions but for the usual ones.
_NEEDLESS = re.compile(
    r"</?(?:category\b|(?!(?:a10|atom|content|dc|dcterms|feedburner|rdf|rss|xhtml):)[A-Za-z_][\w.-]*:)[^<>]*>"
)
# Not with the blanks before it: a document of nothing else would be looked through once from each.
_DECLARATION = re.compile(r"<\?xml\b[^>]{0,300}\?>\s*")
#: The last tag of a document that lacks nothing but its bracket.
_LAST_TAG = re.compile(r"(</(?:rss|feed|rdf:RDF))\s{0,100}\Z")
_TAIL = 120
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)


def repair(text: str) -> str:
    """*text* with a bare `&` escaped, HTML's entities as numbers, its last tag closed, and without what XML forbids.

    Entities that the document declares itself stay, as long as what they stand for is short.

    Sections of CDATA stay as they are, but for forbidden characters. What stands before the document goes, and so does
    its declaration: the caller encodes the text anew.
    """
    tail = text[-_TAIL:]
    closed = _LAST_TAG.sub(r"\1>", tail)
    text = text if closed == tail else text[:-_TAIL] + closed  # of ten megabytes no copy more than needed
    text = _DECLARATION.sub("", _ILLEGAL.sub("", text).lstrip("\ufeff"), count=1)
    start = text.find("<")
    text = text[start:] if start > 0 else text
    escape = partial(_reference, declared=_declared(text))
    parts: list[str] = []
    position = 0
    while (opened := text.find(_OPEN, position)) >= 0:
        ended = text.find(_CLOSE, opened)
        end = len(text) if ended < 0 else ended + len(_CLOSE)
        parts += (_AMPERSAND.sub(escape, text[position:opened]), text[opened:end])
        position = end
    parts.append(_AMPERSAND.sub(escape, text[position:]))
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


def _declared(text: str) -> frozenset[str]:
    """The entities that the document declares itself and that may be put in."""
    if "<!ENTITY" not in text[:10_000]:
        return frozenset()
    found = dict(_DECLARED.findall(text[:100_000])[:_MOST_DECLARED])
    size = sum(text.count(f"&{name};") * len(value) for name, value in found.items())
    return frozenset(found) if size <= _LONGEST_DECLARED else frozenset()


def _reference(found: re.Match[str], *, declared: frozenset[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name:
        if name in _OF_XML or name in declared:
            return found.group()
        if name in name2codepoint:  # where HTML 4 and 5 differ, feeds mean what feedparser does
            return f"&#{name2codepoint[name]};"
        characters = html5.get(f"{name};")
        return "".join(f"&#{ord(c)};" for c in characters) if characters else f"&amp;{name};"
    if hexadecimal or decimal:
        point = int(hexadecimal, 16) if hexadecimal else int(decimal)
        legal = point in {9, 10, 13} or 0x20 <= point <= 0x10FFFF
        return found.group() if legal and not _ILLEGAL.match(chr(point)) else ""
    return "&amp;"
