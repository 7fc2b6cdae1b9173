"""New words of lists: which list is meant, and whether it can have the word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from tocsin.config.yaml.edit import NewWord
from tocsin.errors import UsageError, meant
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.terms import TermError, compile_term
from tocsin.units import invisible

#: Characters of a word.
LONGEST = 200


def checked_word(lists: Mapping[str, TermList], into: str, word: str) -> NewWord:
    """Return *word* for the list *into* among *lists*: `pack/list`, or `pack/list/label` where the list has labels.

    Raises:
        UsageError: there is no such list, or it is no word for it.
    """
    if into not in (known := set(list_names(lists))):
        raise UsageError(f"there is no list {into[:LONGEST]}{meant(into, known)}" if into else "choose a list")
    pack, name, label = (*into.split("/", 2), "")[:3]
    word = "".join(" " if unicodedata.category(c) == "Zs" else c for c in word).strip()  # as copied from a page
    if not word or len(word) > LONGEST:
        raise UsageError(f"write a word or a few, at most {LONGEST} characters")
    if unseen := invisible(word):
        raise UsageError(f"the word holds the invisible character {unseen}; type it again")
    if word in words_of(lists[f"{pack}/{name}"], label):
        raise UsageError(f"the list has {word} already")
    try:
        compile_term(word.removeprefix("-").strip())
    except TermError as error:
        raise UsageError(f"{word}: {error}") from None
    return NewWord(pack=pack, name=name, label=label, term=word)


def list_names(lists: Mapping[str, TermList]) -> Iterator[str]:
    """Yield what may be written to mean one of *lists*: its name in full, with each label if it has any."""
    for name, terms in lists.items():
        yield from (f"{name}/{label}" for label in sorted(terms.labels)) if terms.labelled else (name,)


def words_of(terms: TermList, label: str) -> tuple[str, ...]:
    """Return the words of a list, those below *label* if that is not empty, and what is left out of it."""
    kept = [term.text for term, of in terms.members if of == label]
    return (*kept, *(f"-{term.text}" for term in terms.excluded))
