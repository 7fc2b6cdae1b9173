"""Additions to a configuration file. Nothing else changes, not even a comment or a space."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from tocsin.config.yaml.file import LARGEST, read
from tocsin.config.yaml.nodes import Items, Node, Pairs, Scalar, resolve
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
    more: Mapping[str, object]

    @property
    def fields(self) -> Mapping[str, object]:
        """The source as a map, in which no text is a reference."""
        return {key: _literal(value) for key, value in {self.kind: self.address, **self.more}.items()}

    @property
    def line(self) -> str:
        """The source as one line of the map `sources`."""
        return _entry(self.name, self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWord:
    """A *term* to add to the list *name* of a *pack*, below *label* if the list is a map, which is empty otherwise.

    A dollar sign in it is one of the rule language; `${` would be a reference, and no term has it.
    """

    pack: str
    name: str
    label: str
    term: str

    @property
    def fields(self) -> Mapping[str, object]:
        """The override that adds it, as a map."""
        return {self.pack: {"lists": {self.name: {self.label: [self.term]} if self.label else [self.term]}}}


def add_sources(text: str, new: Sequence[NewSource]) -> str:
    """Return the configuration *text* with *new* after its other sources.

    Raises:
        UsageError: it cannot be done without changing anything else. The message has the lines to paste.
    """
    return _add(text, "sources", {source.name: source.fields for source in new})


def add_word(text: str, new: NewWord) -> str:
    """Return the configuration *text* with an override that adds *new*, after the words that it has for that list.

    Raises:
        UsageError: as `add_sources`, or the term has a reference.
    """
    if "${" in new.term:
        raise UsageError("a word cannot hold ${, which would be filled in from outside of the file")
    return _add(text, "overrides", new.fields)


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Replace *before* by *after* atomically, with the same permissions.

    Raises:
        UsageError: the file no longer holds *before*, or another process writes beside it now.
        FileError: the file cannot be read.
        OSError: the file cannot be written.
    """
    target = path.resolve()
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        _lock(folder, path)
        _replace(path, target, before, after)
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(folder: int, path: Path) -> None:
    """Keep other writers out of *folder* until it is closed. Not waited for: whoever may read it could hold it for ever."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{path} is being changed by another process; nothing was written: try again") from None
    except OSError:
        pass  # a file system without locks


def _replace(path: Path, target: Path, before: bytes, after: bytes) -> None:
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
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


# ---- where it goes ------------------------------------------------------------------------------------------------


def _add(text: str, section: str, more: Mapping[str, object]) -> str:
    """Return *text* with *more* in its *section*: new keys behind the others of a map, new items behind those of a list."""
    pasted = [_entry(key, value) for key, value in more.items()]
    root = read(text, "").root
    if not isinstance(root, Pairs):
        raise _refusal(section, pasted, "it is not a map")
    edited = _inserted(text, root, {section: more})
    if edited is None:
        raise _refusal(section, pasted, f"its {section} are written in an unusual way")
    after = read(edited, "").root
    added = read(f"{section}:\n" + "\n".join(_indented(pasted, 2)), "").root
    if after is None or added is None or _plain(after) != _merged(_plain(root), _plain(added)):
        raise _refusal(section, pasted, "something else would have changed")
    return edited


def _inserted(text: str, root: Pairs, more: Mapping[str, object]) -> str | None:
    """Return *text* with *more*. None if what is there is written in an unusual way."""
    written = _lines(text)
    node: Node = root
    wanted: object = more
    key: Scalar | None = None
    last = len(written)  # the last line of the block that `node` is
    while isinstance(node, Pairs) and isinstance(wanted, Mapping) and len(wanted) == 1:
        [(name, inner)] = wanted.items()
        found = node.key(name)
        if found is None:
            break
        first = found.place.at().line
        last = min([last, *(other.place.at().line - 1 for other, _ in node.pairs if other.place.at().line > first)])
        key, node, wanted = found, node.get(name) or found, inner
    end = "\r\n" if "\r\n" in text else "\n"
    if key is None:
        [(section, inner)] = more.items()
        below = [f"{section}:", *_indented(_pieces(inner), 2)]
        return None if root.end else _joined(written, last, [*([""] if written else []), *below], end)
    first, column = _spot(key)
    if isinstance(node, Scalar):
        bare = written[first - 1].strip()
        alone = node.value is None and bare in (f"{key.text}:", f'"{key.text}":')
        return _joined(written, first, _indented(_pieces(wanted), column + 1), end) if alone else None
    if isinstance(node, Pairs) is not isinstance(wanted, Mapping):
        return None
    if node.end:
        return _enclosed(text, node, node.end, _pieces(wanted, flow=True), end)
    indent = (_spot(node.pairs[0][0]) if isinstance(node, Pairs) else _spot(node))[1] - 1
    while last > first and _is_apart(written[last - 1], indent):
        last -= 1
    return _joined(written, last, _indented(_pieces(wanted), indent), end)


def _enclosed(text: str, node: Pairs | Items, close: tuple[int, int], pieces: Sequence[str], end: str) -> str | None:
    """Return *text* with *pieces* in the map or list *node* between brackets: on the same line, or on lines of their own if it has that form."""
    parts = node.pairs if isinstance(node, Pairs) else tuple((item, item) for item in node.items)
    if not parts:
        at = _offset(text, _spot(node)) + 1
        return f"{text[:at]}{', '.join(pieces)}{text[at:]}"
    key, value = parts[-1]
    stop = _end_of(text, value)
    if stop is None:
        return None
    at = _offset(text, stop)
    # After the last part: a comma and its comment, and the lines before the closing bracket.
    found = re.match(r"(,?)([ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))", text[at : _offset(text, close) - 1])
    if not found:
        return f"{text[:at]}{''.join(f', {piece}' for piece in pieces)}{text[at:]}"
    line, column = _spot(key)
    indent = text[_offset(text, (line, 1)) : _offset(text, (line, column))]
    if indent.strip():
        return None
    more = f",{end}".join(f"{indent}{piece}" for piece in pieces)
    return f"{text[:at]},{found[2]}{more}{found[1]}{end}{text[at + found.end() :]}"


def _spot(node: Node) -> tuple[int, int]:
    position = node.place.at()
    return position.line, position.column


def _end_of(text: str, node: Node) -> tuple[int, int] | None:
    """Return the line and column behind *node*, which stands between brackets; None where an anchor hides its beginning."""
    if not isinstance(node, Scalar):
        return node.end
    # Positions are the same with these line ends and without a mark.
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for event in yaml.parse(plain, Loader=yaml.CBaseLoader):
        if isinstance(event, yaml.ScalarEvent) and event.start_mark and event.end_mark:
            begin, stop = event.start_mark, event.end_mark
            quoted = event.style in ("'", '"')
            if (begin.line + 1, begin.column + 1 + quoted) == _spot(node):
                return stop.line + 1, stop.column + 1
    return None


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


# ---- how it is written --------------------------------------------------------------------------------------------


def _pieces(value: object, *, flow: bool = False) -> list[str]:
    """Return the entries of a map or the items of a list as they are written, each on its line unless between brackets."""
    if isinstance(value, Mapping):
        return [_entry(key, item) for key, item in value.items()]
    assert isinstance(value, list), "a map or a list"
    return [_write(item) if flow else f"- {_write(item)}" for item in value]


def _entry(key: str, value: object) -> str:
    # An unquoted name such as null would not be text.
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", key) and isinstance(resolve(key), str)
    return f"{key if plain else quoted(key)}: {_write(value)}"


def _write(value: object) -> str:
    """Return *value* as it is written between brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(_entry(key, item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(":"):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Return *text* between double quotes, with escapes for whatever nobody sees or YAML refuses."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(text, ensure_ascii=False))


def _literal(value: object) -> object:
    """Return *value* with all its texts written so that none of them is filled in from outside of the file."""
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


# ---- that nothing else changes ------------------------------------------------------------------------------------


def _plain(node: Node) -> object:
    """Return the content of *node*, whatever its style."""
    if isinstance(node, Scalar):
        return (node.value, node.text)
    if isinstance(node, Pairs):
        return {key.text: _plain(item) for key, item in node.pairs}
    return [_plain(item) for item in node.items]


def _merged(old: object, more: object) -> object:
    """Return *old* with the keys and items of *more*."""
    if isinstance(old, dict) and isinstance(more, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in more.items()}}
    return old + more if isinstance(old, list) and isinstance(more, list) else more


def _refusal(section: str, lines: Sequence[str], why: str) -> UsageError:
    pasted = "\n".join(_indented(lines, 2))
    return UsageError(f"the file was left as it is, because {why}; write this below {section}:\n{pasted}")
