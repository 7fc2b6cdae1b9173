"""Insertion of sources into a configuration file. Nothing else changes, not even a comment or a space."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tocsin.config.yaml.file import LARGEST, read
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, member, resolve
from tocsin.errors import UsageError
from tocsin.files import read_regular

#: Text that needs no quotes in a flow map.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~:/?&=%@+-]+|[A-Za-z][A-Za-z0-9._-]*|[0-9]+[smhdw]")
_WORDS = frozenset({"true", "false", "null", "y", "n", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A source to write: its *address* is the value of the key *kind*, and *more* are further keys."""

    name: str
    kind: str
    address: str
    more: Mapping[str, str | bool | Mapping[str, str]]

    @property
    def line(self) -> str:
        """The source as one line of the map `sources`."""
        fields: Mapping[str, object] = {self.kind: self.address, **self.more}
        # An unquoted name such as null would not be text.
        name = self.name if isinstance(resolve(self.name), str) else json.dumps(self.name)
        return f"{name}: {_write(fields)}"


def add_sources(text: str, new: Sequence[NewSource]) -> str:
    """Return the configuration *text* with *new* after its other sources.

    Raises:
        UsageError: it cannot be done without changing anything else. The message has the lines to paste.
    """
    lines = [source.line for source in new]
    root = read(text, "").root
    if not isinstance(root, Pairs):
        raise _refusal("it is not a map", lines)
    edited = _inserted(text, root, lines)
    if edited is None:
        raise _refusal("its sources are written in an unusual way", lines)
    after = read(edited, "").root
    wanted = {**_plain(root), "sources": {**(_plain(member(root, "sources")) or {}), **_parsed(lines)}}
    if after is None or _plain(after) != wanted:
        raise _refusal("something else would have changed", lines)
    return edited


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Replace *before* by *after* atomically, with the same permissions.

    Raises:
        UsageError: the file no longer holds *before*.
        FileError: the file cannot be read.
        OSError: the file cannot be written.
    """
    target = path.resolve()
    if read_regular(target, LARGEST) != before:
        raise UsageError(f"{path} was changed in the meantime; nothing was written")
    status = target.stat()
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fchmod(file.fileno(), status.st_mode & 0o7777)
            with suppress(PermissionError):
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fsync(file.fileno())
        Path(aside).replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _inserted(text: str, root: Pairs, lines: Sequence[str]) -> str | None:
    """Return *text* with *lines* in `sources`. None if `sources` is written in an unusual way."""
    end = "\r\n" if "\r\n" in text else "\n"
    written = _lines(text)
    key, sources = root.key("sources"), member(root, "sources")
    if key is None:
        return _joined(written, len(written), [*([] if not written else [""]), "sources:", *_indented(lines, 2)], end)
    first = key.place.at().line
    if isinstance(sources, Scalar) and sources.value is None:
        return _joined(written, first, _indented(lines, 2), end) if written[first - 1].strip() == "sources:" else None
    if not isinstance(sources, Pairs):
        return None
    if sources.end:
        return _braced(text, sources, sources.end, lines, end)
    indent = sources.pairs[0][0].place.at().column - 1
    following = [other.place.at().line for other, _ in root.pairs if other.place.at().line > first]
    last = min(following, default=len(written) + 1) - 1
    while last > first and _is_apart(written[last - 1], indent):
        last -= 1
    return _joined(written, last, _indented(lines, indent), end)


def _braced(text: str, sources: Pairs, close: tuple[int, int], lines: Sequence[str], end: str) -> str | None:
    """Return *text* with *lines* in the flow map *sources*: on the same line, or on lines of their own if it has that form."""
    if not sources.pairs:
        at = _offset(text, _spot(sources)) + 1
        return f"{text[:at]}{', '.join(lines)}{text[at:]}"
    key, last = sources.pairs[-1]
    if not isinstance(last, Pairs) or not last.end:
        return None
    at = _offset(text, last.end)
    # After the last source: a comma and its comment, and the lines before the closing brace.
    found = re.match(r"(,?)([ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))", text[at : _offset(text, close) - 1])
    if not found:
        return f"{text[:at]}{''.join(f', {line}' for line in lines)}{text[at:]}"
    line, column = _spot(key)
    indent = text[_offset(text, (line, 1)) : _offset(text, (line, column))]
    if indent.strip():
        return None
    more = f",{end}".join(f"{indent}{line}" for line in lines)
    return f"{text[:at]},{found[2]}{more}{found[1]}{end}{text[at + found.end() :]}"


def _spot(node: Node) -> tuple[int, int]:
    position = node.place.at()
    return position.line, position.column


def _lines(text: str) -> list[str]:
    """Return the lines of *text* with their line breaks."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)


def _offset(text: str, spot: tuple[int, int]) -> int:
    """Return the offset in *text* of a line and column. A byte order mark has no column."""
    line, column = spot
    mark = 1 if line == 1 and text.startswith("\ufeff") else 0
    return sum(map(len, _lines(text)[: line - 1])) + mark + column - 1


def _is_apart(line: str, indent: int) -> bool:
    """Return whether a line at the end of a block belongs to what follows: it is blank, or a comment with less indent."""
    bare = line.strip()
    return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) < indent)


def _indented(lines: Sequence[str], indent: int) -> list[str]:
    return [f"{' ' * indent}{line}" for line in lines]


def _joined(written: list[str], at: int, lines: Sequence[str], end: str) -> str:
    """Return *written* with *lines* after its first *at* lines."""
    head = "".join(written[:at])
    gap = "" if not head or head.endswith(("\n", "\r")) else end
    return f"{head}{gap}{''.join(f'{line}{end}' for line in lines)}{''.join(written[at:])}"


def _write(value: object) -> str:
    """Return *value* as it is written in a flow map."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_write(key)}: {_write(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(":"):
        return text
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)


def _parsed(lines: Sequence[str]) -> dict[str, object]:
    found = _plain(read("\n".join(lines), "").root)
    assert isinstance(found, dict)
    return found


def _plain(node: Node | None) -> dict[str, object]:
    """Return the content of a map, whatever its style."""

    def value(item: Node) -> object:
        if isinstance(item, Scalar):
            return (item.value, item.text)
        if isinstance(item, Pairs):
            return {key.text: value(one) for key, one in item.pairs}
        return [value(one) for one in item.items]

    return {key.text: value(item) for key, item in node.pairs} if isinstance(node, Pairs) else {}


def _refusal(why: str, lines: Sequence[str]) -> UsageError:
    pasted = "\n".join(_indented(lines, 2))
    return UsageError(f"the file was left as it is, because {why}; write this below sources:\n{pasted}")
