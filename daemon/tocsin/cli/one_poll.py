"""`tocsin sources test`: poll a source once. Nothing is stored or sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.output import dump, local, say, say_zone, shown, table
from tocsin.config.build import make_http, make_price_source, make_source
from tocsin.config.config import Config, empty_config
from tocsin.config.feeds import FeedConfig
from tocsin.config.loading import rules_of
from tocsin.config.price_feeds import PriceConfig
from tocsin.config.secrets import address
from tocsin.errors import Fault, SourceError, UsageError
from tocsin.model.entries import Batch, Cursor
from tocsin.model.rules import Judged
from tocsin.protocols import P, T
from tocsin.render.objects import plain
from tocsin.units import counted, duration, size

#: Entries shown on the terminal. --json prints all of them.
_SHOWN = 10
#: Remedies for faults whose message does not name one.
_REMEDIES = {
    Fault.NETWORK: "check the spelling of the name, and whether the server is up",
    Fault.UNREACHABLE: "check the spelling of the name, and whether the server is up and this machine is online",
    Fault.CHALLENGE: "the site demands a browser: look for another feed of it, or for its news elsewhere",
    Fault.STATUS: "open the address in a browser",
    Fault.RATE_LIMITED: "wait, and poll less often: every: 1h",
    Fault.AUTH: "give the credentials or the key that it asks for, such as headers: {Authorization: ...}",
    Fault.GONE: "the feed is gone for good: remove the source, or look for its successor",
    Fault.TOO_LARGE: "ask the site for a shorter feed",
    Fault.NOT_A_FEED: "give the address of a feed, not of a page",
    Fault.NOT_FOUND: "look the symbol up at the provider",
    Fault.NOT_DATA: "look at what the address shows, and correct rows, symbol, price or time",
}
TargetArgument = Annotated[str, typer.Argument(help="A source of the configuration, or a web address.")]
PrivateOption = Annotated[
    bool, typer.Option("--allow-private", help="Allow addresses in loopback and private networks.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of one poll. *rhythm* is the median time between two entries, None for fewer than three entries."""

    address: str
    form: str
    size: int
    newest: datetime | None
    rhythm: timedelta | None
    problems: tuple[str, ...]


