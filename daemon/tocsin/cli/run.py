"""`tocsin run`, `tocsin once` and `tocsin demo`: the commands that start the service."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, DryRunOption
from tocsin.cli.log_output import FormOption, LevelOption, LogForm, LogLevel, VerboseOption, log_to_stderr
from tocsin.cli.output import PARTLY
from tocsin.config.build import Factories, dry_makers
from tocsin.errors import UsageError
from tocsin.limits import allow_files
from tocsin.service.roles import Role
from tocsin.service.service import Service

OnlyOption = Annotated[
    Role | None,
    typer.Option("--only", help="On a server that several workers share: the one thing that this one does."),
]
WorkerOption = Annotated[str, typer.Option("--worker", metavar="NAME", help="What this worker is called in lists.")]


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    dry_run: DryRunOption = False,
    log: FormOption = LogForm.TEXT,
    log_level: LevelOption = LogLevel.INFO,
    verbose: VerboseOption = False,
    *,
    only: OnlyOption = None,
    worker: WorkerOption = "",
) -> None:
    """Run the daemon until it is stopped. SIGHUP or a changed file reloads, SIGTERM drains.

    Exit code 74: the database was deleted or replaced. 78: nothing was started.
    """
    log_to_stderr(log, log_level, verbose=verbose)
    asyncio.run(_service(config, dry_run=dry_run, role=only, name=worker).run())


def once(
    config: ConfigOption = DEFAULT_CONFIG,
    dry_run: DryRunOption = False,
    log: FormOption = LogForm.TEXT,
    log_level: LevelOption = LogLevel.INFO,
    verbose: VerboseOption = False,
) -> None:
    """Run one cycle and exit, for cron: poll and send what is due.

    Exit code 3: no source could be read. One that fails among others is logged, and tried again later.
    """
    log_to_stderr(log, log_level, verbose=verbose)
    if not asyncio.run(_service(config, dry_run=dry_run).once()):
        raise typer.Exit(PARTLY)


def _service(config: Path, *, dry_run: bool, role: Role | None = None, name: str = "") -> Service:
    allow_files()
    makers = dry_makers() if dry_run else Factories()
    return Service(config, env=os.environ, makers=makers, role=role, name=name)


FolderOption = Annotated[Path, typer.Option("--mails", help="The folder in which mails are saved as files.")]
StayOption = Annotated[
    bool, typer.Option("--stay", help="Keep the page open until Ctrl-C. Default: only in a terminal.")
]


def demo(mails: FolderOption = Path("demo-mails"), stay: StayOption = False) -> None:
    """Run a complete demo on this machine alone, in about a minute: feeds, alerts, mails, Slack messages and the page."""
    try:
        # The demo's servers need an extra. Every other command must work without it.
        from tocsin.demo.run import run_demo  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(f"the demo needs {error.name}; install it with: pip install 'tocsin[demo]'") from error
    asyncio.run(run_demo(mails, stay=stay or (sys.stdin.isatty() and sys.stdout.isatty())))
