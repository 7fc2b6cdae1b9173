"""What the configuration says about the daemon's own signs of life: its heartbeat and its report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from tocsin.config.receivers import WallTime, check_days
from tocsin.config.secrets import Secret
from tocsin.config.web import url_fault
from tocsin.config.yaml.nodes import Node, Scalar, member, problem
from tocsin.config.yaml.shape import Duration, Shape, Texts
from tocsin.errors import Problem
from tocsin.policy.notifying.receiver import DAYS
from tocsin.policy.notifying.walltime import WeeklyTime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatConfig:
    """An address that is asked for *every* so long, as long as claims run; who watches it misses a daemon that stands."""

    url: Secret
    every: timedelta
    allow_private: bool = False


class HeartbeatShape(Shape):
    """`heartbeat:` in the file."""

    url: str = ""
    """An address of a service that tells you when it is no longer asked for; empty: none."""
    every: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=10))
    """How often it is asked for, such as 5m."""
    allow_private: bool = False
    """Whether it may lie in a private network."""


class ReportShape(Shape):
    """`self_report:` in the file."""

    at: WallTime = time(9)
    """When it is told, by the clock of the file's time zone."""
    on: Texts = ("mon",)
    """The days on which it is told; an empty list: never."""


def heartbeat_config(shape: HeartbeatShape) -> HeartbeatConfig | None:
    """The heartbeat of *shape*, None where there is none."""
    if not shape.url:
        return None
    return HeartbeatConfig(url=Secret(shape.url), every=shape.every, allow_private=shape.allow_private)


def report_times(shape: ReportShape, timezone: str) -> WeeklyTime:
    """When reports are due, by the clocks of *timezone*."""
    return WeeklyTime(at=shape.at, days=frozenset(DAYS.index(day) for day in shape.on), zone=ZoneInfo(timezone))


def check_upkeep(root: Node) -> Iterator[Problem]:
    """What is wrong with `heartbeat:` and `self_report:`."""
    url = member(member(root, "heartbeat"), "url")
    if isinstance(url, Scalar) and isinstance(url.value, str) and url.value and not url.broken:
        fault = url_fault(url.value)
        if fault:
            yield problem(url, fault)
    yield from check_days(member(member(root, "self_report"), "on"))
