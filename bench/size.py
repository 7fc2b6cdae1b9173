"""How large the program is, and how often it says the same thing.

    python bench/size.py [FOLDER]     (default: daemon, below the current folder)

Every line is of one kind. Docstrings are those of modules, classes, functions and fields, blank lines in them included;
a signature goes from `def` to the line before the body; decorators and `class` lines are body. The aims are about body
and signatures together.

A pair is two files (or one file twice) that share a run of six lines of one shape: the same tokens, where names, strings
and numbers count by kind alone. Comments, docstrings, imports, blank lines and lone punctuation are passed over. A run of
fewer than 33 tokens is thin, and one that stands in more than eight places is an idiom; neither counts.
"""

from __future__ import annotations

import ast
import io
import itertools
import keyword
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

RUN, THIN, IDIOM = 6, 33, 8
LONG_MODULE, LONG_FUNCTION, MANY_PARAMETERS = 400, 60, 8
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}

Function = ast.FunctionDef | ast.AsyncFunctionDef


# ---- lines ---------------------------------------------------------------------------------------------------------


def kinds(text: str) -> Counter[str]:
    """How many lines of *text* are of each kind."""
    lines = text.splitlines()
    kind = ["body"] * len(lines)
    nodes = list(ast.walk(ast.parse(text)))
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            _mark(kind, "imports", node.lineno, node.end_lineno)
        elif isinstance(node, Function):
            _mark(kind, "signatures", node.lineno, max(node.lineno, _first_line(node.body[0]) - 1))
    for node in nodes:
        for statement in getattr(node, "body", ()) if isinstance(node, ast.Module | ast.ClassDef | Function) else ():
            if isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str):
                _mark(kind, "docstrings", statement.lineno, statement.end_lineno)
    for number, line in enumerate(lines):
        if not line.strip():
            kind[number] = "docstrings" if kind[number] == "docstrings" else "blank"
        elif line.lstrip().startswith("#"):
            kind[number] = "comments"
    return Counter(kind)


def _mark(kind: list[str], name: str, first: int, last: int | None) -> None:
    kind[first - 1 : last] = [name] * ((last or first) - first + 1)


def _first_line(statement: ast.stmt) -> int:
    return min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, lines and parameters (less `self`) of every function of *text*."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            count = sum(one.arg not in ("self", "cls") for one in parameters)
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1, count


# ---- pairs ---------------------------------------------------------------------------------------------------------


def pairs(texts: dict[str, str]) -> set[tuple[str, str]]:
    """The pairs of files, by name, that share a run."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, text in texts.items():
        shapes = list(_shapes(text))
        for start in range(len(shapes) - RUN + 1):
            run = tuple(shapes[start : start + RUN])
            # A run that overlaps itself is one place.
            if not any(name == other and start - at < RUN for other, at in places[run]):
                places[run].append((name, start))
    return {
        (one, other)
        for run, found in places.items()
        if sum(len(line.split()) for line in run) >= THIN and len(found) <= IDIOM
        for (one, _), (other, _) in itertools.combinations(found, 2)
    }


def _shapes(text: str) -> Iterator[str]:
    lines: dict[int, list[str]] = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _LAYOUT:
            lines[token.start[0]].append(_shape(token))
    for number in sorted(lines):
        words = lines[number]
        if words[0] not in ("import", "from") and words != ["S"] and not all(re.fullmatch(r"\W+", w) for w in words):
            yield " ".join(words)


def _shape(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
        return "N"
    return {tokenize.STRING: "S", tokenize.NUMBER: "0"}.get(token.type, token.string)


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "daemon")
    texts = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
    total = sum(map(kinds, texts.values()), Counter[str]())
    print(
        f"{total.total()} lines in {len(texts)} files: " + ", ".join(f"{n} {kind}" for kind, n in total.most_common())
    )
    print(f"body and signatures: {total['body'] + total['signatures']}")
    print(f"pairs of files that share a run of {RUN} lines: {len(pairs(texts))}")
    for name, text in texts.items():
        if (length := len(text.splitlines())) > LONG_MODULE:
            print(f"module over {LONG_MODULE} lines: {name} {length}")
        for function, lines, parameters in functions(text):
            if lines > LONG_FUNCTION or parameters > MANY_PARAMETERS:
                print(f"large function: {name}: {function}, {lines} lines, {parameters} parameters")


if __name__ == "__main__":
    main()
