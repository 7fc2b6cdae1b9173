"""What feedparser passes of its own test corpus must pass through tocsin's repairs, too.

    python bench/feedparser_corpus.py FOLDER [--json]

FOLDER is `tests/` of a checkout of feedparser. A case is a file with `Expect:` in its first comment. It is read twice:
by feedparser as it is, and as tocsin reads it: decoded by `sources.charset`, repaired by `sources.repair`, refused by
`repair.check_cost` where that is due, and then parsed: with feedparser's own options, and without sanitising and resolving
relative addresses, as tocsin has it (it makes plain text and resolves links itself). One of the two must pass.

An expectation is walked, never evaluated. `encoding == "x"` asks whether tocsin's text is what x makes of the octets, and
`bozo` whether anything was found wrong: a document that was repaired is well-formed and was broken. Every entry that feedparser finds must become an item as well.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import io
import json
import operator
import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser

from tocsin.errors import SourceError
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.items import MOST_ENTRIES
from tocsin.sources.feeds import repair
from tocsin.sources.feeds.rss import parse

_EXPECT = re.compile(r"Description:\s*(.*?)\s*Expect:\s*(.*)\s*-->")
_HEADER = re.compile(r"^Header:\s+([^:]+):(.*)$", re.MULTILINE)
_COMPARE = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS = {"len": len, "ord": ord}
#: Where tocsin means to differ.
DELIBERATE = {
    "encoding/bozo_linenoise.xml": "one broken octet among good ones: feedparser takes all for ISO 8859-2, and © for Š"
}
_METHODS = ("startswith", "endswith", "strip", "keys", "get", "lower", "count", "has_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file of the corpus, what is expected of it, and the headers it is served with."""

    name: str
    area: str
    body: bytes
    expect: str
    headers: Mapping[str, str]


class Decoded:
    """Stands for `encoding`: equal to each name that makes the same text of the octets."""

    def __init__(self, body: bytes, text: str) -> None:
        self._body, self._text = body, text

    def __eq__(self, name: object) -> bool:
        try:
            return self._body.decode(str(name)).lstrip("\ufeff") == self._text.lstrip("\ufeff")
        except (LookupError, UnicodeDecodeError):
            return False

    __hash__ = None  # type: ignore[assignment]  # it is equal to several names


def cases(folder: Path) -> list[Case]:
    """Every case below *folder*, by name."""
    found = []
    for path in sorted(folder.rglob("*.xml")):
        body = path.read_bytes()
        text = _readable(body)
        expect = _EXPECT.search(text)
        if expect:
            name = str(path.relative_to(folder))
            headers = {"content-type": "text/xml"} if "http" in name else {}
            headers |= {key.strip().lower(): value.strip() for key, value in _HEADER.findall(text)}
            found.append(Case(name=name, area=_area(name), body=body, expect=expect[2].strip(), headers=headers))
    return found


def _area(name: str) -> str:
    parts = Path(name).parts
    return "/".join(parts[: min(2, len(parts) - 1)])


