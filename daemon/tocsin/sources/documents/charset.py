"""Decoding of documents: bytes to text, in the encoding that a document really has."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress

from tocsin.units import counted

#: Byte order marks. Those of UTF-32 come first, because one begins with a mark of UTF-16.
_MARKS = [("\ufeff".encode(name), name) for name in ("utf-32-le", "utf-32-be", "utf-8", "utf-16-le", "utf-16-be")]
#: `<?` without a mark: XML 1.0, appendix F.
_UNMARKED = (
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
)
#: Names that mean a superset in practice (WHATWG Encoding, 4.2).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
}
#: Names that Python does not know (WHATWG Encoding, 4.2).
_OTHER_NAMES = {
    **dict.fromkeys(("x-sjis", "windows-31j", "ms_kanji", "ms932"), "cp932"),
    **dict.fromkeys(("x-gbk", "csgb2312", "gb_2312", "gb_2312-80", "iso-ir-58"), "gb18030"),
    **dict.fromkeys(("x-euc-jp", "cseucpkdfmtjapanese"), "euc_jp"),
    **dict.fromkeys(("windows-949", "ksc_5601", "ks_c_5601-1989", "csksc56011987", "cseuckr", "iso-ir-149"), "cp949"),
    **dict.fromkeys(("cn-big5", "x-x-big5", "big5-eten"), "big5hkscs"),
    **dict.fromkeys(("windows-874", "dos-874"), "cp874"),
    **dict.fromkeys(("unicode-1-1-utf-8", "x-unicode20utf8"), "utf-8"),
    **{f"x-cp{page}": f"cp{page}" for page in range(1250, 1259)},
    **dict.fromkeys(("x-mac-roman", "csmacintosh"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    **dict.fromkeys(("koi", "koi8"), "koi8-r"),
    "koi8-ru": "koi8-u",
    "logical": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
}
#: Codecs for characters that browsers know but Python's codec lacks: Microsoft's in Big5, NEC's in EUC-JP, the euro.
_BEYOND = {"big5hkscs": "cp950", "euc_jp": "euc_jis_2004"}
_LOST = "\ufffd"
#: One broken character is allowed per this many non-ASCII characters. With more, the document is in another encoding.
_FEW = 4
_FOREIGN = re.compile(r"[^\x00-\x7f\ufffd]+")
#: Sites cut texts by bytes, which leaves half a character before the end of a CDATA section.
_TAKEN = re.compile(r"(?<!\])([^\x00-\x7f])\]>")
#: Python has more codecs than documents have encodings.
_ALLOWED = re.compile(
    r"utf-(?:8|16|32)|cp\d|iso8859|iso2022_(?:jp|kr)|gb|big5|euc_|shift_jis|koi8|mac-|tis-620|hz|johab"
)
_SINGLE_BYTE = re.compile(r"cp(?!932|949)|iso8859|koi8|mac-")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']", re.IGNORECASE)
_PARAMETER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """Return (text, note): the text of a document, and what was wrong with its encoding, in words.

    The candidates are, in this order: a byte order mark, the charset of *content_type*, the XML declaration, UTF-8,
    windows-1252. The first in which all bytes, or all but a few, are valid is used. Single-byte encodings accept anything,
    so UTF-8 is tried before them. Never raises: invalid bytes become U+FFFD.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            text = body[len(mark) :].decode(name, "replace")
            return text, _broken(text.count(_LOST), name)
    declared = [*_PARAMETER.findall(content_type)[:1], *(n.decode("ascii") for n in _DECLARED.findall(body[:1024])[:1])]
    names = [name for name in map(_known, declared) if name]
    names += [name for start, name in _UNMARKED if body.startswith(start)]
    candidates = [name for name in names if not _SINGLE_BYTE.match(name)]
    candidates += ["utf-8", *(name for name in names if name not in candidates)]
    for name in candidates:
        try:
            text = body.decode(name, _STRICT)
        except UnicodeError:
            continue
        text, cut = _closed(text, name)
        fitting = not names or name == names[0] or text.isascii()
        return text, _broken(cut, name) if fitting else f"declared as {names[0]}, read as {name}"
    return _mended(body, candidates)


def _mended(body: bytes, candidates: Sequence[str]) -> tuple[str, str]:
    """Return the text in the first of *candidates* with few broken places, or else in UTF-8 or windows-1252."""
    for name in candidates:
        text, _ = _closed(body.decode(name, _LENIENT), name)
        broken = text.count(_LOST)
        if _SINGLE_BYTE.match(name) or broken * _FEW <= _foreign(text):
            return text, _broken(broken, name)
    # UTF-8 if most of it is well-formed.
    text = body.decode("utf-8", "replace")
    broken = text.count(_LOST)
    if _foreign(text) >= broken:
        return text, _broken(broken, "utf-8")
    return body.decode("cp1252", "replace"), "not UTF-8, read as windows-1252"


def _foreign(text: str) -> int:
    """Return how many valid characters of *text* are not ASCII."""
    return sum(map(len, _FOREIGN.findall(text)))


def _closed(text: str, name: str) -> tuple[str, int]:
    """Return *text* and the number of repaired characters that had swallowed the first bracket of a `]]>`."""
    if _SINGLE_BYTE.match(name) or name.startswith("utf"):
        return text, 0
    mended = _TAKEN.sub(lambda hit: f"{_LOST}]]>" if hit[1].encode(name, "replace").endswith(b"]") else hit[0], text)
    return mended, len(mended) - len(text)


def _broken(places: int, name: str) -> str:
    return f"{counted(places, 'place')} {'are' if places > 1 else 'is'} not {name.upper()}" if places else ""


def _beyond(error: UnicodeError) -> tuple[str, int]:
    """Return the character that a browser reads where the codec fails (an error handler of `codecs`)."""
    assert isinstance(error, UnicodeDecodeError)
    other = _BEYOND.get(error.encoding, "")
    for end in (error.start + 2, error.start + 1) if other else ():
        with suppress(UnicodeDecodeError):
            return error.object[error.start : end].decode(other), end
    if error.encoding == "gb18030" and error.object[error.start] == 0x80:
        return "€", error.start + 1
    raise error


def _beyond_or_lost(error: UnicodeError) -> tuple[str, int]:
    try:
        return _beyond(error)
    except UnicodeDecodeError as lost:
        return _LOST, lost.start + 1


_STRICT, _LENIENT = "tocsin-strict", "tocsin-lenient"
codecs.register_error(_STRICT, _beyond)
codecs.register_error(_LENIENT, _beyond_or_lost)


def _known(name: str) -> str:
    """Return the codec for *name*. Empty if there is none for documents. UTF-16 is the variant without a mark."""
    try:
        codec = codecs.lookup(_OTHER_NAMES.get(name.lower(), name)).name
    except LookupError:
        return ""
    if not _ALLOWED.match(codec) or codec in {"utf-16", "utf-32"}:
        return ""
    return _MEANT.get(codec, codec)
