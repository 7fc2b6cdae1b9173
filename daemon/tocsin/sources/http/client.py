"""The only HTTP client: bounded in time and size, polite, and unable to reach forbidden addresses."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from tocsin.certificates import trusting
from tocsin.errors import Fault, SourceError
from tocsin.limits import open_files
from tocsin.sources.http import urls
from tocsin.sources.http.address import check, check_name
from tocsin.sources.http.answer import LONGEST_HEAD, MOST_LINES, TolerantConnector, decode
from tocsin.sources.http.contact import needs_contact, user_agent
from tocsin.sources.http.gate import LargeDocumentGate
from tocsin.sources.http.pace import Pace, group, places
from tocsin.sources.http.refusal import MOST_SAID, TELLING, BlockedAddressError, challenged, refusal, unanswered

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5"
MOST_REDIRECTS = 5
#: Simultaneous name lookups, each in a thread of the event loop. A silent name server blocks a thread for half a minute,
#: so with the loop's default of a few threads, a few such servers would block all other feeds.
LOOKUPS = 64
#: Seconds for which a connection is kept, for the next source of its host: longer than the gap, as each is an open file.
_KEPT = 3.0
#: Pause for a server that limits our rate without saying for how long.
_QUIET = timedelta(minutes=15)
_LONGEST_QUIET = timedelta(hours=24)
_CHUNK = 65536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_SAME_METHOD = frozenset({307, 308})
#: 226 is a delta (RFC 3229) that is still a whole document. An unrequested 206 is not.
_GOOD = frozenset({200, 203, 226})
#: Answers to a POST that need no document.
_ACKNOWLEDGED = frozenset({202, 204})
#: Most bytes of cookies that are passed from one hop of a fetch to the next.
_MOST_COOKIES = 4096
#: A source's own headers that are sent on to another host. All others may be secrets.
_PUBLIC_HEADERS = frozenset({"accept", "accept-language", "user-agent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one fetch: seconds to connect, between two reads and in total, and bytes of the decoded body."""

    connect: float = 10
    read: float = 20
    total: float = 45
    size: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A good answer. *headers* have names in lower case (the last of several with one name). *body* is decoded.

    *final_url* is the address after all redirects. *moved* means that there were redirects and all were permanent.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    final_url: str
    moved: bool = False

    @property
    def unchanged(self) -> bool:
        """True if the document has not changed since the validators. The body is then empty."""
        return self.status == HTTPStatus.NOT_MODIFIED


#: Function that explains a refusal by its body and content type, or returns None.
Explain = Callable[[bytes, str], SourceError | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request, the same for every hop. *own* are the source's headers, and *jar* has the cookies set by redirects."""

    own: Mapping[str, str]
    validators: Mapping[str, str]
    allow_private: bool
    method: str
    body: bytes
    explain: Explain | None
    jar: aiohttp.CookieJar

    def headers(self, address: URL) -> dict[str, str]:
        """Return the headers for the hop to *address*. Cookies of redirects come after the source's own."""
        found = {**self.own, **self.validators}
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self.jar.filter_cookies(address).items())
        if not cookies or len(cookies) > _MOST_COOKIES:
            return found
        name = next((name for name in found if name.lower() == "cookie"), "Cookie")
        return {**found, name: "; ".join(filter(None, (found.get(name), cookies)))}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    """A redirect to the address *to*."""

    to: str
    permanent: bool


