"""`tocsin doctor`: everything around the daemon that may be wrong, a line each, with its remedy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from tocsin.cli.output import FAILED, PARTLY, dump, progress, say
from tocsin.cli.setup import machine, network
from tocsin.cli.setup.finding import Finding, Level, fail
from tocsin.config.config import Config, load_config, salvage
from tocsin.config.stores import open_existing
from tocsin.errors import ConfigError, StoreError
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.units import counted

OfflineOption = Annotated[bool, typer.Option("--offline", help="Ask no source and no receiver.")]


def doctor(config: ConfigOption = DEFAULT_CONFIG, offline: OfflineOption = False, json: JsonOption = False) -> None:
    """Check configuration, files, database, clock, sources and receivers. Sends nothing. Exit 0: good, 3: warnings, 1: faults."""
    with progress("doctor") as tick:
        found = list(_examine(config, tick, offline=offline))
    for finding in found:
        if json:
            dump(finding)
        else:
            for line in finding.lines():
                print(line)
    counts = Counter(finding.level for finding in found)
    bad, doubtful = counts[Level.FAIL], counts[Level.WARN]
    if not json:
        say(f"{counted(bad, 'fault')}, {counted(doubtful, 'warning')}, {counts[Level.OK]} ok.")
    if bad or doubtful:
        raise typer.Exit(FAILED if bad else PARTLY)


def _examine(path: Path, tick: Callable[[int, int], None], *, offline: bool) -> Iterator[Finding]:
    readable = True
    try:
        settings = load_config(path, os.environ)
    except ConfigError as error:
        readable = False
        yield from machine.problems("configuration", error.problems)
        settings = salvage(path, os.environ)
    if readable:
        yield from machine.configuration(settings)
        yield machine.zone(settings)
        yield machine.certificates(settings)
    yield from machine.secrets(path)
    try:
        yield from machine.database(settings)
    except StoreError as error:
        yield fail("database", str(error))
    yield from machine.unit()
    if readable and not offline:
        yield from network.sources(settings, tick)
        yield from network.receivers(settings, *_history(settings))


def _history(settings: Config) -> tuple[dict[str, ReceiverStatus], dict[str, datetime]]:
    """Return the status of each receiver and the time of its last delivery, where there is a database."""
    with suppress(StoreError):  # it is a finding of its own
        if opened := open_existing(settings):
            with closing(opened) as store:
                return dict(store.read.receivers()), dict(store.read.last_sent())
    return {}, {}
