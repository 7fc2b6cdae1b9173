"""URLs: escaping for requests, and canonical forms for comparison."""

from __future__ import annotations

import functools
import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit, urlunsplit

import idna

#: Parameters that track how a reader came, and do not identify the article.
_TRACKERS = """
    gclid fbclid msclkid dclid yclid mc_cid mc_eid igshid srsltid _hsenc _hsmi cmpid ocid
"""
_TRACKING = frozenset(_TRACKERS.split())
_TRACKING_PREFIXES = ("utm_", "mtm_", "at_")
_REFERRERS = frozenset({"ref", "source"})
#: Aggregators that link to articles by their own addresses.
_AGGREGATORS = frozenset({"news.google.com", "bing.com", "cn.bing.com"})
_SEARCHERS = frozenset({"google.com", "www.google.com"})
#: Click counters whose addresses contain that of the article: a pattern of host and path, and the parameters.
_WRAPPERS = tuple(
    (re.compile(place), names)
    for place, names in (
        (r"(?:www\.|news\.)?google\.[a-z.]{2,6}/url", ("url", "q")),
        (r"news\.google\.com/.*", ("url",)),
        (r"(?:[a-z]+\.)?bing\.com/.*", ("url",)),
        (r"lm?\.facebook\.com/l\.php", ("u",)),
        (r"duckduckgo\.com/l/?", ("uddg",)),
        (r"out\.reddit\.com/.*", ("url",)),
        (r"[a-z0-9.]*safelinks\.protection\.outlook\.com/.*", ("url",)),
        (r"link\.zhihu\.com/?", ("target",)),
    )
)
#: Yahoo puts the address into the path.
_YAHOO = re.compile(r"r\.search\.yahoo\.com/.*?/RU=([^/]+)")
#: Words, one of which is in the host of every click counter: most links are on none, and need no other pattern.
_COUNTERS = re.compile(r"google|bing|facebook|duckduckgo|reddit|outlook|zhihu|yahoo")
#: Shorteners, whose addresses do not reveal the article without a request, which is never made.
_SHORTENERS = """
    t.co bit.ly buff.ly dlvr.it ow.ly trib.al goo.gl tinyurl.com lnkd.in fb.me is.gd ift.tt j.mp shorturl.at rb.gy
    feedproxy.google.com feeds.feedburner.com rss.feedsportal.com feeds.feedblitz.com feed.informer.com baidu.com
"""
_SHORT = frozenset(_SHORTENERS.split())
_LONGEST_WRAPPED = 4000
_MOST_WRAPPED = 3
_LONGEST_LABEL = 63
#: Prefixes of hosts for one kind of reader.
_FACES = ("www.", "amp.", "m.", "mobile.")
#: Mobile copies whose address contains that of the article: in an AMP cache or a search engine.
_AMP_CACHE = re.compile(r"/(?:[cvr]|amp)/(?:s/)?(?=[a-z0-9-]+\.)", re.IGNORECASE)
#: A counter or a time at the end of an address.
_COUNTER = re.compile(
    r"[?&;|@,:~_ -](?:v|ver|version|rev|revision|updated?|modified|time|ts)?[=:_ -]?\d[\dTZ:.+-]*\Z", re.IGNORECASE
)
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_PORTS = {"http": 80, "https": 443}
#: Characters that are not escaped (RFC 3986), including the % of existing escapes.
_KEPT = "%!#$&'()*+,/:;=?@[]~"
#: A name, an IPv4 address, or an IPv6 address with its scope.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f.:]+(?:%[a-z0-9._-]+)?")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028\u2029\ufeff]+")


def is_web(url: str) -> bool:
    """Return whether *url* names a host by http or https."""
    return bool(host(url))


# Several functions look at the same link one after another.
@functools.lru_cache(maxsize=4096)
def host(url: str) -> str:
    """Return the host of *url* in lower case and ASCII. Empty if it is not a web address."""
    try:
        parts = _parts(url)
        name, _ = parts.hostname, parts.port  # an invalid port is an error too
    except ValueError:
        return ""
    return _ascii(name or "") if parts.scheme.lower() in _PORTS else ""


def escape(url: str) -> str:
    """Return *url* with all characters percent-encoded that a request may not contain. Existing escapes stay.

    A signature in the query stays valid, because no escape is resolved or changed.
    """
    text = _tidy(url)
    name = host(text)
    if name:
        parts = urlsplit(text)
        text = urlunsplit(parts._replace(netloc=_netloc(parts.netloc, name)))
    return quote(text, safe=_KEPT)


def canonical(url: str, *, feed_host: str = "") -> str:
    """Return *url*, a link to an article, in the canonical form for comparing links. Empty if it is not a web address.

    It is the form of `address` without the parts for kinds of reader: `www.`, `m.`, `mobile.`, `amp.` and `/amp`. A copy
    in an AMP cache becomes its article. An aggregator's link becomes that of the article if it contains it, or else empty,
    because it identifies nothing. Never use it for a link that is sent.
    """
    name = host(url)
    if not name:
        return ""
    parts = _parts(url)
    if (wrapped := direct(url)) != url:
        return canonical(wrapped, feed_host=feed_host)
    if is_aggregator(url) or _is_of(name, _SHORT):
        return ""
    if (name.endswith(".cdn.ampproject.org") or name in _SEARCHERS) and (place := _AMP_CACHE.match(parts.path)):
        inner = parts.path[place.end() :] + (f"?{parts.query}" if parts.query else "")
        return canonical(f"https://{inner}", feed_host=feed_host)
    return _form(url, _without_face(name), parts.path.rstrip("/").removesuffix("/amp"), feed_host)


