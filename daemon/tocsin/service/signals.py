"""Signals that operators and service managers send."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress


def handle_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    """Call *stop* at SIGTERM and SIGINT, and *reload* at SIGHUP, on the running event loop."""
    loop = asyncio.get_running_loop()
    for name, act in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, reload)):
        # Only the main thread may handle signals; in another one the caller stops the service.
        with suppress(ValueError, RuntimeError):
            loop.add_signal_handler(name, act)
