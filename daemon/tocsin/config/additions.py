"""Additions to the configuration file by a command or the page: what would be written, and the writing of it."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tocsin.config.config import Config, parse_config
from tocsin.config.values import ID, LONGEST_NAME
from tocsin.config.yaml.edit import replace_file
from tocsin.config.yaml.file import LARGEST
from tocsin.errors import ConfigError, FileError, UsageError
from tocsin.files import read_regular
from tocsin.sources.http import urls

#: Returns the text of the configuration with something added. Raises UsageError if that cannot be done.
Edit = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A change of the file at *path* that only adds to it: its octets *before* and *after*."""

    path: Path
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)

    @property
    def seen(self) -> str:
        """A digest of the file as it was before, by which a later proposal shows whether it is the same."""
        return hashlib.sha256(self.before).hexdigest()

    @property
    def line(self) -> int:
        """The line of the file in which the change begins, from 1."""
        old, new = self.before.splitlines(), self.after.splitlines()
        return next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old)) + 1

    @property
    def diff(self) -> tuple[str, ...]:
        """The change as a unified diff without lines of context. Of a line that it changes only what is new is shown."""
        old, new = self.before.decode().splitlines(), self.after.decode().splitlines()
        return tuple(_without_old(difflib.unified_diff(old, new, str(self.path), str(self.path), n=0, lineterm="")))


def propose(path: Path, env: Mapping[str, str], edit: Edit) -> Addition:
    """Return the addition that *edit* makes to the text of the configuration at *path*. Nothing is written.

    Raises:
        UsageError: the file cannot be read, or *edit* refuses it.
        ConfigError: it would have faults; with these alone.
    """
    try:
        before = read_regular(path, LARGEST)
        text = before.decode("utf-8")
    except FileError as error:
        raise UsageError(f"{path} {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8; save it as UTF-8") from error
    after = edit(text)
    try:
        parse_config(after, path, env)
    except ConfigError as error:
        raise ConfigError([problem for problem in error.problems if not problem.warning]) from error
    return Addition(path=path, before=before, after=after.encode())


#: As `propose`, of the file that a daemon runs from.
Propose = Callable[[Edit], Addition]


def write(addition: Addition) -> None:
    """Write *addition* into its file, whole or not at all.

    Raises:
        UsageError: the file was changed in the meantime, or it or its folder cannot be written.
    """
    try:
        replace_file(addition.path, addition.before, addition.after)
    except FileError as error:
        raise UsageError(f"{addition.path} {error}; nothing was written") from error
    except OSError as error:
        words = (
            f"{addition.path} was left as it is, because {addition.path.resolve().parent} cannot be written: "
            f"{error.strerror}; let the user of tocsin write there, or add this by hand:"
        )
        raise UsageError("\n".join([words, *(line[1:] for line in addition.diff[3:])])) from error


def check_writable(path: Path) -> None:
    """Check that the file at *path* can be replaced, as far as that is known before it is tried.

    Raises:
        UsageError: it cannot.
    """
    folder = path.resolve().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"{path} cannot be changed from here, because tocsin may not write into {folder}: let its user write there, or "
            "add what you want by hand"
        )


# ---- sources ------------------------------------------------------------------------------------------------------


def known_sources(config: Config) -> dict[str, str]:
    """Return the names of the configured feeds and pages by the part of their addresses that `same_feed` returns."""
    return {same_feed(source.url.known): source.name for source in config.sources}


def same_feed(url: str) -> str:
    """Return the part of *url* that is the same in all addresses of one feed."""
    return urls.address(urls.without_user(url))


def checked_name(name: str, taken: Collection[str]) -> str:
    """Return *name*, which a new source may have or which is empty.

    Raises:
        UsageError: it is *taken*, or has characters that no name has.
    """
    if name and (not re.fullmatch(ID, name) or name in taken):
        why = "is taken" if name in taken else "must be letters, digits, dots, dashes and underscores"
        raise UsageError(f"the name {_printable(name)[:80]} {why}")
    return name


def source_name(url: str, taken: Collection[str], title: str = "") -> str:
    """Return an unused name, made from the title if that has Latin letters, or else from the host."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(slug) < 3:
        host = urls.host(urls.escape(url))
        slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"^(www|feeds?|rss)\.", "", host)).strip("-") or "source"
    base = slug[: LONGEST_NAME - 6].rstrip("-")
    return next(name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken)


def labels_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return labels as the configuration has them: a value, or a list of several."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


# ---- the diff -----------------------------------------------------------------------------------------------------


def _without_old(lines: Iterator[str]) -> Iterator[str]:
    """Yield the *lines* of a diff; of a changed line only what was added to it: the rest may hold secrets."""
    removed: list[str] = []
    added: list[str] = []
    for number, line in enumerate(lines):
        if number > 1 and line.startswith("-"):
            removed.append(line[1:])
        elif number > 1 and line.startswith("+"):
            added.append(line[1:])
        else:
            yield from _added(removed, added)
            removed, added = [], []
            yield line
    yield from _added(removed, added)


def _added(removed: list[str], added: list[str]) -> Iterator[str]:
    old, new = "\n".join(removed), "\n".join(added)
    if removed:
        start = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old))
        rest = old[start:]
        kept = next((n for n in range(len(rest), 0, -1) if new.endswith(rest[-n:]) and n <= len(new) - start), 0)
        new = f"…{new[start : len(new) - kept]}{'…' if kept else ''}"
    yield from (f"+{line}" for line in new.split("\n") if added)
