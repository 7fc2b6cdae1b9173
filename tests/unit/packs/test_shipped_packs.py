"""Every pack that is shipped: without a fault or a warning, and every rule of it explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.loading import load_rules
from tocsin.config.packs import parse_pack, read_pack
from tocsin.rules.spec import PackSpec

FOLDER = Path(__file__).resolve().parents[3] / "rules"
PACKS = sorted(path.name for path in FOLDER.iterdir() if (path / "pack.yaml").is_file())


@pytest.fixture(params=PACKS, scope="module")
def pack(request: pytest.FixtureRequest) -> PackSpec:
    """A pack as it is shipped."""
    files, unread = read_pack(FOLDER / request.param)
    spec, faults = parse_pack(files)
    assert spec, [*map(str, unread), *map(str, faults)]
    return spec


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_has_neither_faults_nor_warnings_and_keeps_its_examples(name: str) -> None:
    """Whoever takes a pack as it is starts with a clean check."""
    loaded = load_rules([FOLDER / name])
    assert loaded.warnings == ()
    assert loaded.rules.rules or loaded.rules.expressions


def test_every_rule_about_news_shows_both_sides_and_names_its_sources(pack: PackSpec) -> None:
    """Three headlines that fire, three that do not, none twice, a note and where the primary sources are."""
    for rule in pack.rules:
        if rule.news:
            for examples in (rule.fires, rule.quiet):
                texts = [example.text for example in examples]
                assert len(texts) >= 3, rule.id.text
                assert len(set(texts)) == len(texts), rule.id.text
            assert rule.references, rule.id.text
        assert rule.note, rule.id.text


def test_every_expression_of_a_library_shows_both_sides(pack: PackSpec) -> None:
    """Whoever names it from another pack sees what it means."""
    for expression in pack.expressions if pack.library else ():
        assert expression.fires, expression.name.text
        assert expression.quiet, expression.name.text


def test_every_pack_says_what_it_knows_to_get_wrong() -> None:
    """False positives that are known stand beside the rule, one entry at least a rule about news."""
    for name in PACKS:
        for path in (FOLDER / name).glob("*.yaml"):
            for rule in path.read_text(encoding="utf-8").split("\n  - id: ")[1:]:
                if "\n    news:" in rule:
                    assert "\n    x-false-positives:" in rule, (path, rule.split("\n")[0])


def test_every_pack_has_a_page_for_people() -> None:
    """What it is about, its labels and its files."""
    assert PACKS == ["critical-minerals", "energy", "trade", "words"]
    for name in PACKS:
        assert (FOLDER / name / "README.md").read_text(encoding="utf-8").startswith(f"# {name}\n")
