"""`tocsin packs`: what is shipped, what is in it, and a copy to edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.copies import ORIGIN, copy_pack, outdated, version_of
from tocsin.config.loading import load_rules
from tocsin.config.shipped import SHIPPED, pack_names

pytestmark = pytest.mark.no_cover


def test_the_list_is_that_of_the_names_that_a_configuration_may_write(tocsin: Any) -> None:
    """Nobody has to know where the program is installed."""
    done = tocsin("packs", "list", config=False)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["name", *pack_names()]
    found = [json.loads(line) for line in tocsin("packs", "list", "--json", config=False).stdout.splitlines()]
    assert [one["name"] for one in found] == pack_names()
    assert {one["folder"] for one in found} == {str(SHIPPED / name) for name in pack_names()}
    assert all(one["version"] and (one["rules"] or one["name"] == "words") for one in found)


def test_a_pack_is_shown_with_what_can_be_overridden(tocsin: Any) -> None:
    """Rules and lists are what `overrides:` names."""
    done = tocsin("packs", "show", "energy", config=False)
    assert done.stdout.startswith(f"energy {version_of('energy')}  Crude oil and gas\n")
    assert "  lists" in done.stdout
    assert " no-sanction (" in done.stdout  # to be copied into a rule, so in one piece
    assert max(map(len, done.stdout.split("\n\n")[0].splitlines())) <= 80
    found = json.loads(tocsin("packs", "show", "energy", "--json", config=False).stdout)
    assert "commodity" in found["lists"]
    assert {rule["kind"] for rule in found["rules"]} == {"news", "price", "correlation"}


def test_a_pack_of_ones_own_is_shown_by_its_path(tocsin: Any) -> None:
    """A slash makes a path here too."""
    done = tocsin("packs", "show", f"{tocsin.folder}/rules", config=False)
    assert done.stdout.startswith("metals 1.0.0\n")
    assert "mineral (2)" in done.stdout
    assert "ban  high      news  {mineral}: ban" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        pytest.param(("show", "enrgy"), "did you mean energy?; a folder needs a slash: ./enrgy", 2, id="show a slip"),
        pytest.param(("show", "./none"), "none is not a folder of rules", 78, id="show nothing"),
        pytest.param(("copy", "enrgy"), "did you mean energy?", 2, id="copy a slip"),
        pytest.param(("copy", "./energy"), "./energy is not among the shipped ones", 2, id="copy a folder"),
    ],
)
def test_a_name_that_is_none_says_what_there_is(
    tocsin: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str, code: int
) -> None:
    """The remedy is in the message."""
    monkeypatch.chdir(tocsin.folder)
    done = tocsin("packs", *arguments, config=False)
    assert (done.exit_code, words in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize("name", pack_names())
def test_a_copy_is_a_pack_of_its_own_with_all_that_it_uses(tmp_path: Path, name: str) -> None:
    """An update of the program changes nothing in it, and it says what it was copied from."""
    copied = copy_pack(name, tmp_path / "deep" / "packs")
    assert copied[0].folder == tmp_path / "deep" / "packs" / name
    loaded = load_rules([copied[0].folder])
    assert set(loaded.folders) == {one.folder for one in copied}
    assert list(outdated(loaded.folders)) == []
    assert f'pack: {name}, version: "{version_of(name)}"' in (copied[0].folder / ORIGIN).read_text(encoding="utf-8")
    assert sorted(path.name for path in (tmp_path / "deep" / "packs").iterdir()) == sorted(one.name for one in copied)


def test_a_copy_overwrites_nothing(tocsin: Any, tmp_path: Path) -> None:
    """Somebody's edits are worth more than a copy."""
    (tmp_path / "energy").mkdir()
    done = tocsin("packs", "copy", "energy", str(tmp_path), config=False)
    assert done.exit_code == 2
    assert f"{tmp_path}/energy exists, and nothing is overwritten" in done.stderr
    assert list((tmp_path / "energy").iterdir()) == []


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(tocsin: Any, tmp_path: Path) -> None:
    """A file where the folder should be, and half a copy would be read as a whole pack."""
    (tmp_path / "file").touch()
    done = tocsin("packs", "copy", "energy", str(tmp_path / "file"), config=False)
    assert done.exit_code == 2
    assert "file/energy cannot be written: " in done.stderr


def test_a_copy_says_how_it_is_put_in_force(tocsin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stays in the configuration means the shipped pack; `check` warns of the copy that is not read."""
    monkeypatch.chdir(tocsin.folder)
    done = tocsin("packs", "copy", "energy", config=False)
    assert done.exit_code == 0
    assert "energy was copied to energy." in done.stderr
    assert "write the path ./energy in place of energy" in done.stderr
    assert "overrides: {energy: {lists: {LIST: [WORD]}}}" in done.stderr
    config = tocsin.folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("[./rules]", "[energy]"), encoding="utf-8")
    assert "energy is not read" in tocsin("check").stderr
    config.write_text(config.read_text(encoding="utf-8").replace("[energy]", "[./energy]"), encoding="utf-8")
    assert "energy is not read" not in tocsin("check").stderr


@pytest.mark.parametrize(
    ("version", "older"),
    [
        pytest.param("0.9", True, id="older"),
        pytest.param("0.10.0", True, id="older by a number, not by its letters"),
        pytest.param("", True, id="without a version"),
        pytest.param(version_of("energy"), False, id="the same"),
        pytest.param("999.0.0", False, id="newer"),
    ],
)
def test_check_says_when_the_shipped_pack_is_newer_than_its_copy(tocsin: Any, version: str, older: bool) -> None:
    """Corrections of a pack reach nobody who copied it, unless somebody says so."""
    (copied,) = (one for one in copy_pack("energy", tocsin.folder) if one.name == "energy")
    origin = copied.folder / ORIGIN
    text = origin.read_text(encoding="utf-8")
    origin.write_text(text.replace(f'"{version_of("energy")}"', f'"{version}"'), encoding="utf-8")
    done = tocsin("check", "--rules", str(copied.folder), config=False)
    words = f"this is a copy of energy {version}, and {version_of('energy')} is shipped: compare it with "
    assert (words in done.stderr) is older
    assert done.exit_code == 0
