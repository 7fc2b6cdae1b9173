"""A process of its own in which large documents are parsed.

Parsing is Python: in a thread it takes the interpreter away from all the others for as long as it goes on, nothing can
end it, and what it allocates stays. The cell gets the octets and nothing else: no secrets, little memory, little time,
and the processor when nobody else wants it. `python -m tocsin.sources.cell` is its inside.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
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

#: Seconds, and octets of address space, that a document may take.
SECONDS = 30.0
MEMORY = 512 * 1024 * 1024


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

    Blocks for at most *seconds*.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE; NOT_A_FEED also for a document that takes more than *seconds* or *memory*.
    """
    told = {"url": url, "content_type": content_type, "content_language": content_language}
    if len(body) <= large:
        return documents.read(body, **told, selectors=selectors)
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", __name__, str(memory)],
            input=b"\n".join((json.dumps([told, selectors and dataclasses.asdict(selectors)]).encode(), body)),
            capture_output=True,
            env={"PYTHONPATH": str(Path(tocsin.__file__).parents[1])},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"takes more than {seconds:g} seconds to read", fault=Fault.NOT_A_FEED) from None
    if done.returncode:
        raise SourceError(f"cannot be read: the reader ended with {done.returncode}", fault=Fault.NOT_A_FEED)
    found = json.loads(done.stdout)
    if "error" in found:
        raise SourceError(found["error"], fault=Fault(found["fault"]), instead=found["instead"])
    items = tuple(Item(**{**item, "published": _time(item["published"])}) for item in found["items"])
    return Parsed(**{**found, "items": items, "notes": tuple(found["notes"]), "deleted": tuple(found["deleted"])})


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def main() -> None:
    """Read a document from standard input, and print what is found in it as JSON."""
    memory = int(sys.argv[1])
    # A hardened unit may forbid both, and then it has bounds of its own.
    with suppress(OSError, ValueError):
        os.nice(5)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
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
