"""Parser processes: the documents of strangers are parsed in processes of their own.

A parser holds the interpreter for as long as it goes on, nothing can end it, and what it allocates stays; and no parser
of XML or HTML is linear in everything that a stranger may write. It gets the octets and nothing else: no secrets,
little memory and little time. One is kept for the next document; after a large one it ends, which gives all memory
back. It runs `tocsin.sources.feeds.parser_program`.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import json
import logging
import math
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import tocsin
from tocsin.errors import Fault, SourceError
from tocsin.log import line
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.documents.page import Row, Selectors
from tocsin.sources.http.gate import LARGE

#: Seconds of processor time that a large document may take, and a small one, which other sources wait for.
SECONDS = 30.0
SMALL_SECONDS = 4.0
#: Octets of address space.
MEMORY = 256 * 1024 * 1024
#: How much longer it may take where the processor is busy with others.
_PATIENCE = 4

_LOG = logging.getLogger(__name__)


def parse(
    body: bytes,
    *,
    url: str,
    content_type: str = "",
    content_language: str = "",
    selectors: Selectors | None = None,
    large: int = LARGE,
    seconds: float | None = None,
    memory: int = MEMORY,
) -> Parsed:
    """Return what `tocsin.sources.feeds.parser_program.read` makes of *body*.

    Blocks for at most four times *seconds*, which are of processor time: 4, of a document of more than *large* octets 30.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE; NOT_A_FEED also for a document that takes more than *seconds* or *memory*.
    """
    told = {"url": url, "content_type": content_type, "content_language": content_language}
    asked = {"document": told, "selectors": selectors and dataclasses.asdict(selectors)}
    found = _ask(asked, body, large=large, seconds=seconds, memory=memory)
    items = tuple(_item(item) for item in found["items"])
    return Parsed(**{**found, "items": items, "notes": tuple(found["notes"]), "deleted": tuple(found["deleted"])})


def _item(found: dict[str, Any]) -> Item:
    """Return an item from its form in JSON."""
    lists = {name: tuple(found[name]) for name in ("authors", "categories")}
    return Item(**{**found, **lists, "published": _time(found["published"])})


def nodes(body: bytes, content_type: str, rows: str, fields: Sequence[str]) -> list[Row]:
    """Return what `tocsin.sources.documents.page.read_rows` finds on the page *body*.

    Raises:
        SourceError: NOT_A_FEED, for a page that takes too long or too much memory.
    """
    asked = {"nodes": {"content_type": content_type, "rows": rows, "fields": list(fields)}}
    return _ask(asked, body)["rows"]  # type: ignore[no-any-return]  # as JSON, its own form


def _ask(
    asked: Mapping[str, Any], body: bytes, *, large: int = LARGE, seconds: float | None = None, memory: int = MEMORY
) -> dict[str, Any]:
    """Return the answer of a parser process to *asked* about *body*."""
    small = len(body) <= large
    seconds = seconds or (SMALL_SECONDS if small else SECONDS)
    told = {"size": len(body), "seconds": max(1, math.ceil(seconds)), "niceness": 0 if small else 5}
    head = json.dumps({**asked, **told}).encode()
    process = _taken(memory)
    answer = process.ask(head, body, _PATIENCE * seconds)
    while (
        not answer and process.ended_by_itself and process.served > 1
    ):  # of what was read before, or by somebody's hand
        process = _ParserProcess(memory)
        answer = process.ask(head, body, _PATIENCE * seconds)
    if not answer:
        raise _failed(process, seconds)
    _give_back(process) if small else process.end()
    found: dict[str, Any] = json.loads(answer)
    for call in found.pop("refused"):
        _warn(call)
    if "error" in found:
        raise SourceError(found["error"], fault=Fault(found["fault"]), instead=found["instead"])
    return found


class _ParserProcess:
    """A parser process of *memory* octets."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.served = 0
        self.late = False
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "tocsin.sources.feeds.parser_program", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # What was freed goes back to the system at once: one document is held in many forms, one after the other.
            env={"PYTHONPATH": str(Path(tocsin.__file__).parents[1]), "MALLOC_MMAP_THRESHOLD_": "131072"},
            # A Ctrl-C in the terminal is for the daemon, which still waits for what is being read.
            start_new_session=True,
        )

    def ask(self, head: bytes, body: bytes, patience: float) -> bytes:
        """Return the line that it answers to *head* and *body*; nothing when it ended, as it must after *patience* seconds."""
        assert self._process.stdin
        assert self._process.stdout
        self.served += 1
        clock = threading.Timer(patience, self._kill_late)
        clock.daemon = True
        clock.start()
        try:
            self._process.stdin.writelines((head, b"\n", body))
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            clock.cancel()
        if not answer.endswith(b"\n"):
            self.end(within=1)
            return b""
        return answer

    def _kill_late(self) -> None:
        self.late = True
        self._process.kill()

    def end(self, within: float = 0) -> None:
        """End it, if it does not *within* so many seconds."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with suppress(BrokenPipeError):  # what it did not read
            self._process.stdin.close()

    @property
    def code(self) -> int:
        """The code that it ended with."""
        return self._process.wait()

    @property
    def ended_by_itself(self) -> bool:
        """True if it ended, and not for the time that it took."""
        return not self.late and self.code != -signal.SIGXCPU


#: Processes that wait for the next small document. More are not needed often, and each takes some 40 MB.
_IDLE: queue.LifoQueue[_ParserProcess] = queue.LifoQueue(maxsize=2)


def _taken(memory: int) -> _ParserProcess:
    """Return a process of *memory* octets: one that waits, if there is one."""
    with suppress(queue.Empty):
        process = _IDLE.get_nowait()
        if process.memory == memory:
            return process
        process.end()
    return _ParserProcess(memory)


def _give_back(process: _ParserProcess) -> None:
    try:
        _IDLE.put_nowait(process)
    except queue.Full:
        process.end()


@atexit.register
def close() -> None:
    """End the processs that wait."""
    with suppress(queue.Empty):
        while True:
            _IDLE.get_nowait().end()


def _failed(process: _ParserProcess, seconds: float) -> SourceError:
    if process.ended_by_itself:
        return SourceError(f"cannot be read: the reader ended with {process.code}", fault=Fault.NOT_A_FEED)
    return SourceError(f"takes more than {seconds:g} seconds to read", fault=Fault.NOT_A_FEED)


@functools.cache  # once is enough
def _warn(call: str) -> None:
    _LOG.warning(line("the system refuses a limit of the parser's process", limit=call))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
