"""What the documents say is true: every YAML block loads, every command exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.config.config import load_config
from tocsin.config.library import Library
from tocsin.receivers.kinds import build
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "rules").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

#: Pages whose blocks are tried in order, by somebody who types what stands there: files, commands and what they print.
LESSON = ROOT / "docs" / "writing-rules.md"
WALKS = [path for name in ("tutorial.md", "backtesting.md") if (path := ROOT / "docs" / name).exists()]
BLOCKS = [
    pytest.param(found[1], id=f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}")
    for path in DOCUMENTS
    if path not in (LESSON, *WALKS)
    for text in (path.read_text(encoding="utf-8"),)
    for found in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
]


def blocks(path: Path) -> list[tuple[int, str, str, str]]:
    """The blocks of a page, in order: line, language, file and text."""
    form = r"^```(?P<kind>\w+) ?(?P<name>.*)\n(?P<text>(?:(?!```).*\n)*)^```$"
    return [
        (found.string.count("\n", 0, found.start()) + 1, found["kind"], found["name"], found["text"])
        for found in re.finditer(form, path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


STEPS = blocks(LESSON)
#: Lines that a reader may type: in blocks for the shell, or indented.
COMMANDS = sorted(
    {
        typed[1]
        for path in DOCUMENTS
        for text in (path.read_text(encoding="utf-8"),)
        for block in (
            *re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL),
            *re.findall(r"^    (tocsin .*\n)", text, re.MULTILINE),
        )
        for typed in re.finditer(
            r"^(?:sudo (?:-u \S+ )?(?:\w+=\S+ )*+)?+(?:\S*/)?tocsin (.+?)(?=  | [>|#]| &&|$)",
            block.replace("\\\n", ""),
            re.MULTILINE,
        )
    }
)
#: Addresses of receivers in recipes.
ADDRESSES = [
    found[1]
    for path in DOCUMENTS
    for found in re.finditer(r"^```address\n(.*)\n```", path.read_text(encoding="utf-8"), re.MULTILINE)
] + re.findall(r"\| `(\S+://\S+)` \|", (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8"))
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
    if re.search(
        r"^(sources|receivers|timezone|http|heartbeat|translation|database|self_report|overrides|silences|inhibit|escalations|instruments|web):",
        block,
        re.MULTILINE,
    ):
        path = tmp_path / "config.yaml"
        path.write_text(block, encoding="utf-8")
        (tmp_path / "rules").symlink_to(ROOT / "rules")
        load_config(path, {})
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
    """What is written can be typed: the parser knows the command and each option."""
    result = CliRunner().invoke(app, [*shlex.split(command), "--help"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_a_recipe_is_one_of_a_receiver(address: str) -> None:
    """Who fills the recipe with a token of their own gets a receiver."""
    assert build("desk", address).recipients


@pytest.mark.parametrize("number", [number for number, step in enumerate(STEPS) if step[1] == "sh"])
def test_the_lesson_does_what_it_says(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever types it sees what stands there: each command runs on the files so far, and `...` leaves lines out."""
    monkeypatch.chdir(tmp_path)
    for _, kind, name, text in STEPS[:number]:
        if file := written_to(kind, name, text):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text, encoding="utf-8")
    shown = STEPS[number + 1][3] if STEPS[number + 1][1] == "text" else ""
    printed = "\n".join(CliRunner().invoke(app, shlex.split(line)[1:]).output for line in STEPS[number][3].splitlines())
    assert matches(shown, printed), printed


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a server of the folder feed, which a page wants the reader to start at 8765."""
    handler = partial(QuietHandler, directory=str(tmp_path / "feed"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.mark.no_cover  # it runs the examples of a shipped pack several times
@pytest.mark.parametrize("page", WALKS, ids=lambda page: page.name)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Whoever follows it from the top sees what it shows, with the files and the answers of all steps before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "daemon"))
    steps = [(line, kind, name, text.replace(":8765/", f":{port}/")) for line, kind, name, text in blocks(page)]
    printed = ""
    for (line, kind, name, text), following in zip(steps, [*steps[1:], steps[0]], strict=True):
        if file := written_to(kind, name, text):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text, encoding="utf-8")
        elif kind == "sh":
            printed = flat("".join(typed(one, following[3]) for one in text.splitlines()))
        elif kind == "text":
            assert matches(text, printed), f"{page.name}:{line}: {printed}"


def matches(shown: str, printed: str) -> bool:
    """Whether a command printed what a page shows, in which `...` leaves something out."""
    return bool(re.fullmatch(re.escape(flat(shown)).replace(r"\.\.\.", r"[\s\S]*"), flat(printed)))


def typed(line: str, shown: str) -> str:
    """Do what a line for the shell does, and return what it prints. What is due in a second is tried again until it is *shown*."""
    command, *words = shlex.split(line, comments=True)
    if command == "cd":
        os.chdir(words[0])
        return ""
    assert command == "tocsin", line
    if words[0] in ("init", "once"):
        program = [sys.executable, "-u", "-c", "from tocsin.cli import main; main()", *words]
        printed = ""
        for _ in range(5):
            ended = subprocess.run(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240, check=True)
            printed += ended.stdout.decode()
            if words[0] == "init" or matches(shown, printed):
                break
        return printed
    result = CliRunner().invoke(app, words)
    assert result.exit_code in (0, 1, 3, 78), line
    assert not isinstance(result.exception, Exception), result.exception
    return result.output


def test_each_file_of_the_lesson_is_tried() -> None:
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
    """The file that a block of a page is: its fence names it, or its first line."""
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
    assert {"run", "check", "notify-test", "doctor"} <= set(COMMANDS)
    assert ADDRESSES
    assert STEPS