class HttpClient:
    """Client that fetches documents. It is an asynchronous context manager.

    *contact* is sent to servers so that their owners can reach us. *gap* is the least time between two requests to a
    host. A source that may reach private addresses is the operator's own: its requests need no gap and take turns by URL.
    The *proxy* (an http address, which may contain a name and a password) is used for all others. *ca_file* has
    certificates to trust in addition to those of the system. *groups* are domains whose hosts are one server.

    Raises:
        FileError: *ca_file* cannot be read, or has no certificate.
    """

    def __init__(
        self,
        contact: str = "",
        *,
        proxy: str = "",
        ca_file: Path | None = None,
        groups: Sequence[str] = (),
        gap: timedelta = timedelta(seconds=1),
        limits: Limits | None = None,
    ) -> None:
        self._contact = contact
        self._limits = limits or Limits()
        self._proxy = URL(proxy) if proxy else None
        self.trust = trusting(ca_file)
        self._pace = Pace(gap=gap, in_flight=places(open_files()))
        self.gate = LargeDocumentGate()
        self._groups = tuple(groups)
        self._headers = {
            "User-Agent": user_agent("", contact),
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip, deflate",
        }
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(LOOKUPS, thread_name_prefix="names"))
        # Two pools, so that a connection of a source with more rights is never used for one with fewer.
        self._sessions = {allow_private: self._session(allow_private) for allow_private in (False, True)}
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions.values():
            await session.close()

    def asked_elsewhere(self, name: str, ago: timedelta) -> None:
        """Keep the gap to the request with which another worker asked the host group *name* so long *ago*."""
        self._pace.asked(name, ago)

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
        allow_private: bool = False,
        method: str = "GET",
        body: bytes = b"",
        explain: Explain | None = None,
    ) -> Fetched:
        """Return the document at *url*, or that it has not changed since the validators *etag* and *last_modified*.

        *headers* are the source's own. Redirects are followed, but never from https to http, and for a POST only if it
        stays a POST. The address of every hop is checked on the socket before a byte is sent. *explain* may interpret
        the body of a refusal.

        Raises:
            SourceError: anything but a good answer. The message contains only the host of the URL.
        """
        target = urls.escape(url)
        host = urls.host(target)
        if not host:
            raise SourceError("not a web address", fault=Fault.NETWORK)
        conditions = (("If-None-Match", etag), ("If-Modified-Since", last_modified)) if method == "GET" else ()
        request = _Request(
            own=headers or {},
            validators={name: value for name, value in conditions if value},
            allow_private=allow_private,
            method=method,
            body=body,
            explain=explain,
            # Some sites redirect to themselves until a cookie is sent back. A host may be a literal address.
            jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False),
        )
        name = target if allow_private else group(host, self._groups)
        async with self._pace.turn(name, spaced=not allow_private):
            try:
                async with asyncio.timeout(self._limits.total):
                    return await self._follow(target, request)
            except SourceError as error:
                if not allow_private and (error.fault is Fault.RATE_LIMITED or error.retry_after):
                    self._pace.hold(name, min(error.retry_after or _QUIET, _LONGEST_QUIET))
                raise
            except TimeoutError as error:
                raise SourceError(f"{host} did not answer in time", fault=Fault.NETWORK) from error

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        limits = self._limits
        # With a proxy the socket connects to the proxy, so the names are checked instead.
        sockets = None if self._proxy and not allow_private else _checked_sockets(allow_private)
        return aiohttp.ClientSession(
            # The pace limits requests. A limit here would let servers that hang hold up all others.
            connector=TolerantConnector(socket_factory=sockets, ssl=self.trust, limit=0, keepalive_timeout=_KEPT),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect, sock_read=limits.read),
            trust_env=False,
            auto_decompress=False,
            max_line_size=16384,
            max_field_size=LONGEST_HEAD,
            max_headers=MOST_LINES,
        )

    async def _follow(self, target: str, request: _Request) -> Fetched:
        permanent = True
        for hops in range(MOST_REDIRECTS + 1):
            answer = await self._ask(target, request)
            if isinstance(answer, Fetched):
                return replace(answer, moved=permanent and hops > 0)
            permanent = permanent and answer.permanent
            if not same_origin(answer.to, target):
                request = replace(request, own=public_headers(request.own))
            target = answer.to
        raise SourceError(f"more than {MOST_REDIRECTS} redirects", fault=Fault.BAD_REDIRECT)

    async def _ask(self, target: str, request: _Request) -> Fetched | _Hop:
        """Make one request and return the answer or the redirect."""
        host = urls.host(target)
        proxy = None if request.allow_private else self._proxy
        if proxy:
            await check_name(host)
        try:
            # It is already encoded. Encoding it again would change a signature in the query.
            address = URL(target, encoded=True)
            async with self._sessions[request.allow_private].request(
                request.method,
                address,
                headers={**self._declared(host, request), **request.headers(address)},
                data=request.body or None,
                allow_redirects=False,
                proxy=proxy,
            ) as response:
                if response.status in _REDIRECTS:
                    request.jar.update_cookies(response.cookies, address)
                    return _redirect(response, target, request)
                return await self._answer(response, target, request)
        except (aiohttp.ClientError, ValueError, OSError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
                raise
            raise unanswered(error, host) from error

    def _declared(self, host: str, request: _Request) -> dict[str, str]:
        """Return the header for a *host* that requires another form of user agent, unless the source has its own."""
        own = any(name.lower() == "user-agent" for name in request.own)
        return {"User-Agent": user_agent(host, self._contact)} if needs_contact(host) and not own else {}

    async def _answer(self, response: aiohttp.ClientResponse, target: str, request: _Request) -> Fetched:
        host, validators = urls.host(target), request.validators
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status == HTTPStatus.NOT_MODIFIED and validators:
            return Fetched(status=response.status, headers=headers, body=b"", final_url=target)
        if request.method == "POST" and response.status in _ACKNOWLEDGED:
            return Fetched(status=response.status, headers=headers, body=b"", final_url=target)
        if response.status not in _GOOD:
            raise await self._refusal(response, host, headers, request)
        body = await self._read(response, host)
        if page := challenged(host, headers, body):
            raise page
        if not body and not validators:
            raise SourceError(f"{host} answered with nothing", fault=Fault.NOT_A_FEED, status=response.status)
        # Some servers answer a conditional request with an empty 200 instead of a 304.
        status = response.status if body else HTTPStatus.NOT_MODIFIED.value
        return Fetched(status=status, headers=headers, body=body, final_url=target)

    async def _refusal(
        self, response: aiohttp.ClientResponse, host: str, headers: Mapping[str, str], request: _Request
    ) -> SourceError:
        """Return the error for a refusal. Its body is read only if it may explain more."""
        said = b""
        if request.explain or response.status in TELLING:
            with suppress(SourceError, aiohttp.ClientError, OSError):
                said = await self._read(response, host)
        error = refusal(
            host,
            response.status,
            headers,
            said=said[:MOST_SAID],
            contact=self._contact,
            credentials=any(name.lower() not in _PUBLIC_HEADERS for name in request.own),
        )
        words = request.explain and request.explain(said, headers.get("content-type", ""))
        if not words:
            return error
        return SourceError(str(words), fault=words.fault, status=error.status, retry_after=error.retry_after)

    async def _read(self, response: aiohttp.ClientResponse, host: str) -> bytes:
        size, status = self._limits.size, response.status
        body = bytearray()
        if (response.content_length or 0) <= size:
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                await self.gate.grow(len(body))
                if len(body) > size:
                    break
            else:
                names = re.findall(r"[^\s,]+", ",".join(response.headers.getall("Content-Encoding", ())).lower())
                try:
                    document = decode(bytes(body), names, size)
                except SourceError as error:
                    raise SourceError(f"{host} {error}", fault=error.fault, status=status) from error
                await self.gate.grow(len(document))
                if len(document) <= size:
                    return document
        raise SourceError(f"{host} answered with more than {size} octets", fault=Fault.TOO_LARGE, status=status)


def public_headers(own: Mapping[str, str]) -> dict[str, str]:
    """Return those of a source's *own* headers that may be sent to another host."""
    return {name: value for name, value in own.items() if name.lower() in _PUBLIC_HEADERS}


def same_origin(one: str, other: str) -> bool:
    """Return whether two addresses have the same scheme, host and port."""
    origin, another = (URL(urls.escape(url), encoded=True).origin() for url in (one, other))
    return origin == another


def _checked_sockets(allow_private: bool) -> Callable[[Any], socket.socket]:
    """Return a socket factory that checks the address that a connection really goes to, after name resolution."""

    def open_socket(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if reason := check(str(address[0]), allow_private=allow_private):
            raise BlockedAddressError(reason)
        return socket.socket(family, kind, protocol)

    return open_socket


def _redirect(response: aiohttp.ClientResponse, target: str, request: _Request) -> _Hop:
    """Return the redirect of *target*. A POST is followed only if it stays a POST (RFC 9110, 15.4)."""
    host, bad = urls.host(target), Fault.BAD_REDIRECT
    if request.method != "GET" and response.status not in _SAME_METHOD:
        raise SourceError(f"{host} redirects a {request.method}", fault=bad, status=response.status)
    # A header's bytes that are not UTF-8 arrive as lone surrogates.
    location = response.headers.get("Location", "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        following = urls.escape(urljoin(target, location)) if location else ""
    except ValueError:
        following = ""
    if not urls.is_web(following):
        raise SourceError(f"{host} redirects to something that is not a web address", fault=bad)
    if target.lower().startswith("https:") and not following.lower().startswith("https:"):
        raise SourceError(f"{host} redirects from https to http", fault=bad)
    return _Hop(to=following, permanent=response.status in _PERMANENT)
