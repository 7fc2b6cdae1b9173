"""URLs: fit to be requested, and brought to one form for comparing."""

from __future__ import annotations

import functools
import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

#: Parameters that say how a reader came, not what is read.
_TRACKING = frozenset(
    [
        "gclid",
        "fbclid",
        "msclkid",
        "dclid",
        "yclid",
        "mc_cid",
        "mc_eid",
        "igshid",
        "srsltid",
        "_hsenc",
        "_hsmi",
        "cmpid",
        "ocid",
    ]
)
_TRACKING_PREFIXES = ("utm_", "mtm_")
_REFERRERS = frozenset({"ref", "source"})
#: Who links to articles by addresses of their own.
_AGGREGATORS = frozenset({"news.google.com", "bing.com", "cn.bing.com"})
_PORTS = {"http": 80, "https": 443}
#: RFC 3986: what stands for itself, and the escape that is there already.
_KEPT = "%!#$&'()*+,/:;=?@[]~"
#: A name, an IPv4 address, or an IPv6 address with its scope.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f.:]+(?:%[a-z0-9._-]+)?")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028\u2029\ufeff]+")


def is_web(url: str) -> bool:
    """Whether *url* names a host by http or https."""
    return _split(url) is not None


def host(url: str) -> str:
    """The host of *url* in lower case and ASCII; empty when there is none."""
    parts = _split(url)
    return parts[1] if parts else ""


def escape(url: str) -> str:
    """*url* with everything percent-encoded that may not stand in a request; what is encoded already stays as it is.

    A signature inside a query survives, because no escape is resolved or changed.
    """
    text = _tidy(url)
    name = host(text)
    if name:
        parts = urlsplit(text)
        text = urlunsplit(parts._replace(netloc=_netloc(parts.netloc, name)))
    return quote(text, safe=_KEPT)


def canonical(url: str, *, feed_host: str = "") -> str:
    """*url* in the one form by which links are compared, empty when it is no web address; never for a link that is sent.

    Scheme https, host in lower case and ASCII without `amp.`, no default port, no fragment but `#!`, no tracking
    parameters (`ref` and `source` only when they name *feed_host* or `rss`), the other parameters sorted, no `/amp`
    and no slash at the end. An aggregator's link is that of the article, if it holds it, else empty: it tells
    nothing apart.
    """
    found = _split(url)
    if not found:
        return ""
    scheme, name, port = found
    parts = urlsplit(_tidy(url))
    if _is_of(name, _AGGREGATORS):
        wrapped = dict(parse_qsl(parts.query)).get("url", "")
        # Never resolved: an address of theirs stands for the article only where it holds its address.
        return (
            canonical(wrapped, feed_host=feed_host)
            if is_web(wrapped) and not _is_of(host(wrapped), _AGGREGATORS)
            else ""
        )
    name = name.removeprefix("amp.") if name.count(".") > 1 else name
    netloc = f"[{name}]" if ":" in name else name
    if port and port != _PORTS[scheme]:
        netloc += f":{port}"
    path = parts.path.rstrip("/").removesuffix("/amp").rstrip("/")
    query = "&".join(
        sorted(part for part in quote(parts.query, safe=_KEPT).split("&") if part and not _dropped(part, feed_host))
    )
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("https", netloc, quote(path, safe=_KEPT), query, quote(fragment, safe=_KEPT)))


def without_host(url: str) -> str:
    """Path and query of *url*: what stays when a site changes its scheme or its name; empty when nothing tells it apart."""
    if not is_web(url):
        return ""
    parts = urlsplit(_tidy(url))
    path = parts.path.rstrip("/")
    if not path and not parts.query:
        return ""
    return f"{path or '/'}?{parts.query}" if parts.query else path


def without_user(url: str) -> str:
    """*url* without the name and password before its host, which nothing seen from it may take over."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


# The ways to look at a link come one after the other, for every link of a document.
@functools.lru_cache(maxsize=256)
def _split(url: str) -> tuple[str, str, int | None] | None:
    """(scheme, host in ASCII, port); None for what is no web address."""
    try:
        parts = urlsplit(_tidy(url))
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    name = _ascii(name or "")
    return (scheme, name, port) if scheme in _PORTS and name else None


def _tidy(url: str) -> str:
    return _UNWANTED.sub("", url).strip()


def _ascii(name: str) -> str:
    """*name* as DNS knows it; empty for what it cannot know."""
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    name = name.lower().rstrip(".")
    return name if _HOST.fullmatch(name) else ""


def _netloc(netloc: str, name: str) -> str:
    """*netloc* with its host as *name*; user and port stay."""
    user, at, rest = netloc.rpartition("@")
    if rest.startswith("["):
        return netloc
    _, colon, port = rest.partition(":")
    return f"{user}{at}{name}{colon}{port}"


def _is_of(name: str, domains: frozenset[str]) -> bool:
    return name in domains or name.removeprefix("www.") in domains


def _dropped(parameter: str, feed_host: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower()
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    if name in _REFERRERS:
        return value.lower() in {feed_host, "rss"} - {""}
    return (name, value.lower()) in {("amp", ""), ("amp", "1"), ("outputtype", "amp")}
