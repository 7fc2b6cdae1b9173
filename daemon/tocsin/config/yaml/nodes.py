"""Nodes of a YAML file: scalars, lists and maps, each with its position; the meaning of plain scalars in YAML 1.2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.errors import Problem
from tocsin.model.rules import Located


class Style(StrEnum):
    """The style in which a scalar is written."""

    PLAIN = "plain"
    QUOTED = "quoted"
    BLOCK = "block"


class Missing(str):
    """A text with a part that could not be read, and is left out. Only a secret may be made of it.

    *problem* is the reason, *written* is how the file has the text. *credential* is the name of a credential of the
    service, in a process that has none. It is *taken* as soon as a secret is made of it.
    """

    __slots__ = ("credential", "problem", "taken", "written")
    problem: Problem
    written: str
    credential: str
    taken: bool

    @classmethod
    def of(cls, text: str, problem: Problem, written: str, credential: str) -> Missing:
        """Return *text* as one that is not taken."""
        missing = cls(text)
        missing.problem, missing.written, missing.credential, missing.taken = problem, written, credential, False
        return missing


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
    """A list. *end* is the position after its closing bracket, as line and column. None for a block."""

    place: Located = field(repr=False)
    items: tuple[Node, ...]
    length: int = 1
    end: tuple[int, int] | None = None


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


#: Rows of `tocsin.model.Located`: (offset in the text, line, column), the first offset being 0.
Rows = tuple[tuple[int, int, int], ...]

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# The core schema (YAML 1.2.2, section 10.3.2), except that a number does not begin with a needless 0: 0777 and 007
# are codes, not numbers. The bound keeps int() linear.
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,29})\Z")
_BASED = re.compile(r"0o[0-7]{1,30}\Z|0x[0-9a-fA-F]{1,30}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,30}|(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,3})?\Z")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z")
_NAN = frozenset((".nan", ".NaN", ".NAN"))
#: What a value other than text begins with.
_STARTS = frozenset(("", *"~nNtTfF+-.0123456789"))


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of the plain scalar *text*: null, true, false, a number, or otherwise *text* itself.

    So `no`, `on`, `12:30`, `0777`, `1_000` and `2026-01-31` are text.
    """
    if text[:1] not in _STARTS:
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.match(text):
        return float(text)
    if _INFINITE.match(text):
        return float("-inf" if text[0] == "-" else "inf")
    return float("nan") if text in _NAN else text


def unquoted_rows(text: str, source: Sequence[str], first: int, column: int) -> Rows:
    """Return the rows of a plain, literal or folded scalar.

    *source* are its lines in the file. The first is line *first*, cut before the scalar, whose first character is at
    *column*. Lines of such scalars keep their characters and only the spaces around them change, so each line is found
    in *text* after the one before.
    """
    rows = []
    reached = 0
    for number, line in enumerate(source):
        content = line.strip(" \t")
        found = text.find(content, reached) if content else -1
        if found < 0:
            continue
        start = len(line) - len(line.lstrip(" \t")) + (column if number == 0 else 1)
        # Leading spaces of a line of the text come from the file.
        kept = (
            found - max(reached, text.rfind("\n", 0, found) + 1)
            if text[reached:found].count("\n") or not reached
            else 0
        )
        rows.append((found - kept, first + number, start - kept))
        reached = found + len(content)
    if not rows or rows[0][0] > 0:
        rows.insert(0, (0, first, column))
    return tuple(rows)


def quoted_rows(raw: str, line: int, column: int) -> Rows:
    """Return the rows of a quoted scalar written as *raw* (with both quotes), whose first quote is at *line*, *column*."""
    rows = [(0, line, column + 1)]
    offset = 0
    before = 1 - column  # the offset of column 1 of the current line in *raw*, less one
    follows = True  # whether the next character is where the last row says
    grammar = _DOUBLE if raw[0] == '"' else _SINGLE
    for piece in grammar.finditer(raw, 1, len(raw) - 1):
        length = _length(piece)
        if length and not follows:
            rows.append((offset, line, piece.start() - before + 1))
        offset += length
        follows = piece["text"] is not None
        breaks = piece.group().count("\n")
        if breaks:
            line += breaks
            before = piece.start() + piece.group().rfind("\n") + 1
    return tuple(rows)


# The pieces of a quoted scalar (YAML 1.2.2, 7.3): a run of characters as they are, an escape, a folded line break,
# a break joined by a backslash. Possessive, so that a long run of blanks is read once.
_FOLD = r"(?P<fold>[ \t]*+\n[ \t\n]*+)"
_SINGLE = re.compile(_FOLD + r"|(?P<text>[ \t]++|[^' \t\n]++)|(?P<escape>'')|(?P<join>(?!))")
_DOUBLE = re.compile(
    _FOLD + r"|(?P<text>[ \t]++|[^\\ \t\n]++)|(?P<join>\\\n[ \t\n]*+)" + r"|(?P<escape>\\(?:x.{2}|u.{4}|U.{8}|.))"
)


def _length(piece: re.Match[str]) -> int:
    """Return how many characters of the text *piece* becomes."""
    if piece["text"] is not None:
        return len(piece["text"])
    if piece["escape"] is not None:
        return 1
    breaks = piece.group().count("\n") - 1
    return breaks if piece["join"] is not None else max(1, breaks)
