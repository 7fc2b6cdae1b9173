"""Discovery of feeds: those that a web page links to, and those in an outline (OPML) of another feed reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from tocsin.errors import UsageError
from tocsin.sources.documents.items import absolute, first_web
from tocsin.sources.http import urls
from tocsin.text.html import decoded

#: Types of feeds. Not application/json, which many sites use for their APIs.
TYPES = frozenset({"application/atom+xml", "application/rss+xml", "application/feed+json", "text/xml"})
#: Characters of a page that are searched. Its head is at the beginning.
LOOKED_AT = 400_000
MOST_FEEDS = 20

# Text that hides tags (such as a comment) is matched as a whole or to the end of the page, so the time is linear.
_PIECE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<hiding>script|style|template|textarea)\b.*?(?:</(?P=hiding)|\Z)"
    r"|<(?P<name>link|base)(?=[\s/])(?P<rest>[^<>]{0,8000}+)>",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s"'=/]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"']++))?""")


def discover(page: str, *, url: str) -> tuple[str, ...]:
    """Return the distinct addresses of the feeds that the HTML *page* at *url* links to. Comment feeds come last.

    Addresses are resolved against the page's `<base>`, or else *url*, which has no password. Only web addresses are
    returned, in ASCII, so that they can be shown.
    """
    tags = [(tag["name"].lower(), _attributes(tag["rest"])) for tag in _PIECE.finditer(page[:LOOKED_AT]) if tag["name"]]
    said = next((attributes.get("href", "") for name, attributes in tags if name == "base"), "")
    base = first_web([absolute(url, said)]) or url
    found: dict[str, bool] = {}  # by address: whether it is a comment feed
    for name, link in tags:
        kind = link.get("type", "").partition(";")[0].strip().lower()
        if name != "link" or kind not in TYPES or not {"alternate", "feed"} & set(link.get("rel", "").lower().split()):
            continue
        address = urls.escape(first_web([absolute(base, link.get("href", ""))]))
        if address and len(found) < MOST_FEEDS:
            found.setdefault(address, "comment" in f"{address} {link.get('title', '')}".lower())
    return tuple(sorted(found, key=lambda address: found[address]))


def _attributes(text: str) -> dict[str, str]:
    """Return attributes by name in lower case. The first of several with one name counts, as in a browser."""
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), decoded(value[1:-1] if value[:1] in {'"', "'"} else value))
    return found


LARGEST = 5 * 1024 * 1024
MOST_OUTLINES = 5000
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
            if len(found) == MOST_OUTLINES:
                raise _StopError(f"it names more than {MOST_OUTLINES} feeds")
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
