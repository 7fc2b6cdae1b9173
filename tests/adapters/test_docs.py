"""What the documents say is true: every YAML block loads, every command exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.config.config import load_config
from tocsin.config.library import Library
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "rules").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

TUTORIAL = ROOT / "docs" / "writing-rules.md"
BLOCKS = [
    pytest.param(found[1], id=f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}")
    for path in DOCUMENTS
    if path != TUTORIAL
    for text in (path.read_text(encoding="utf-8"),)
    for found in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
]
#: The blocks of the tutorial, in order.
STEPS = [
    (found.string.count("\n", 0, found.start()) + 1, found["kind"], found["name"], found["text"])
    for found in re.finditer(
        r"^```(?P<kind>\w+) ?(?P<name>.*)\n(?P<text>[^`]*)^```$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE
    )
]
COMMANDS = sorted(
    {
        found[1].strip()
        for path in DOCUMENTS
        for found in re.finditer(
            r"^    tocsin ((?:[a-z][a-z-]* )*[a-z][a-z-]*)(?=[ |\n]|$)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
)
LINKS = [
    pytest.param(path, found[1], found[2] or "", id=f"{path.relative_to(ROOT)} {found[0][2:-1]}")
    for path in DOCUMENTS
    for found in re.finditer(r"\]\(([^)#:]*)(?:#([^)]*))?\)", path.read_text(encoding="utf-8"))
]
#: Files and folders that are named, relative to the repository or to the package.
NAMED = sorted(
    {
        found[1]
        for path in (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md")
        for found in re.finditer(r"`([a-z_0-9/]+(?:/|\.py|\.toml))`", path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_yaml_block_is_good(block: str, tmp_path: Path) -> None:
    """A configuration loads; a pack, or a part of one, compiles and its examples pass; rule tests pass with the pack."""
    if re.search(r"^(sources|receivers|timezone):", block, re.MULTILINE):
        path = tmp_path / "config.yaml"
        path.write_text(block, encoding="utf-8")
        (tmp_path / "rules").symlink_to(ROOT / "rules")
        load_config(path, {})
        return
    if "tocsin_test:" in block:
        rules = re.findall(r"rule: ([\w-]+)|expect_not: \[([\w-]+)\]", block)
        names = {f"id: {one or other}\n" for one, other in rules}
        packs = (str(other.values[0]) for other in BLOCKS if "\npack:" in str(other.values[0]))
        pack = next(text for text in packs if all(name in text for name in names))
        (tmp_path / "tests").mkdir()
        (tmp_path / "pack.yaml").write_text(pack, encoding="utf-8")
        (tmp_path / "tests" / "block.yaml").write_text(block, encoding="utf-8")
        result = CliRunner().invoke(app, ["test", str(tmp_path / "tests" / "block.yaml")])
        assert result.exit_code == 0, result.output
        return
    text = block if "tocsin:" in block else f"tocsin: 1\n{block}"
    text = text if re.search(r"^pack:", text, re.MULTILINE) else f"{text}\npack: {{id: docs}}\n"
    (tmp_path / "block.yaml").write_text(text, encoding="utf-8")
    (pack,) = Library([tmp_path]).packs()
    assert pack.spec, "\n".join(map(str, pack.problems))
    rules, faults = compile_packs([pack.spec], others=None)
    assert not [fault for fault in (*faults, *check_examples(rules)) if not fault.warning], list(map(str, faults))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documents_exists(command: str) -> None:
    """What is written can be typed."""
    words = shlex.split(command)
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


@pytest.mark.parametrize("number", [number for number, step in enumerate(STEPS) if step[1] == "sh"])
def test_the_tutorial_does_what_it_says(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever types it sees what stands there: each command runs on the files so far, and `...` leaves lines out."""
    monkeypatch.chdir(tmp_path)
    for _, kind, name, text in STEPS[:number]:
        if file := written_to(kind, name, text):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text, encoding="utf-8")
    shown = STEPS[number + 1][3] if STEPS[number + 1][1] == "text" else ""
    results = [CliRunner().invoke(app, shlex.split(line)[1:]) for line in STEPS[number][3].splitlines()]
    output = flat("\n".join(result.output for result in results))
    assert re.fullmatch(re.escape(flat(shown)).replace(r"\.\.\.", r"[\s\S]*"), output), output


def test_each_file_of_the_tutorial_is_tried() -> None:
    """A block that no command reads may say anything."""
    for number, (line, kind, name, text) in enumerate(STEPS):
        if file := written_to(kind, name, text):
            behind = [written_to(*step[1:]) if step[1] != "sh" else "tried" for step in STEPS[number + 1 :]]
            assert "tried" in behind, line
            assert file not in behind[: behind.index("tried")], line


def flat(text: str) -> str:
    """Text with one blank for many: how wide a tree is drawn depends on the terminal."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def written_to(kind: str, name: str, text: str) -> str:
    """The file that a block of the tutorial is: its fence names it, or its first line."""
    return name or (text.partition("\n")[0].removeprefix("# ") if kind == "yaml" else "")


@pytest.mark.parametrize(("document", "target", "heading"), LINKS)
def test_every_link_within_the_repository_leads_somewhere(document: Path, target: str, heading: str) -> None:
    """A map with dead ends is no map."""
    place = document.parent / target if target else document
    assert place.exists()
    if heading:
        headings = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
        assert heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings]


@pytest.mark.parametrize("name", NAMED)
def test_every_file_that_the_map_names_is_there(name: str) -> None:
    """Whoever moves a file takes the map along."""
    places = (ROOT / name, ROOT / "daemon" / "tocsin" / name, ROOT / "rules" / name)
    assert any(place.exists() for place in places)


def test_the_shipped_configuration_is_good_without_any_environment() -> None:
    """`make run` works before anything is set."""
    config = load_config(ROOT / "config.yaml", {})
    assert [receiver.name for receiver in config.receivers] == ["here"]
    assert len(config.sources) >= 3
    assert config.problems == ()


def test_the_documents_have_blocks_and_commands() -> None:
    """These tests look at something."""
    assert BLOCKS
    assert {"run", "once", "check"} <= set(COMMANDS)
