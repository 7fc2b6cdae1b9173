"""Reloads: detection of changed files, changes that need a restart, and what was removed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tocsin.config.config import Config
from tocsin.config.database import file_of
from tocsin.config.sections import HttpConfig
from tocsin.config.shipped import preset_files
from tocsin.config.yaml.file import LARGEST
from tocsin.errors import FileError, Problem
from tocsin.files import read_regular
from tocsin.policy.notifying.route import Route
from tocsin.redaction import masked
from tocsin.rules.ruleset import RuleSet

#: Name, time and size of each file.
Marks = frozenset[tuple[str, int, int]]


class Watched:
    """The files that a reload reads: the configuration at *path*, and the packs in *folders* with their presets.

    A half-written file may still be valid YAML, so a change counts only when two looks in a row find the same files.
    """

    def __init__(self, path: Path, folders: Sequence[Path]) -> None:
        self._path = path
        self.folders = tuple(folders)
        self._taken = self._marks()
        self._content = ""  # at the last look, if it differs from what was taken

    def settled(self) -> bool:
        """Return whether something changed since the last `take`, and nothing since the look before."""
        if self._marks() == self._taken:
            self._content = ""
            return False
        before, self._content = self._content, self.digest()
        return before == self._content

    def take(self, content: str) -> bool:
        """Return whether the files still have this *content*. If so, it counts as taken."""
        marks = self._marks()
        if self.digest() != content:
            return False
        self._taken, self._content = marks, ""
        return True

    def digest(self) -> str:
        """Return a digest of the names, times, sizes and content of all files."""
        found = hashlib.sha256()
        for name, *rest in sorted(self._marks()):
            found.update(f"{name}\0{rest}\0".encode("utf-8", "surrogateescape"))
            with suppress(FileError):
                found.update(hashlib.sha256(read_regular(Path(name), LARGEST)).digest())
        return found.hexdigest()

    def _marks(self) -> Marks:
        marks = set()
        for file in self._files():
            with suppress(OSError):
                stat = file.stat()
                marks.add((str(file), stat.st_mtime_ns, stat.st_size))
        return frozenset(marks)

    def _files(self) -> Iterator[Path]:
        yield self._path
        for folder in self.folders:
            yield from folder.glob("*.y*ml")
        yield from preset_files(self.folders).values()


def needs_restart(before: Config, after: Config) -> list[Problem]:
    """Return the changes from *before* to *after* that a running daemon cannot take over, with the remedy."""
    remedy = "restart tocsin, or undo the change"
    problems = []
    if _path(after.database) != _path(before.database):
        words = f"database is now {masked(after.database)} and was {masked(before.database)}, which is in use"
        problems.append(Problem(message=f"{after.path}: {words}: {remedy}"))
    elif after.connections != before.connections:
        words = f"database.connections is now {after.connections} and was {before.connections}"
        problems.append(Problem(message=f"{after.path}: {words}: {remedy}"))
    changed = [name for name in HttpConfig.model_fields if getattr(after.http, name) != getattr(before.http, name)]
    if changed:
        words = f"{', '.join(f'http.{name}' for name in changed)} changed, but is read only at a start"
        problems.append(Problem(message=f"{after.path}: {words}: {remedy}"))
    return problems


def gone(before: Config, after: Config, rules: RuleSet, rules_after: RuleSet) -> dict[str, tuple[str, ...]]:
    """Return what a new configuration and its rules no longer have, by kind and name.

    A renamed source is not gone, nor is a route, or another thing without a name, that is written in another way.
    """
    kept = {source.identity for source in after.sources}
    found = {
        "sources": [
            *(s.name for s in before.sources if s.name not in after.names and s.identity not in kept),
            *(s.name for s in before.pushes if s.name not in after.names),
        ],
        "prices": [row.name for row in before.prices if row.name not in after.names],
        "instruments": _less((i.id for i in before.instruments), (i.id for i in after.instruments)),
        "receivers": _less((r.name for r in before.receivers), (r.name for r in after.receivers)),
        "routes": _fewer(list(map(route_in_words, before.routes)), list(map(route_in_words, after.routes))),
        "silences": _fewer(list(map(str, before.silences)), list(map(str, after.silences))),
        "escalations": _fewer(list(map(str, before.escalations)), list(map(str, after.escalations))),
        "inhibit": _fewer(list(map(str, before.inhibitions)), list(map(str, after.inhibitions))),
        "rules": _less(rules.infos, rules_after.infos),
        "packs": _less(map(str, before.rules), map(str, after.rules)),
        "overrides": _less((o.rule.text for o in before.overrides), (o.rule.text for o in after.overrides)),
    }
    return {kind: tuple(names) for kind, names in found.items() if names}


def _path(database: str) -> str:
    file = file_of(database)
    return os.path.realpath(file) if file else database


def _less(before: Iterable[str], after: Iterable[str]) -> list[str]:
    kept = set(after)
    return [name for name in before if name not in kept]


def _fewer(before: list[str], after: list[str]) -> list[str]:
    """Return those of *before* that are not in *after*, if there are fewer by now: else they may be written in another way."""
    return _less(before, after) if len(after) < len(before) else []


def route_in_words(route: Route) -> str:
    """Return a route as people name it: `severity>=high mineral=lithium to desk,mail`."""
    origins = f"origins={route.origins}" if route.origins else ""
    return " ".join(filter(None, (str(route.which), origins, f"to {','.join(route.to) or 'nobody'}")))
