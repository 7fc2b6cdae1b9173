"""Windows of local time in the configuration: times of the day, weekdays and dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, time
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from tocsin.config.values import WallTime
from tocsin.config.yaml.nodes import Items, Node, Scalar, children, member, problem, scalars
from tocsin.config.yaml.shape import Shape, Texts, tag
from tocsin.errors import Problem, meant
from tocsin.policy.notifying.walltime import ANY_YEAR, DAYS, DateRange, Window, always

T = TypeVar("T")

_RANGE = re.compile(r"\s*(\S+?)\s*(?:\s(?:to|until)\s+(\S+)\s*)?\Z", re.ASCII)
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})", re.ASCII)
#: Dates of one window, each of which is compared at every tick.
_MOST_DATES = 100


def read_dates(text: str) -> DateRange:
    """Return the days that *text* names: `2026-12-24`, `12-25` of every year, or two of a kind with `to` between.

    Raises:
        ValueError: it names none.
    """
    found = _RANGE.match(text)
    parts = [_DATE.fullmatch(part) for part in found.groups() if part] if found else []
    if not parts or not all(parts):
        raise ValueError('must be dates such as 2026-12-24, 12-25 for every year, or "2026-12-24 to 2027-01-01"')
    yearly = [part[1] is None for part in parts if part]
    days = []
    for part in filter(None, parts):
        try:
            days.append(date(int(part[1] or ANY_YEAR), int(part[2]), int(part[3])))
        except ValueError:
            raise ValueError(f"names a day that is in no calendar: {part[0]}") from None
    if len(set(yearly)) > 1:
        raise ValueError("must have a year in both dates, or in neither")
    if not yearly[0] and days[-1] < days[0]:
        raise ValueError(f"ends before it begins: write {parts[-1] and parts[-1][0]} to {parts[0] and parts[0][0]}")
    return DateRange(first=days[0], last=days[-1], yearly=yearly[0])


def _dates(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        read_dates(text)
    return texts


class WindowShape(Shape):
    """A window in the file."""

    start: WallTime | None = Field(default=None, alias="from")
    """The local time at which it begins. Default: with `on` or `dates`, whole days."""
    end: WallTime | None = Field(default=None, alias="to")
    """The local time at which it ends. A time before `from` is on the next day."""
    on: Texts = DAYS
    """The days on which it begins, such as [sat, sun]. Default: every day."""
    dates: Annotated[Texts, Field(max_length=_MOST_DATES), AfterValidator(_dates)] = ()
    """The dates on which it begins: 2026-12-24, 12-25 for every year, or "2026-12-24 to 2027-01-01". Default: all."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.start is None) is not (self.end is None):
            raise ValueError(f"has no {'from' if self.start is None else 'to'}: give both, or none of them")
        if self.start is None and not self.dates and set(DAYS) <= set(self.on):
            if "on" in self.model_fields_set:
                raise ValueError(
                    "names all days of the week, so it would never end: leave one out, or give from and to"
                )
            raise ValueError("needs from and to, or on or dates for whole days")
        if self.start is not None and self.start == self.end:
            raise ValueError("has one time as its begin and its end: give two, or none for whole days")
        return self

    @property
    def window(self) -> Window:
        """The window as decisions use it."""
        return Window(
            start=self.start or time(0),
            end=self.end or time(0),
            days=weekdays(self.on),
            dates=tuple(map(read_dates, self.dates)),
        )


def _ending(windows: WindowShape | tuple[WindowShape, ...]) -> WindowShape | tuple[WindowShape, ...]:
    found = several(windows)
    if all(day in DAYS for one in found for day in one.on) and always(one.window for one in found):
        raise ValueError(
            "must end some time, and every hour of the week is in them: the routes say what is sent at all"
        )
    return windows


_Shape = TypeVar("_Shape", bound=WindowShape)


def _form(value: Any) -> str:
    return tag("several" if isinstance(value, list | tuple) else "one")


#: One window, or a list of them.
Windows = Annotated[
    Annotated[_Shape, Tag(tag("one"))] | Annotated[tuple[_Shape, ...], Tag(tag("several"))],
    Discriminator(_form),
    AfterValidator(_ending),
]


def several(windows: T | tuple[T, ...] | None) -> tuple[T, ...]:
    """Return *windows* as a tuple: one, several or none."""
    if windows is None:
        return ()
    return windows if isinstance(windows, tuple) else (windows,)


def weekdays(names: Iterable[str]) -> frozenset[int]:
    """Return days by their *names*, as `datetime.weekday` counts them."""
    return frozenset(map(DAYS.index, names))


def check_windows(node: Node | None) -> Iterator[Problem]:
    """Yield faults of the days of one window, or of a list of them."""
    for window in node.items if isinstance(node, Items) else (node,):
        yield from check_some_days(member(window, "on"), "remove it for every day, or remove the window")


def check_days(node: Node | None) -> Iterator[Problem]:
    """Yield faults of days of the week."""
    for day in scalars(node):
        if day.text not in DAYS:
            yield problem(day, f"must be one of {', '.join(DAYS)}{meant(day.text, DAYS)}")


def check_some_days(node: Node | None, remedy: str) -> Iterator[Problem]:
    """Yield faults of days of the week, of which there must be one."""
    yield from check_days(node)
    if node is not None and not isinstance(node, Scalar) and not children(node):
        yield problem(node, f"names no day: {remedy}")
