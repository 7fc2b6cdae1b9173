"""`tocsin sources test`: poll a source once. Nothing is stored or sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.output import dump, local, progress, say, say_zone, shown, table
from tocsin.config.config import Config, empty_config
from tocsin.config.discovery import discover
from tocsin.config.feeds import FeedConfig
from tocsin.config.price_feeds import PriceConfig
from tocsin.config.secrets import address
from tocsin.errors import SourceError, UsageError
from tocsin.explain.one_poll import Report, judged_object, remedy_of, report
from tocsin.model.articles import Article
from tocsin.model.entries import Batch, Cursor, Entry
from tocsin.model.rules import Judged
from tocsin.protocols import P, T
from tocsin.redaction import masked
from tocsin.render.objects import plain
from tocsin.render.words import cut, flat
from tocsin.sources.documents.article import missing
from tocsin.units import counted, duration, size

#: Entries shown on the terminal. --json prints all of them.
_SHOWN = 10
#: Characters shown of an article.
_BEGINNING = 300
TargetArgument = Annotated[str, typer.Argument(help="A source of the configuration, or a web address.")]
PrivateOption = Annotated[
    bool, typer.Option("--allow-private", help="Allow addresses in loopback and private networks.")
]


def try_source(
    target: TargetArgument,
    allow_private: PrivateOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Poll TARGET once and show its entries, what would have matched, and what is wrong. Stores and sends nothing.

    Exit code 1: it cannot be read.
    """
    # The other commands of sources poll nothing and judge nothing.
    from tocsin.cli.rule_packs import read_rules  # noqa: PLC0415
    from tocsin.ingest.judging import judge  # noqa: PLC0415

    settings = _settings(config, target)
    prices = next((row for row in settings.prices if row.name == target), None)
    if prices:
        _try_prices(settings, prices, json=json)
        return
    source = _source(settings, target, allow_private=allow_private)
    rules = read_rules(settings)
    now = datetime.now(UTC)
    with _remedied(source.address, page=source.kind != "feed"), progress("polling"):
        source, batch = asyncio.run(discovered(settings, source, now))
    found = report(source.address, batch)
    judged = judge(rules, batch.entries, now, {source.name: source.filter} if source.filter else {})
    linked = next((one.entry for one in judged if one.entry.link and not one.entry.dropped), None)
    article = asyncio.run(_article(settings, source, linked)) if source.articles and linked else None
    if json:
        dump({**plain(found), "entries": [judged_object(one) for one in judged], "article": article})
    else:
        _print(found, judged, settings.zone)
        _print_article(article)


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


def _source(settings: Config, target: str, *, allow_private: bool) -> FeedConfig:
    named = next((source for source in settings.sources if source.name == target), None)
    if named:
        return named
    if any(source.name == target for source in settings.pushes):
        raise UsageError(f"{target} is not polled: programs hand in its entries, see: tocsin sources show {target}")
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


async def discovered(settings: Config, source: FeedConfig, now: datetime) -> tuple[FeedConfig, Batch]:
    """Poll *source* once, and say which feed is used in place of a page.

    Raises:
        SourceError: the poll failed.
    """
    from tocsin.config.build import make_http, make_source  # noqa: PLC0415 (as in `try_source`)

    def linked(feeds: Sequence[str]) -> None:
        say(f"{source.address} is a page; it links to {masked(', '.join(feeds))}")
        say(f"using {masked(feeds[0])} instead")

    async with make_http(settings) as http:
        return await discover(source, lambda one: make_source(one, http, in_thread).poll(Cursor(), now), linked)


def _matches(judged: Judged) -> list[str]:
    return [match.rule.id for match in judged.matches]


def _print(report: Report, judged: Sequence[Judged], zone: ZoneInfo) -> None:
    matched = [found for found in judged if found.matches]
    print(report.address)
    print(
        f"  {report.form}: {counted(len(judged), 'entry')} in {size(report.size)}, the newest of {local(report.newest, zone)}"
    )
    if report.rhythm is not None:
        print(f"  usually {duration(report.rhythm)} between two entries")
    for problem in report.problems:
        print(f"  note: {shown(problem)}")
    if dropped := sum(bool(found.entry.dropped) for found in judged):
        print(f"  {counted(dropped, 'entry')} would be dropped by its filter")
    print(f"  {len(matched)} would have matched{':' if matched or not judged else '; the first entries:'}")
    for found in (matched or judged)[:_SHOWN]:
        rules = f"  [{', '.join(_matches(found))}]" if found.matches else "  [dropped]" * bool(found.entry.dropped)
        print(f"    {local(found.entry.published, zone)}  {shown(found.entry.title)}{rules}")
    if report.newest:
        say_zone(zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """The *article* that the entry with this *title* links to, or the *error* that came of fetching it."""

    title: str
    article: Article | None = None
    error: str = ""


async def _article(settings: Config, source: FeedConfig, entry: Entry) -> _Tried:
    """Fetch the article of *entry*, as the daemon would."""
    from tocsin.config.build import make_articles, make_http  # noqa: PLC0415 (as in `try_source`)

    if missing():
        return _Tried(title=entry.title, error="its reader is not installed: pip install 'tocsin[articles]'")
    async with make_http(settings) as http:
        try:
            article = await make_articles(source, http, in_thread).fetch(entry.link)
        except SourceError as error:
            return _Tried(title=entry.title, error=str(error))
    return _Tried(title=entry.title, article=replace(article, address=masked(article.address)))


def _print_article(tried: _Tried | None) -> None:
    if tried is None:
        return
    print(f"  the article of “{shown(tried.title)}”:")
    if tried.article is None:
        print(f"    not read: {shown(tried.error)}")
        return
    text = tried.article.text
    print(f"    {len(text):,} characters from {shown(tried.article.address)}, which begin:")
    print(f"    {shown(cut(flat(text), _BEGINNING))}")


def _try_prices(settings: Config, row: PriceConfig, *, json: bool) -> None:
    """Poll *row* once and print the prices that it gives.

    Raises:
        typer.Exit: with 1, if the poll fails.
    """
    with _remedied(row.address), progress("polling"):
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
    from tocsin.config.build import make_http, make_price_source  # noqa: PLC0415 (as in `try_source`)

    async with make_http(settings) as http:
        return await make_price_source(row, http, in_thread).poll(Cursor(), datetime.now(UTC))


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread."""
    return await asyncio.to_thread(call, *args, **kwargs)
