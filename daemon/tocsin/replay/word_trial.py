"""The trial of a word: the rules that name its list, with it and without it, over stored entries. Nothing else is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.config.library import kept_version
from tocsin.config.packs import Files
from tocsin.config.yaml.edit import NewWord
from tocsin.errors import Problem
from tocsin.model.entries import Entry
from tocsin.model.rules import Located
from tocsin.replay.playground import MOST, Headline, headline_of
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples
from tocsin.rules.lint.packs import lint
from tocsin.rules.overlay import lay_over
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.scope import Scopes, scope_of
from tocsin.rules.spec import ListSpec, Override, PackSpec, with_used

if TYPE_CHECKING:
    # The process that tries a word would import the whole configuration, which takes a third of its time.
    from tocsin.config.loading import LoadedRules


@dataclass(frozen=True, slots=True, kw_only=True)
class WordEdit:
    """A *word* to try: *rules* name its list, *packs* are the files of their packs, and *overrides* what changes these now."""

    word: NewWord
    rules: tuple[str, ...]
    packs: tuple[Files, ...]
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An entry that meets more or fewer *rules* with the word."""

    headline: Headline
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTried:
    """The findings about a word. *faults* are in words, *warnings* too; *entries* is the number of those that were tried.

    *counts* are the entries that some rule lost and gained, and those that a rule meets with and without the word; *lost* and
    *gained* are the newest of them. *now* and *then* are the rules that the entry that was asked for meets without and with it.
    """

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    entries: int = 0
    counts: tuple[int, int, int] = (0, 0, 0)
    lost: tuple[Moved, ...] = ()
    gained: tuple[Moved, ...] = ()
    now: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


def word_edit(word: NewWord, loaded: LoadedRules, overrides: Iterable[Override]) -> WordEdit:
    """Return the trial of *word*: by the rules in force that name its list, and with their packs, also those of rules that are off."""
    every = loaded.rules.every_news_rule.values()
    named = [one.info for one in every if f"{word.pack}/{word.name}" in one.lists]
    files = {info.position.file for info in named if info.position}
    return WordEdit(
        word=word,
        rules=tuple(info.id for info in named if info.id in loaded.rules.rules),
        packs=tuple(pack.files for pack in loaded.packs if files & {path for path, _ in pack.files}),
        overrides=tuple(one for one in overrides if one.lists or one.unless),
    )


def try_out(edit: WordEdit, entry: Entry | None, entries: Iterable[Entry]) -> WordTried:
    """Return how the rules of *edit* judge *entry* and *entries*, which come in the order in which they were first seen."""
    specs = [spec for files in edit.packs if (spec := kept_version(files).spec)]
    before, _ = lay_over(specs, edit.overrides)
    after, unknown = lay_over(before, [_override(edit.word)])
    old, _ = _compiled(before, edit.rules)
    new, found = _compiled(after, edit.rules)
    problems = [*unknown, *found]
    faults = [one.sentence for one in problems if not one.warning]
    if faults:
        return WordTried(faults=tuple(dict.fromkeys(faults)))
    broken = set(check_examples(new)) - set(check_examples(old))
    warned = {one.sentence: None for one in (*_of_list(after, edit.word, new), *broken)}
    tried = _compare(old, new, entries)
    met = [tuple(sorted(rules.met_by(entry, entry.first_seen))) if entry else () for rules in (old, new)]
    return replace(tried, warnings=tuple(warned), now=met[0], then=met[1])


def _override(word: NewWord) -> Override:
    terms = ((word.label, (_located(word.term),)),)
    return Override(rule=_located(word.pack), lists=(ListSpec(name=_located(word.name), groups=terms),))


def _located(text: str) -> Located:
    return Located(text=text, file="the new word", lines=((0, 1, 1),))


def _compiled(packs: Sequence[PackSpec], rules: Sequence[str]) -> tuple[RuleSet, Sequence[Problem]]:
    """Return those *rules* alone that are named, as they are compiled in their *packs*, and their problems."""
    scopes: Scopes = {}
    alone = []
    for pack in packs:
        chosen = tuple(rule for rule in pack.rules if f"{pack.id}/{rule.id.text}" in rules)
        one = replace(pack, rules=chosen)
        scopes[id(one)] = scope_of(pack, scopes)
        alone.append(one)
    return compile_packs(alone, others=None, scopes=scopes)


def _of_list(packs: Sequence[PackSpec], word: NewWord, rules: RuleSet) -> Iterable[Problem]:
    """Return the warnings about the list with the word that it would have because of the word."""
    pack = next(one for one in with_used(packs) if one.id == word.pack)
    bare = replace(pack, rules=(), expressions=(), used=(), lists=tuple(_named(pack, word.name)))
    return (one for one in lint([bare], rules) if one.position and one.position.file == "the new word")


def _named(pack: PackSpec, name: str) -> Iterable[ListSpec]:
    return (spec for spec in pack.lists if spec.name.text == name)


def _compare(old: RuleSet, new: RuleSet, entries: Iterable[Entry]) -> WordTried:
    lost: list[Moved] = []
    gained: list[Moved] = []
    both = count = 0
    for entry in entries:
        count += 1
        before, after = old.met_by(entry, entry.first_seen), new.met_by(entry, entry.first_seen)
        for found, rules in ((lost, before - after), (gained, after - before)):
            if rules:
                found.append(Moved(headline=headline_of(entry), rules=tuple(sorted(rules))))
        both += bool(before & after)
    return WordTried(
        entries=count,
        counts=(len(lost), len(gained), both),
        lost=tuple(reversed(lost[-MOST:])),
        gained=tuple(reversed(gained[-MOST:])),
    )
