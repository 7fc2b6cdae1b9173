"""Every message about a faulty pack, word for word, with its caret: one pack for each kind, beside its messages.

`TOCSIN_GOLDEN=write pytest tests/unit/rules/test_golden.py` writes the messages anew; read the difference.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.loading import load_rules
from tocsin.errors import ConfigError, Problem

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
PACKS = sorted(GOLDEN.glob("*.yaml"))


def said_of(pack: Path, folder: Path) -> tuple[Problem, ...]:
    """Everything that is told about a pack whose sources are polled every quarter of an hour."""
    (folder / pack.name).write_bytes(pack.read_bytes())
    try:
        return load_rules([folder], poll=timedelta(minutes=15)).warnings
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.stem)
def test_what_is_told_about_a_faulty_pack(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words, the place and the remedy are what people have when nothing works."""
    monkeypatch.chdir(tmp_path)
    text = "\n".join(map(str, said_of(pack, tmp_path))) + "\n"
    expected = pack.with_suffix(".txt")
    if os.environ.get("TOCSIN_GOLDEN") == "write":
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert text.strip()


def test_every_message_has_a_pack_and_every_pack_its_messages() -> None:
    """Nothing is pinned that nobody can say."""
    assert len(PACKS) >= 10
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {path.stem for path in PACKS}
