"""Feeds and pages: what the configuration says of them, checked at their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import Field

from tocsin.config.price_tables import tried, zone
from tocsin.config.secrets import Secret, masked
from tocsin.config.web import authorization, check_credentials, url_fault
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, member, problem
from tocsin.config.yaml.shape import Duration, Shape, Texts
from tocsin.errors import Problem
from tocsin.sources.documents.page import Selectors, check_format, check_selector
from tocsin.sources.http import urls

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """A feed, or with *selectors* a page. *address* is *url* as it may be shown and stored: references unfilled, passwords masked."""

    name: str
    url: Secret
    address: str
    every: timedelta | None = None
    allow_private: bool = False
    ignore_hints: bool = False
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, Secret] = field(default_factory=dict)
    selectors: Selectors | None = None

    @property
    def kind(self) -> str:
        """What kind of source it is: the key that names its address."""
        return "page" if self.selectors else "feed"

    @property
    def secret(self) -> bool:
        """Whether the address holds what may not be written down."""
        return self.url.reveal() != self.address


class _Polled(Shape):
    every: Duration | None = None
    """How often it is polled, such as 15m; without it, as often as it has news."""
    ignore_hints: bool = False
    """Whether it is polled more often than its server asks for, in its headers or in the feed."""
    allow_private: bool = False
    """Whether its address may lie in a private network."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of every entry of this source."""
    headers: dict[str, str] = Field(default_factory=dict)
    """HTTP headers sent to this source only; values may be ${NAME}."""
    credentials: str = ""
    """name:password for servers that ask for one (HTTP Basic), sent to this source only; may be ${NAME}."""


class FeedShape(_Polled):
    """A feed as it is written."""

    feed: str
    """The address of an RSS, Atom or JSON feed."""


class PageShape(_Polled):
    """A page as it is written."""

    page: str
    """The address of a web page that has no feed."""
    items: str
    """Its items: a CSS selector such as li.notice."""
    title: str = ""
    """Of an item: its title; without it, all of its text."""
    link: str = ""
    """Of an item: its link; without it, the first link in it."""
    date: str = ""
    """Of an item: its date; without it, the first <time> in it."""
    date_format: str = ""
    """How the date is written, as for strptime, such as %d.%m.%Y."""
    timezone: str = "UTC"
    """The zone of dates that name none."""


def check_source(node: Node) -> Iterator[Problem]:
    """What is wrong with a source although its shape is right."""
    for address in (member(node, kind) for kind in ("feed", "page", "table")):
        if isinstance(address, Scalar) and isinstance(address.value, str) and not address.broken:
            meant = urls.plain_scheme(address.value) if address is member(node, "feed") else address.value
            words = url_fault(meant)
            if words:
                yield problem(address, words)
    every = member(node, "every")
    if isinstance(every, Scalar) and every.text in ("0s", "0m", "0h", "0d", "0w"):
        yield problem(every, "must be a second or more")
    yield from check_credentials(node)
    headers = member(node, "headers")
    for key, value in headers.pairs if isinstance(headers, Pairs) else ():
        if not _HEADER.match(key.text):
            yield problem(key, "is not the name of an HTTP header")
        if isinstance(value, Scalar) and re.search(r"[\r\n\0]", str(value.value)):
            yield problem(value, "a header is one line")
    if member(node, "page"):
        for name in ("items", "title", "link", "date"):
            yield from tried(node, name, check_selector)
        yield from tried(node, "date_format", check_format)
        yield from tried(node, "timezone", zone)
        items = member(node, "items")
        if isinstance(items, Scalar) and items.value == "":
            yield problem(items, "names no items; write a CSS selector such as li.notice")


def make_feed(name: str, item: FeedShape | PageShape, node: Node | None) -> FeedConfig:
    """The feed or page *name* that *item* describes, which stands at *node*."""
    url = urls.plain_scheme(item.feed) if isinstance(item, FeedShape) else item.page
    written = member(node, "feed") or member(node, "page")
    assert isinstance(written, Scalar)
    return FeedConfig(
        name=name,
        url=Secret(url),
        address=masked(written.text if written.filled else url),
        every=max(item.every, _SHORTEST) if item.every is not None else None,
        allow_private=item.allow_private,
        ignore_hints=item.ignore_hints,
        labels=item.labels,
        headers={key: Secret(value) for key, value in {**item.headers, **authorization(item.credentials)}.items()},
        selectors=_selectors(item) if isinstance(item, PageShape) else None,
    )


def _selectors(item: PageShape) -> Selectors:
    return Selectors(
        items=item.items,
        title=item.title,
        link=item.link,
        date=item.date,
        date_format=item.date_format,
        zone=item.timezone,
    )
