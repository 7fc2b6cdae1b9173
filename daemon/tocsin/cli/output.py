"""Output of commands: data on stdout, messages on stderr."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO, TypeVar
from zoneinfo import ZoneInfo

from tocsin import units
from tocsin.render.objects import plain
from tocsin.render.words import seen

T = TypeVar("T")
#: Columns of a line, and of the name before it.
_WIDTH = 80
_NAMES = 14
#: Columns of a word that a table does not cut in two, if it has the room.
_WORD = 12
#: Exit codes. The command-line parser itself uses 2 for wrong usage.
OK, FAILED, USAGE, PARTLY, LOST, BAD_CONFIG = 0, 1, 2, 3, 74, 78


def say(text: str) -> None:
    """Print a message for people on stderr. On a terminal its long lines are broken at spaces.

    A line that begins with a space stays whole: it is a command to copy, or shows a place in a file. A pipe gets whole
    lines, because programs read them.
    """
    _write(text, sys.stderr)


def conclude(text: str) -> None:
    """Print a sentence that is the result of a command on stdout. It is broken as a message is."""
    _write(shown(text), sys.stdout)


def print_line(text: str) -> None:
    """Print a line of a screen on stdout, without control characters.

    On a terminal it is broken at spaces, and goes on further in than it began.
    """
    line = shown(text)
    print("\n".join(_wrapped(line)) if sys.stdout.isatty() else line)


def _write(text: str, stream: TextIO) -> None:
    if stream.isatty():
        text = "\n".join(line for whole in text.split("\n") for line in _broken(whole))
    print(text, file=stream)


def _broken(line: str) -> list[str]:
    """Return *line* broken at spaces, each part at most as wide as a terminal of common width unless a word is longer."""
    return [line] if line.startswith(" ") else _wrapped(line)


def _wrapped(line: str) -> list[str]:
    margin = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, _WIDTH, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False) or [
        line
    ]


_encode = json.JSONEncoder(ensure_ascii=False).encode


def dump(value: Any) -> None:
    """Print *value* as one line of JSON on stdout."""
    print(_encode(plain(value)))


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar named *words* on a terminal; yield its tick, a function of what is left and of the total.

    Without a total the bar only shows that something happens.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console  # noqa: PLC0415 (as in `table`)
    from rich.progress import Progress  # noqa: PLC0415

    # What is printed meanwhile goes above the bar, but not data that goes elsewhere.
    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task(words, total=None)
        yield lambda left, total: bar.update(task, total=total or None, completed=total - left)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, zone: ZoneInfo | None = None
) -> None:
    """Print a table on stdout, and the *zone* of its times on stderr. Without rows, print *empty* on stderr instead.

    A pipe gets the whole text of every field, because only a terminal has a width to fit into. There columns without any
    text are left out, and words stay whole if there is room.
    """
    # Most of what commands print needs no layout, and neither does the daemon.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    console = Console(soft_wrap=False) if terminal else Console(width=10_000)
    view = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    cells = [[shown(cell) for cell in row] for row in rows]
    # What no row has would take the room of what some have.
    kept = [n for n in range(len(columns)) if not terminal or any(row[n] for row in cells)]
    least = [_longest((columns[n], *(row[n] for row in cells))) if terminal else 0 for n in kept]
    fits = sum(least) + 2 * len(least) <= console.width
    for number, width in zip(kept, least, strict=True):
        view.add_column(columns[number], overflow="fold", no_wrap=not terminal, min_width=width if fits else None)
    for row in cells:
        view.add_row(*(escape(row[number]) for number in kept))
    if cells:
        console.print(view)
        if zone:
            say_zone(zone)
    else:
        say(empty)


def _longest(texts: Iterable[str]) -> int:
    """Return the columns of the longest word of *texts* that is not cut in two."""
    return min(_WORD, max((len(word) for text in texts for word in text.split()), default=0))


def listing(
    found: Iterable[T],
    columns: Mapping[str, Callable[[T], object]],
    *,
    json: bool,
    empty: str,
    zone: ZoneInfo | None = None,
    more: Callable[[T], Mapping[str, object]] = lambda _: {},
) -> None:
    """Print what was *found* as a `table` with these *columns*, or as *json*: one object per line, with *more* added."""
    if json:
        for one in found:
            dump({**plain(one), **more(one)})
    else:
        table(tuple(columns), ([cell(one) for cell in columns.values()] for one in found), empty=empty, zone=zone)


def item(name: str, *texts: str) -> Iterator[str]:
    """Yield the lines of a named item, with its *texts* below each other. Without texts, yield nothing."""
    head = f"  {name:<{_NAMES}}"
    for text in texts:
        # A long word such as an address stays whole, because people copy it.
        lines = textwrap.wrap(shown(text), _WIDTH - len(head), break_long_words=False, break_on_hyphens=False)
        for line in lines or [""]:
            yield f"{head}{line}"
            head = " " * len(head)


def shown(value: object) -> str:
    """Return *value* as text without control and invisible characters, so that feed text cannot control a terminal."""
    text = "" if value is None else seen(str(value))
    return "".join(c if c.isprintable() else " " for c in text)


def local(time: datetime | None, zone: ZoneInfo) -> str:
    """Return `2026-11-23 09:15` in *zone*; a dash for never."""
    return units.local(time, zone) if time else "-"


def say_zone(zone: ZoneInfo) -> None:
    """Name the zone of the times on this screen, on stderr."""
    say(f"Times are in {zone.key}.")
