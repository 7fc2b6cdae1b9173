"""Regular expressions that every supported Python matches alike."""

from __future__ import annotations

import re
from pathlib import Path

import tocsin


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5, which stable systems have, then finds no word in S&P: `(?>(?:...)*)` means the same."""
    repeated = re.compile(r"\)[*+?]\+(?!,)|\)\{[\d,]*\}\+")
    files = sorted(Path(tocsin.__file__).parent.rglob("*.py"))
    lines = ((file.name, line) for file in files for line in file.read_text(encoding="utf-8").splitlines())
    assert [(name, line) for name, line in lines if repeated.search(line)] == []
