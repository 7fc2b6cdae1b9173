"""Feeds and pages in the configuration, and the checks of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from tocsin.config.filters import FilterShape, make_filter
from tocsin.config.finding import Find, check_find, make_patterns
from tocsin.config.headers import authorization, check_headers
from tocsin.config.logins import OAuthConfig
from tocsin.config.secrets import Secret, identity
from tocsin.config.values import Address, Hidden, Zone, unless_empty
from tocsin.config.yaml.nodes import Node, Scalar, member, problem
from tocsin.config.yaml.shape import Duration, Texts, at_least
from tocsin.errors import Problem
from tocsin.rules.filters import Filter
from tocsin.sources.documents.item_labels import LabelPattern
from tocsin.sources.documents.mail import Mails
from tocsin.sources.documents.page import Selectors, check_format, check_selector
from tocsin.sources.documents.paths import compiled_path
from tocsin.sources.documents.whole_page import Watch
from tocsin.text.noise import check_noise

_Selector = Annotated[str, unless_empty(check_selector)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """A feed, or with *selectors* a page, or with *watch* a page that is watched, or with *mails* a folder of mail.

    *login* is name:password for that, or with *oauth* the name alone; what is asked over HTTP has it in its *headers*. The *articles* that it links to may be
    fetched.
    """

    name: str
    url: Secret
    every: timedelta | None = None
    allow_private: bool = False
    ignore_hints: bool = False
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, Secret] = field(default_factory=dict)
    selectors: Selectors | None = None
    watch: Watch | None = None
    mails: Mails | None = None
    login: Secret | None = None
    oauth: OAuthConfig | None = None
    filter: Filter | None = None
    items: str = ""
    find: tuple[LabelPattern, ...] = ()
    headline: str = ""
    articles: bool = False

    @property
    def kind(self) -> str:
        """The kind of source: the key that names its address."""
        kinds = (("mailbox", self.mails), ("watch", self.watch), ("page", self.selectors))
        return next((kind for kind, settings in kinds if settings), "feed")

    @property
    def address(self) -> str:
        """The address as it may be shown: references unfilled, secrets masked."""
        return self.url.shown

    @property
    def identity(self) -> str:
        """Return the address by which the database knows the source, with the part of a page that is watched."""
        return "\n".join(filter(None, (identity(self.url), self.watch.part if self.watch else "")))

    @property
    def server(self) -> str:
        """Return the address of the site that is asked."""
        return re.sub(r"^imaps?:", "https:", self.url.known)

    @property
    def secret(self) -> bool:
        """Return True if the address holds a secret."""
        return self.url.known != self.address


def _patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(check_noise, patterns))


class PolledShape(FilterShape):
    """Settings of every source that is polled for news."""

    every: Annotated[Duration, at_least(timedelta(seconds=1))] | None = None
    """Time between two polls, such as 15m. Default: half the usual time between its news, from 5m to 1h."""
    allow_private: bool = False
    """True to permit an address in a private network."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of every entry of this source."""
    find: dict[str, Find] = Field(default_factory=dict)
    """Labels that an entry has if a pattern finds them in it, such as {form: category}."""
    headline: str = ""
    """A readable title, with what `find` found, such as "{company}: {form}". An entry that lacks one of them keeps its title."""


class _Asked(PolledShape):
    """Settings of every source that is asked over HTTP, beside those."""

    ignore_hints: bool = False
    """True to ignore requests of the server, in headers or in the feed, to be polled less often."""
    headers: dict[str, Hidden] = Field(default_factory=dict)
    """HTTP headers sent to this source only. Values may be ${NAME}."""
    credentials: Hidden = Secret("")
    """name:password for servers with HTTP Basic authentication, sent to this source only. May be ${NAME}."""


class _Linked(_Asked):
    body: Literal["feed", "fetch"] = "feed"
    """fetch to fetch the article that an entry links to, if a rule that it does not meet could match the text. Default: feed,
    the text that the source gives."""


class FeedShape(_Linked):
    """A feed in the file."""

    feed: Address
    """The address of an RSS, Atom or JSON feed. With `items` it may have any JSON."""
    items: Annotated[str, unless_empty(compiled_path)] = ""
    """A JMESPath expression that makes items of a JSON Feed of other JSON: objects with id, url, title, summary, content_text,
    date_published and tags."""


class PageShape(_Linked):
    """A page in the file."""

    page: Address
    """The address of a web page that has no feed."""
    items: _Selector
    """A CSS selector of its items, such as li.notice."""
    title: _Selector = ""
    """A selector of an item's title. Default: all of the item's text."""
    link: _Selector = ""
    """A selector of an item's link. Default: the first link in the item."""
    date: _Selector = ""
    """A selector of an item's date. Default: the first <time> in the item."""
    date_format: Annotated[str, unless_empty(check_format)] = ""
    """Form of the date, such as %d.%m.%Y (strptime). Default: the usual ways."""
    timezone: Zone = ZoneInfo("UTC")
    """The time zone of dates that name none."""


class WatchShape(_Asked):
    """A page in the file whose changes are entries."""

    watch: Address
    """The address of a web page. What is added to its text is an entry."""
    part: _Selector = ""
    """A CSS selector of the part that is watched, such as "#content". Default: all of the page."""
    ignore: Annotated[Texts, AfterValidator(_patterns)] = ()
    """Regular expressions (RE2) of text that may change, such as 'Queue: [0-9]+'. Clocks, the date of the day, counters and
    session ids are ignored anyway."""


def check_source(node: Node) -> Iterator[Problem]:
    """Yield faults of a source's headers, credentials and items that the shape cannot express."""
    yield from check_headers(node)
    yield from check_find(node)
    items = member(node, "items")
    if isinstance(items, Scalar) and items.value == "" and member(node, "page"):
        yield problem(items, "names no items; write a CSS selector such as li.notice")


def make_feed(name: str, item: FeedShape | PageShape | WatchShape) -> FeedConfig:
    """Return the feed or page *name* that *item* describes."""
    addresses = {FeedShape: "feed", PageShape: "page", WatchShape: "watch"}
    return item.build(
        FeedConfig,
        name=name,
        url=getattr(item, addresses[type(item)]),
        headers={**item.headers, **authorization(item.credentials)},
        selectors=item.build(Selectors, zone=item.timezone.key) if isinstance(item, PageShape) else None,
        watch=item.build(Watch) if isinstance(item, WatchShape) else None,
        filter=make_filter(item),
        items=item.items if isinstance(item, FeedShape) else "",
        find=make_patterns(item.find),
        articles=isinstance(item, _Linked) and item.body == "fetch",
    )
