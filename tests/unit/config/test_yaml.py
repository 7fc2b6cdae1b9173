"""YAML 1.2 with positions: what a value means, where it stands, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tocsin.config.yaml.file import LONGEST, read
from tocsin.config.yaml.nodes import Items, Node, Pairs, Scalar


def walk(node: Node) -> Iterator[Scalar]:
    """Yield every scalar in *node*, keys too, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from walk(item)
    else:
        for key, value in node.pairs:
            yield key
            yield from walk(value)


def values(text: str) -> dict[str, object]:
    """The scalars of a flat map."""
    root = read(text, "f").root
    assert isinstance(root, Pairs)
    return {key.text: node.value for key, node in root.pairs if isinstance(node, Scalar)}


def fault(text: str) -> str:
    """The first problem, in words."""
    problems = read(text, "f.yaml").problems
    assert problems, "no problem was found"
    return str(problems[0]).split("\n", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("0777", "0777"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3.5e2", -350.0),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        ("'12'", "12"),
        ('"true"', "true"),
        ("9" * 400, "9" * 400),
    ],
)
def test_plain_values_mean_what_yaml_1_2_says(written: str, value: object) -> None:
    """Norway stays a country, half past twelve stays a time, and nothing takes quadratic time."""
    assert values(f"a: {written}")["a"] == value


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("a: b c", "c", (1, 6)),
        ("a: 'it''s me'", "me", (1, 11)),
        ('a: "x\\ty z"', "z", (1, 10)),
        ("a: |\n  one\n  two three", "three", (3, 7)),
        ("a: >\n  one\n  two", "two", (3, 3)),
        ("a: one\n  two", "two", (2, 3)),
        ('a: "one\n   two"', "two", (2, 4)),
        ('a: "one\\\n   two"', "two", (2, 4)),
        ("a: &x 1\nb: [*x, word]", "word", (2, 9)),
        ("a: &x\n  word", "word", (2, 3)),
    ],
    ids=["plain", "single", "double", "literal", "folded", "plain fold", "double fold", "joined", "flow", "anchored"],
)
def test_every_character_knows_its_place(text: str, word: str, place: tuple[int, int]) -> None:
    """A caret stands under the word that is meant, however the text is quoted."""
    root = read(text, "f").root
    assert root is not None
    node = next(node for node in walk(root) if word in node.text and node.text != "a")
    position = node.place.at(node.text.index(word))
    assert (position.line, position.column) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "f.yaml:2:1: the key a is given twice, first in line 1; remove one"),
        ("a: !!python/name:os.system x", "the tag !!python/name:os.system is not allowed"),
        ("a: *x", "no &x comes before this alias"),
        ("a: &x [*x]", "*x would contain itself"),
        ("---\na: 1\n---\nb: 2", "a second document begins here"),
        ("%YAML 1.1\n---\na: 1", "not YAML 1.2"),
        ("<<: {a: 1}", "merge keys (<<) are not YAML 1.2"),
        ("[a, b]: 1", "a key must be text"),
        ("a: [1, 2", "that opens here is never closed"),
        ("a: {b: 1", "that opens here is never closed"),
        ('a: "x', "that opens here is never closed"),
        ("a:\n\tb: 1", "a tab cannot indent YAML"),
        ("a: \x07", "the invisible character U+0007 is not allowed in YAML"),
        ('match: "rare earth" NEAR/3 ban', "YAML ends the value of match at its closing quote"),
        ('a: "\\q"', "is no escape in double quotes"),
        ("a: b: c", "f.yaml:1:5"),
        ("a: @x", "f.yaml:1:4"),
        ("a: [b c: d e: f]", "f.yaml:1"),
        ("a: 1\n  b: 2", "f.yaml:2"),
        ("- a\nb: 1", "f.yaml:2:1"),
        ("a: |x\n  y", "nothing may follow | or >"),
        ("x" * (LONGEST + 1), "the file is longer than"),
    ],
)
def test_what_is_refused_is_told_with_place_and_remedy(text: str, words: str) -> None:
    """Every message says where, what, and what to write instead."""
    assert words in fault(text)


@pytest.mark.parametrize(
    "text",
    [
        (
            "a: &x [1,2,3,4,5,6,7,8,9]\nb: &y [*x,*x,*x,*x,*x,*x,*x,*x,*x]\nc: &z [*y,*y,*y,*y,*y,*y,*y,*y,*y]\n"
            "d: &w [*z,*z,*z,*z,*z,*z,*z,*z,*z]\ne: &v [*w,*w,*w,*w,*w,*w,*w,*w,*w]\nf: [*v,*v,*v,*v,*v,*v,*v,*v,*v]"
        ),
        "[" * 20_000,
        "a: " * 5_000,
        "&a " * 10_000,
        "a: [" + "*x, " * 100_000,
        "? " * 20_000,
        "- " * 20_000,
    ],
    ids=["laughs", "brackets", "colons", "anchors", "aliases", "question marks", "dashes"],
)
def test_attacks_are_refused_in_bounded_time(text: str) -> None:
    """No nesting and no repetition can exhaust the reader."""
    assert read(text, "f").problems


def test_an_empty_file_is_an_empty_map_and_every_fault_is_collected() -> None:
    """Nothing is a good answer; several faults come at once."""
    assert read("# only a comment", "f").root == read("", "f").root
    assert len(read("a: 1\na: 2\nb: !x 1\nb: 3", "f").problems) == 3


def test_lists_and_maps_keep_their_order() -> None:
    """The first of severity_if must stay the first."""
    root = read("a: [z, y]\nb:\n  - x", "f").root
    assert isinstance(root, Pairs)
    flow, block = root.get("a"), root.get("b")
    assert isinstance(flow, Items)
    assert isinstance(block, Items)
    assert [node.text for node in walk(flow)] == ["z", "y"]
    assert [node.text for node in walk(block)] == ["x"]
