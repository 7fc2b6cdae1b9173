"""Program of a parser process: it reads documents from standard input and prints the content of each as JSON.

python -m tocsin.sources.feeds.parser_program MEMORY SECONDS
"""

from __future__ import annotations

import dataclasses
import json
import select
import signal
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.errors import Fault, SourceError
from tocsin.limits import limit_process, limit_time
from tocsin.sources.documents import article, mail, page, whole_page
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.items import Marks, Parsed, read_marks
from tocsin.sources.documents.page import Selectors
from tocsin.sources.feeds import discovery, jsonfeed, rss
from tocsin.sources.http import urls


def read(
    body: bytes,
    *,
    url: str,
    content_type: str = "",
    content_language: str = "",
    selectors: Selectors | None = None,
    part: str | None = None,
    items: str = "",
    known: Marks | None = None,
) -> Parsed:
    """Return the feed (RSS, Atom or JSON Feed) in *body* from *url* with these headers.

    With *items* it is JSON of which that JMESPath expression makes items, with *selectors* a page, with *part* (empty for all of it) a page that is watched. The content decides, not the declared type. Items of RSS or Atom with *known* marks are skipped,
    if the document has the context of these. Links are resolved against *url* without its
    user and password. A page that is not a feed but links to some raises an error that names them.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    url = urls.without_user(url)
    text, note = decode(body, content_type)
    if found := _decoded(text, selectors, part, items, url=url, content_language=content_language):
        return dataclasses.replace(found, notes=(note, *found.notes)) if note else found
    start = text[: discovery.LOOKED_AT]
    del text  # the parser makes its own copy, and memory is limited
    try:
        return rss.parse(body, url=url, content_type=content_type, content_language=content_language, known=known)
    except SourceError as error:
        meant = discovery.discover(start, url=url) if error.fault is Fault.NOT_A_FEED else ()
        if not meant:
            raise
        words = f"{error}; did you mean {' or '.join(meant[:3])}?"
        raise SourceError(words, fault=Fault.NOT_A_FEED, instead=meant) from error


def _decoded(
    text: str, selectors: Selectors | None, part: str | None, items: str, *, url: str, content_language: str
) -> Parsed | None:
    """Return the content of a document in a format whose reader takes *text*, None for any other."""
    if part is not None:
        return whole_page.read_text(text, part, url=url, content_language=content_language)
    if selectors:
        return page.read(text, selectors, url=url, content_language=content_language)
    if items or jsonfeed.is_json(text):
        return jsonfeed.parse(text, url=url, content_language=content_language, items=items)
    return None


def main() -> None:
    """Answer requests until standard input ends, or nothing came from it for so many seconds."""
    # A supervisor may stop all processes of a service at once, but the daemon still waits for the current document.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    memory, patience = int(sys.argv[1]), float(sys.argv[2])
    refused = limit_process(memory)
    # A request is sent when the one before is answered, so that none waits in the buffer.
    while select.select([sys.stdin], [], [], patience)[0] and (head := sys.stdin.buffer.readline()):
        asked = json.loads(head)
        late = limit_time(asked["seconds"], niceness=asked["niceness"])
        found = {**_answer(asked, sys.stdin.buffer.read(asked["size"])), "refused": refused + late}
        print(json.dumps(found, default=_plain), flush=True)  # noqa: T201  # the daemon reads it


def _answer(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        if "article" in asked:
            return {"text": article.read(body, **asked["article"])}
        if "nodes" in asked:
            return {"rows": page.read_rows(body, **asked["nodes"])}
        if "mail" in asked:
            return _plain(mail.read(body, **asked["mail"]))  # type: ignore[no-any-return]
        selectors = Selectors(**asked["selectors"]) if asked["selectors"] else None
        how = {"selectors": selectors, "part": asked["part"], "items": asked["items"]}
        found: dict[str, Any] = _plain(read(body, **asked["document"], **how, known=read_marks(asked["known"])))
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


if __name__ == "__main__":
    main()