def _readable(body: bytes) -> str:
    """The text of a case as far as its comment needs it."""
    for start, encoding in (
        (b"\x00\x00\xfe\xff", "utf-32-be"), (b"\xff\xfe\x00\x00", "utf-32-le"), (b"\x00\x00\x00<", "utf-32-be"),
        (b"<\x00\x00\x00", "utf-32-le"), (b"\x00<\x00?", "utf-16-be"), (b"<\x00?\x00", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"),
    ):  # fmt: skip
        if body.startswith(start):
            return body.decode(encoding, "replace")
    return body.decode("utf-8", "ignore")


# ---- the two readers ----------------------------------------------------------------------------------------------


def by_feedparser(case: Case) -> dict[str, Any]:
    """What feedparser makes of a case."""
    return dict(feedparser.parse(io.BytesIO(case.body), response_headers=dict(case.headers)))


def by_tocsin(case: Case, **options: bool) -> dict[str, Any]:
    """The same behind tocsin's repairs, with *options* of feedparser.

    Raises:
        SourceError: the document is refused.
    """
    content_type = case.headers.get("content-type", "")
    text, note = decode(case.body, content_type)
    document = repair.repair(text)
    repair.check_cost(document.encode())
    headers = {**case.headers, "content-type": "application/xml; charset=utf-8"}
    found = dict(feedparser.parse(io.BytesIO(document.encode()), response_headers=headers, **options))
    found["repaired"] = bool(note or document != text)
    found["encoding"] = Decoded(case.body, text)
    found["headers"] = {**found.get("headers", {}), **case.headers}
    return found


def entries_lost(case: Case, reference: dict[str, Any]) -> int:
    """How many entries of feedparser do not become items."""
    wanted = min(len(reference["entries"]), MOST_ENTRIES)
    if not reference["version"] and not wanted:
        return 0
    try:
        found = parse(case.body, url="http://example.org/feed", content_type=case.headers.get("content-type", ""))
    except SourceError:
        return wanted
    return max(0, wanted - len(found.items)) if found.complete else 0


# ---- expectations -------------------------------------------------------------------------------------------------


def holds(expect: str, names: Mapping[str, Any]) -> bool:
    """Whether an expectation holds of *names*; one that cannot be looked up does not."""
    try:
        return bool(_walk(ast.parse(expect, mode="eval").body, names))
    except (LookupError, AttributeError, TypeError):
        return False


def _walk(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of an expression of the corpus' small language.

    Raises:
        NotImplementedError: it is of another kind.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Tuple | ast.List):
        items = [_walk(item, names) for item in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items
    if isinstance(node, ast.Dict):
        return {_walk(k, names): _walk(v, names) for k, v in zip(node.keys, node.values, strict=True) if k}
    if isinstance(node, ast.BoolOp):
        is_and = isinstance(node.op, ast.And)
        values = (_walk(item, names) for item in node.values)
        return all(values) if is_and else any(values)
    if isinstance(node, ast.UnaryOp):
        value = _walk(node.operand, names)
        return not value if isinstance(node.op, ast.Not) else -value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _walk(node.left, names) + _walk(node.right, names)
    if isinstance(node, ast.Compare):
        return _compare(node, names)
    if isinstance(node, ast.Subscript):
        return _walk(node.value, names)[_walk(node.slice, names)]
    if isinstance(node, ast.Slice):
        return slice(*(_walk(part, names) if part else None for part in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Attribute) and not node.attr.startswith("_"):
        value = _walk(node.value, names)
        return value[node.attr] if isinstance(value, dict) else getattr(value, node.attr)
    if isinstance(node, ast.Call):
        return _call(node, names)
    raise NotImplementedError(ast.dump(node)[:80])


def _compare(node: ast.Compare, names: Mapping[str, Any]) -> bool:
    left = _walk(node.left, names)
    for kind, item in zip(node.ops, node.comparators, strict=True):
        right = _walk(item, names)
        if not _COMPARE[type(kind)](left, right):
            return False
        left = right
    return True


def _call(node: ast.Call, names: Mapping[str, Any]) -> Any:
    arguments = [_walk(item, names) for item in node.args]
    if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _FUNCTIONS[node.func.id](*arguments)
    if ast.unparse(node.func) == "locals":
        return names
    if ast.unparse(node.func) in ("datetime.datetime", "datetime.timedelta"):
        return getattr(dt, ast.unparse(node.func).partition(".")[2])(*arguments)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        value = _walk(node.func.value, names)
        return arguments[0] in value if node.func.attr == "has_key" else getattr(value, node.func.attr)(*arguments)
    raise NotImplementedError(ast.unparse(node)[:80])


def is_met(case: Case) -> bool:
    """Whether a case passes behind the repairs, with feedparser's options or with those of tocsin.

    Raises:
        SourceError: the document is refused.
    """
    for found in (by_tocsin(case), by_tocsin(case, sanitize_html=False, resolve_relative_uris=False)):
        # What is repaired is well-formed now, and was found broken.
        if holds(case.expect, found) or holds(case.expect, {**found, "bozo": found["repaired"]}):
            return True
    return False


# ---- the table ----------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one object a case instead of the table")
    arguments = parser.parse_args()
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    lost: list[str] = []
    for case in cases(arguments.folder):
        reference = by_feedparser(case)
        theirs = holds(case.expect, reference)
        try:
            ours = is_met(case)
        except SourceError as error:
            ours = False
            lost += [f"{case.name}: refused: {error}"] if theirs else []
        missing = entries_lost(case, reference)
        row = rows[case.area]
        row[0] += 1
        row[1] += theirs
        row[2] += theirs and ours and not missing
        if theirs and (not ours or missing):
            lost.append(f"{case.name}: {f'{missing} entries missing' if ours else case.expect}")
        if arguments.json:
            print(json.dumps({"case": case.name, "feedparser": theirs, "tocsin": ours, "entries_lost": missing}))
    if not arguments.json:
        print(f"{'area':28}{'cases':>7}{'feedparser':>12}{'tocsin':>8}{'lost':>6}")
        total = [sum(column) for column in zip(*rows.values(), strict=True)]
        for area, (count, theirs, ours) in [*sorted(rows.items()), ("all", total)]:
            print(f"{area:28}{count:>7}{theirs:>12}{ours:>8}{theirs - ours:>6}")
    for words in dict.fromkeys(lost):
        reason = DELIBERATE.get(words.partition(":")[0])
        print(f"{'meant' if reason else 'lost'}  {words}{f': {reason}' if reason else ''}", file=sys.stderr)
    return int(any(words.partition(":")[0] not in DELIBERATE for words in lost))


if __name__ == "__main__":
    sys.exit(main())
