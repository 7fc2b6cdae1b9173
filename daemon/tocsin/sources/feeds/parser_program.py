"""Program of a parser process: it reads documents from standard input and prints the content of each as JSON.

python -m tocsin.sources.feeds.parser_program MEMORY
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents import page
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.items import Parsed
from tocsin.sources.documents.page import Selectors
from tocsin.sources.feeds import discovery, jsonfeed, rss
from tocsin.sources.http import urls

_NEVER = resource.RLIM_INFINITY


def read(
    body: bytes, *, url: str, content_type: str = "", content_language: str = "", selectors: Selectors | None = None
) -> Parsed:
    """Return the feed (RSS, Atom or JSON Feed) in *body* from *url* with these headers.

    With *selectors* it is a page. The content decides, not the declared type. Links are resolved against *url* without its
    user and password. A page that is not a feed but links to some raises an error that names them.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    url = urls.without_user(url)
    text, note = decode(body, content_type)
    if selectors:
        found = page.read(text, selectors, url=url, content_language=content_language)
        return dataclasses.replace(found, notes=(note, *found.notes)) if note else found
    if jsonfeed.is_json(text):
        found = jsonfeed.parse(text, url=url, content_language=content_language)
        return dataclasses.replace(found, notes=(note, *found.notes)) if note else found
    start = text[: discovery.LOOKED_AT]
    del text  # the parser makes its own copy, and memory is limited
    try:
        return rss.parse(body, url=url, content_type=content_type, content_language=content_language)
    except SourceError as error:
        meant = discovery.discover(start, url=url) if error.fault is Fault.NOT_A_FEED else ()
        if not meant:
            raise
        words = f"{error}; did you mean {' or '.join(meant[:3])}?"
        raise SourceError(words, fault=Fault.NOT_A_FEED, instead=meant) from error


def main() -> None:
    """Answer requests until standard input ends."""
    # A supervisor may stop all processes of a service at once, but the daemon still waits for the current document.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    memory = int(sys.argv[1])
    refused = _refused(
        {
            "memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
            # A core dump is of no use.
            "core": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
            "files": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            # If the system runs out of memory, this process can be killed first.
            "oom_score_adj": lambda: Path("/proc/self/oom_score_adj").write_text("1000"),
        }
    )
    while head := sys.stdin.buffer.readline():
        asked = json.loads(head)
        late = _refused(_bounds(asked["seconds"], asked["niceness"]))
        found = {**_answer(asked, sys.stdin.buffer.read(asked["size"])), "refused": refused + late}
        print(json.dumps(found, default=_plain), flush=True)  # noqa: T201  # the daemon reads it


def _answer(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        if "nodes" in asked:
            return {"rows": page.read_rows(body, **asked["nodes"])}
        selectors = Selectors(**asked["selectors"]) if asked["selectors"] else None
        found: dict[str, Any] = _plain(read(body, **asked["document"], selectors=selectors))
        return found
    except SourceError as error:
        return {"error": str(error), "fault": error.fault, "instead": error.instead}
    except Exception as error:  # noqa: BLE001  # unexpected, but the next document can still be read
        place = traceback.extract_tb(error.__traceback__)[-1]
        words = f"the reader failed: {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
        return {"error": words, "fault": Fault.INTERNAL, "instead": ()}


def _plain(value: Any) -> Any:
    """Return *value* as JSON types. `dataclasses.asdict` would copy everything, which takes as long as parsing."""
    if isinstance(value, datetime):
        return value.isoformat()
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _bounds(seconds: int, niceness: int) -> dict[str, Callable[[], object]]:
    """Return the limits for the next document: processor time beyond what was used so far, and priority."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + seconds
    return {
        "processor time": lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, _NEVER)),
        "niceness": lambda: os.nice(niceness) if niceness else None,
    }


def _refused(calls: dict[str, Callable[[], object]]) -> list[str]:
    """Limit this process by *calls*, and return those that the system refuses. A hardened unit forbids some."""
    refused = []
    for name, call in calls.items():
        try:
            call()
        except (OSError, ValueError) as error:
            refused.append(f"{name}: {error}")
    return refused


if __name__ == "__main__":
    main()
