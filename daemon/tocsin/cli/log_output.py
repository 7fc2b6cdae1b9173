"""The log on stderr: as text or as JSON, one line an event, and none of them more than once a minute."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, TextIO

import typer

from tocsin.log import QUIET, Line, Repeats
from tocsin.redaction import masked
from tocsin.units import counted


class LogForm(StrEnum):
    """Form of a line of the log."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important lines that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


FormOption = Annotated[LogForm, typer.Option("--log", envvar="TOCSIN_LOG", help="The form of the log on stderr.")]
LevelOption = Annotated[
    LogLevel,
    typer.Option("--log-level", envvar="TOCSIN_LOG_LEVEL", help="The least important lines to log; debug: each poll."),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="The same as --log-level debug.")]
#: The numbers of syslog(3) for levels, which the journal takes from the beginning of a line.
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class TextFormatter(logging.Formatter):
    """Writes `time LEVEL event key=value ...`, without the time if not *timed*."""

    def __init__(self, *, timed: bool = True) -> None:
        form = "%(asctime)s %(levelname)s %(message)s" if timed else "%(levelname)s %(message)s"
        super().__init__(form, datefmt="%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with how often it came again, and a traceback below it."""
        head, newline, rest = masked(super().format(record)).partition("\n")
        times = getattr(record, "repeated", 0)
        return head + (f" (repeated {counted(times, 'time')})" if times else "") + newline + rest


class JsonFormatter(logging.Formatter):
    """Writes `{"ts", "level", "event", ...}`, with a key for each pair of the line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line: times as text in UTC, spans as seconds, a traceback under `exception`."""
        message = record.msg if isinstance(record.msg, Line) else None
        pairs = {key: _plain(value) for key, value in message.pairs.items()} if message else {}
        if record.exc_info:
            pairs["exception"] = self.formatException(record.exc_info)
        if times := getattr(record, "repeated", 0):
            pairs["repeated"] = times
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = message.event if message else record.getMessage()
        return masked(json.dumps({"ts": at, "level": record.levelname.lower(), "event": event, **pairs}))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if isinstance(value, bool | int) else str(value)


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes to *stream*. A line that came within the last minute is counted, and written with the count afterwards.

    *journal*: each line begins with its priority, `<4>`, for the journal of systemd. *monotonic* gives seconds.
    """

    def __init__(
        self, stream: TextIO, *, journal: bool = False, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream)
        self._journal = journal
        self._monotonic = monotonic
        self._repeats: Repeats[logging.LogRecord] = Repeats()
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record* unless it only repeats another. At level debug every line is written.

        Nothing is written once the stream is closed: nobody can read it then.
        """
        if self.stream.closed:
            return
        self.tell_repeated()
        identity = record.msg.identity if isinstance(record.msg, Line) else record.getMessage()
        if record.levelno > logging.DEBUG and self._repeats.again(
            (record.levelno, identity), record, self._monotonic()
        ):
            self._tell_later()
        else:
            super().emit(record)

    def tell_repeated(self, now: float | None = None) -> None:
        """Write the lines that came again within a minute that is over at *now* (default: the time).

        A timer or the end of the program may come when the stream is closed.
        """
        if self.stream.closed:
            return
        for last, times in self._repeats.over(self._monotonic() if now is None else now):
            super().emit(logging.makeLogRecord({**vars(last), "repeated": times}))

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of *record*; in the journal each line of it has a priority."""
        text = super().format(record)
        return (
            text
            if not self._journal
            else "\n".join(f"<{_PRIORITIES[record.levelno]}>{row}" for row in text.split("\n"))
        )

    def close(self) -> None:
        """Write what was counted, and stop."""
        if self._timer:
            self._timer.cancel()
        with self.lock or threading.RLock():
            self.tell_repeated(float("inf"))
        super().close()

    def _tell_later(self) -> None:
        """Write the count even if nothing else is logged."""
        if self._timer is None or not self._timer.is_alive():
            self._timer = threading.Timer(QUIET, self._tell_alone)
            self._timer.daemon = True
            self._timer.start()

    def _tell_alone(self) -> None:
        with self.lock or threading.RLock():
            self.tell_repeated()


def log_to_stderr(form: LogForm = LogForm.TEXT, level: LogLevel = LogLevel.INFO, *, verbose: bool = False) -> None:
    """Send log lines to stderr, until the program ends. Libraries log warnings only: what else they say may hold secrets."""
    journal = _is_journal(sys.stderr, os.environ)
    handler = LogHandler(sys.stderr, journal=journal)
    # The journal adds the time.
    handler.setFormatter(JsonFormatter() if form is LogForm.JSON else TextFormatter(timed=not journal))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("tocsin").setLevel(logging.DEBUG if verbose else level.upper())


def _is_journal(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Return True if *stream* is the journal's: a shell that a service started inherits only the variable."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return env.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
