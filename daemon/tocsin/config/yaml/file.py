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
from tocsin.config.yaml.nodes import Node, Pairs, Scalar
from tocsin.errors import FileError, Position, Problem
from tocsin.files import read_regular
from tocsin.redaction import blotted

_QUOTED = r"""(?:"(?>(?:[^"\\]|\\.)*)"|'(?>(?:[^']|'')*)')"""
_CUT = re.compile(
    rf"(?:(?P<key>[\w.-]+):[ \t]+|-[ \t]+|[\[,][ \t]*)(?P<quoted>{_QUOTED})[ \t]*(?P<rest>[^\s,#\]}}].*)?$"
)

_KEY = re.compile(r"([\w.-]+):[ \t]+$")

_WORDS = {
    "did not find expected key": "this line does not belong to the map above; check its indentation and the quotes",
    "did not find expected '-' indicator": "this should be an item of the list above; begin it with a dash and a space, "
    "or check its indentation",
    "did not find expected <document start>": "this is outside of everything above; check brackets and indentation",
    "did not find expected node content": "a value is missing here; check the brackets",
    "did not find expected comment or line break": "nothing may follow | or > on its line; write the text on the next one",
    "block sequence entries are not allowed in this context": "a list with dashes must begin on its own line",
    "found a tab character where an indentation space is expected": "a tab cannot indent YAML; use spaces",
    "found unexpected document indicator": "the quote is still open at the end of the document; close it",
}


def explain(error: yaml.MarkedYAMLError, lines: Sequence[str], shown: Sequence[str], file: str) -> Problem:
    """Return *error* as a problem of *file* with these *lines*, which are displayed as *shown*."""
    context, mark = error.context_mark, error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    text = lines[line] if line < len(lines) else ""
    words = error.problem or ""
    cut = _cut_at_quote(error, lines, line, column)
    if cut:
        message = cut
    elif context and _is_unclosed(error, line):
        line, column = context.line, context.column
        message = f"the {lines[line][column : column + 1]} that opens here is never closed"
    elif words == "found unknown escape character":
        message = f"{text[column : column + 2]} is no escape in double quotes; use single quotes, or two backslashes"
    elif words == "found character that cannot start any token":
        message = _cannot_start(text, column)
    elif words.startswith("mapping values are not allowed"):
        message = _unexpected_map(lines, line, column)
    elif words.startswith("did not find expected ',' or"):
        message = _flow_gap(text, column, words[-2])
    else:
        message = _WORDS.get(words, f"this is not YAML ({words}); check the indentation and the quotes")
    return Problem(
        message=message,
        position=Position(file=file, line=line + 1, column=column + 1),
        excerpt=shown[line] if line < len(shown) else "",
    )


def _cut_at_quote(error: yaml.MarkedYAMLError, lines: Sequence[str], line: int, column: int) -> str:
    """Return the message for a value that goes on after its closing quote, which YAML cannot read."""
    if not (error.problem or "").startswith("did not find expected") or line >= len(lines):
        return ""
    found = _CUT.search(lines[line])
    if not found or found.start("rest") != column:
        above = next((text for text in reversed(lines[:line]) if text.strip()), "")
        found = _CUT.search(above)
        if not found or found["rest"] or _indent(lines[line]) <= _indent(above):
            return ""
    key = found["key"]
    if not key:
        return "YAML ends the text at its closing quote; put all of it into one pair of single quotes"
    braces = ", in a map without braces" if (error.context or "").endswith("flow mapping") else ""
    return (
        f"YAML ends the value of {key} at its closing quote; "
        f"write `{key}: |` and the whole text, with its quotes, on the next line{braces}"
    )


def _is_unclosed(error: yaml.MarkedYAMLError, line: int) -> bool:
    context = error.context or ""
    if context == "while scanning a quoted scalar":
        return error.problem == "found unexpected end of stream"
    # The line of the bracket has ended: the lines below were not meant to be inside it.
    return (
        context.startswith("while parsing a flow") and error.context_mark is not None and error.context_mark.line < line
    )


def _cannot_start(text: str, column: int) -> str:
    character = text[column : column + 1]
    if character == "@" and (key := _KEY.search(text, 0, column)):
        return (
            f"a value cannot begin with @; write `{key[1]}: |` and the expression on the next line, or put it in quotes"
        )
    if character == "\t":
        return "a tab cannot indent YAML; use spaces"
    return f"a value cannot begin with {character}; put it in quotes"


def _unexpected_map(lines: Sequence[str], line: int, column: int) -> str:
    if ": " in lines[line][:column]:
        return "a colon and a space begin a map; put text that contains them in quotes"
    above = next((text for text in reversed(lines[:line]) if text.strip() and not text.lstrip().startswith("#")), "")
    if re.search(r":(\s|$)", above):
        return "this line is indented too deep; align it with the lines that it belongs to"
    return "the line above is not a key: it needs a colon and a space"


def _flow_gap(text: str, column: int, closing: str) -> str:
    if text[:column].endswith("$") and text[column : column + 1] == "{":
        return 'inside { } or [ ] a value such as ${NAME} needs quotes: "${NAME}"'
    return f"a comma or {closing} is missing here"


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


#: Most characters of one file.
LONGEST = 1_000_000
#: Most characters of a line that a problem shows.
WIDEST = 300

#: Characters that a file cannot hold as they are; between double quotes they can be escaped.
FORBIDDEN = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as it was read. *root* is None if the syntax is broken. An empty file is an empty map."""

    root: Node | None
    problems: tuple[Problem, ...]


def read(text: str, file: str) -> Document:
    """Read the YAML in *text*. *file* is its name in positions.

    Never raises: all faults are in the problems. A duplicate key keeps its first value.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")  # as positions count them: only CR, LF and CR LF end a line
    seen = [blotted(line if len(line) <= WIDEST else f"{line[: WIDEST - 3]}...") for line in lines]
    source = Source(text=text, shown=seen, file=file)
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


def _refuse(source: Source) -> Problem | None:
    """Return the problem that makes a file unfit to be parsed, if there is one."""
    if len(source.text) > LONGEST:
        message = f"the file is longer than {LONGEST:,} characters; split it into several"
        return Problem(message=message, position=Position(file=source.file, line=1, column=1))
    found = FORBIDDEN.search(source.text)
    if not found:
        return None
    line = source.text.count("\n", 0, found.start()) + 1
    column = found.start() - source.text.rfind("\n", 0, found.start())
    return Problem(
        message=f"the invisible character U+{ord(found.group()):04X} is not allowed in YAML; remove it",
        position=Position(file=source.file, line=line, column=column),
        excerpt=FORBIDDEN.sub("\ufffd", source.shown[line - 1]),
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