def try_source(
    target: TargetArgument,
    allow_private: PrivateOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Poll TARGET once and show its entries, what would have matched, and what is wrong. Stores and sends nothing.

    Exit code 1: it cannot be read.
    """
    settings = _settings(config, target)
    prices = next((row for row in settings.prices if row.name == target), None)
    if prices:
        _try_prices(settings, prices, json=json)
        return
    source = _source(settings, target, allow_private=allow_private)
    rules = rules_of(settings).rules
    now = datetime.now(UTC)
    with _remedied(source.address, page=bool(source.selectors)):
        source, batch = asyncio.run(discover(settings, source, now))
    found = report(source.address, batch)
    judged = [rules.evaluate(entry, now) for entry in batch.entries]
    if json:
        dump({**plain(found), "entries": [_record(one) for one in judged]})
    else:
        _print(found, judged, settings.zone)


@contextmanager
def _remedied(address: str, *, page: bool = False) -> Iterator[None]:
    """Print a fault of the source at *address* and what to do about it.

    Raises:
        typer.Exit: with 1, for a fault.
    """
    try:
        yield
    except SourceError as error:
        say(f"{address}: {shown(str(error))}")
        if remedy := remedy_of(error, page=page):
            say(f"what to do: {remedy}")
        raise typer.Exit(1) from error


def remedy_of(error: SourceError, *, page: bool = False) -> str:
    """Return what to do about *error*, of a *page* or of a feed; empty if its own words say it."""
    if error.instead or (page and error.fault is Fault.NOT_A_FEED):
        return ""
    return error.remedy or _REMEDIES.get(error.fault, "")


def _source(settings: Config, target: str, *, allow_private: bool) -> FeedConfig:
    named = next((source for source in settings.sources if source.name == target), None)
    if named:
        return named
    if not _is_address(target):
        known = ", ".join(settings.names) or "none"
        raise UsageError(f"{target!r} is neither a web address nor a source; there are: {known}")
    return FeedConfig(name="test", url=address(target), allow_private=allow_private)


def _settings(path: Path, target: str) -> Config:
    """Return the configuration. It may be missing if *target* is an address."""
    if _is_address(target) and path == DEFAULT_CONFIG and not path.exists():
        say(f"{path} does not exist, so no rules are run")
        return empty_config(path, os.environ)
    return read_config(path)


def _is_address(target: str) -> bool:
    return target.lower().startswith(("http://", "https://"))


async def discover(settings: Config, source: FeedConfig, now: datetime) -> tuple[FeedConfig, Batch]:
    """Poll *source* once and return it with its batch. A page that links feeds is replaced by the first of them.

    Raises:
        SourceError: the poll failed.
    """
    async with make_http(settings) as http:
        try:
            return source, await make_source(source, http, in_thread).poll(Cursor(), now)
        except SourceError as error:
            if not error.instead:
                raise
            say(f"{source.address} is a page; it links to {', '.join(error.instead)}")
            say(f"using {error.instead[0]} instead")
            named = replace(source, url=address(error.instead[0]))
            return named, await make_source(named, http, in_thread).poll(Cursor(), now)


def report(address: str, batch: Batch) -> Report:
    """Return the report on *batch*."""
    times = sorted(entry.published for entry in batch.entries if entry.published)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return Report(
        address=address,
        form=batch.form,
        size=batch.size,
        newest=times[-1] if times else None,
        rhythm=timedelta(seconds=median(gaps)) if len(gaps) > 1 else None,
        problems=(*batch.notes, *_problems(batch)),
    )


def _problems(batch: Batch) -> list[str]:
    if not batch.entries:
        return ["there are no entries: the feed is new, or it is the wrong one"]
    problems = [] if batch.has_ids else ["entries have no ids: they are identified by link, or by title and day"]
    undated = [entry for entry in batch.entries if not entry.published]
    if undated:
        said = next((entry.published_raw for entry in undated if entry.published_raw), "")
        problems.append(
            f"{len(undated)} of {counted(len(batch.entries), 'entry')} {'has' if len(undated) == 1 else 'have'} no credible time"
            + (f", such as {said!r}" if said else "")
            + ": the time when they were first seen is used"
        )
    if nameless := sum(not entry.title for entry in batch.entries):
        problems.append(f"{counted(nameless, 'entry')} {'has' if nameless == 1 else 'have'} neither title nor text")
    return problems


def _record(judged: Judged) -> dict[str, object]:
    """Return an entry as JSON shows it; *published* is None where no time was believed."""
    names = ("id", "title", "link", "published", "published_raw")
    return {name: getattr(judged.entry, name) for name in names} | {"matches": _matches(judged)}


def _matches(judged: Judged) -> list[str]:
    return [match.rule.id for match in judged.matches]


def _print(report: Report, judged: list[Judged], zone: ZoneInfo) -> None:
    matched = [found for found in judged if found.matches]
    print(report.address)
    print(
        f"  {report.form}: {counted(len(judged), 'entry')} in {size(report.size)}, the newest of {local(report.newest, zone)}"
    )
    if report.rhythm is not None:
        print(f"  usually {duration(report.rhythm)} between two entries")
    for problem in report.problems:
        print(f"  note: {shown(problem)}")
    print(f"  {len(matched)} would have matched{':' if matched or not judged else '; the first entries:'}")
    for found in (matched or judged)[:_SHOWN]:
        rules = f"  [{', '.join(_matches(found))}]" if found.matches else ""
        print(f"    {local(found.entry.published, zone)}  {shown(found.entry.title)}{rules}")
    if report.newest:
        say_zone(zone)


def _try_prices(settings: Config, row: PriceConfig, *, json: bool) -> None:
    """Poll *row* once and print the prices that it gives.

    Raises:
        typer.Exit: with 1, if the poll fails.
    """
    with _remedied(row.address):
        batch = asyncio.run(_poll(settings, row))
    if json:
        dump({"address": row.address, "prints": batch.prints, "missing": batch.missing})
        return
    zone = settings.zone
    rows = [
        (item.symbol, f"{item.price:f}", item.currency, local(item.at, zone), len(item.bars), len(item.actions))
        for item in batch.prints
    ]
    print(row.address)
    table(
        ("symbol", "price", "currency", "of", "closes before", "splits and dividends"),
        rows,
        empty="no price",
        zone=zone,
    )
    for item in batch.missing:
        say(f"{item.symbol}: {item.fault}: {shown(item.words)}")


async def _poll(settings: Config, row: PriceConfig) -> Batch:
    async with make_http(settings) as http:
        return await make_price_source(row, http, in_thread).poll(Cursor(), datetime.now(UTC))


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread."""
    return await asyncio.to_thread(call, *args, **kwargs)
