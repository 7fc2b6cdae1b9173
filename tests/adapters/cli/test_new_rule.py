"""A rule of one's own from an example: good as it is written, and in nobody's way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Tocsin = Any


def test_an_example_is_written_into_the_rules_of_ones_own_and_passes(tocsin: Tocsin) -> None:
    """Somebody's first rule begins with one that works, and with the three commands that try it."""
    done = tocsin("rules", "new", "mill-stops")
    assert done.exit_code == 0, done.stderr
    rule, test = tocsin.folder / "rules" / "mill-stops.yaml", tocsin.folder / "rules" / "tests" / "mill-stops.yaml"
    assert f"{rule}: an example rule" in done.stdout
    assert "tocsin check" in done.stderr
    assert "Add ./rules" not in done.stderr
    assert max(map(len, rule.read_text().splitlines() + test.read_text().splitlines())) <= 80
    shown = tocsin("rules", "show", "mill-stops")
    assert shown.stdout.startswith("metals/mill-stops  (news, medium)")
    assert tocsin("check").exit_code == 0
    assert "1 of 1 test passed" in tocsin("test").stderr


def test_nothing_is_overwritten_and_nothing_stays_of_what_fails(tocsin: Tocsin) -> None:
    """A second call with the name, and one in a pack that has a fault, leave every file as it was."""
    assert tocsin("rules", "new", "mill-stops").exit_code == 0
    file = tocsin.folder / "rules" / "mill-stops.yaml"
    file.write_text(file.read_text().replace("medium", "high", 1), encoding="utf-8")
    before = _content(tocsin.folder)
    again = tocsin("rules", "new", "mill-stops")
    assert again.exit_code == 2
    assert f"nothing was written, because this is there already: {file}" in again.stderr
    taken = tocsin("rules", "new", "ban")
    assert taken.exit_code == 78
    assert "ban" in taken.stderr
    assert _content(tocsin.folder) == before


def test_a_full_disk_names_the_file_and_leaves_nothing(tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noticed when the file is closed, and that error has no name."""
    before = _content(tocsin.folder)
    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, *args, **more: opened(
            Path("/dev/full") if args == ("x",) else path, *("w",) if args == ("x",) else args, **more
        ),
    )
    done = tocsin("rules", "new", "mill-stops")
    monkeypatch.undo()
    assert done.exit_code == 1
    assert "mill-stops.yaml: No space left on device; nothing was written" in done.stderr
    assert _content(tocsin.folder) == before


@pytest.mark.parametrize("name", ["Mill", "../up", "a b", "1st", ""])
def test_a_name_that_cannot_be_an_id_is_refused(tocsin: Tocsin, name: str) -> None:
    """The name becomes the name of a file."""
    done = tocsin("rules", "new", name)
    assert done.exit_code == 2
    assert "write small letters, digits and dashes" in done.stderr


def test_a_configuration_without_rules_of_its_own_gets_a_folder(tocsin: Tocsin) -> None:
    """The shipped packs are no place for a rule of one's own, and a folder that is not named is not read."""
    file = tocsin.folder / "config.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("[./rules]", "[energy]"), encoding="utf-8")
    (tocsin.folder / "rules" / "pack.yaml").unlink()
    done = tocsin("rules", "new", "mill-stops")
    assert done.exit_code == 0, done.stderr
    assert "Add ./rules below rules:" in done.stderr
    assert "pack: {id: rules, version: 0.1.0}" in (tocsin.folder / "rules" / "mill-stops.yaml").read_text()


def _content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.yaml")}
