"""Parser processes: documents from the network are parsed in separate processes.

A parser blocks the interpreter while it runs, cannot be stopped, and does not return its memory. No parser of XML or
HTML is linear for all hostile input. So the process gets only the bytes of the document: no secrets, little memory
and little time. It is kept for the next document, but ends after a large one or a minute without one, which frees its
memory. It runs `tocsin.sources.feeds.parser_program`.
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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import tocsin
from tocsin.deadlines import Deadlines
from tocsin.errors import Fault, SourceError
from tocsin.log import line
from tocsin.sources.documents.items import Marks, Parsed, read_item, read_marks
from tocsin.sources.documents.page import Row, Selectors
from tocsin.sources.documents.whole_page import Watch
from tocsin.sources.http.gate import LARGE

#: Seconds of processor time for a large document, and for a small one, which other sources wait for.
SECONDS = 30.0
SMALL_SECONDS = 4.0
#: The same for an article, which no other source waits for.
ARTICLE_SECONDS = 15.0
#: Bytes of address space.
MEMORY = 256 * 1024 * 1024
#: Seconds for which a process waits for the next document: to start one takes an eighth of a second, to keep one 20 MB.
REST = 60
#: Factor by which it may take longer in real time on a busy processor.
_PATIENCE = 4
_DEADLINES = Deadlines()

_LOG = logging.getLogger(__name__)


def parse(
    body: bytes,
    *,
    url: str,
    content_type: str = "",
    content_language: str = "",
    reading: Selectors | Watch | Marks | str = "",
    large: int = LARGE,
    seconds: float | None = None,
    memory: int = MEMORY,
) -> Parsed:
    """Return the result of `tocsin.sources.feeds.parser_program.read` for *body*.

    *reading* is how a page is read, or the JMESPath expression that makes items of JSON, or the marks of items of a feed that
    are known and are skipped; a feed needs none.
    Blocks for at most four times *seconds* of processor time: 4, or 30 for a document of more than *large* bytes.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE. NOT_A_FEED also for a document that takes more than *seconds* or *memory*.
    """
    document = {"url": url, "content_type": content_type, "content_language": content_language}
    chosen = {
        "selectors": dataclasses.asdict(reading) if isinstance(reading, Selectors) else None,
        "part": reading.part if isinstance(reading, Watch) else None,
        "items": reading if isinstance(reading, str) else "",
        "known": {"context": reading.context, "items": reading.items} if isinstance(reading, Marks) else None,
    }
    asked = {"document": document, **chosen}
    return _parsed(_ask(asked, body, large=large, seconds=seconds, memory=memory))


def parse_mail(body: bytes, *, links: bool) -> Parsed:
    """Return the result of `tocsin.sources.documents.mail.read` for the mail *body*.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    return _parsed(_ask({"mail": {"links": links}}, body))


def _parsed(found: dict[str, Any]) -> Parsed:
    lists = {name: tuple(found[name]) for name in ("notes", "deleted", "skipped")}
    items, marks = tuple(map(read_item, found["items"])), read_marks(found["marks"])
    return Parsed(**{**found, **lists, "items": items, "marks": marks})


def nodes(body: bytes, content_type: str, rows: str, fields: Sequence[str]) -> list[Row]:
    """Return the result of `tocsin.sources.documents.page.read_rows` for the page *body*.

    Raises:
        SourceError: NOT_A_FEED, for a page that takes too long or too much memory.
    """
    asked = {"nodes": {"content_type": content_type, "rows": rows, "fields": list(fields)}}
    return _ask(asked, body)["rows"]  # type: ignore[no-any-return]  # as JSON, its own form


def article(body: bytes, content_type: str) -> str:
    """Return the result of `tocsin.sources.documents.article.read` for the page or PDF *body*.

    The process ends afterwards: its libraries take more memory than all else that a process keeps.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE. NOT_A_FEED also for what takes too long or too much memory.
    """
    asked = {"article": {"content_type": content_type}}
    return _ask(asked, body, large=-1, seconds=ARTICLE_SECONDS)["text"]  # type: ignore[no-any-return]  # as JSON


def _ask(
    asked: Mapping[str, Any], body: bytes, *, large: int = LARGE, seconds: float | None = None, memory: int = MEMORY
) -> dict[str, Any]:
    """Return the answer of a parser process to the request *asked* with *body*."""
    small = len(body) <= large
    seconds = seconds or (SMALL_SECONDS if small else SECONDS)
    bounds = {"size": len(body), "seconds": max(1, math.ceil(seconds)), "niceness": 0 if small else 5}
    head = json.dumps({**asked, **bounds}).encode()
    process = _taken(memory)
    answer = process.ask(head, body, _PATIENCE * seconds)
    # A process ends after an earlier document, or somebody kills it: a new one is asked.
    while not answer and process.ended_by_itself and process.served > 1:
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
    """A parser process with *memory* bytes, which ends after `REST` seconds without a document."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.served = 0
        self.late = False
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "tocsin.sources.feeds.parser_program", str(memory), str(REST)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Freed memory goes back to the system at once, because one document is kept in several forms, one after another.
            env={"PYTHONPATH": str(Path(tocsin.__file__).parents[1]), "MALLOC_MMAP_THRESHOLD_": "131072"},
            # A Ctrl-C in the terminal is for the daemon, which still waits for this document.
            start_new_session=True,
        )

    def ask(self, head: bytes, body: bytes, patience: float) -> bytes:
        """Return the answer line to *head* and *body*. Empty if the process ended, at the latest after *patience* seconds."""
        assert self._process.stdin
        assert self._process.stdout
        self.served += 1
        deadline = _DEADLINES.add(patience, self._kill_late)
        try:
            self._process.stdin.writelines((head, b"\n", body))
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            deadline.cancel()
        if not answer.endswith(b"\n"):
            self.end(within=1)
            return b""
        return answer

    def _kill_late(self) -> None:
        self.late = True
        self._process.kill()

    def end(self, within: float = 0) -> None:
        """End the process. It may end by itself *within* some seconds."""
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
        """The exit code of the process."""
        return self._process.wait()

    @property
    def ended_by_itself(self) -> bool:
        """True if it ended, but not because of a time limit."""
        return not self.late and self.code != -signal.SIGXCPU


#: Processes that wait for the next small document. More are rarely needed.
_IDLE: queue.LifoQueue[_ParserProcess] = queue.LifoQueue(maxsize=2)


def _taken(memory: int) -> _ParserProcess:
    """Return a process with *memory* bytes: a waiting one if there is one."""
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
    """End the waiting processes."""
    with suppress(queue.Empty):
        while True:
            _IDLE.get_nowait().end()


def _failed(process: _ParserProcess, seconds: float) -> SourceError:
    if process.ended_by_itself:
        return SourceError(f"cannot be read: the reader ended with {process.code}", fault=Fault.NOT_A_FEED)
    return SourceError(f"takes more than {seconds:g} seconds to read", fault=Fault.NOT_A_FEED)


@functools.cache  # once is enough
def _warn(call: str) -> None:
    _LOG.warning(line("parser process limit refused by the system", limit=call))
