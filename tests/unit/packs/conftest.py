"""The rules of the starter pack, compiled once for all tests of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.loading import load_rules
from tocsin.rules.ruleset import RuleSet

FOLDER = Path(__file__).resolve().parents[3] / "rules" / "critical-minerals"


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    """The pack as it is shipped."""
    return load_rules([FOLDER]).rules
