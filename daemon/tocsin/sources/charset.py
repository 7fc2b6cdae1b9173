"""Bytes to text: which encoding a document is in, whatever is said of it."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: `<?` without a mark: XML 1.0, appendix F.
_UNMARKED = (
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
)
#: Names under which a superset is meant in practice (WHATWG Encoding, 4.2).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
#: Names of which Python has never heard.
_OTHER_NAMES = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "windows-949": "cp949",
}
#: Python knows more codecs than there are encodings of documents.
_ALLOWED = re.compile(
    r"utf-(?:8|16|32)|cp\d|iso8859|iso2022_(?:jp|kr)|gb|big5|euc_|shift_jis|koi8|mac-|tis-620|hz|johab"
)
_SINGLE_BYTE = re.compile(r"cp(?!932|949|950)|iso8859|koi8|mac-|tis-620")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']", re.IGNORECASE)
_PARAMETER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """(text, note): the text of a document, and in words what was wrong with its encoding.

    Believed are, in this order: a byte order mark, the charset of *content_type*, the XML declaration, UTF-8,
    windows-1252; and of these only one in which the bytes make sense. An encoding of single bytes makes sense of
    anything, so UTF-8 is tried before one. Never raises: what cannot be read becomes U+FFFD.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), ""
    declared = [*_PARAMETER.findall(content_type)[:1], *(n.decode("ascii") for n in _DECLARED.findall(body[:1024])[:1])]
    names = [name for name in map(_known, declared) if name]
    names += [name for start, name in _UNMARKED if body.startswith(start)]
    candidates = [name for name in names if not _SINGLE_BYTE.match(name)]
    candidates += ["utf-8", *(name for name in names if name not in candidates)]
    for name in candidates:
        try:
            text = body.decode(name)
        except UnicodeError:
            continue
        fitting = not names or name == names[0] or text.isascii()
        return text, "" if fitting else f"declared as {names[0]}, read as {name}"
    return _guess(body)


def _known(name: str) -> str:
    """The codec that is meant by *name*; empty when there is none for documents. UTF-16 without a mark is unmarked."""
    try:
        codec = codecs.lookup(_OTHER_NAMES.get(name.lower(), name)).name
    except LookupError:
        return ""
    if not _ALLOWED.match(codec) or codec in {"utf-16", "utf-32"}:
        return ""
    return _MEANT.get(codec, codec)


def _guess(body: bytes) -> tuple[str, str]:
    """UTF-8 with a few broken places when most of it is well formed, else windows-1252."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = sum(len(run) for run in re.findall(r"[^\x00-\x7f\ufffd]+", text))
    if foreign >= broken:
        return text, f"{broken} places are not UTF-8"
    return body.decode("cp1252", "replace"), "not UTF-8, read as windows-1252"
