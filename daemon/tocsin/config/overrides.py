"""Overrides in the configuration: changes to rules and lists of packs that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from tocsin.config.pack_file import Lists
from tocsin.config.packs import check_lists, read_lists
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, entries, member, problem
from tocsin.config.yaml.shape import Shape, Texts
from tocsin.errors import Problem
from tocsin.model.rules import Severity
from tocsin.rules.spec import Override


class OverrideShape(Shape):
    """An override in the file."""

    disable: bool = False
    """True to switch the rule off."""
    severity: Severity | None = None
    """A severity that replaces `severity` and `severity_if` of the rule."""
    unless: str | None = None
    """A condition that cancels matches, in addition to the rule's own `unless`. It may name the lists of the rule's pack."""
    to: Texts = ()
    """The only receivers of this rule. Routes are not used for it."""
    lists: Lists = Field(default_factory=dict)
    """Words that are added to the lists of a pack. Only under the name of a pack."""

    refused: ClassVar[Mapping[str, str]] = {
        "expressions": "expressions cannot be overridden; add words to a list of the pack, or an unless to a rule"
    }


def make_overrides(node: Node | None, shapes: Mapping[str, OverrideShape]) -> Iterator[Override]:
    """Yield the overrides that *shapes* describe, by their keys, with the places of *node*."""
    for key, value in entries(node):
        item = shapes[key.text]
        unless = member(value, "unless")
        yield item.build(
            Override,
            rule=key.place,
            lists=tuple(read_lists(value)),
            unless=unless.place if isinstance(unless, Scalar) and item.unless is not None else None,
        )


def check_override(override: Node) -> Iterator[Problem]:
    """Yield faults of one override that its shape cannot express."""
    yield from check_lists(override)
    if isinstance(override, Pairs) and not override.pairs:
        yield problem(override, "an override needs disable, severity, unless, to or lists")
