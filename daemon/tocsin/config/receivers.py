"""Receivers in the configuration: who is notified, when and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from tocsin.config.headers import authorization, check_headers
from tocsin.config.logins import OAuthConfig, OAuthShape, check_oauth, make_oauth
from tocsin.config.secrets import Secret
from tocsin.config.values import ID, Hidden, Hiddens, OwnZone, WallTimes
from tocsin.config.windows import Windows, WindowShape, check_some_days, check_windows, several, weekdays
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, member, problem, said, scalars
from tocsin.config.yaml.shape import TEXTS, Duration, Shape, Texts, at_least, listed
from tocsin.errors import Position, Problem, meant
from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, Fallback, ReceiverInfo, Repeat
from tocsin.policy.notifying.walltime import DAYS
from tocsin.sources.documents.items import language_tag
from tocsin.text.language import COUNTRIES

#: Shorter secrets can be guessed. Standard Webhooks requires 24 bytes or more.
_SHORTEST_SECRET = 24
#: Time for which a message may stay undelivered before a fallback gets it.
_AFTER = timedelta(minutes=30)
#: Headers of a webhook that tocsin sets itself.
_OURS = frozenset(
    ("connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding", "webhook-id",
     "webhook-signature", "webhook-timestamp")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverConfig:
    """An enabled receiver: an apprise *url*, or the console if *url* is empty.

    *info* is the part that decisions use, without the recipients, which are in the address. *rate* is messages a minute
    (None: the limit of its kind). *reads* are the languages of its readers. *secrets* sign what a webhook is sent, the newest first, and *headers* are sent with it.
    """

    info: ReceiverInfo
    url: Secret | None
    rate: int | None = None
    fallback: Fallback | None = None
    secrets: tuple[Secret, ...] = ()
    headers: Mapping[str, Secret] = field(default_factory=dict)
    oauth: OAuthConfig | None = None
    reads: tuple[str, ...] = ()
    position: Position | None = None

    @property
    def name(self) -> str:
        """Its name in the file."""
        return self.info.name

    @property
    def missing(self) -> bool:
        """Return True if a secret of it could not be read."""
        secrets = (self.url, *self.secrets, *self.headers.values(), self.oauth and self.oauth.client_secret)
        return any(secret.missing is not None for secret in secrets if secret)


def _language(text: str) -> str:
    tag = language_tag(text)
    if tag in COUNTRIES:
        raise ValueError(f"{tag} is a country; its language is {COUNTRIES[tag]}")
    if len(tag.partition("-")[0]) != 2:
        raise ValueError("must be a language in two letters, such as en or de, perhaps with a region, such as pt-br")
    return text.strip()


_Languages = Annotated[
    tuple[Annotated[str, AfterValidator(_language)], ...], BeforeValidator(listed), WithJsonSchema(TEXTS)
]


class _QuietHours(WindowShape):
    breaks: Severity | None = Field(default=None, alias="except")
    """Alerts of this severity and above are sent at once. Default: all alerts wait."""
    drop: bool = False
    """True to suppress other alerts. By default they wait and are sent as one digest at the end."""


class _Digest(Shape):
    at: WallTimes
    """The local time at which it is sent, or a list of times."""
    on: Texts = DAYS
    """The days on which it is sent, such as [mon, thu]. Default: every day."""
    below: Severity = Severity.HIGH
    """Alerts below this severity wait for the digest. The others are sent at once."""
    empty: bool = False
    """True to send a digest even if it has no alerts."""


class _Fallback(Shape):
    to: str
    """The receiver that is notified instead."""
    after: Duration = _AFTER
    """Time for which a message may stay undelivered before that."""


class _Repeat(Shape):
    every: Annotated[Duration, at_least(timedelta(minutes=1))]
    """Time without an answer after which the message is sent again."""
    until: Literal["acked"] = "acked"
    """End of it: an answer, which is seen, useful or noise. A snooze puts it off."""
    at_most: int = Field(default=5, ge=1, le=100)
    """The most reminders of one alert."""

    @model_validator(mode="before")
    @classmethod
    def _is_map(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(f"is a map: write {{every: {value}}}")
        return value


class ReceiverShape(Shape):
    """A receiver in the file."""

    url: Hidden | None = None
    """The address, as apprise writes it: mailtos://..., a Slack webhook, tgram://... An empty one turns the receiver off."""
    console: bool = False
    """True to print alerts on standard output. Such a receiver has no url."""
    operator: bool = False
    """True to notify it about tocsin's own health: failing sources and receivers, and the weekly report."""
    timezone: OwnZone = None
    """The time zone of its readers, such as Asia/Tokyo. Default: the time zone of the file."""
    rate: int | None = Field(default=None, ge=1, le=6000)
    """The most messages a minute. Default: the limit for services of its kind."""
    max_per_hour: int | None = Field(default=None, ge=1, le=3600)
    """The most messages to each recipient in sixty minutes. Further alerts go into the next digest. Default: no limit."""
    group_wait: Duration = timedelta(0)
    """Time for which a first message waits for others that are sent with it, such as 30s. A critical one never waits."""
    person: Annotated[str, Field(pattern=ID)] | None = None
    """The person who reads it, such as ann. An alert reaches them over one of their receivers: the one that is sent first, or else
    the first in this file. Their receivers are fallbacks of each other."""
    fallback: _Fallback | None = None
    """Another receiver, for messages that this one did not get."""
    reads: _Languages = ("en",)
    """The languages that its readers read, such as [en, de]. Headlines in others are shown with a translation into the first of
    them, if the file has `translation`. An empty list: nothing is translated."""
    quiet_hours: Windows[_QuietHours] | None = None
    """Hours in which messages wait: one window, or a list of them."""
    digest: _Digest | None = None
    """A message at a set time for everything that is not urgent."""
    repeat: _Repeat | None = None
    """Reminders of alerts that nobody answers. Those that wait for the digest have none."""
    secret: Hiddens = ()
    """Secrets that sign the payload of a webhook: one, or two during a replacement, the new one first."""
    headers: dict[str, Hidden] = Field(default_factory=dict)
    """HTTP headers sent to a webhook. Values may be ${NAME}."""
    credentials: Hidden = Secret("")
    """name:password for a webhook with HTTP Basic authentication. May be ${NAME}."""
    token: Hidden = Secret("")
    """A token for a webhook, sent as `Authorization: Bearer TOKEN`. May be ${NAME}."""
    oauth: OAuthShape | None = None
    """A login at a mail server by OAuth 2.0 (XOAUTH2) in place of a password: see tocsin receivers login."""


