"""Decisions about a request, of its values alone: its host, where it comes from, and who sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from tocsin.config.web import Right
from tocsin.web.wall.keys import same
from tocsin.web.wall.site import Site

#: Methods that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PROXY_SECRET = "X-Tocsin-Proxy"  # noqa: S105 (the name of a header)
EVERYTHING = frozenset(Right)
#: The rights that each kind of token has.
_RIGHTS = {
    Right.READ: frozenset({Right.READ}),
    Right.ACT: frozenset({Right.READ, Right.ACT}),
    Right.INGEST: frozenset({Right.INGEST}),
}
_LONGEST = 64
_PORT = re.compile(r":[0-9]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The sender of a request who is logged in: a name for the record, and rights. Programs have a *token*."""

    name: str
    rights: frozenset[Right]
    token: bool = False


def is_served(host: str, site: Site) -> bool:
    """Return True if *host*, as the request has it, is a name of the *site*. Any other was brought here by its DNS."""
    return host.lower() in site.hosts


def is_loopback(host: str) -> bool:
    """Return True if *host*, with or without a port, is this machine by itself: no DNS can make it another."""
    name = _PORT.sub("", host.lower()).strip("[]")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def is_same_origin(fetch_site: str | None, origin: str | None, host: str, site: Site) -> bool:
    """Return True if a request that may change something was sent by a page of this *site*.

    A browser sends at least one of Sec-Fetch-Site and Origin, and no page can change them.
    """
    if fetch_site == "same-origin":
        return True
    if fetch_site not in (None, "none") or not origin:
        return False
    # A page of the configured name that came without TLS may be anybody's.
    plain = f"http://{host.lower()}"
    return origin.lower() in {site.origin, "" if site.origin.endswith(f"//{host.lower()}") else plain}


def by_token(authorization: str, site: Site) -> Visitor | None:
    """Return the program whose token stands in the header Authorization; None if it is wrong."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    found = [(name, right) for name, secret, right in site.tokens if same(given.strip(), secret)]
    return next((Visitor(name=name, rights=_RIGHTS[right], token=True) for name, right in found), None)


def is_trusted(headers: Mapping[str, str], site: Site, *, over_socket: bool) -> bool:
    """Return True if a request was passed on by the proxy, which may name the client and the user."""
    if over_socket and site.trusts_socket:
        return True
    return bool(site.proxy_secret) and same(headers.get(PROXY_SECRET, ""), site.proxy_secret)


def client_of(peer: str, forwarded: str, *, trusted: bool) -> str:
    """Return the address of the client: that which the proxy saw, if it is *trusted*, else that of the *peer*."""
    named = forwarded.rpartition(",")[2].strip()
    return named[:_LONGEST] if trusted and named else peer


def user_of(forwarded: Sequence[str], *, trusted: bool) -> Visitor | None:
    """Return the user whom the proxy names; None if it names nobody, or is not *trusted*.

    Of several headers the client may have sent one, so they name nobody.
    """
    name = "".join(c for c in (forwarded[0] if len(forwarded) == 1 else "") if c.isprintable()).strip()[:_LONGEST]
    return Visitor(name=name, rights=EVERYTHING) if trusted and name else None
