"""Paths in folders that are closed to the user who runs a command: one line that names the path, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.adapters.cli.conftest import Command

_NOBODY = 65534


@contextmanager
def _closed(folder: Path) -> Iterator[None]:
    """Close *folder* to the user of this process; root, to whom nothing is closed, becomes another user."""
    root = os.geteuid() == 0
    own = [path for path in (folder, *folder.parents) if path.stat().st_uid == os.geteuid()]
    modes = {path: path.stat().st_mode for path in (*own, *folder.parent.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode | 0o755 if path.is_relative_to(folder.parent) else mode | 0o711)
    folder.chmod(0)
    if root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.fixture
def private(tocsin: Command) -> Iterator[Path]:
    """A closed folder with a configuration, beside the open ones of the program."""
    folder = tocsin.folder / "private"
    folder.mkdir()
    for name in ("config.yaml", "rules"):
        (folder / name).write_text("", encoding="utf-8")
    text = (tocsin.folder / "config.yaml").read_text(encoding="utf-8")
    (tocsin.folder / "other.yaml").write_text(f"{text}database: sqlite:///private/tocsin.db\n", encoding="utf-8")
    # Modules may be in folders that are closed as well: they are imported before.
    for line in (
        "run",
        "status",
        "backtest",
        "why ban --title x",
        "test",
        "init . --yes",
        "packs list",
        "sources test x",
    ):
        tocsin(*line.split(), "--config", "none.yaml", config=False)
    with _closed(folder):
        yield folder


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("check --config {}/config.yaml", 78),
        ("run --config {}/config.yaml", 78),
        ("check --rules {}", 78),
        ("match {}/x.jsonl --rules {rules}", 2),
        ("backtest --input {}/x.jsonl --rules {rules}", 1),
        ("why ban {}/x.jsonl --rules {rules}", 1),
        ("test {}/tests/x.yaml --rules {rules}", 78),
        ("init {}/new --yes --offline", 1),
        ("packs copy words {}", 1),
        ("packs show {}/words", 78),
        ("sources test http://127.0.0.1:1/ --config {}/config.yaml", 78),
    ],
)
def test_a_closed_path_is_named_in_one_line(tocsin: Command, private: Path, line: str, code: int) -> None:
    """`Path.exists` and `Path.is_dir` raise in a closed folder, and each such command ended with a traceback."""
    words = line.format(private, rules=tocsin.folder / "rules").split()
    run = tocsin(*words, config=False)
    assert run.exit_code == code, run.stderr
    assert str(private) in run.stderr
    assert "Permission denied" in run.stderr


def test_check_does_without_a_history_that_it_may_not_read(tocsin: Command, private: Path) -> None:
    """A person checks the configuration of a service, whose database is closed to all others."""
    run = tocsin("check", "--config", str(tocsin.folder / "other.yaml"), config=False)
    assert run.exit_code == 0, run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_beside_a_database_belongs_to_the_owner_of_the_folder(tocsin: Command) -> None:
    """The daemon runs as a user of its own, and could open neither a database, a lock nor a secret of root's."""
    config = tocsin.folder / "config.yaml"
    config.write_text(f"{config.read_text()}web: {{listen: 127.0.0.1:1}}\ndatabase: sqlite:///state/tocsin.db\n")
    state = tocsin.folder / "state"
    state.mkdir()
    os.chown(state, _NOBODY, _NOBODY)
    tocsin("web", "link")
    tocsin("notify-test", "here")
    made = {path.name: path.stat().st_uid for path in state.iterdir()}
    assert {"tocsin.db", "tocsin.db.lock", "tocsin.db-web-secret"} <= made.keys()
    assert set(made.values()) == {_NOBODY}