def receiver_config(name: str, shape: ReceiverShape, zone: ZoneInfo, place: Path) -> ReceiverConfig:
    """Return the receiver *name* that *shape* describes. *zone* is the time zone of the file, *place* that of the database."""
    digest = shape.digest
    info = shape.build(
        ReceiverInfo,
        name=name,
        recipients=(),
        zone=shape.timezone or zone,
        quiet_hours=tuple(one.build(QuietHours, window=one.window) for one in several(shape.quiet_hours)),
        repeat=shape.repeat.build(Repeat) if shape.repeat else None,
        digest=digest.build(DigestTimes, days=weekdays(digest.on)) if digest else None,
    )
    return shape.build(
        ReceiverConfig,
        info=info,
        url=shape.url or None,
        fallback=shape.fallback.build(Fallback) if shape.fallback else None,
        secrets=tuple(filter(None, shape.secret)),
        oauth=make_oauth(shape.oauth, Path(f"{place}-login-{name}")),
        headers={**shape.headers, **authorization(shape.credentials, shape.token)},
        position=shape.position,
    )


def with_stand_ins(receivers: Sequence[ReceiverConfig]) -> tuple[ReceiverConfig, ...]:
    """Return *receivers*; one of a person, without a fallback of its own, has the person's next one as its fallback."""
    found = []
    for number, one in enumerate(receivers):
        around = (*receivers[number + 1 :], *receivers[:number])
        others = (other.name for other in around if one.info.person and other.info.person == one.info.person)
        to = next(others, None)
        found.append(replace(one, fallback=Fallback(to=to, after=_AFTER)) if to and not one.fallback else one)
    return tuple(found)


def check_receiver(name: str, node: Node, names: Sequence[str]) -> Iterator[Problem]:
    """Yield faults of the receiver *name*. *names* are the names of all receivers."""
    if not isinstance(node, Pairs):
        return
    has_url, console = node.get("url") is not None, node.get("console")
    is_console = isinstance(console, Scalar) and console.value is True
    if has_url and is_console:
        yield problem(node, "a receiver is either a url or the console, not both")
    elif not has_url and not is_console:
        yield problem(node.pairs[0][0] if node.pairs else node, "a receiver needs a url, or console: true")
    yield from check_windows(member(node, "quiet_hours"))
    days = member(member(node, "digest"), "on")
    yield from check_some_days(days, "remove it for every day, or remove the digest")
    yield from _check_fallback(member(member(node, "fallback"), "to"), name, names)
    yield from _check_secrets(member(node, "secret"))
    yield from check_headers(node, _OURS)
    yield from check_oauth(member(node, "oauth"))


def check_to(to: Node | None, names: Sequence[str]) -> Iterator[Problem]:
    """Yield a fault for each receiver in *to* that is not among *names*, those of all receivers."""
    for target in scalars(to):
        if target.text not in names:
            yield problem(target, f"there is no receiver {said(target.text)}{meant(target.text, names)}")


def is_off(receiver: Node) -> bool:
    """Return whether *receiver* is valid and disabled. An invalid receiver is not off, it has to be corrected."""
    console, url = member(receiver, "console"), member(receiver, "url")
    return (
        isinstance(url, Scalar)
        and url.value == ""
        and not url.broken
        and not (isinstance(console, Scalar) and console.value)
    )


def _check_fallback(node: Node | None, name: str, names: Sequence[str]) -> Iterator[Problem]:
    if not isinstance(node, Scalar):
        return
    if node.text == name:
        yield problem(node, "a receiver cannot be its own fallback")
    else:
        yield from check_to(node, names)


def _check_secrets(node: Node | None) -> Iterator[Problem]:
    for secret in scalars(node):
        if 0 < len(str(secret.value)) < _SHORTEST_SECRET:
            yield problem(secret, f"is too short: a secret has {_SHORTEST_SECRET} characters or more")
