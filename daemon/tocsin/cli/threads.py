"""Blocking calls of a command that is otherwise asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tocsin.protocols import P, T


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread."""
    return await asyncio.to_thread(call, *args, **kwargs)
