"""Receivers: who is told, when and how often, as the configuration says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from tocsin.config.secrets import Secret
from tocsin.config.values import Hidden, Hiddens, OwnZone, WallTime
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, children, member, problem, said, scalars
from tocsin.config.yaml.shape import Duration, Shape, Texts
from tocsin.errors import Position, Problem, meant
from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import DAYS, DigestTimes, Fallback, QuietHours, ReceiverInfo

#: Shorter secrets can be guessed; Standard Webhooks asks for 24 bytes or more.
_SHORTEST_SECRET = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverConfig:
    """A receiver that is on: an apprise *url*, or the console when there is none.

    *info* is what decisions know of it, without its recipients, which its address has. *rate* is messages a minute
    (None: what its kind bears); *secrets* sign what a webhook is sent, the newest first.
    """

    info: ReceiverInfo
    url: Secret | None
    rate: int | None = None
    fallback: Fallback | None = None
    secrets: tuple[Secret, ...] = ()
    position: Position | None = None

    @property
    def name(self) -> str:
        """Its name in the file."""
        return self.info.name


class _QuietHours(Shape):
    start: WallTime = Field(alias="from")
    """When they begin, by the local clock."""
    end: WallTime = Field(alias="to")
    """When they end; before `from`, that is the next day."""
    breaks: Severity | None = Field(default=None, alias="except")
    """This severity and above is told all the same."""
    drop: bool = False
    """Whether the others are suppressed; without it they wait, and leave as one digest at the end."""


class _Digest(Shape):
    at: WallTime
    """When it leaves, by the local clock."""
    on: Texts = DAYS
    """The days on which it leaves, such as [mon, thu]; without it every day."""
    below: Severity = Severity.HIGH
    """Alerts below this severity wait for the digest; the others are told at once."""
    empty: bool = False
    """Whether a digest is sent when there is nothing to tell."""


class _Fallback(Shape):
    to: str
    """The receiver that is told instead."""
    after: Duration = timedelta(minutes=30)
    """How long something may stay undelivered before that."""


class ReceiverShape(Shape):
    """A receiver in the file."""

    url: Hidden | None = None
    """An apprise address; an empty one is a receiver that is off."""
    console: bool = False
    """Prints alerts on standard output."""
    operator: bool = False
    """Whether it is told about tocsin's own health."""
    timezone: OwnZone = None
    """Where its people live, such as Asia/Tokyo; without it, the time zone of the file."""
    rate: int | None = Field(default=None, ge=1, le=6000)
    """The most messages a minute; without it, what services of its kind bear."""
    max_per_hour: int | None = Field(default=None, ge=1, le=3600)
    """The most messages an hour; what is over goes into the next digest."""
    group_wait: Duration = timedelta(0)
    """How long a first message waits for others that may join it, such as 30s."""
    fallback: _Fallback | None = None
    """Who is told what this receiver did not get."""
    quiet_hours: _QuietHours | None = None
    """A daily interval in which messages are held."""
    digest: _Digest | None = None
    """A message at a set time for everything that is not urgent."""
    secret: Hiddens = ()
    """Signs what a webhook is sent; two while one is being replaced, the new one first."""


def receiver_config(name: str, shape: ReceiverShape, zone: ZoneInfo) -> ReceiverConfig:
    """Return the receiver *name* that *shape* describes; *zone* is that of the file."""
    quiet, digest = shape.quiet_hours, shape.digest
    info = shape.build(
        ReceiverInfo,
        name=name,
        recipients=(),
        zone=shape.timezone or zone,
        quiet_hours=quiet.build(QuietHours) if quiet else None,
        digest=digest.build(DigestTimes, days=weekdays(digest.on)) if digest else None,
    )
    return shape.build(
        ReceiverConfig,
        info=info,
        url=shape.url or None,
        fallback=shape.fallback.build(Fallback) if shape.fallback else None,
        secrets=tuple(filter(None, shape.secret)),
        position=shape.position,
    )


def weekdays(names: Sequence[str]) -> frozenset[int]:
    """Return days by their *names*, as `datetime.weekday` counts them."""
    return frozenset(map(DAYS.index, names))


def check_receiver(name: str, node: Node, names: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the receiver *name*; *names* are those of all receivers."""
    if not isinstance(node, Pairs):
        return
    has_url, console = node.get("url") is not None, node.get("console")
    is_console = isinstance(console, Scalar) and console.value is True
    if has_url and is_console:
        yield problem(node, "a receiver is either a url or the console, not both")
    elif not has_url and not is_console:
        yield problem(node.pairs[0][0] if node.pairs else node, "a receiver needs a url, or console: true")
    yield from _check_quiet_hours(member(node, "quiet_hours"))
    days = member(member(node, "digest"), "on")
    yield from check_days(days)
    if days is not None and not isinstance(days, Scalar) and not children(days):
        yield problem(days, "names no day: leave it out for every day, or leave the digest out")
    yield from _check_fallback(member(member(node, "fallback"), "to"), name, names)
    yield from _check_secrets(member(node, "secret"))


def _check_quiet_hours(node: Node | None) -> Iterator[Problem]:
    start, end = member(node, "from"), member(node, "to")
    if isinstance(start, Scalar) and isinstance(end, Scalar) and start.text == end.text:
        yield problem(end, "the quiet hours end when they begin: give two times")


def check_days(node: Node | None) -> Iterator[Problem]:
    """What is wrong with days of the week."""
    for day in scalars(node):
        if day.text not in DAYS:
            yield problem(day, f"must be one of {', '.join(DAYS)}{meant(day.text, DAYS)}")


def _check_fallback(node: Node | None, name: str, names: Sequence[str]) -> Iterator[Problem]:
    if not isinstance(node, Scalar):
        return
    if node.text == name:
        yield problem(node, "a receiver cannot stand in for itself")
    elif node.text not in names:
        yield problem(node, f"there is no receiver {said(node.text)}{meant(node.text, names)}")


def _check_secrets(node: Node | None) -> Iterator[Problem]:
    for secret in scalars(node):
        if 0 < len(str(secret.value)) < _SHORTEST_SECRET:
            yield problem(secret, f"is too short: a secret has {_SHORTEST_SECRET} characters or more")
