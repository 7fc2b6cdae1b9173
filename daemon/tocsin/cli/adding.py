"""`tocsin sources add|import|export`: write sources into the configuration file, or export them as OPML 2.0."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config, read_label
from tocsin.cli.input_files import read_span
from tocsin.cli.one_poll import PrivateOption, discovered
from tocsin.cli.output import FAILED, dump, progress, say, shown
from tocsin.config.additions import (
    Addition,
    Edit,
    checked_name,
    known_sources,
    labels_of,
    propose,
    same_feed,
    source_name,
    write,
)
from tocsin.config.feeds import FeedConfig
from tocsin.config.secrets import address
from tocsin.config.values import url_fault
from tocsin.config.yaml.edit import NewSource, add_sources
from tocsin.errors import ConfigError, FileError, SourceError, UsageError
from tocsin.explain.one_poll import remedy_of
from tocsin.files import read_regular
from tocsin.redaction import masked
from tocsin.sources.feeds.discovery import LARGEST, read_opml
from tocsin.sources.http import urls
from tocsin.units import counted

UrlArgument = Annotated[str, typer.Argument(help="The address of a feed, or of a page that links to one.")]
FileArgument = Annotated[Path, typer.Argument(help="An OPML file, as feed readers export it.")]
NameOption = Annotated[str, typer.Option("--name", help="The source's name. Default: made from its address.")]
EveryOption = Annotated[
    str, typer.Option("--every", help="How often to poll it, such as 30m. Default: as often as it has news.")
]
LabelOption = Annotated[list[str] | None, typer.Option("--label", help="A label for its entries, such as tier=trade.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the changes without writing them.")]


def add(
    url: UrlArgument,
    *,
    name: NameOption = "",
    every: EveryOption = "",
    label: LabelOption = None,
    allow_private: PrivateOption = False,
    dry_run: DryRunOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Poll a feed once and, if that works, write it into the configuration file.

    Exit code 1: there is no feed, and nothing was written.
    """
    settings = read_config(config)
    url = urls.plain_scheme(url)
    if fault := url_fault(url):
        raise UsageError(f"{masked(url)}: {fault}")
    if known := known_sources(settings).get(same_feed(url)):
        _pass_over(masked(url), f"it is already configured as {known}", json=json)
        return
    given = FeedConfig(name="test", url=address(url), allow_private=allow_private)
    try:
        with progress("polling"):
            found, batch = asyncio.run(discovered(settings, given, datetime.now(UTC)))
    except SourceError as error:
        say(f"{given.address}: {shown(str(error))}; nothing was written")
        if remedy := remedy_of(error):
            say(f"what to do: {remedy}")
        raise typer.Exit(FAILED) from error
    if known := known_sources(settings).get(same_feed(found.url.reveal())):
        _pass_over(found.address, f"it is already configured as {known}", json=json)
        return
    more: dict[str, object] = {}
    if every:
        read_span(every, "--every")
        more["every"] = every
    if allow_private:
        more["allow_private"] = True
    if label:
        more["labels"] = labels_of(map(read_label, label))
    there, taken = found.url.reveal(), list(settings.names)
    new = NewSource(name=checked_name(name, taken) or source_name(there, taken), kind="feed", address=there, more=more)
    if not json:
        say(f"{batch.form}, {counted(len(batch.entries), 'entry')}")
    _write(config, [new], dry_run=dry_run, json=json)


def import_opml(
    file: FileArgument,
    dry_run: DryRunOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Write the feeds of an OPML file into the configuration file, without polling them first."""
    settings = read_config(config)
    known = known_sources(settings)
    taken = list(settings.names)
    new = []
    for outline in read_opml(_read(file)):
        there = known.get(same_feed(outline.url))
        fault = url_fault(outline.url) or (f"it is already configured as {there}" if there else "")
        if fault:
            called = shown(outline.title or masked(outline.url)[:80])
            _pass_over(masked(outline.url)[:200], f"left out: {called}: {fault}", json=json)
            continue
        name = source_name(outline.url, taken, outline.title)
        taken.append(name)
        new.append(NewSource(name=name, kind="feed", address=outline.url, more={}))
    if not new:
        say("there is nothing to add")
        return
    _write(config, new, dry_run=dry_run, json=json)


def _read(file: Path) -> bytes:
    try:
        return read_regular(file, LARGEST)
    except FileError as error:
        raise UsageError(f"{file} {error}") from error


def _pass_over(address: str, why: str, *, json: bool) -> None:
    """Print why nothing is written for *address*."""
    say(why)
    if json:
        dump({"feed": shown(address), "written": False, "reason": why})


def _write(path: Path, new: Sequence[NewSource], *, dry_run: bool, json: bool) -> None:
    """Write *new* into the configuration at *path*, unless that would make it invalid."""
    addition = add_to(path, lambda text: add_sources(text, new), dry_run=dry_run)
    for source in new:
        if json:
            dump({"name": source.name, source.kind: masked(source.address), **source.more, "written": not dry_run})
        elif not dry_run:
            print(masked(source.line))
    if dry_run and not json:
        print(masked("\n".join(addition.diff)))
    say_written(path, len(new), dry_run=dry_run)


def add_to(path: Path, edit: Edit, *, dry_run: bool) -> Addition:
    """Make the addition *edit* to the configuration at *path*, unless that would make it invalid.

    Raises:
        UsageError: it would, or it cannot be written.
    """
    try:
        addition = propose(path, os.environ, edit)
    except ConfigError as error:
        raise UsageError(f"{error}\nthese would be problems of the configuration; nothing was written") from error
    if not dry_run:
        write(addition)
    return addition


def say_written(path: Path, count: int, *, dry_run: bool) -> None:
    """Print that *count* things were written into *path*, or would be."""
    verb = "would be" if dry_run else "were" if count > 1 else "was"
    say(f"{verb} written into {path}; a running tocsin reloads it by itself")


def export(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Print every feed as OPML. A feed whose address holds a secret is left out and named on stderr."""
    sources = [source for source in read_config(config).sources if source.kind == "feed"]
    # The shown address differs from the polled one exactly if it holds a secret.
    open_ones = [source for source in sources if not source.secret]
    for source in sources:
        if source not in open_ones:
            say(f"{source.name} is left out: its address holds a secret, or comes from outside the file")
    if json:
        for source in open_ones:
            dump({"name": source.name, "feed": source.address, "labels": source.labels})
        return
    print('<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">')
    print("  <head><title>tocsin</title></head>\n  <body>")
    for source in open_ones:
        print(f'    <outline type="rss" text="{source.name}" xmlUrl="{escape(source.address)}"/>')
    print("  </body>\n</opml>")
