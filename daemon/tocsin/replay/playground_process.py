"""Playground processes: an edited rule or list is compiled and run in a process of its own, with little memory and time.

What somebody types may cost any amount of both. The process gets texts of packs and entries only: no secrets, no
database.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import tocsin
from tocsin.errors import Position, Problem, TocsinError
from tocsin.model.entries import Entry
from tocsin.replay.playground import Checked, Compared, Edit, Headline, Miss
from tocsin.replay.word_trial import Moved, WordEdit, WordTried
from tocsin.rules.spec import Override

#: Seconds of processor time, and bytes of address space.
SECONDS = 10
MEMORY = 512 * 1024 * 1024
#: Factor by which it may take longer in real time on a busy processor.
_PATIENCE = 3


class PlaygroundError(TocsinError):
    """The edited rule cost too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The findings about an edited rule. *holds* and *words* are about the entry that was asked for."""

    checked: Checked
    compared: Compared | None = None
    holds: bool | None = None
    words: str = ""


def try_edit(
    edit: Edit,
    *,
    entry: Entry | None = None,
    entries: Iterable[Entry] | None = None,
    seconds: int = SECONDS,
    memory: int = MEMORY,
) -> Tried:
    """Return the findings about *edit*: its faults, and if it has none how it judges *entry* and *entries*.

    Blocks for at most three times *seconds* of processor time.

    Raises:
        PlaygroundError: it needs more than *seconds* or *memory*.
    """
    head = {"edit": _edit(edit), "entry": entry and _entry(entry), "compare": entries is not None}
    return _tried(_answer(head, entries or (), seconds, memory))


def try_word(
    edit: WordEdit,
    *,
    entry: Entry | None = None,
    entries: Iterable[Entry] = (),
    seconds: int = SECONDS,
    memory: int = MEMORY,
) -> WordTried:
    """Return the findings about a new word of a list, over *entries* and for *entry*.

    Blocks as `try_edit` does.

    Raises:
        PlaygroundError: as `try_edit`.
    """
    asked = {
        "word": dataclasses.asdict(edit.word),
        "rules": edit.rules,
        "packs": edit.packs,
        "overrides": _overrides(edit.overrides),
    }
    found = _answer({**asked, "entry": entry and _entry(entry)}, entries, seconds, memory)
    moved = {name: tuple(map(_moved, found[name])) for name in ("lost", "gained")}
    plain = {name: tuple(found[name]) for name in ("faults", "warnings", "counts", "now", "then")}
    return WordTried(**{**found, **plain, **moved})


def _answer(head: dict[str, Any], entries: Iterable[Entry], seconds: int, memory: int) -> Any:
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-P", "-m", "tocsin.replay.playground_program", str(memory), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": str(Path(tocsin.__file__).parents[1])},
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    clock = threading.Timer(_PATIENCE * seconds, process.kill)
    clock.daemon = True
    clock.start()
    try:
        # A process that ended takes no more; its answer, or that there is none, says why.
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(head).encode() + b"\n")
            for one in entries:
                process.stdin.write(json.dumps(_entry(one)).encode() + b"\n")
            process.stdin.close()
        answer = process.stdout.read()
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
    if not answer.endswith(b"\n"):
        raise PlaygroundError(
            f"The rule took more than {seconds} seconds or too much memory. Choose a shorter time, or a simpler rule."
        )
    return json.loads(answer)


def _edit(edit: Edit) -> dict[str, Any]:
    names = ("files", "path", "rule", "first", "last", "text")
    return {**{name: getattr(edit, name) for name in names}, "lists": _overrides(edit.lists)}


def _overrides(overrides: Iterable[Override]) -> list[dict[str, Any]]:
    """Return what *overrides* change of what a rule finds."""
    return [
        {
            "rule": one.rule.text,
            "unless": one.unless.text if one.unless else "",
            "lists": [
                (spec.name.text, [(value, [term.text for term in terms]) for value, terms in spec.groups])
                for spec in one.lists
            ],
        }
        for one in overrides
        if one.lists or one.unless
    ]


_TEXTS = ("source", "id", "title", "summary", "body", "link", "canonical_link", "publisher", "language", "authors")


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        **{name: getattr(entry, name) for name in _TEXTS},
        "categories": entry.categories,
        "labels": dict(entry.labels),
        "first_seen": entry.first_seen.isoformat(),
        "published": entry.published and entry.published.isoformat(),
    }


def _tried(found: dict[str, Any]) -> Tried:
    checked, compared = found["checked"], found["compared"]
    holds, words = found["entry"] or (None, "")
    return Tried(
        checked=Checked(**{**checked, "problems": tuple(map(_problem, checked["problems"]))}),
        compared=_compared(compared) if compared else None,
        holds=holds,
        words=words,
    )


def _problem(found: dict[str, Any]) -> Problem:
    at = found["position"]
    uses = tuple(Position(**one) for one in found["uses"])
    return Problem(**{**found, "position": Position(**at) if at else None, "uses": uses})


def _compared(found: dict[str, Any]) -> Compared:
    kinds = {name: tuple(map(_headline, found[name])) for name in ("lost", "gained", "both")}
    misses = tuple(Miss(headline=_headline(one["headline"]), words=one["words"]) for one in found["misses"])
    return Compared(**{**found, **kinds, "counts": tuple(found["counts"]), "misses": misses})


def _moved(found: dict[str, Any]) -> Moved:
    return Moved(headline=_headline(found["headline"]), rules=tuple(found["rules"]))


def _headline(found: dict[str, Any]) -> Headline:
    return Headline(**{**found, "first_seen": datetime.fromisoformat(found["first_seen"])})
