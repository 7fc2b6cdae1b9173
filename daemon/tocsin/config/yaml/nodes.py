"""Nodes of a YAML file: scalars, lists and maps, each with its position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.errors import Problem
from tocsin.model.rules import Located


class Style(StrEnum):
    """The style in which a scalar is written."""

    PLAIN = "plain"
    QUOTED = "quoted"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value. *value* is its meaning in the YAML 1.2 core schema. *place* has its text.

    *length* is the number of its characters on the first line. *filled* means that a part came from outside the file
    (and is secret), *broken* that a fault of it is already known.
    """

    place: Located = field(repr=False)
    value: str | int | float | bool | None = field(repr=False)
    style: Style = Style.PLAIN
    length: int = 1
    filled: bool = False
    broken: bool = False

    @property
    def text(self) -> str:
        """The value as it was written, whatever its type."""
        return self.place.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list; *flow* when it stands in square brackets."""

    place: Located = field(repr=False)
    items: tuple[Node, ...]
    flow: bool = False
    length: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A map in file order. Keys are text and unique.

    *end* is the position after its closing brace, as line and column. None for a block.
    """

    place: Located = field(repr=False)
    pairs: tuple[tuple[Scalar, Node], ...]
    length: int = 1
    end: tuple[int, int] | None = None

    def key(self, name: str) -> Scalar | None:
        """Return the node of the key *name*, if there is one."""
        return next((key for key, _ in self.pairs if key.text == name), None)

    def get(self, name: str) -> Node | None:
        """Return the value of the key *name*, if there is one."""
        return next((node for key, node in self.pairs if key.text == name), None)


Node = Scalar | Items | Pairs


def problem(node: Node, message: str, *, offset: int = 0, length: int | None = None, warning: bool = False) -> Problem:
    """Return a fault at the character *offset* of *node*'s text, *length* characters long (default: all of *node*)."""
    wanted = node.length if length is None else length
    return node.place.problem(message, offset=offset, length=wanted, warning=warning)


def walk(node: Node) -> Iterator[Scalar]:
    """Yield every scalar in *node*, keys too, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from walk(item)
    else:
        for key, value in node.pairs:
            yield key
            yield from walk(value)


def entries(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    """Return the keys of a map with their values; nothing of anything else."""
    return node.pairs if isinstance(node, Pairs) else ()


def children(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list or the values of a map. Empty for anything else."""
    return node.items if isinstance(node, Items) else tuple(value for _, value in entries(node))


def scalars(node: Node | None) -> tuple[Scalar, ...]:
    """Return the single values of a list, or the one that stands for a list."""
    return tuple(item for item in (node, *children(node)) if isinstance(item, Scalar))


def member(node: Node | None, name: str) -> Node | None:
    """Return the value of the key *name*, if *node* is a map that has it."""
    return node.get(name) if isinstance(node, Pairs) else None


def said(text: str) -> str:
    """Return *text* as a message may repeat it: short, on one line, and without possible secrets of an address."""
    head, colon, _ = text.partition("://")
    shown = f"{head}://***" if colon else text
    shown = "".join(c if c.isprintable() else "\ufffd" for c in shown)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