def direct(url: str) -> str:
    """Return the address of the article in *url* of a click counter, or else *url*. No request is made."""
    for _ in range(_MOST_WRAPPED):
        held = _held(url)
        if not held or len(held) > _LONGEST_WRAPPED or not is_web(held):
            break
        url = escape(held)
    return url


def site(url: str) -> str:
    """Return the host of *url* without prefixes for kinds of reader, as the name of an outlet that gives none."""
    return _without_face(host(url))


def plain_scheme(url: str) -> str:
    """Return *url* with http or https instead of a feed scheme: `feed://host/path` or `feed:https://host/path`."""
    rest = url.strip()[5:] if url.strip()[:5].lower() == "feed:" else ""
    if not rest:
        return url
    return rest if rest.lower().startswith(("http://", "https://")) else f"http://{rest.lstrip('/')}"


def _held(url: str) -> str:
    name = host(url)
    if not _COUNTERS.search(name) or len(url) > _LONGEST_WRAPPED:
        return ""
    parts = _parts(url)
    place = f"{name}{parts.path}"
    if found := _YAHOO.match(place):
        return unquote(found[1])
    names = next((names for pattern, names in _WRAPPERS if pattern.fullmatch(place)), ())
    held = dict(parse_qsl(parts.query)) if names else {}
    # An address that leads to itself is not an article.
    return next((found for found in map(held.get, names) if found and host(found) not in {"", name}), "")


def address(url: str) -> str:
    """Return *url*, the address of a feed, in the canonical form for comparison. Empty if it is not a web address.

    That is: scheme https, host in lower case and ASCII, no default port, no fragment but `#!`, no tracking parameters, other
    parameters sorted, no slash at the end, escapes normalised as in RFC 3986, 6.2.2.
    """
    name = host(url)
    return _form(url, name, _parts(url).path, "") if name else ""


def _form(url: str, name: str, path: str, feed_host: str) -> str:
    """Return *url* with the host *name* and *path*. Of `ref` and `source` only the values *feed_host* and `rss` are removed."""
    parts = _parts(url)
    netloc = f"[{name}]" if ":" in name else name
    if parts.port and parts.port != _PORTS[parts.scheme.lower()]:
        netloc += f":{parts.port}"
    kept = _even(quote(parts.query, safe=_KEPT)).split("&")
    query = "&".join(sorted(part for part in kept if part and not _dropped(part, feed_host)))
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    path = _even(quote(path.rstrip("/"), safe=_KEPT))
    return urlunsplit(("https", netloc, path, query, quote(fragment, safe=_KEPT)))


def without_host(url: str) -> str:
    """Return path and query of *url*, which stay the same if a site changes its scheme or name. Empty if they identify nothing."""
    if not is_web(url):
        return ""
    parts = _parts(url)
    path = parts.path.rstrip("/")
    if not path and not parts.query:
        return ""
    return f"{path or '/'}?{parts.query}" if parts.query else path


def is_edition(name: str, link: str) -> bool:
    """Return whether the id *name* is the canonical *link* followed by a fragment, a counter or a time."""
    base, mark, _ = name.partition("#")
    if not mark:
        found = _COUNTER.search(name[-64:])
        base = name[-64:][: found.start()] if found else ""
        base = f"{name[:-64]}{base}" if base else ""
    return bool(base) and canonical(base) in {link, link.partition("?")[0]}


def is_aggregator(url: str) -> bool:
    """Return whether *url* is on an aggregator that links to articles by its own addresses."""
    return _is_of(host(url), _AGGREGATORS)


def without_user(url: str) -> str:
    """Return *url* without name and password, so that addresses resolved against it do not inherit them."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


@functools.lru_cache(maxsize=4096)
def _parts(url: str) -> SplitResult:
    """Return the parts of *url* as written, without white space around it.

    Raises:
        ValueError: *url* is not a URL.
    """
    return urlsplit(_tidy(url))


def _tidy(url: str) -> str:
    return _UNWANTED.sub("", url).strip()


def _ascii(name: str) -> str:
    """Return *name* in the ASCII form for DNS, as browsers do (UTS 46, non-transitional). Empty if it is invalid."""
    if not name.isascii():
        try:
            labels = idna.uts46_remap(name, std3_rules=False, transitional=False).split(".")
            if not all(labels[: len(labels) - 1]):
                return ""
            name = ".".join(label if label.isascii() else _punycode(label) for label in labels)
        except (UnicodeError, idna.IDNAError):
            return ""
    name = name.lower().rstrip(".")
    return name if _HOST.fullmatch(name) else ""


def _punycode(label: str) -> str:
    """Return *label* in Punycode with the prefix of RFC 5890. A label that is too long is an error."""
    found = f"xn--{label[: _LONGEST_LABEL + 1].encode('punycode').decode('ascii')}"
    if len(found) > _LONGEST_LABEL:
        raise UnicodeError("label too long")
    return found


def _netloc(netloc: str, name: str) -> str:
    """Return *netloc* with *name* as its host. User and port stay."""
    user, at, rest = netloc.rpartition("@")
    if rest.startswith("["):
        return netloc
    _, colon, port = rest.partition(":")
    return f"{user}{at}{name}{colon}{port}"


def _without_face(name: str) -> str:
    """Return *name* without prefixes for kinds of reader. The rest must contain a dot."""
    while face := next((face for face in _FACES if name.startswith(face) and "." in name[len(face) :]), ""):
        name = name[len(face) :]
    return name


def _even(text: str) -> str:
    """Return *text* with escapes in upper case, and without needless ones."""
    return _ESCAPE.sub(_escape, text) if "%" in text else text


def _escape(found: re.Match[str]) -> str:
    octet = int(found[1], 16)
    return chr(octet) if octet in _UNRESERVED else f"%{found[1].upper()}"


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
