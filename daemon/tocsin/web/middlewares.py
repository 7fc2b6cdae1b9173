"""The wall in front of every page, a middleware a concern. Each asks a function of `wall` and answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from tocsin.config.web import Right
from tocsin.errors import ConflictError, StoreError
from tocsin.log import line
from tocsin.render.answer_links import masked_text
from tocsin.web.attempts import Attempts
from tocsin.web.daemon import Daemon
from tocsin.web.page import Page, Route
from tocsin.web.problems import problem_details
from tocsin.web.wall import checks
from tocsin.web.wall.checks import EVERYTHING, Visitor
from tocsin.web.wall.sessions import read_cookie
from tocsin.web.wall.site import Site

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
#: Octets of a body, and seconds in which it has to come.
LARGEST_BODY = 256 * 1024
BODY_WITHIN = 15.0
#: An end of all sessions is noticed after this time.
EPOCH_LASTS = timedelta(seconds=2)
VISITOR = web.RequestKey("visitor", Visitor)
CLIENT = web.RequestKey("client", str)


class Wall:
    """The wall of *site*, in the order of `middlewares`: what is cheap to refuse is refused first."""

    def __init__(self, daemon: Daemon, site: Site, attempts: Attempts) -> None:
        self._daemon = daemon
        self._site = site
        self._attempts = attempts
        self._routes: dict[object, Route] = {}
        self._epoch = 0
        self._epoch_at: datetime | None = None

    @property
    def middlewares(self) -> tuple[Middleware, ...]:
        """The middlewares, the outermost first."""
        return (
            self.answer_errors,
            self.check_host,
            self.identify,
            self.check_origin,
            self.authorize,
            self.take_body,
        )

    def endpoint(self, route: Route) -> Handler:
        """Return the handler of *route* as the server calls it."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return await route.handler(self.page(request))

        self._routes[answer] = route
        return answer

    def page(self, request: web.Request) -> Page:
        """Return *request* as a page sees it."""
        return Page(
            request,
            daemon=self._daemon,
            site=self._site,
            attempts=self._attempts,
            visitor=request.get(VISITOR),
            client=request.get(CLIENT, ""),
        )

    @web.middleware
    async def answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Make a page of every error."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            return self._error(request, error)
        except ConflictError as error:
            return self._error(request, web.HTTPConflict(text=f"{error}."))
        except StoreError as error:
            log.warning(line("page not served", path=masked_text(request.path), reason=error))
            words = _UNREAD if request.method in checks.SAFE else _UNWRITTEN
            return self._error(request, web.HTTPServiceUnavailable(text=words))
        except Exception:
            # A fault of a page must neither end the listener nor show its innards.
            log.exception(line("page failed", path=masked_text(request.path)))
            return self._error(request, web.HTTPInternalServerError(text="This page failed; the log says why."))

    @web.middleware
    async def check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse names that are not ours: another site's name may be made to lead here (DNS rebinding)."""
        route = self._route(request)
        if not (route and route.from_anywhere) and not checks.is_served(request.headers.get("Host", ""), self._site):
            raise web.HTTPMisdirectedRequest(text="This name is not served here. If it should be, set web: {url: ...}.")
        return await handler(request)

    @web.middleware
    async def identify(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find who sends the request: a user whom the proxy names, a program with a token, or a browser with a session."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        over_socket = not isinstance(peer, tuple)
        trusted = checks.is_trusted(request.headers, self._site, over_socket=over_socket)
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        client = checks.client_of(str(peer[0]) if isinstance(peer, tuple) else "socket", forwarded, trusted=trusted)
        request[CLIENT] = client
        visitor = checks.user_of(request.headers.getall("X-Forwarded-User", []), trusted=trusted)
        visitor = visitor or await self._by_cookie(request) or await self._by_token(request, client)
        if visitor:
            request[VISITOR] = visitor
        return await handler(request)

    @web.middleware
    async def check_origin(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse to change anything for a page of another site. No page can send a token."""
        route, visitor = self._route(request), request.get(VISITOR)
        # Who is not logged in is refused next, in words that fit.
        refused = visitor is None and (route is None or route.may is not None)
        free = request.method in checks.SAFE or (visitor and visitor.token) or (route and route.any_origin)
        if not (free or refused) and not checks.is_same_origin(
            request.headers.get("Sec-Fetch-Site"),
            request.headers.get(hdrs.ORIGIN),
            request.headers.get(hdrs.HOST, ""),
            self._site,
        ):
            raise web.HTTPForbidden(text="This was sent by a page of another site, so nothing was done.")
        return await handler(request)

    @web.middleware
    async def authorize(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Require a login, and the right that the page needs. Pages that do not exist need one, too."""
        route, visitor = self._route(request), request.get(VISITOR)
        needed = route.may if route else Right.READ
        if needed is not None and visitor is None:
            raise web.HTTPUnauthorized(text="You are not logged in.", headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
        # Whoever has any right is told what does not exist: a token may be as good as the address is wrong.
        if route and needed is not None and visitor and needed not in visitor.rights:
            raise web.HTTPForbidden(text=f"This token may not {needed}.")
        if route and route.by_person and visitor and visitor.token:
            raise web.HTTPForbidden(text="No token may change the configuration. Log in with a browser.")
        return await handler(request)

    @web.middleware
    async def take_body(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Read the body, of a bounded size and in a bounded time."""
        if request.method not in checks.SAFE and request.can_read_body:
            if (request.content_length or 0) > LARGEST_BODY:
                raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0, text=_TOO_LARGE)
            if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
                raise web.HTTPUnsupportedMediaType(text="Send the body as it is, without Content-Encoding.")
            try:
                async with asyncio.timeout(BODY_WITHIN):
                    await request.read()
            except TimeoutError:
                raise web.HTTPRequestTimeout(text="The request came too slowly.") from None
            except web.RequestPayloadError:
                raise web.HTTPBadRequest(text="The body broke off, or its chunks are not well formed.") from None
        return await handler(request)

    # ---- parts -----------------------------------------------------------------------------------------------

    async def _by_cookie(self, request: web.Request) -> Visitor | None:
        value = request.cookies.get(self._site.cookie)
        if not value:
            return None
        now = self._daemon.real.now()
        # The clock may have been set back.
        if self._epoch_at is None or abs(now - self._epoch_at) >= EPOCH_LASTS:
            self._epoch = await self._daemon.read(self._daemon.store.read.session_epoch)
            self._epoch_at = now
        session = read_cookie(value, self._site.cookie_key, self._site.cookie, epoch=self._epoch, now=now)
        return Visitor(name=session.user, rights=EVERYTHING) if session else None

    async def _by_token(self, request: web.Request, client: str) -> Visitor | None:
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        if authorization is None:
            return None

        async def check() -> Visitor | None:
            return checks.by_token(authorization, self._site)

        return await self._attempts.judge(client, check)

    def _route(self, request: web.Request) -> Route | None:
        """Return the route that *request* fits; None if it fits none."""
        return self._routes.get(request.match_info.handler)

    def _error(self, request: web.Request, error: web.HTTPException) -> web.Response:
        kept = {name: error.headers[name] for name in _KEPT if name in error.headers}
        words = error.text or error.reason
        if request.path.startswith(f"{self._site.base}/api/"):
            response = problem_details(error)
        elif error.status == HTTPStatus.UNAUTHORIZED:
            response = self.page(request).show("login.html", status=error.status, code="", words="")
        else:
            response = self.page(request).show("error.html", status=error.status, title=error.reason, words=words)
        response.headers.update(kept)
        return response


_UNREAD = "The database does not answer."
_UNWRITTEN = "Nothing was changed, because the database cannot be used now; the log says why. Try again later."
_TOO_LARGE = f"The request is larger than {LARGEST_BODY // 1024} kB."
_KEPT = (hdrs.WWW_AUTHENTICATE, hdrs.RETRY_AFTER, hdrs.ALLOW)
