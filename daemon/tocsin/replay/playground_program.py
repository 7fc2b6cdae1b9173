"""Program of a playground process: it reads an edit or a word, and entries, from standard input, and prints its findings as JSON.

python -m tocsin.replay.playground_program MEMORY SECONDS
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tocsin.config.packs import Files
from tocsin.config.yaml.edit import NewWord
from tocsin.limits import limit_process, limit_time
from tocsin.model.entries import Entry
from tocsin.model.rules import Located
from tocsin.replay.playground import Edit, Playground
from tocsin.replay.word_trial import WordEdit, try_out
from tocsin.rules.spec import ListSpec, Override


def main() -> None:
    """Answer one request."""
    memory, seconds = map(int, sys.argv[1:])
    # What a hardened unit forbids is left out; the time is limited from outside, too.
    limit_process(memory)
    limit_time(seconds)
    asked = json.loads(sys.stdin.buffer.readline())
    found = _tried_word(asked) if "word" in asked else _tried(asked)
    print(json.dumps(found, default=datetime.isoformat), flush=True)  # noqa: T201  # the daemon reads it


def _tried(asked: dict[str, Any]) -> dict[str, Any]:
    playground = Playground(_edit(asked["edit"]))
    found: dict[str, Any] = {"checked": dataclasses.asdict(playground.check()), "entry": None, "compared": None}
    if playground.is_sound and asked["entry"]:
        found["entry"] = playground.explain(_entry(asked["entry"]))
    if playground.is_sound and asked["compare"]:
        found["compared"] = dataclasses.asdict(playground.compare(_entries()))
    return found


def _tried_word(asked: dict[str, Any]) -> dict[str, Any]:
    edit = WordEdit(
        word=NewWord(**asked["word"]),
        rules=tuple(asked["rules"]),
        packs=tuple(map(_files, asked["packs"])),
        overrides=_overrides(asked["overrides"]),
    )
    return dataclasses.asdict(try_out(edit, asked["entry"] and _entry(asked["entry"]), _entries()))


def _entries() -> Iterator[Entry]:
    for line in sys.stdin.buffer:
        yield _entry(json.loads(line))


def _entry(found: dict[str, Any]) -> Entry:
    times = {name: found[name] and datetime.fromisoformat(found[name]) for name in ("first_seen", "published")}
    lists = {name: tuple(found[name]) for name in ("authors", "categories")}
    labels = {name: tuple(values) for name, values in found["labels"].items()}
    return Entry(**{**found, **times, **lists, "labels": labels, "keys": ()})


def _edit(found: dict[str, Any]) -> Edit:
    return Edit(**{**found, "files": _files(found["files"]), "lists": _overrides(found["lists"])})


def _files(found: list[tuple[str, str]]) -> Files:
    return tuple((path, text) for path, text in found)


def _overrides(found: list[dict[str, Any]]) -> tuple[Override, ...]:
    return tuple(
        Override(
            rule=_located(one["rule"]),
            unless=_located(one["unless"]) if one["unless"] else None,
            lists=tuple(
                ListSpec(
                    name=_located(name), groups=tuple((value, tuple(map(_located, terms))) for value, terms in groups)
                )
                for name, groups in one["lists"]
            ),
        )
        for one in found
    )


def _located(text: str) -> Located:
    return Located(text=text, file="the configuration", lines=((0, 1, 1),))


if __name__ == "__main__":
    main()
