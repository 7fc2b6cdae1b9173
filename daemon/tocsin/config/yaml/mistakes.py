"""Messages for errors of the YAML parser. They name the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from tocsin.errors import Position, Problem

_QUOTED = r"""(?:"(?:[^"\\]|\\.)*+"|'(?:[^']|'')*+')"""
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
