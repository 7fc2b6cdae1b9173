"""Checks over the network: the clock, every source once, and every receiver without a message."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from tocsin.cli.one_poll import in_thread
from tocsin.cli.setup.finding import Finding, fail, ok, warn
from tocsin.config.build import make_http, make_price_source, make_source
from tocsin.config.config import Config
from tocsin.config.contacts import make_receiver
from tocsin.config.receivers import ReceiverConfig
from tocsin.errors import ConfigError, Fault, SourceError
from tocsin.explain.one_poll import remedy_of
from tocsin.explain.receivers import rests
from tocsin.model.deliveries import ErrorClass
from tocsin.model.entries import Batch, Cursor
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.receivers.apprise import AppriseReceiver
from tocsin.receivers.classify import remedy
from tocsin.sources import Source
from tocsin.sources.http.client import Fetched, HttpClient, Limits
from tocsin.units import counted, duration, local

#: Called with what is left and what there is in all.
Tick = Callable[[int, int], None]
#: A clock that is further off judges the age of news wrongly, and one that is further still breaks TLS and leases.
_OFF, _FAR_OFF = timedelta(minutes=1), timedelta(minutes=10)
#: Seconds to connect to a proxy.
_PATIENCE = 10.0
_SECRETS = "correct it, or run this with the line that tocsin check prints"
#: Faults that pass by themselves.
_PASSING = frozenset({Fault.BUSY, Fault.RATE_LIMITED})


class _Timed(HttpClient):
    """A client that compares this machine's clock with the servers'."""

    offsets: tuple[timedelta, ...] = ()

    async def fetch(self, *args: Any, **kwargs: Any) -> Fetched:
        fetched = await super().fetch(*args, **kwargs)
        # A cache sends the time at which it stored the answer.
        date = "" if "age" in fetched.headers else fetched.headers.get("date", "")
        with suppress(ValueError, TypeError):
            self.offsets += (datetime.now(UTC) - parsedate_to_datetime(date),)
        return fetched


def sources(config: Config, tick: Tick, *, limits: Limits | None = None) -> list[Finding]:
    """Return the result of one poll of each source of *config*, and of the clock beside that of their servers.

    Sources whose secrets are missing are not polled. *limits* bound each fetch.
    """
    try:
        http = make_http(config, partial(_Timed, limits=limits))
    except ConfigError:
        return [warn("network", "no source is asked, because the secret of http.proxy is missing", _SECRETS)]
    assert isinstance(http, _Timed)
    polls, closed = _makeable(config, http)
    skipped = (
        [warn("source", f"{', '.join(closed)}: not asked, because a secret is missing", _SECRETS)] if closed else []
    )
    return [*(asyncio.run(_sources(config, http, polls, tick)) if polls else []), *skipped]


def _makeable(config: Config, http: HttpClient) -> tuple[dict[str, Source], list[str]]:
    """Return the sources of *config* by name, and the names of those whose secrets are missing."""
    makers: dict[str, Callable[[], Source]] = {
        **{one.name: partial(make_source, one, http, in_thread) for one in config.sources},
        **{one.name: partial(make_price_source, one, http, in_thread) for one in config.prices},
    }
    found: dict[str, Source] = {}
    for name, make in makers.items():
        with suppress(ConfigError):
            found[name] = make()
    return found, [name for name in makers if name not in found]


async def _sources(config: Config, http: _Timed, polls: Mapping[str, Source], tick: Tick) -> list[Finding]:
    pages = {source.name for source in config.sources if source.kind != "feed"}
    left = len(polls)

    async def poll(name: str) -> SourceError | Finding | None:
        nonlocal left
        try:
            return _read(name, await polls[name].poll(Cursor(), datetime.now(UTC)))
        except SourceError as error:
            return error
        finally:
            left -= 1
            tick(left, len(polls))

    async with http:
        found = await asyncio.gather(*map(poll, polls))
    errors = {name: one for name, one in zip(polls, found, strict=True) if isinstance(one, SourceError)}
    empty = [one for one in found if isinstance(one, Finding)]
    good = len(polls) - len(errors) - len(empty)
    words = f"{good} of {counted(len(polls), 'source')} answered as they should"
    return [
        *await _proxy(config),
        *_clock(http.offsets),
        *[ok("sources", words)] * bool(good),
        *empty,
        *faults(errors, pages, offline=len(errors) == len(polls)),
    ]


def faults(errors: Mapping[str, SourceError], pages: Collection[str], *, offline: bool) -> Iterator[Finding]:
    """Yield *errors* by source, those with the same words together; *offline* if no source answered."""
    if offline and len(errors) > 1 and all(error.fault is Fault.UNREACHABLE for error in errors.values()):
        words = f"none of {counted(len(errors), 'source')} can be reached, such as: {next(iter(errors.values()))}"
        yield fail("network", words, "check the network, its name server and http.proxy")
        return
    together: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for name, error in errors.items():
        together[error.fault in _PASSING, str(error), remedy_of(error, page=name in pages)].append(name)
    for (passing, words, what), names in together.items():
        yield (warn if passing else fail)("source", f"{', '.join(names)}: {words}", what)


async def _proxy(config: Config) -> list[Finding]:
    """Return whether the proxy of *config* can be reached; nothing if there is none."""
    if not config.http.proxy:
        return []
    address = urlsplit(config.http.proxy.reveal())
    place = f"{address.hostname}:{address.port or 80}"
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(address.hostname, address.port or 80)
        writer.close()
    except OSError as error:
        return [fail("proxy", f"{place} cannot be reached: {error.strerror or 'no answer'}", "correct http.proxy")]
    return [ok("proxy", f"{place} can be reached")]


def _read(name: str, batch: Batch) -> Finding | None:
    if batch.missing:
        words = f"{name}: no price of {', '.join(item.symbol for item in batch.missing)}"
        return warn("source", words, f"see: tocsin sources test {name}")
    if not batch.entries and not batch.prints:
        return warn("source", f"{name}: there are no entries", f"see: tocsin sources test {name}")
    return None


def _clock(offsets: tuple[timedelta, ...]) -> Iterator[Finding]:
    if not offsets:
        return
    seconds = median(offset.total_seconds() for offset in offsets)
    off = timedelta(seconds=abs(seconds))
    words = f"{duration(off)} {'ahead of' if seconds > 0 else 'behind'} the clocks of {counted(len(offsets), 'server')}"
    if off < _OFF:
        yield ok("clock", f"as that of {counted(len(offsets), 'server')}")
    else:
        yield (fail if off > _FAR_OFF else warn)("clock", words, "set it by NTP: timedatectl set-ntp true")


def receivers(config: Config, statuses: Mapping[str, ReceiverStatus], sent: Mapping[str, datetime]) -> list[Finding]:
    """Return the state of each receiver of *config*, by a connection without a message and by its last deliveries."""
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(lambda one: _receiver(config, one, statuses.get(one.name), sent.get(one.name)), config.receivers)
        )


def _receiver(config: Config, one: ReceiverConfig, status: ReceiverStatus | None, sent: datetime | None) -> Finding:
    if one.missing:
        return warn("receiver", f"{one.name}: not asked, because a secret is missing", _SECRETS)
    try:
        receiver = make_receiver(one)
    except ConfigError as error:
        return fail("receiver", str(error.problems[0].message), "correct its url")
    if not isinstance(receiver, AppriseReceiver):
        return ok("receiver", f"{one.name}: the console")
    outcome = receiver.probe()
    if outcome and outcome.error_class is not ErrorClass.OK:
        words = f"{one.name}: {receiver.place}: {outcome.words}"
        return fail("receiver", words, remedy(outcome.error_class, outcome.code, mode=receiver.mode))
    if status and status.rests and status.rests > datetime.now(UTC):
        return fail(
            "receiver", rests(one.name, status, config.zone), f"correct it, then: tocsin notify-test {one.name}"
        )
    last = f"last delivery {local(sent, config.zone)}" if sent else "nothing was sent yet"
    if outcome is None and sent is None:
        words = f"{one.name}: {last}, and its server shows nothing without a message"
        return warn("receiver", words, f"tocsin notify-test {one.name}")
    return ok("receiver", f"{one.name}: {f'{outcome.words}; ' if outcome else ''}{last}")
