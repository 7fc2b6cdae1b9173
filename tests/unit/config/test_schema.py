"""The JSON Schemas: what editors say is what the program says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tocsin.config.packs import parse_pack
from tocsin.config.show import Kind, schema

ROOT = Path(__file__).resolve().parents[3]
PACK_FILES = sorted(path for path in (ROOT / "rules").glob("*/*.yaml") if path.parent.name != "presets")
TEST_FILES = sorted((ROOT / "rules").glob("*/tests/*.yaml"))
BLOCKS = [
    pytest.param(found[1], id=f"{path.name}:{number}")
    for path in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "docs" / "reference").glob("*.md")),
    )
    for number, found in enumerate(
        re.finditer(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL), 1
    )
]


class _Words(yaml.SafeLoader):
    """YAML 1.2 as far as these files need it: `no`, `on` and `12:30` are text."""


_Words.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag.endswith((":null", ":merge"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), "tf")
_Words.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[0-9]+$"), "0123456789")


def faults(kind: Kind, text: str) -> list[str]:
    """What the schema has against a file."""
    value = yaml.load(text, Loader=_Words)
    return [fault.message for fault in Draft202012Validator(schema(kind)).iter_errors(value)]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_schema_is_one(kind: Kind) -> None:
    """An editor refuses a schema that breaks the rules of schemas."""
    Draft202012Validator.check_schema(schema(kind))
    assert schema(kind)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def _maps(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from _maps(value)
    elif isinstance(node, list):
        for value in node:
            yield from _maps(value)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_key_is_described_and_every_map_is_closed(kind: Kind) -> None:
    """Whoever adds a key says what it is for."""
    maps = list(_maps(schema(kind)))
    assert len(maps) >= 3
    for found in maps:
        assert found["additionalProperties"] is False
        assert list(found["patternProperties"]) == ["^x-"]
        assert [name for name, value in found["properties"].items() if not value.get("description")] == []


@pytest.mark.parametrize("path", PACK_FILES, ids=lambda path: path.stem)
def test_the_shipped_packs_are_good(path: Path) -> None:
    """No red line under what people start with."""
    assert faults(Kind.RULES, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_the_shipped_rule_tests_are_good(path: Path) -> None:
    """They are what people copy to begin with."""
    assert faults(Kind.TESTS, path.read_text(encoding="utf-8")) == []


def test_the_shipped_configuration_is_good() -> None:
    """References to the environment too."""
    assert faults(Kind.CONFIG, (ROOT / "config.yaml").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_the_examples_of_the_documents_are_good(block: str) -> None:
    """A part of a file as well as a whole one."""
    if "tocsin_test:" in block:
        assert faults(Kind.TESTS, block) == []
    elif re.search(
        r"^(sources|receivers|timezone|http|heartbeat|translation|database|self_report|overrides|silences|inhibit|escalations|instruments|web):",
        block,
        re.MULTILINE,
    ):
        assert faults(Kind.CONFIG, block) == []
    else:
        assert faults(Kind.RULES, block if "tocsin:" in block else f"tocsin: 1\n{block}") == []


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (Kind.RULES, "tocsin: 1\nrule: []", "'rule' does not match"),
        (Kind.RULES, "tocsin: 1\nrules: [{id: a, news: {match: x}, severty: low}]", "'severty' does not match"),
        (Kind.RULES, "tocsin: 1\nrules: [{id: a, news: {match: x, unles: y}}]", "'unles' does not match"),
        (Kind.RULES, "tocsin: 1\nrules: [{id: a, news: {match: x}, severity: hgh}]", "'hgh' is not one of"),
        (Kind.RULES, "tocsin: 1\nrules: [{id: a, news: {match: x}, cooldown: 5}]", "5 is not of type"),
        (Kind.RULES, "tocsin: 1\nrules: [{id: a, news: {}}]", "'match' is a required property"),
        (Kind.RULES, "tocsin: 1\nlists: {a: []}", "is not valid under any"),
        (Kind.RULES, "tocsin: 1\nexpressions: {a: {match: x, fire: [y]}}", "is not valid under any"),
        (Kind.RULES, "tocsin: 1\nexpressions: {a: [x]}", "is not valid under any"),
        (Kind.RULES, "tocsin: 1\nexpressions: {a: {fires: [y]}}", "is not valid under any"),
        (Kind.RULES, "tocsin: 1\nexpressions: {A: x}", "does not match"),
        (Kind.RULES, "tocsin: 2", "1 was expected"),
        (Kind.TESTS, "tocsin_test: 1\ntests: [{name: a, nws: []}]", "'nws' does not match"),
        (
            Kind.TESTS,
            "tocsin_test: 1\ntests: [{name: a, news: [], expect: [{rule: b, fate: folded}]}]",
            "'folded' is not one of",
        ),
        (Kind.TESTS, "tocsin_test: 1\nstart: 5\ntests: []", "5 is not of type"),
        (Kind.CONFIG, "timezon: UTC", "'timezon' does not match"),
        (Kind.CONFIG, "sources: {a: {fed: x}}", "is not valid under any"),
        (Kind.CONFIG, "overrides: {a: {disabel: true}}", "'disabel' does not match"),
        (Kind.CONFIG, "receivers: {a: {console: maybe}}", "'maybe' is not of type 'boolean'"),
        (Kind.CONFIG, "routes: [{too: x}]", "'too' does not match"),
    ],
)
def test_what_the_program_refuses_the_editor_refuses(kind: Kind, text: str, words: str) -> None:
    """A misspelt key is underlined while it is typed."""
    assert any(words in fault for fault in faults(kind, text)), faults(kind, text)
    if kind is Kind.RULES:
        assert parse_pack([("a.yaml", f"{text}\npack: {{id: p}}\n")])[0] is None


def test_keys_that_begin_with_x_are_free() -> None:
    """Notes of one's own, anchors for YAML."""
    rules = "tocsin: 1\nx-a: [1]\nrules: [{id: a, x-b: {c: d}, news: {match: x, x-c: 1}}]"
    assert faults(Kind.RULES, rules) == []
    assert faults(Kind.CONFIG, "x-a: 1\nhttp: {x-b: 2}") == []
