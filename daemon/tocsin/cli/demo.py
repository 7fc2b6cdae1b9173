"""`tocsin demo`: the whole job offline."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import border
from tocsin.errors import UsageError

FolderOption = Annotated[Path, typer.Option("--mails", help="Where the mails are written, as files.")]


def demo(mails: FolderOption = Path("demo-mails")) -> None:
    """Show the main job on loopback: feeds, alerts, mails and Slack messages, in under a minute."""
    with border():
        try:
            # The demo's servers need an extra; without it every other command must work all the same.
            from tocsin.demo.run import run_demo  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(f"the demo needs {error.name}; install it with: pip install 'tocsin[demo]'") from error
        asyncio.run(run_demo(mails))
