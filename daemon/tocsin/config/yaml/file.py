"""YAML 1.2 files with positions, on PyYAML's C parser: one document, without YAML's surprises.

PyYAML only splits the text into events. The meaning of plain scalars, duplicate keys, aliases and limits are decided
here and in `composer`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tocsin.config.yaml.composer import Composer, Source, StopReading
from tocsin.config.yaml.mistakes import explain
from tocsin.config.yaml.nodes import Node, Pairs, Scalar
from tocsin.errors import FileError, Position, Problem
from tocsin.files import read_regular

#: Most characters of one file.
LONGEST = 1_000_000
#: Most characters of a line that a problem shows.
WIDEST = 300

_FORBIDDEN = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as it was read. *root* is None if the syntax is broken. An empty file is an empty map."""

    root: Node | None
    problems: tuple[Problem, ...]


def split_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a file as positions count them. Only CR, LF and CR LF end a line."""
    return tuple(_clean(text).split("\n"))


def read(text: str, file: str, *, shown: Sequence[str] | None = None) -> Document:
    """Read the YAML in *text*. *file* is its name in positions.

    *shown* are the lines as problems may show them, if they differ from those of the file (a secret is left out).
    Never raises: all faults are in the problems. A duplicate key keeps its first value.
    """
    lines = split_lines(text)
    seen = [line if len(line) <= WIDEST else f"{line[: WIDEST - 3]}..." for line in shown or lines]
    source = Source(text=_clean(text), shown=seen, file=file)
    fault = _refuse(source)
    if fault:
        return Document(root=None, problems=(fault,))
    composer = Composer(source)
    try:
        for event in yaml.parse(source.text, Loader=yaml.CBaseLoader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        return Document(root=None, problems=(*composer.problems, explain(error, lines, source.shown, file)))
    except StopReading:
        return Document(root=None, problems=tuple(composer.problems))
    root = composer.root
    if root is None or (isinstance(root, Scalar) and root.value is None):
        root = Pairs(place=source.located("", ((0, 1, 1),)), pairs=())
    return Document(root=root, problems=tuple(composer.problems))


def _clean(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _refuse(source: Source) -> Problem | None:
    """Return the problem that makes a file unfit to be parsed, if there is one."""
    if len(source.text) > LONGEST:
        message = f"the file is longer than {LONGEST:,} characters; split it into several"
        return Problem(message=message, position=Position(file=source.file, line=1, column=1))
    found = _FORBIDDEN.search(source.text)
    if not found:
        return None
    line = source.text.count("\n", 0, found.start()) + 1
    column = found.start() - source.text.rfind("\n", 0, found.start())
    return Problem(
        message=f"the invisible character U+{ord(found.group()):04X} is not allowed in YAML; remove it",
        position=Position(file=source.file, line=line, column=column),
        excerpt=_FORBIDDEN.sub("\ufffd", source.shown[line - 1]),
    )


#: Most bytes of a file: a character has at most four.
LARGEST = 4 * LONGEST


def read_text(path: Path) -> tuple[str, Problem | None]:
    """Return the text of the file at *path*, or the problem with it. Reads at most `LARGEST` bytes and one."""
    try:
        raw = read_regular(path, LARGEST)
        return raw.decode("utf-8"), None
    except FileError as error:
        return "", Problem(message=f"{path} {error}")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return "", Problem(message=f"{path}:{line}: this is not UTF-8; save the file as UTF-8")


def load(path: Path) -> Document:
    """Read the YAML file at *path*; one that cannot be read has no root."""
    text, fault = read_text(path)
    return Document(root=None, problems=(fault,)) if fault else read(text, shown_path(path))


def shown_path(path: Path) -> str:
    """Return *path* as messages show it: relative to the working folder if it is inside it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError, RuntimeError):  # RuntimeError: a symbolic link to itself
        return str(path)
