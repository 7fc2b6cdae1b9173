"""Packs that use the lists and expressions of others: one unit of text, of checks and of what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.changes import Watched
from tocsin.config.loading import LoadedRules, load_rules
from tocsin.config.shipped import SHIPPED
from tocsin.errors import ConfigError

WORDS = """\
tocsin: 1
pack: {id: words, library: true}
lists:
  place: {china: [China], japan: [Japan]}
  not: [never]
  spare: [unused]
expressions:
  curb: {match: ban~ NOT NEAR/3 $not, fires: [A ban], quiet: [Never a ban]}
"""
METALS = """\
tocsin: 1
pack: {id: metals, use: [words]}
lists:
  not: [hardly]
rules:
  - id: curb
    title: "{place}: curb"
    news: {match: $words/place NEAR/5 (@words/curb NOT NEAR/3 $not)}
    key: [place]
    fires: [China bans tin]
    quiet: [China never bans tin, China hardly bans tin]
"""


def write(folder: Path, text: str) -> Path:
    """A pack of one file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(text, encoding="utf-8")
    return folder


def faults(*folders: Path) -> list[str]:
    """What is wrong with packs, without the lines that are shown and the folder of the files."""
    with pytest.raises(ConfigError) as caught:
        load_rules(folders)
    return [str(problem).split("\n")[0] for problem in caught.value.problems if not problem.warning]


def labels(loaded: LoadedRules) -> frozenset[str]:
    """The rules that are in force."""
    return frozenset(loaded.rules.rules)


def test_a_pack_names_lists_and_expressions_of_another_in_full(tmp_path: Path) -> None:
    """What a name means is told by where it is written: `$not` within @words/curb is that of words."""
    write(tmp_path / "words", WORDS)
    loaded = load_rules([write(tmp_path / "metals", METALS)])
    assert labels(loaded) == {"metals/curb"}
    assert loaded.warnings == ()
    assert loaded.folders == (tmp_path / "metals", tmp_path / "words")


def test_a_used_pack_is_looked_for_in_the_rules_then_beside_then_among_the_shipped(tmp_path: Path) -> None:
    """An operator's own version goes before the shipped one."""
    metals = write(tmp_path / "metals", METALS.replace("@words/curb", "@words/taken-back").replace("bans", "lifts"))
    shipped = load_rules([write(tmp_path / "shipped", SHIPPED_USER)])
    assert shipped.folders[1] == SHIPPED / "words"
    write(tmp_path / "words", WORDS.replace("curb:", "taken-back:").replace("ban", "lift"))
    assert load_rules([metals]).folders[1] == tmp_path / "words"
    own = write(tmp_path / "deep" / "own", WORDS.replace("curb:", "taken-back:").replace("ban", "lift"))
    assert load_rules([metals, own]).folders == (metals, own)


SHIPPED_USER = """\
tocsin: 1
pack: {id: user, use: words}
rules:
  - {id: r, news: {match: "@words/taken-back"}, fires: [Japan lifts limits], quiet: [Japan]}
"""

FAULTS = {
    "nowhere": ("use: [words, wrods]", "", "there is no pack wrods: neither among those of rules, nor in"),
    "not used": ("", "", "this pack does not use words: write use: [words] beside its id"),
    "nearly": ("use: [words]", "@wrods/curb", "this pack does not use wrods; did you mean words?"),
    "unknown list": ("use: [words]", "$words/plaice", "unknown list $words/plaice; did you mean $words/place?"),
    "unknown expression": ("use: [words]", "@words/crub", "unknown expression @words/crub; did you mean @words/curb?"),
    "an expression with the sign of a list": (
        "use: [words]",
        "$words/curb",
        "curb is an expression: write @words/curb",
    ),
    "itself": ("use: [metals]", "", "the pack metals is used by itself: metals uses metals"),
}


