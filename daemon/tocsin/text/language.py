"""The language of a headline, from its script or else from its feed.

Feeds often state the language of their software. The script therefore wins if the stated language is not written in it.
"""

from __future__ import annotations

import re
from collections import Counter

#: The unit to count in each script: a word or, in scripts without blanks, a character. The key is the default language.
_SCRIPTS = {
    "zh": "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]",
    "ja": "[\u3041-\u30ff\uff66-\uff9f]",
    "ko": "[\u1100-\u11ff\uac00-\ud7af]",
    "ru": "[\u0400-\u052f]+",
    "el": "[\u0370-\u03ff]+",
    "he": "[\u0590-\u05ff]+",
    "ar": "[\u0600-\u06ff]+",
    "hi": "[\u0900-\u097f]+",
    "th": "[\u0e00-\u0e7f]+",
}
_UNIT = re.compile("|".join(f"(?P<{name}>{unit})" for name, unit in _SCRIPTS.items()) + "|(?P<latin>[A-Za-zÀ-ɏ]+)")
#: Other languages in the script of the key.
_SISTERS = {
    "zh": "ja",
    "ru": "be bg kk ky mk mn sr tg uk",
    "ar": "fa ps ur",
    "hi": "mr ne",
}
_WRITTEN_IN = {name: frozenset([name, *_SISTERS.get(name, "").split()]) for name in _SCRIPTS}
_NOT_LATIN = frozenset().union(*_WRITTEN_IN.values())
#: Codes of countries that are mistaken for codes of languages, with the language of the country.
COUNTRIES = {"cn": "zh", "jp": "ja", "kr": "ko", "ua": "uk", "cz": "cs", "dk": "da", "gr": "el"}
#: Their English names, for people.
_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "kk": "Kazakh", "ko": "Korean",
    "mn": "Mongolian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
#: Characters of a title that are looked at.
_LONGEST = 300


def language(title: str, stated: str = "") -> str:
    """Return the language of a title as two letters, such as `zh`; empty for Latin script of an unknown language.

    *stated* is the language that its feed states (BCP 47). It counts if it has two letters (`fil` is not `fi`) and is written in
    the script of the title.
    """
    primary = stated.partition("-")[0].lower()
    named = primary if len(primary) == 2 else ""
    found = Counter(unit.lastgroup for unit in _UNIT.finditer(title[:_LONGEST]))
    if found["ja"]:
        found["ja"] += found.pop("zh", 0)
    if not found:
        return named
    script = max(found, key=lambda name: (found[name], name != "latin"))
    if script in _WRITTEN_IN:
        return named if named in _WRITTEN_IN[script] else script
    return "" if named in _NOT_LATIN else named


def in_english(code: str) -> str:
    """Return the English name of a language, or else its code."""
    return _NAMES.get(code, code)


def differ(one: str, other: str) -> bool:
    """Return whether two languages, as `language` returns them, are known to be different."""
    return one != other and (bool(one and other) or (one or other) in _NOT_LATIN)
