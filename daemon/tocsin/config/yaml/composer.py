"""Composer: turns the events of a YAML parser into nodes with positions, within limits.

It does only what a configuration needs: tags are refused, keys are unique text, and aliases count as much as they
repeat. Open lists and maps are kept on an explicit stack, so no nesting can exhaust Python's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from tocsin.config.yaml.nodes import (
    Items,
    Node,
    Pairs,
    Rows,
    Scalar,
    Style,
    problem,
    quoted_rows,
    resolve,
    said,
    unquoted_rows,
)
from tocsin.errors import Problem
from tocsin.model.rules import Located

DEEPEST = 32
#: Most values of one file, each counted as often as aliases repeat it.
MOST_NODES = 200_000
MOST_ALIASES = 1_000

_ANCHOR = re.compile(r"&[^\s,\[\]{}]+(?:\s+(?:#[^\n]*\n\s*)*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The text of a file. *shown* are its lines as problems may show them."""

    text: str
    shown: Sequence[str]
    file: str

    def located(self, text: str, rows: Rows) -> Located:
        """Return *text* with its position at *rows* of this file."""
        return Located(text=text, file=self.file, lines=rows, source_lines=self.shown)


class StopReading(Exception):  # noqa: N818 - not an error: the problem is already recorded
    """The rest of the file is not read."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """A list or map that is still open. *size* counts the values in it, an alias as many as it repeats."""

    event: yaml.CollectionStartEvent
    place: Located
    parts: list[Node] = field(default_factory=list)
    size: int = 1


class Composer:
    """Consumer of the events of one file, in order. Afterwards *root* and *problems* hold the result."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._source = source
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._aliases = 0
        self._size = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event.

        Raises:
            StopReading: a limit was exceeded, or something forbidden makes the rest meaningless.
        """
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._begin_document(event)

    def _begin_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(self._mark(event), "a second document begins here; write one document a file, without ---")
        if event.version and event.version != (1, 2):
            self._stop(self._mark(event), "the file says that it is not YAML 1.2; remove the %YAML line")

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._count(event, 1)
        if len(self._open) >= DEEPEST:
            self._stop(self._mark(event), f"lists and maps are nested deeper than {DEEPEST}")
        _, line, column = self._start(event)
        place = self._source.located("", ((0, line, column),))
        if event.tag:
            self._refuse_tag(Items(place=place, items=()), event.tag)
        self._open.append(_Open(event=event, place=place))

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        _, line, column = _spot(event)
        end = (line, column + 1) if done.event.flow_style else None
        node: Node
        if isinstance(done.event, yaml.SequenceStartEvent):
            node = Items(place=done.place, items=tuple(done.parts), end=end)
        else:
            node = Pairs(place=done.place, pairs=tuple(self._pairs(done.parts)), end=end)
        self._add(node, done.size, done.event.anchor)

    def _pairs(self, parts: list[Node]) -> Iterator[tuple[Scalar, Node]]:
        """Yield keys with their values. An invalid key is recorded as a problem and left out."""
        first: dict[str, Scalar] = {}
        for key, value in zip(parts[::2], parts[1::2], strict=True):
            if not isinstance(key, Scalar) or key.value is None:
                self._problem(key, "a key must be text")
            elif key.text in first:
                line = first[key.text].place.at().line
                self._problem(key, f"the key {said(key.text)} is given twice, first in line {line}; remove one")
            elif key.text == "<<" and key.style is Style.PLAIN:
                self._problem(key, "merge keys (<<) are not YAML 1.2; write the keys out")
            else:
                first[key.text] = key
                yield key, value

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(event, 1)
        start, line, column = self._start(event)
        assert event.end_mark is not None, "the parser marks every event"
        raw = self._source.text[start : event.end_mark.index]
        text = event.value
        if raw[:1] in ("'", '"') and event.style in ("'", '"'):
            rows, style = quoted_rows(raw, line, column), Style.QUOTED
        elif event.style in ("|", ">"):
            rows, style = unquoted_rows(text, raw.split("\n")[1:], line + 1, 1), Style.BLOCK
        else:
            style = Style.PLAIN
            # Nearly all are on one line.
            rows = ((0, line, column),) if raw == text else unquoted_rows(text, raw.split("\n"), line, column)
        node = Scalar(
            place=self._source.located(text, rows),
            value=resolve(text) if style is Style.PLAIN else text,
            style=style,
            length=max(1, len(text.split("\n", 1)[0])),
            broken=event.tag is not None,
        )
        if event.tag:
            self._refuse_tag(node, event.tag)
        self._add(node, 1, event.anchor)

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        here = self._mark(event, len(name) + 1)
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            self._stop(here, f"the file has more than {MOST_ALIASES:,} aliases")
        if name not in self._anchors:
            self._stop(here, f"no &{said(name)} comes before this alias; text that begins with * needs quotes")
        known = self._anchors[name]
        if known is None:
            self._stop(here, f"*{said(name)} would contain itself")
        else:
            self._count(event, known[1])
            self._add(*known, None)

    def _start(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> tuple[int, int, int]:
        """Return the index, line and column of the value after its anchor, and open the anchor."""
        index, line, column = _spot(event)
        if not event.anchor:
            return index, line, column
        self._anchors[event.anchor] = None
        found = _ANCHOR.match(self._source.text, index)
        anchor = found.group() if found else ""
        breaks = anchor.count("\n")
        after = len(anchor) - anchor.rfind("\n") if breaks else column + len(anchor)
        return index + len(anchor), line + breaks, after

    def _add(self, node: Node, size: int, anchor: str | None) -> None:
        """Add a finished node to the open list or map."""
        if anchor:
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].parts.append(node)
            self._open[-1].size += size
        else:
            self.root = node

    def _count(self, event: yaml.Event, size: int) -> None:
        self._size += size
        if self._size > MOST_NODES:
            self._stop(self._mark(event), f"the file holds more than {MOST_NODES:,} values")

    def _refuse_tag(self, node: Node, tag: str) -> None:
        short = tag.replace("tag:yaml.org,2002:", "!!")
        self._problem(
            node, f"the tag {said(short)} is not allowed; write the plain value, in quotes if it must be text"
        )

    def _mark(self, event: yaml.Event, length: int = 1) -> Scalar:
        _, line, column = _spot(event)
        return Scalar(place=self._source.located("", ((0, line, column),)), value=None, length=length)

    def _problem(self, node: Node, message: str) -> None:
        self.problems.append(problem(node, message))

    def _stop(self, node: Node, message: str) -> None:
        self._problem(node, message)
        raise StopReading


def _spot(event: yaml.Event) -> tuple[int, int, int]:
    """Return the index, line and column at which *event* begins. Lines and columns count from 1."""
    mark = event.start_mark
    assert mark is not None, "the parser marks every event"
    return mark.index, mark.line + 1, mark.column + 1