@pytest.mark.parametrize(("use", "name", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_use_names_its_remedy(tmp_path: Path, use: str, name: str, words: str) -> None:
    """Whoever takes words from elsewhere is told where they are looked for."""
    write(tmp_path / "words", WORDS)
    text = METALS.replace("use: [words]", use).replace("@words/curb", name or "@words/curb")
    found = faults(write(tmp_path / "metals", text))
    assert any(words in fault for fault in found), found


def test_packs_do_not_use_each_other_in_a_circle(tmp_path: Path) -> None:
    """It is told once, with the whole circle."""
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        write(tmp_path / name, f"tocsin: 1\npack: {{id: {name}, use: {other}}}\n")
    (fault,) = faults(tmp_path / "one")
    assert "three/pack.yaml:2:" in fault
    assert "the pack one is used by itself: one uses two, two uses three, three uses one" in fault


def test_what_a_used_pack_uses_does_not_come_along(tmp_path: Path) -> None:
    """Each file says where its words are from."""
    write(tmp_path / "words", WORDS)
    write(tmp_path / "mid", "tocsin: 1\npack: {id: mid, use: words}\nexpressions:\n  x: |\n    @words/curb\n")
    text = "tocsin: 1\npack: {id: top, use: mid}\nrules:\n  - {id: r, news: {match: '@mid/x OR @words/curb'}}\n"
    (fault,) = faults(write(tmp_path / "top", text))
    assert "this pack does not use words" in fault
    assert labels(load_rules([write(tmp_path / "top", text.replace(" OR @words/curb", ""))])) == {"top/r"}


def test_a_folder_that_holds_another_pack_is_not_taken_for_it(tmp_path: Path) -> None:
    """A copy under another name is a mistake of copying."""
    write(tmp_path / "words", WORDS.replace("id: words", "id: nouns"))
    (fault,) = faults(write(tmp_path / "metals", METALS))
    assert "words holds the pack nouns, and not words" in fault


def test_a_library_has_no_rules_and_may_have_unused_lists(tmp_path: Path) -> None:
    """A warning about each word that nobody needs yet would hide the others."""
    assert load_rules([write(tmp_path / "words", WORDS)]).warnings == ()
    unused = load_rules([write(tmp_path / "words", WORDS.replace(", library: true", ""))]).warnings
    assert [item.message for item in unused] == [
        "no rule uses the list $place",
        "no rule uses the list $spare",
        "no rule uses the expression @curb",
    ]
    (fault,) = faults(write(tmp_path / "words", f"{WORDS}rules:\n  - {{id: r, news: {{match: x}}}}\n"))
    assert "words is a library, which has no rules" in fault


def test_the_fault_of_a_used_pack_is_told_once_with_all_that_use_it(tmp_path: Path) -> None:
    """Two packs and the library itself are read; the message is one."""
    words = write(tmp_path / "words", WORDS.replace("ban~ NOT", "$metals OR ban~ NOT"))
    metals = write(tmp_path / "metals", METALS)
    other = write(tmp_path / "other", METALS.replace("id: metals", "id: other"))
    (fault,) = faults(words, metals, other)
    assert "words/pack.yaml:8:17: unknown list $metals; used at " in fault
    assert "/metals/pack.yaml:8, " in fault
    assert fault.endswith("/other/pack.yaml:8")


def test_a_failed_example_of_a_used_pack_is_a_fault_of_its_users(tmp_path: Path) -> None:
    """A frame that does not do what it says must not come into force through a back door."""
    write(tmp_path / "words", WORDS.replace("[A ban]", "[A curb]"))
    (fault,) = faults(write(tmp_path / "metals", METALS))
    assert "this should fire @words/curb, but does not" in fault


def test_a_pack_and_what_it_uses_run_from_their_last_good_version_together(tmp_path: Path) -> None:
    """The old rules never meet the new words, nor the new rules the old ones."""
    words, metals = write(tmp_path / "words", WORDS), write(tmp_path / "metals", METALS)
    good = load_rules([metals]).packs[0]
    kept = {good.folder: good.files}.get
    write(words, WORDS.replace("[A ban]", "[A curb]"))
    loaded = load_rules([metals], kept)
    (pack,) = loaded.packs
    assert (pack.kept_back, pack.hash, pack.files) == (True, good.hash, good.files)
    assert "this should fire @words/curb" in pack.words
    assert labels(loaded) == {"metals/curb"}
    # A pack beside it goes on with what is new and good.
    write(words, WORDS.replace("ban~", "(ban~ OR quota)"))
    write(metals, METALS.replace("@words/curb", "@words/gone"))
    other = write(tmp_path / "other", METALS.replace("id: metals", "id: other"))
    loaded = load_rules([metals, other], kept)
    assert [pack.kept_back for pack in loaded.packs] == [True, False]
    hashes = {name: info.hash for name, info in loaded.rules.infos.items()}
    assert labels(loaded) == {"metals/curb", "other/curb"}
    assert hashes["metals/curb"] != hashes["other/curb"]


def test_the_hash_of_a_rule_changes_with_the_words_of_a_used_pack(tmp_path: Path) -> None:
    """What could not be evaluated is tried again."""
    words, metals = write(tmp_path / "words", WORDS), write(tmp_path / "metals", METALS)
    before, version = load_rules([metals]).rules.hash, load_rules([metals]).packs[0].hash
    write(words, WORDS.replace("japan: [Japan]", "japan: [Japan, Tokyo]"))
    after = load_rules([metals])
    assert after.rules.hash != before
    assert after.packs[0].hash != version


def test_a_list_of_the_same_name_in_two_packs_gives_no_label_of_both(tmp_path: Path) -> None:
    """Nobody could tell which country is meant; renamed by an expression, the two are told apart."""
    write(tmp_path / "words", WORDS)
    text = """\
tocsin: 1
pack: {id: metals, use: words}
lists:
  place: {china: [Beijing]}
rules:
  - {id: r, news: {match: $place NEAR/3 $words/place}, key: [place], fires: [Beijing in China], quiet: [x]}
"""
    (fault,) = faults(write(tmp_path / "metals", text))
    assert "$metals/place and $words/place both give the label place" in fault
    renamed = text.replace("rules:", "expressions:\n  host: {match: $words/place, labels: {host: place}}\nrules:")
    renamed = renamed.replace("NEAR/3 $words/place}", "NEAR/3 @host}").replace("[place], fires", "[place, host], fires")
    assert labels(load_rules([write(tmp_path / "metals", renamed)])) == {"metals/r"}


def test_the_shipped_words_are_good() -> None:
    """Every pack stands on them."""
    assert load_rules([SHIPPED / "words"]).warnings == ()


def test_a_change_of_a_used_pack_is_noticed(tmp_path: Path) -> None:
    """The daemon reloads when a library changes, though nobody names it under `rules:`."""
    words, metals = write(tmp_path / "words", WORDS), write(tmp_path / "metals", METALS)
    watched = Watched(tmp_path / "config.yaml", load_rules([metals]).folders)
    write(words, f"{WORDS}# changed\n")
    assert [watched.settled() for _ in range(2)] == [False, True]
