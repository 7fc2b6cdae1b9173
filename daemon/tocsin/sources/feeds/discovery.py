"""Discovery of the feeds that a web page links to: `<link rel="alternate">`."""

from __future__ import annotations

import re

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
