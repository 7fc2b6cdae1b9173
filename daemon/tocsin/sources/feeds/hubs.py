"""Hubs: a feed may name a server that tells its subscribers when there is news (WebSub, W3C 2018)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape

from tocsin.hints import Hub
from tocsin.sources.feeds.jsonfeed import is_json
from tocsin.sources.http import urls

#: Octets of a document, and characters of a header, in which links are looked for; and of an address.
_LOOKED_AT, _LONGEST_HEADER, _LONGEST = 65_536, 8192, 1000
_LINK = re.compile(rb"<(?:[A-Za-z][\w.-]{0,30}:)?link\s([^<>]{1,2000})>")
_ATTRIBUTE = re.compile(r"(?:^|\s)(rel|href)\s*=\s*(?:\"([^\"]{0,1000})\"|'([^']{0,1000})')")
_HEADER = re.compile(r"<([^<>\s]{1,1000})>([^<>]{0,300})")
_REL = re.compile(r";\s*rel\s*=\s*\"?([A-Za-z ]{1,60})")
_JSON = re.compile(r"\"hubs\"\s*:\s*\[\s*(\{[^{}\[\]]{0,2000}\})")


def hub_of(headers: Mapping[str, str], body: bytes, url: str) -> Hub | None:
    """Return the hub of the feed *body* at *url*, None if it names none. Links in *headers* come first."""
    found: dict[str, str] = {}
    for rel, address in (*_in_header(headers.get("link", "")), *_in_body(body)):
        if rel in ("hub", "self") and len(address) <= _LONGEST and urls.is_web(address):
            found.setdefault(rel, urls.escape(address))
    return Hub(url=found["hub"], topic=found.get("self", url)) if "hub" in found else None


def written(hub: Hub | None) -> str:
    """Return the text of *hub* that is kept in the row of its source."""
    return json.dumps([hub.url, hub.topic]) if hub else ""


def read_hub(kept: str) -> Hub | None:
    """Return the hub that is kept in the row."""
    if not kept:
        return None
    url, topic = json.loads(kept)
    return Hub(url=url, topic=topic)


def _in_header(header: str) -> Iterator[tuple[str, str]]:
    """Yield (relation, address) of the links in a header (RFC 8288)."""
    for address, parameters in _HEADER.findall(header[:_LONGEST_HEADER]):
        if rel := _REL.search(parameters):
            yield from ((one, address) for one in rel[1].lower().split())


def _in_body(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield (relation, address) of the links at the beginning of a document."""
    head = body[:_LOOKED_AT]
    for link in _LINK.findall(head):
        found = {
            name: unescape(one or other) for name, one, other in _ATTRIBUTE.findall(link.decode("utf-8", "replace"))
        }
        yield from ((one, found.get("href", "")) for one in found.get("rel", "").lower().split())
    text = head.decode("utf-8", "replace")
    if is_json(text) and (hubs := _JSON.search(text)):
        try:
            yield "hub", str(json.loads(hubs[1]).get("url", ""))
        except ValueError:
            return
