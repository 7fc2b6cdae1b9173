"""Program of a playground process: it reads an edit and entries from standard input, and prints its findings as JSON.

python -m tocsin.replay.playground_program MEMORY SECONDS
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.model.entries import Entry
from tocsin.model.rules import Located
from tocsin.replay.playground import Edit, Playground
from tocsin.rules.spec import ListSpec, Override


def main() -> None:
    """Answer one request."""
    memory, seconds = map(int, sys.argv[1:])
    for limit in _limits(memory, seconds):
        # A hardened unit forbids some; the time is limited from outside, too.
        with suppress(OSError, ValueError):
            limit()
    asked = json.loads(sys.stdin.buffer.readline())
    playground = Playground(_edit(asked["edit"]))
    found: dict[str, Any] = {"checked": dataclasses.asdict(playground.check()), "entry": None, "compared": None}
    if playground.is_sound and asked["entry"]:
        found["entry"] = playground.explain(_entry(asked["entry"]))
    if playground.is_sound and asked["compare"]:
        found["compared"] = dataclasses.asdict(playground.compare(_entries()))
    print(json.dumps(found, default=datetime.isoformat), flush=True)  # noqa: T201  # the daemon reads it


def _limits(memory: int, seconds: int) -> Iterator[Callable[[], object]]:
    yield lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    yield lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # It writes no file, and a core dump is of no use.
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    yield lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # If the system runs out of memory, this process can be killed first.
    yield lambda: Path("/proc/self/oom_score_adj").write_text("1000")


def _entries() -> Iterator[Entry]:
    for line in sys.stdin.buffer:
        yield _entry(json.loads(line))


def _entry(found: dict[str, Any]) -> Entry:
    times = {name: found[name] and datetime.fromisoformat(found[name]) for name in ("first_seen", "published")}
    lists = {name: tuple(found[name]) for name in ("authors", "categories")}
    labels = {name: tuple(values) for name, values in found["labels"].items()}
    return Entry(**{**found, **times, **lists, "labels": labels, "keys": ()})


def _edit(found: dict[str, Any]) -> Edit:
    files = tuple((path, text) for path, text in found["files"])
    lists = tuple(
        Override(
            rule=_located(pack),
            lists=tuple(
                ListSpec(
                    name=_located(name), groups=tuple((value, tuple(map(_located, terms))) for value, terms in groups)
                )
                for name, groups in lists
            ),
        )
        for pack, lists in found["lists"]
    )
    return Edit(**{**found, "files": files, "lists": lists})


def _located(text: str) -> Located:
    return Located(text=text, file="the configuration", lines=((0, 1, 1),))


if __name__ == "__main__":
    main()
