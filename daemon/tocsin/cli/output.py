"""Output of commands: data on stdout, messages on stderr."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from tocsin import units
from tocsin.errors import Position
from tocsin.model.reasons import Reason
from tocsin.render.reasons import in_words
from tocsin.render.words import seen

T = TypeVar("T")
#: A time in a stored sentence.
_STORED = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) UTC\b")
#: Columns of a line, and of the name before it.
_WIDTH = 80
_NAMES = 14
#: Exit codes. The command-line parser itself uses 2 for wrong usage.
OK, FAILED, USAGE, PARTLY, LOST, BAD_CONFIG = 0, 1, 2, 3, 74, 78


def say(text: str) -> None:
    """Print a message for people on stderr."""
    print(text, file=sys.stderr)


def dump(value: Any) -> None:
    """Print *value* as one line of JSON on stdout."""
    print(json.dumps(plain(value), ensure_ascii=False))


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar named *words* on a terminal; yield its tick, a function of what is left and of the total.

    Without a total the bar only shows that something happens.
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words, total=None)
        yield lambda left, total: bar.update(task, total=total or None, completed=total - left)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, zone: ZoneInfo | None = None
) -> None:
    """Print a table on stdout, and the *zone* of its times on stderr. Without rows, print *empty* on stderr instead.

    A pipe gets the whole text of every field, because only a terminal has a width to fit into.
    """
    console = Console(soft_wrap=False) if sys.stdout.isatty() else Console(width=10_000)
    view = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        view.add_column(column, overflow="fold", no_wrap=not sys.stdout.isatty())
    count = 0
    for row in rows:
        view.add_row(*(escape(shown(cell)) for cell in row))
        count += 1
    if count:
        console.print(view)
        if zone:
            say_zone(zone)
    else:
        say(empty)


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


def in_zone(reason: str, zone: ZoneInfo) -> str:
    """Return a stored *reason* with its UTC times converted to *zone*.

    Without this, a reason and the column beside it would show two different times for one moment.
    """
    return _STORED.sub(lambda found: local(datetime.fromisoformat(f"{found[1]}+00:00"), zone), reason)


def say_zone(zone: ZoneInfo) -> None:
    """Name the zone of the times on this screen, on stderr."""
    say(f"Times are in {zone.key}.")


def plain(value: Any) -> Any:
    """Return *value* as JSON types.

    Dataclasses and mappings become dicts, times ISO 8601 in UTC, decimals text, enums their values. A reason becomes
    its sentence, with its cause beside it.

    Invisible characters are removed, because the text is copied into pages and messages. Fields that hold None, an empty string or an empty collection are kept, so that the shape is fixed.
    """
    if isinstance(value, Reason):
        return in_words(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Position):
            return str(value)
        reason = getattr(value, "reason", None)
        cause = {"cause": reason.main.value} if isinstance(reason, Reason) else {}
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)} | cause
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return seen(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)  # keeps all digits
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
