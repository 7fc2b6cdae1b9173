"""Preparation of XML for its parser: nearly well-formed documents are repaired, and costly ones are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from html.entities import html5, name2codepoint
from xml.parsers import expat

from tocsin.errors import Fault, SourceError

_OPEN, _CLOSE = "<![CDATA[", "]]>"
#: Characters that XML 1.0 forbids (production 2).
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,8}));|([A-Za-z][A-Za-z0-9]{0,31});)?")
#: An entity declared in the document that is expanded: text without another entity in it.
_DECLARED = re.compile(
    r"""<!ENTITY\s{1,9}(\w{1,64})\s{1,9}(?:"(&\#\w{1,10};|[^&"<]{0,1000})"|'(&\#\w{1,10};|[^&'<]{0,1000})')"""
)
_MOST_DECLARED = 50
#: Characters in which declarations are searched.
_LONGEST_DECLARATION = 100_000
#: Most characters of all expanded entities. Otherwise a short name could stand for a long text a million times.
_LONGEST_DECLARED = 1_000_000
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
#: Tags that no entry needs: categories, and all but the usual extensions.
_NEEDLESS = re.compile(
    r"</?(?:category\b|(?!(?:a10|atom|content|dc|dcterms|feedburner|rdf|rss|xhtml):)[A-Za-z_][\w.-]*:)[^<>]*>"
)
#: Constructs that may come before the root, with their beginning and end.
_BEFORE_ROOT = (("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"))
_ROOT = re.compile(r"<[A-Za-z_]")
_SUBSET_END = re.compile(r"\]\s{0,100}>")
#: The last tag of a document in which only the final bracket is missing.
_LAST_TAG = re.compile(r"(</(?:rss|feed|rdf:RDF))\s{0,100}\Z")
_TAIL = 120
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
#: A tag costs the parser up to 30 microseconds. 10,000 entries have about 120,000 tags.
MOST_TAGS = 400_000
#: The standard library compares every pair of attributes of a tag.
MOST_ATTRIBUTES = 500
#: The parser keeps the whole path.
DEEPEST = 5000
#: A document with fewer bytes cannot take longer than some tenths of a second.
HARMLESS = 32 * 1024


def repair(text: str) -> str:
    """Return *text* with bare `&` escaped, HTML entities as numbers and its last tag closed, without forbidden characters.

    Entities that the document declares are expanded if their text is short.

    CDATA sections stay, except for forbidden characters. Everything before the root is removed: the caller encodes the
    text again, and feedparser scans declarations, comments and white space once from each of their lines.
    """
    tail = text[-_TAIL:]
    closed = _LAST_TAG.sub(r"\1>", tail)
    text = text if closed == tail else text[:-_TAIL] + closed  # avoids another copy of ten megabytes
    text = _ILLEGAL.sub("", text)
    root = _root(text)
    declared = _declared(text[:root], text)
    text = text[root:]
    escape = partial(_reference, declared=declared)
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
    """Return *text* without tags that entries do not need, for a document that the parser cannot read as it is."""
    text = _NEEDLESS.sub("", text)
    return text[_root(text) :]


def is_cut_off(text: str) -> bool:
    """Return whether the document breaks off before the end of its root."""
    return not _END.search(text[-2000:])


def ends_inside_entry(text: str) -> bool:
    """Return whether the document ends inside an entry."""
    return max(text.rfind("<item"), text.rfind("<entry")) > max(text.rfind("</item"), text.rfind("</entry"))


def _root(text: str) -> int:
    """Return the offset of the root of the document. Its end if there is none."""
    at = 0
    while (at := text.find("<", at)) >= 0 and not _ROOT.match(text, at):
        ends = next((end for start, end in _BEFORE_ROOT if text.startswith(start, at)), "")
        if ends:
            closed = text.find(ends, at + 2)
            at = closed + len(ends) if closed >= 0 else len(text)
        elif text[at : at + 9].upper() == "<!DOCTYPE":
            at = _doctype_end(text, at)
        else:
            at += 1
    return at if at >= 0 else len(text)


def _doctype_end(text: str, at: int) -> int:
    """Return the end of the document type declaration that begins at *at*, including its internal subset."""
    closed = text.find(">", at)
    subset = text.find("[", at, max(at, closed))
    if subset < 0:
        return closed + 1 if closed >= 0 else len(text)
    end = _SUBSET_END.search(text, subset)
    return end.end() if end else len(text)


def _declared(prolog: str, text: str) -> Mapping[str, str]:
    """Return the escaped entities that the *prolog* declares and that may be expanded in *text*."""
    if "<!ENTITY" not in prolog:
        return {}
    declarations = _DECLARED.findall(prolog[:_LONGEST_DECLARATION])[:_MOST_DECLARED]
    found = {name: _escaped(double or single) for name, double, single in declarations}
    size = sum(text.count(f"&{name};") * len(value) for name, value in found.items())
    return found if size <= _LONGEST_DECLARED else {}


def _escaped(value: str) -> str:
    """Return *value* escaped for any text and any attribute."""
    if value.startswith("&"):
        return _AMPERSAND.sub(partial(_reference, declared={}), value)
    return value.replace("'", "&#39;").replace('"', "&#34;").replace(">", "&#62;")


def _reference(found: re.Match[str], *, declared: Mapping[str, str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name:
        if name in _OF_XML:
            return found.group()
        if name in declared:
            return declared[name]
        if name in name2codepoint:  # if HTML 4 and 5 differ, feeds follow feedparser
            return f"&#{name2codepoint[name]};"
        characters = html5.get(f"{name};")
        return "".join(f"&#{ord(c)};" for c in characters) if characters else f"&amp;{name};"
    if hexadecimal or decimal:
        point = int(hexadecimal, 16) if hexadecimal else int(decimal)
        legal = point in {9, 10, 13} or 0x20 <= point <= 0x10FFFF
        return found.group() if legal and not _ILLEGAL.match(chr(point)) else ""
    return "&amp;"


def check_cost(document: bytes) -> None:
    """Refuse *document* (UTF-8, from its root on) if parsing it would cost too much.

    It is linear and far cheaper than parsing. A document is checked up to the first place where it is not well-formed,
    because after that the parser keeps neither paths nor pairs.

    Raises:
        SourceError: NOT_A_FEED.
    """
    if len(document) < HARMLESS:
        return
    if document.count(b"<") > MOST_TAGS:
        raise _refused(f"more than {MOST_TAGS} tags")
    depth = 0

    def start(_: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if len(attributes) > 2 * MOST_ATTRIBUTES:  # names and values
            raise _refused(f"a tag with more than {MOST_ATTRIBUTES} attributes")
        if depth > DEEPEST:
            raise _refused(f"tags more than {DEEPEST} levels deep")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return


def _refused(words: str) -> SourceError:
    return SourceError(f"refused for {words}", fault=Fault.NOT_A_FEED)
