"""OPML: the feeds in an outline exported by another feed reader."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from tocsin.errors import UsageError
from tocsin.sources.http import urls

LARGEST = 5 * 1024 * 1024
MOST_FEEDS = 5000
_DEEPEST = 64
_LONGEST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A feed in an outline. *title* may be empty, and *url* may be anything."""

    url: str
    title: str


class _StopError(Exception):
    """The reason why the reading of an outline stops."""


def read_opml(body: bytes) -> tuple[Outline, ...]:
    """Return the distinct feeds in the OPML document *body*, in document order.

    Documents that declare entities, are nested deeper than 64, or name more than 5,000 feeds are refused.

    Raises:
        UsageError: *body* is not OPML, or it is refused.
    """
    if len(body) > LARGEST:
        raise UsageError(f"an outline of more than {LARGEST} octets")
    found: dict[str, Outline] = {}
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth == 1 and name.lower() != "opml":
            raise _StopError(f"it is not OPML: its first element is {name[:40]}")
        if depth > _DEEPEST:
            raise _StopError(f"it is nested deeper than {_DEEPEST}")
        given = {key.lower(): value.strip() for key, value in attributes.items()}
        url = urls.plain_scheme(given.get("xmlurl", ""))
        if name.lower() == "outline" and url:
            if len(found) == MOST_FEEDS:
                raise _StopError(f"it names more than {MOST_FEEDS} feeds")
            title = given.get("title") or given.get("text") or ""
            found.setdefault(urls.address(url) or url[:_LONGEST], Outline(url=url, title=title[:200]))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def declare(*_: object) -> None:
        raise _StopError("it declares a document type, which no outline needs")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = declare
    try:
        parser.Parse(body, True)
    except _StopError as error:
        raise UsageError(f"the outline is not read: {error}") from None
    except expat.ExpatError as error:
        words = expat.ErrorString(error.code)
        raise UsageError(f"the outline is not read: line {error.lineno}, column {error.offset + 1}: {words}") from None
    return tuple(found.values())
