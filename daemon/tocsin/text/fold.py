"""Folding: the one form in which words are compared.

NFKC, casefold, curly quotes to straight ones, soft hyphens and zero-width characters out, traditional Han to simplified
(unless the text has kana or says that it is Japanese).
"""

from __future__ import annotations

import re
import unicodedata

from tocsin.text.han import SIMPLIFIED

_QUOTES = {ord(c): "'" for c in "\u2018\u2019\u201a\u201b\u02bc\u2032\uff07"} | {
    ord(c): '"' for c in "\u201c\u201d\u201e\u201f\u2033"
}
_GONE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None)
_REPAIR = {**_QUOTES, **_GONE}
_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9f]")


def repair(text: str) -> str:
    """NFKC with straight quotes and without soft hyphens and zero-width characters; case is kept."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_REPAIR)).translate(_REPAIR)


def fold(text: str, *, japanese: bool = False) -> str:
    """*text* as words are compared.

    NFKC and casefolding do not commute, so the text is normalised on both sides (Unicode, section 3.13, D146).
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", repair(text).casefold())
    return folded if japanese else folded.translate(SIMPLIFIED)


def is_japanese(text: str, language: str = "") -> bool:
    """Whether Han in *text* is Japanese: it has kana, or *language* (BCP 47) says so."""
    return language[:2] == "ja" or _KANA.search(text) is not None
