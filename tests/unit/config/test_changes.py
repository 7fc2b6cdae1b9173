"""What a reload takes over: files that came to rest, nothing that needs a restart, and nothing lost in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tocsin.config.changes import Watched, gone, needs_restart
from tocsin.config.config import Config, load_config
from tocsin.config.loading import load_rules
from tocsin.rules.ruleset import RuleSet

BEFORE = """\
rules: [packs/one]
database: sqlite:///a.db
sources:
  a: {feed: "https://a.example/feed", labels: {tier: trade}}
  b: {feed: "https://b.example/feed"}
receivers: {here: {console: true}, mail: {url: "mailto://u:p@example.org"}}
routes:
  - {severity: ">= high", to: [here, mail]}
  - {labels: {mineral: lithium}, to: [mail]}
overrides: {r: {severity: low}}
"""
PACK = "tocsin: 1\npack: {id: one, version: 1.0.0}\nrules: [{id: r, news: {match: gallium}}]\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration with a pack and a preset."""
    (tmp_path / "packs" / "one").mkdir(parents=True)
    (tmp_path / "packs" / "presets").mkdir()
    (tmp_path / "packs" / "one" / "pack.yaml").write_text(PACK)
    (tmp_path / "packs" / "presets" / "p.yaml").write_text("x")
    path = tmp_path / "config.yaml"
    path.write_text(BEFORE)
    return path


def _config(path: Path, *changes: tuple[str, str]) -> Config:
    text = BEFORE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return load_config(path, {})


def _rules(path: Path) -> RuleSet:
    return load_rules([path.parent / "packs" / "one"]).rules


FILES = ["config.yaml", "packs/one/pack.yaml", "packs/one/new.yaml", "packs/presets/p.yaml"]


@pytest.mark.parametrize("name", FILES)
def test_a_change_counts_once_two_looks_found_the_same(path: Path, name: str) -> None:
    """Whoever writes slowly is waited for, whichever file it is."""
    file = path.parent / name
    watched = Watched(path, [path.parent / "packs" / "one"])
    assert not watched.settled()
    for piece in ("a", "ab", "abc"):
        file.write_text(piece)
        assert not watched.settled()
    assert watched.settled()
    assert watched.take(watched.digest())
    assert not watched.settled()
    file.unlink()
    assert not watched.settled()
    assert watched.settled()


def test_a_change_between_two_looks_counts_even_with_the_same_time_and_size(path: Path) -> None:
    """Disks count time coarsely: what tells the looks apart is the content."""
    watched = Watched(path, [])
    path.write_text("a: 1")
    os.utime(path, ns=(1, 1))
    assert not watched.settled()
    path.write_text("b: 2")
    os.utime(path, ns=(1, 1))
    assert not watched.settled()
    assert watched.settled()


def test_what_changed_while_it_was_read_is_not_taken(path: Path) -> None:
    """The first half of what was read may be of another time than the second."""
    watched = Watched(path, [])
    path.write_text("a: 1")
    assert not watched.settled()
    content = watched.digest()
    path.write_text("a: 22")
    assert not watched.take(content)
    assert not watched.settled()
    assert watched.settled()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("a.db", "b.db")], ["database is now sqlite:///", "b.db and was sqlite:///", "restart tocsin"]),
        ([("rules: [packs/one]", "http: {contact: x@example.org}")], ["http.contact changed"]),
        ([("rules: [packs/one]", "http: {groups: [example.org]}")], ["http.groups changed"]),
        ([("a.db", "./packs/../a.db")], []),
        ([("severity: low", "severity: high")], []),
    ],
    ids=["another database", "contact", "groups", "the same database", "what a reload takes over"],
)
def test_what_needs_a_restart_is_said(path: Path, changes: list[tuple[str, str]], words: list[str]) -> None:
    """What a daemon cannot change while it runs is refused, with the reason."""
    before = _config(path)
    found = " ".join(problem.message for problem in needs_restart(before, _config(path, *changes)))
    assert all(part in found for part in words)
    assert bool(found) is bool(words)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ([('  b: {feed: "https://b.example/feed"}\n', "")], {"sources": ("b",)}),
        ([("  b: {", "  c: {")], {}),
        ([("https://b.example/feed", "https://c.example/feed")], {}),
        (
            [("[here, mail]", "[here]"), ("[mail]", "[here]"), (', mail: {url: "mailto://u:p@example.org"}', "")],
            {"receivers": ("mail",)},
        ),
        ([("mailto://u:p@example.org", "")], {"receivers": ("mail",)}),
        ([("  - {labels: {mineral: lithium}, to: [mail]}\n", "")], {"routes": ("mineral=lithium to mail",)}),
        ([("to: [here, mail]", "to: [here]")], {}),
        ([("overrides: {r: {severity: low}}\n", "")], {"overrides": ("r",)}),
        ([], {}),
    ],
    ids=[
        "a source",
        "renamed",
        "another address",
        "a receiver",
        "a receiver that is off",
        "a route",
        "rewritten",
        "an override",
        "nothing",
    ],
)
def test_what_is_gone_is_named(path: Path, changes: list[tuple[str, str]], missing: dict[str, tuple[str, ...]]) -> None:
    """Half a configuration may be a good one: its reader learns what it lacks."""
    before, rules = _config(path), _rules(path)
    after = _config(path, *changes)
    found = gone(before, after, rules, rules)
    if "receivers" in missing:  # the routes lose it, too
        found.pop("routes", None)
    assert found == missing


def test_what_has_no_name_is_gone_only_if_there_are_fewer(path: Path) -> None:
    """Another severity of an escalation is an edit, of which its author need not be told at night."""

    def told(*severities: str) -> Config:
        lines = "".join(f"  - {{severity: {one}, after: 1h, to: [mail]}}\n" for one in severities)
        return _config(path, ("routes:\n", f"escalations:\n{lines}routes:\n"))

    rules = _rules(path)
    assert gone(told("high", "critical"), told("high", "medium"), rules, rules) == {}
    assert gone(told("high", "critical"), told("high"), rules, rules) == {"escalations": ("severity=critical to mail",)}


def test_rules_and_packs_that_are_gone_are_named(path: Path) -> None:
    """A pack that lost its second file is a good pack with fewer rules."""
    second = path.parent / "packs" / "one" / "second.yaml"
    second.write_text("tocsin: 1\nrules: [{id: s, news: {match: cobalt}}]\n")
    before, rules = _config(path), _rules(path)
    second.unlink()
    assert gone(before, before, rules, _rules(path)) == {"rules": ("one/s",)}
    after = _config(path, ("rules: [packs/one]\n", ""))
    assert gone(before, after, rules, RuleSet({})) == {
        "rules": ("one/r", "one/s"),
        "packs": (str(path.parent / "packs" / "one"),),
    }
