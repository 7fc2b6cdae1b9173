"""A process of its own in which large documents are parsed.

Parsing is Python: in a thread it takes the interpreter away from all the others for as long as it goes on, nothing can
end it, and what it allocates stays. The cell gets the octets and nothing else: no secrets, little memory, little time,
and the processor when nobody else wants it. `python -m tocsin.sources.cell` is its inside.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import tocsin
from tocsin.errors import Fault, SourceError
from tocsin.sources import documents
from tocsin.sources.page import Selectors
from tocsin.sources.parse import Item, Parsed
from tocsin.sources.room import LARGE

#: Seconds of processor time, and octets of address space, that a document may take.
SECONDS = 30.0
#: How much longer it may take where the processor is busy with others, who go first.
_PATIENCE = 4
MEMORY = 256 * 1024 * 1024


def parse(
    body: bytes,
    *,
    url: str,
    content_type: str = "",
    content_language: str = "",
    selectors: Selectors | None = None,
    large: int = LARGE,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Parsed:
    """What `tocsin.sources.documents.read` makes of *body*; in the cell, if it has more than *large* octets.

    Blocks for at most four times *seconds*, which are of processor time.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE; NOT_A_FEED also for a document that takes more than *seconds* or *memory*.
    """
    told = {"url": url, "content_type": content_type, "content_language": content_language}
    if len(body) <= large:
        return documents.read(body, **told, selectors=selectors)
    head = json.dumps([told, selectors and dataclasses.asdict(selectors)]).encode()
    found = json.loads(_ask(head, body, seconds=seconds, memory=memory))
    if "error" in found:
        raise SourceError(found["error"], fault=Fault(found["fault"]), instead=found["instead"])
    items = tuple(Item(**{**item, "published": _time(item["published"])}) for item in found["items"])
    return Parsed(**{**found, "items": items, "notes": tuple(found["notes"]), "deleted": tuple(found["deleted"])})


def _ask(head: bytes, body: bytes, *, seconds: float, memory: int) -> bytes:
    """What the cell answers to *head* and *body*, of which no copy is made."""
    with subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", __name__, str(memory), str(max(1, math.ceil(seconds)))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # What was freed goes back to the system at once: one document is held in many forms, one after the other.
        env={"PYTHONPATH": str(Path(tocsin.__file__).parents[1]), "MALLOC_MMAP_THRESHOLD_": "131072"},
    ) as cell:
        try:
            assert cell.stdin
            cell.stdin.write(b"%s\n" % head)
            answer, _ = cell.communicate(body, timeout=_PATIENCE * seconds)
        except subprocess.TimeoutExpired:
            raise _too_slow(seconds) from None
        finally:
            cell.kill()
    if cell.returncode == -signal.SIGXCPU:
        raise _too_slow(seconds)
    if cell.returncode:
        raise SourceError(f"cannot be read: the reader ended with {cell.returncode}", fault=Fault.NOT_A_FEED)
    return answer


def _too_slow(seconds: float) -> SourceError:
    return SourceError(f"takes more than {seconds:g} seconds to read", fault=Fault.NOT_A_FEED)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def main() -> None:
    """Read a document from standard input, and print what is found in it as JSON."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    # A hardened unit may forbid both, and then it has bounds of its own.
    with suppress(OSError, ValueError):
        os.nice(5)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        # No core: what was cut off is of no use to anybody.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    told, written = json.loads(sys.stdin.buffer.readline())
    selectors = Selectors(**written) if written else None
    found: dict[str, Any]
    try:
        found = dataclasses.asdict(documents.read(sys.stdin.buffer.read(), **told, selectors=selectors))
    except SourceError as error:
        found = {"error": str(error), "fault": error.fault, "instead": error.instead}
    json.dump(found, sys.stdout, default=datetime.isoformat)


if __name__ == "__main__":
    main()
