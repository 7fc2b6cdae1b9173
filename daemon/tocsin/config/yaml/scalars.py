"""Scalars of YAML 1.2: the meaning of plain ones, and the mapping of their characters to those of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of the plain scalar *text*: null, true, false, a number, or otherwise *text* itself.

    So `no`, `on`, `12:30`, `0777`, `1_000` and `2026-01-31` are text.
    """
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
