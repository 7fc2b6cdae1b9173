"""A word of a list is tried by every rule that is made of it, whatever pack it is in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.config.yaml.edit import NewWord
from tocsin.model.entries import Entry
from tocsin.model.rules import Located
from tocsin.replay.word_trial import WordEdit, WordTried, try_out
from tocsin.rules.spec import ListSpec, Override

LIBRARY = """\
tocsin: 1
pack: {id: words, library: true}
lists: {curb: [ban~, -ban list], undo: [lift~]}
expressions: {curbed: $curb NEAR/3 (export OR import)}
"""
USER = """\
tocsin: 1
pack: {{id: {0}, use: [words]}}
lists: {{mineral: {{gallium: [gallium]}}}}
rules:
  - id: curb
    news: {{match: $mineral SENT @words/curbed, unless: $words/undo}}
    fires: [China bans gallium exports]
    quiet: [China chokes gallium exports]
  - id: other
    news: {{match: gallium price}}
"""
PACKS = tuple(((f"{name}/p.yaml", USER.format(name)), ("words/p.yaml", LIBRARY)) for name in ("metals", "trade"))
RULES = ("metals/curb", "trade/curb")
HEADLINES = (
    "China chokes gallium exports",
    "China bans gallium exports",
    "China lifts bans on gallium exports",
    "Rain",
)


def entry(title: str) -> Entry:
    """An entry with this headline."""
    return Entry(source="wire", id=title, keys=(), title=title, first_seen=datetime(2026, 3, 2, tzinfo=UTC))


def tried(term: str, name: str = "curb", *, about: str = HEADLINES[0], **fields: Any) -> WordTried:
    """Try *term* in a list of the library."""
    word = NewWord(pack="words", name=name, label="", term=term)
    edit = WordEdit(word=word, rules=RULES, packs=PACKS, **fields)
    return try_out(edit, entry(about), map(entry, HEADLINES))


def located(text: str) -> Located:
    """A text of the configuration."""
    return Located(text=text, file="c.yaml", lines=((0, 1, 1),))


def test_every_rule_that_is_made_of_the_list_is_tried() -> None:
    """Also by way of a named expression, and where the list takes away; what the packs promise of themselves is kept."""
    found = tried("choke~")
    assert found.counts == (0, 1, 1)
    assert [(one.headline.title, one.rules) for one in found.gained] == [(HEADLINES[0], RULES)]
    assert (found.now, found.then) == ((), RULES)
    assert [words for words in found.warnings if "should not fire metals/curb, but does" in words]
    undone = tried("bans", "undo", about=HEADLINES[1])
    assert undone.counts == (1, 0, 0)
    assert (undone.now, undone.then) == (RULES, ())


def test_it_is_tried_beside_what_the_configuration_changes_already() -> None:
    """A word that an override has finds nothing new, and what an override cancels stays cancelled."""
    lists = (ListSpec(name=located("curb"), groups=(("", (located("choke~"),)),)),)
    there = Override(rule=located("words"), lists=lists)
    cancels = Override(rule=located("metals/curb"), unless=located("title(chokes)"))
    assert tried("throttle~", overrides=(there,)).now == RULES
    assert tried("choke~", overrides=(cancels,)).then == ("trade/curb",)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        (NewWord(pack="words", name="crub", label="", term="x"), "has no list crub; did you mean curb?"),
        (NewWord(pack="words", name="curb", label="a", term="x"), "without labels"),
        (NewWord(pack="none", name="curb", label="", term="x"), "there is no pack none"),
        (NewWord(pack="words", name="curb", label="", term="/(/"), "/(/"),
    ],
)
def test_a_word_with_a_fault_is_not_tried(word: NewWord, words: str) -> None:
    """The fault is what the reload would say."""
    found = try_out(WordEdit(word=word, rules=RULES, packs=PACKS), None, ())
    assert words in found.faults[0]
    assert not found.entries
