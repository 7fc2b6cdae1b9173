"""The generated pages of the reference: they say what the program says, and each key has an example."""

from __future__ import annotations

import re

import pytest

import generate_reference as reference
from tocsin.config.yaml.shape import Shape


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_the_reference_says_what_the_program_says(name: str) -> None:
    """A key or an option that changes takes its page along."""
    page = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert page == reference.PAGES[name](), f"docs/reference/{name} is not current; write it with: {reference.COMMAND}"


@pytest.mark.parametrize(("name", "shape"), [pytest.param(*one, id=one[0] or "all") for one in reference.sections()])
def test_each_key_has_an_example(name: str, shape: type[Shape]) -> None:
    """What stands in a table stands in the example above it, too."""
    keys = {field.alias or key for key, field in shape.model_fields.items()}
    assert keys - set(re.findall(r"\b([a-z_]+):", reference.SECTIONS[name])) == set()


def test_each_key_and_option_has_a_meaning() -> None:
    """A row without words helps nobody."""
    for name in reference.PAGES:
        rows = re.findall(r"^\| .* \|$", (reference.FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert len(rows) > 50
        assert [row for row in rows if row.endswith("|  |")] == []
