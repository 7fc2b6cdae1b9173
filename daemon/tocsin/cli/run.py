"""`tocsin run` and `tocsin once`: the commands that work instead of only looking."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, DryRunOption, border, log_to_stderr
from tocsin.clock import SystemClock
from tocsin.config.build import Factories, dry_makers
from tocsin.service.service import Service

VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log every poll, not only what changed.")]


def run(config: ConfigOption = DEFAULT_CONFIG, dry_run: DryRunOption = False, verbose: VerboseOption = False) -> None:
    """Watch, match and tell until stopped. SIGHUP or a changed file reloads; SIGTERM drains."""
    with border():
        log_to_stderr(verbose)
        asyncio.run(_service(config, dry_run=dry_run).run())


def once(config: ConfigOption = DEFAULT_CONFIG, dry_run: DryRunOption = False, verbose: VerboseOption = False) -> None:
    """One cycle: poll what is due, send what is due, end. For cron."""
    with border():
        log_to_stderr(verbose)
        asyncio.run(_service(config, dry_run=dry_run).once())


def _service(config: Path, *, dry_run: bool) -> Service:
    return Service(config, env=os.environ, clock=SystemClock(), makers=dry_makers() if dry_run else Factories())
