"""The rules of the starter pack, compiled once for all tests of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.packs import parse_pack, read_pack
from tocsin.rules.compile import compile_packs
from tocsin.rules.ruleset import RuleSet

FOLDER = Path(__file__).resolve().parents[3] / "rules" / "critical-minerals"


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    """The pack as it is shipped."""
    files, _ = read_pack(FOLDER)
    spec, faults = parse_pack(files)
    assert spec, [*map(str, faults)]
    return compile_packs([spec])[0]
