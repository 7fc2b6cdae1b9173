"""`tocsin demo`: the whole job offline."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import border
from tocsin.demo.run import run_demo

FolderOption = Annotated[Path, typer.Option("--mails", help="Where the mails are written, as files.")]


def demo(mails: FolderOption = Path("demo-mails")) -> None:
    """Show the main job on loopback: feeds, alerts, mails and Slack messages, in under a minute."""
    with border():
        asyncio.run(run_demo(mails))
