"""Warnings about the terms of lists, and about a term wherever it is written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.errors import Problem
from tocsin.model.rules import Located
from tocsin.rules.news.coverage import takes
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.rarity import COMMON
from tocsin.rules.news.terms import Term, TermError, compile_term
from tocsin.rules.spec import ListSpec

#: Capitals of this length are a word that is shouted, not an acronym.
_SHOUTED = 6
#: Escapes, classes and group names of a regular expression: capitals in them are not letters to find.
_NO_LETTER = re.compile(r"\\[pP]\{\w*\}|\\[pP]\w|\\x\{?\w+\}?|\\.|\[\[:\^?\w+:\]|\(\?P<\w+>")
_IGNORES_CASE = re.compile(r"\(\?[a-zA-Z]*i")


def lint_list(spec: ListSpec) -> Iterator[Problem]:
    """Yield the terms that are too common, written twice, or taken out by the list itself."""
    excluded: list[tuple[Located, Term]] = []
    kept: list[tuple[Located, Term, str]] = []
    for value, texts in spec.groups:
        for text in texts:
            try:
                term = compile_term(text.text.removeprefix("-").strip())
            except TermError:
                continue  # a fault, which the compiler reports
            if text.text.startswith("-"):
                excluded.append((text, term))
            else:
                kept.append((text, term, value))
    seen: dict[tuple[object, ...], Located] = {}
    minus = TermList("", tuple((term, "") for _, term in excluded))
    for text, term, value in kept:
        yield from lint_term(text, term, 0)
        if takes(minus, term):
            killer = next(less for less, other in excluded if takes(TermList("", ((other, ""),)), term))
            yield text.warning(f"{text.text} never matches: {killer.text} of the same list takes it out")
        key = (value, term.words, term.cased, term.text if term.pattern is not None else "")
        first = seen.setdefault(key, text)
        if first is not text:
            yield text.warning(f"{text.text} finds nothing that {first.text}, line {first.at().line}, does not")


def lint_term(place: Located, term: Term, offset: int) -> Iterator[Problem]:
    """Warn of a term that is one letter, is everywhere, is shouted, or can find nothing."""
    length = len(term.text)
    written = " ".join(term.cased)
    if words := _capital(term.text):
        yield place.warning(words, offset, length)
    if len(term.words) == 1 and term.pattern is None:
        (word,) = term.words
        bare = term.text.strip("=~*")
        if len(bare) == 1 and bare.isascii() and bare.isalpha():
            yield place.warning(f"{bare} is one letter: it matches initials and list marks", offset, length)
        elif bare.casefold() in COMMON and term.text[0] != "=" and term.text[-1] != "~":
            words = (
                f"{bare} is in nearly every text and narrows nothing; write ={bare} if it is meant beside another word"
            )
            yield place.warning(words, offset, length)
        elif "us" in word.forms and not term.cased:
            yield place.warning("us is a pronoun too: write =US for the country", offset, length)
    if written.isupper() and written.isascii() and any(len(word) >= _SHOUTED for word in term.cased):
        words = f"={written} is found only in capitals; without = it is found in any case"
        yield place.warning(words, offset, length)


def _capital(text: str) -> str:
    """Return a sentence on why the regular expression *text* can find nothing; empty if it can."""
    body = text[4:-1]
    if not text.startswith("re:/") or _IGNORES_CASE.search(body):
        return ""
    if not any(c.isupper() for c in _NO_LETTER.sub("", body)):
        return ""
    return f"{text} has a capital, and the text it looks at has none: write it in small letters"
