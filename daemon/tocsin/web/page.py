"""One request for a page: what it reads, how it answers, and the addresses that it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn, ParamSpec, TypeVar
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin import units
from tocsin.config.web import Right
from tocsin.redaction import masked
from tocsin.render.reasons import in_words
from tocsin.render.words import host, seen, web_link
from tocsin.store import Store
from tocsin.web.attempts import Attempts
from tocsin.web.daemon import Daemon
from tocsin.web.wall.checks import Visitor
from tocsin.web.wall.site import Site

P = ParamSpec("P")
T = TypeVar("T")
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 100
#: Seconds that a search waits for those before it.
PATIENCE = 5.0
#: The pages that every page leads to: address and name.
NAVIGATION = (
    ("", "Now"),
    ("alerts", "Alerts"),
    ("dates", "Dates"),
    ("entries", "Entries"),
    ("rules", "Rules"),
    ("play", "Play"),
    ("prices", "Prices"),
    ("sources", "Sources"),
    ("deliveries", "Deliveries"),
    ("silences", "Silences"),
    ("more", "More"),
)
#: The main pages that others belong to, whose addresses are not below theirs.
_BELONGS_TO = {"add-source": "sources", "add-word": "rules", "digest": "more"}


class Page:
    """One *request* on *site* to the *daemon*, of a *visitor* (None where no login is needed) at *client*."""

    def __init__(
        self,
        request: web.Request,
        *,
        daemon: Daemon,
        site: Site,
        attempts: Attempts,
        visitor: Visitor | None,
        client: str,
    ) -> None:
        self.request = request
        self.daemon = daemon
        self.site = site
        self.attempts = attempts
        self.visitor = visitor
        self.client = client
        self.now: datetime = daemon.clock.now()

    # ---- what it reads ---------------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """The store, whose queries run by `read` and whose commands by `act`."""
        return self.daemon.store

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the times on pages."""
        return self.daemon.config.zone

    @property
    def path(self) -> str:
        """The path of this page below the site, such as `alerts/7`."""
        return self.request.path.removeprefix(self.site.base).strip("/")

    def part(self, name: str) -> str:
        """Return the part of the path that the route calls *name*."""
        return self.request.match_info[name]

    def number(self, name: str = "number") -> int:
        """Return the part of the path that the route calls *name* as a number.

        Raises:
            HTTPNotFound: it is none.
        """
        text = self.part(name)
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            self.missing(f"{seen(text)[:80]} is no number.")
        return int(text)

    async def form(self) -> Mapping[str, str]:
        """Return the texts of the form that was sent; of several with one name, the first.

        It is read as UTF-8, whatever the request says: other codecs may take time without bound.

        Raises:
            HTTPUnsupportedMediaType: it is not encoded as our forms are.
            HTTPBadRequest: it has too many fields.
        """
        if self.request.content_type != _FORM:
            raise web.HTTPUnsupportedMediaType(text=f"Send a form, with the header Content-Type: {_FORM}.")
        text = (await self.request.read()).decode("utf-8", "replace")
        try:
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise web.HTTPBadRequest(text=f"A form has at most {_MOST_FIELDS} fields.") from None
        return dict(reversed(fields))

    async def read(self, query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the result of a *query*, such as `page.store.read.sources`."""
        return await self.daemon.read(query, *args, **kwargs)

    async def search(self, words: Collection[str], query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the result of a *query* that looks for *words* in texts, if there are any, one such query at a time.

        It may take seconds, and a reader stays free for pages that take none.

        Raises:
            HTTPServiceUnavailable: those before it take too long.
        """
        if not words:
            return await self.read(query, *args, **kwargs)
        lock = self.daemon.searching
        try:
            async with asyncio.timeout(PATIENCE):
                await lock.acquire()
        except TimeoutError:
            raise web.HTTPServiceUnavailable(
                text="Others are searching. Try again in a few seconds.", headers={"Retry-After": "3"}
            ) from None
        try:
            return await self.read(query, *args, **kwargs)
        finally:
            lock.release()

    async def act(self, command: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a *command*, such as `page.store.act.answer`, and return its result. Open pages are told of the change."""
        found = await self.daemon.write(command, *args, **kwargs)
        self.daemon.changes.add()
        self.daemon.wake()
        return found

    # ---- how it answers --------------------------------------------------------------------------------------

    def show(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return the page that *template* makes of *values*."""
        text = TEMPLATES.get_template(template).render(page=self, **values)
        return web.Response(text=text, status=status, content_type="text/html")

    def go(self, *parts: str | int, **query: str | int) -> NoReturn:
        """Send the browser to another page after an act, so that a reload does not act again."""
        raise web.HTTPSeeOther(self.address(*parts, **query))

    def missing(self, words: str) -> NoReturn:
        """Answer that what was asked for is not there: *words* is a sentence for people."""
        raise web.HTTPNotFound(text=words)

    def unknown(self, kind: str, name: str | int) -> NoReturn:
        """Answer that there is nothing of the *kind* with this *name*."""
        self.missing(f"There is no {kind} {seen(str(name))[:80]}.")

    def address(self, *parts: str | int, **query: str | int) -> str:
        """Return the address of a page of this site, by the *parts* of its path; an empty value is left out of the query."""
        path = "/".join(quote(str(part), safe="") for part in parts)
        text = urlencode({name: value for name, value in query.items() if value != ""})
        return f"{self.site.base}/{path}{'?' if text else ''}{text}"

    def whole_address(self, *parts: str | int, **query: str | int) -> str:
        """Return the same as `address` with the host, for what is read outside a browser."""
        origin = self.site.origin or f"{self.request.scheme}://{self.request.host}"
        return f"{origin}{self.address(*parts, **query)}"

    def address_with(self, **changes: str | int) -> str:
        """Return the address of this page with *changes* of its query. The place in a list is forgotten."""
        query = {name: value for name, value in self.request.query.items() if name != "cursor"}
        return self.address(*filter(None, self.path.split("/")), **{**query, **changes})

    @property
    def navigation(self) -> Sequence[tuple[str, str, bool]]:
        """The main pages: address, name, and True for that which this one belongs to."""
        first = self.path.partition("/")[0]
        here = _BELONGS_TO.get(first, first)
        return [(self.address(path), name, path == here) for path, name in NAVIGATION]

    def local(self, time: datetime | None) -> str:
        """Return *time* in the zone of the pages; a dash for never."""
        return units.local(time, self.zone) if time else "-"

    def ago(self, time: datetime | None) -> str:
        """Return how long ago *time* was, or in which time it comes; a dash for never."""
        if time is None:
            return "-"
        length = units.duration(abs(self.now - time))
        return f"{length} ago" if time <= self.now else f"in {length}"


Handler = Callable[[Page], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A page: its *handler*, for requests of *method* to *path* below the site.

    A visitor needs the right *may*; None is for everybody, also without a login. Requests *from_anywhere* may have any
    Host. Those of *any_origin* may come from pages of other sites, and from programs that are no browsers. Those *by_person*
    need a visitor who is logged in: whatever a token may, it is not enough.
    """

    method: str
    path: str
    handler: Handler
    may: Right | None = Right.READ
    from_anywhere: bool = field(default=False)
    any_origin: bool = field(default=False)
    by_person: bool = field(default=False)


def get(path: str, handler: Handler) -> Route:
    """Return the route of a page to read."""
    return Route(method="GET", path=path, handler=handler)


def post(path: str, handler: Handler) -> Route:
    """Return the route of an act."""
    return Route(method="POST", path=path, handler=handler, may=Right.ACT)


def configure(path: str, handler: Handler) -> Route:
    """Return the route of a step towards another configuration, which is for people alone."""
    return Route(method="POST", path=path, handler=handler, may=Right.ACT, by_person=True)


def _shown(value: Any) -> Any:
    """Return text without invisible characters, which could reverse a sentence or hide in it."""
    return seen(value) if type(value) is str else value


TEMPLATES = Environment(
    loader=PackageLoader("tocsin.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_shown,
)
TEMPLATES.filters |= {
    "counted": units.counted,
    "span": lambda length: units.duration(length) if isinstance(length, timedelta) else "-",
    "size": units.size,
    "reason": in_words,
    # The only way from feed text to an address: empty unless it is http or https.
    "web_link": web_link,
    "host": host,
    "masked": masked,
}
