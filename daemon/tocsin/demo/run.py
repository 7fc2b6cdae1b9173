"""The demo."""

from __future__ import annotations

from pathlib import Path


async def run_demo(mails: Path) -> None:
    """Run it."""
