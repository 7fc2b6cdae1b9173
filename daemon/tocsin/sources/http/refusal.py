"""Failed requests: the meaning of a bad answer or of no answer, and advice on what to do."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import aiohttp

from tocsin import hints
from tocsin.certificates import CertificateFault, fault_of, speaks_no_tls
from tocsin.errors import Fault, SourceError

#: Most bytes of the body of a refusal that are read.
MOST_SAID = 16384
_FAULTS: dict[int, Fault] = {
    HTTPStatus.UNAUTHORIZED: Fault.AUTH,
    HTTPStatus.FORBIDDEN: Fault.AUTH,
    HTTPStatus.GONE: Fault.GONE,
    HTTPStatus.TOO_MANY_REQUESTS: Fault.RATE_LIMITED,
    HTTPStatus.SERVICE_UNAVAILABLE: Fault.RATE_LIMITED,
}
#: Firewalls that let only browsers through, by a header and its value.
_BY_HEADER = (
    # These two send it only when they intervene, the others in every answer.
    ("cf-mitigated", "", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "ddos-guard", "DDoS-Guard"),
)
#: The same firewalls by words on their page.
_BY_WORDS = {
    "<title>just a moment...": "Cloudflare",
    "<title>attention required! | cloudflare": "Cloudflare",
    "_incapsula_resource": "Imperva",
    "captcha-delivery.com": "DataDome",
    "px-captcha": "HUMAN",
    "errors.edgesuite.net": "Akamai",
    "sucuri website firewall": "Sucuri",
    "<title>ddos-guard": "DDoS-Guard",
    "making sure you're not a bot": "Anubis",
    "making sure you&#39;re not a bot": "Anubis",
}
#: Short pages with a script for browsers that are sent as if they were the document.
_IN_PLACE = ("<title>just a moment...", "making sure you're not a bot", "making sure you&#39;re not a bot")
_MOST_IN_PLACE = 2048
#: Statuses of answers whose body explains why.
TELLING = frozenset({202, 401, 403, 405, 429, 503})
_REMEDIES: dict[int, str] = {
    HTTPStatus.ACCEPTED: "wait; if that does not help, look for another feed of this site",
    HTTPStatus.FORBIDDEN: "open the address in a browser: if that works, the site refuses programs or this network; "
    "set http.contact, or ask its owner",
    HTTPStatus.NOT_FOUND: "open the address in a browser; the feed may have moved",
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: "it may not be read from this country: look for its news elsewhere",
    HTTPStatus.TOO_MANY_REQUESTS: "wait, and poll less often: every: 1h",
}
#: Reasons of the address check that the operator may override.
_ALLOWABLE = frozenset({"loopback", "private"})


def refusal(
    host: str,
    status: int,
    headers: Mapping[str, str],
    *,
    said: bytes = b"",
    contact: str = "",
    credentials: bool = False,
) -> SourceError:
    """Return the error for an answer of *host* with *status*.

    *headers* have names in lower case. *said* is the beginning of the body. *contact* was sent, and *credentials* says
    whether credentials were. The message is our own, because a server's words could be anything.
    """
    wait = retry_after(headers) if status >= HTTPStatus.BAD_REQUEST else None
    answered = f"{host} answered {status} {_phrase(status)}".rstrip()
    fault, words, remedy = _meaning(status, headers, said.decode("utf-8", "replace").lower(), contact, credentials)
    said_so = f"{answered}: {words}" if words else answered
    return SourceError(said_so, fault=fault, status=status, retry_after=wait, remedy=remedy)


def _meaning(
    status: int, headers: Mapping[str, str], text: str, contact: str, credentials: bool
) -> tuple[Fault, str, str]:
    fault = _FAULTS.get(status, Fault.STATUS)
    if "undeclared automated tool" in text:
        return Fault.AUTH, "it requires a contact address", undeclared(contact)
    if "request rate threshold exceeded" in text:
        return Fault.RATE_LIMITED, "it limits our rate", _REMEDIES[HTTPStatus.TOO_MANY_REQUESTS]
    if firewall := _firewall(status, headers, text):
        remedy = "it lets only browsers through: look for another feed of this site, or ask its owner to allow tocsin"
        return Fault.CHALLENGE, f"{firewall} requires a browser", remedy
    if credentials and status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return fault, "it does not accept the credentials of this source", _WRONG
    if status == HTTPStatus.UNAUTHORIZED:
        return fault, "it requires credentials", _wanted(headers.get("www-authenticate", ""))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and fault is Fault.STATUS:
        return fault, "", "its server has a problem: wait, and check whether the address works in a browser"
    return fault, "", _REMEDIES.get(status, "")


#: Advice for faults of a server's certificate.
CERTIFICATE_REMEDIES = {
    CertificateFault.EXPIRED: "its owner has to renew it",
    CertificateFault.TOO_EARLY: "check that the clock of this machine is right",
    CertificateFault.SELF_SIGNED: "put its certificate into a file: http: {ca_file: trusted.pem}",
    CertificateFault.UNKNOWN_AUTHORITY: "put the certificate of the authority into a file: http: {ca_file: trusted.pem}",
    CertificateFault.INCOMPLETE: "put the missing certificate into a file: http: {ca_file: trusted.pem}; its owner should "
    "send it",
    CertificateFault.WRONG_NAME: "use the name that the certificate is for; a browser shows it",
    CertificateFault.OTHER: "inspect it in a browser; put a certificate that you trust into a file: http: {ca_file: trusted.pem}",
}
_WRONG = "check that they are right, have not expired, and may read this address"


def undeclared(contact: str) -> str:
    """Return advice for a server that requires a contact."""
    if not contact:
        return "give it a contact: http: {contact: you@example.org}"
    return f"it does not accept {contact!r} of http.contact: give a mail address, and nothing else"


def challenged(host: str, headers: Mapping[str, str], body: bytes) -> SourceError | None:
    """Return the error for a good answer that is a firewall's page instead of the document."""
    head = body[:_MOST_IN_PLACE].decode("utf-8", "replace").lower()
    marks = (*_IN_PLACE, "_incapsula_resource") if len(body) < _MOST_IN_PLACE else _IN_PLACE
    found = [name for words, name in _BY_WORDS.items() if words in marks and words in head]
    found += [name for header, _, name in _BY_HEADER[:2] if header in headers]
    if not found:
        return None
    words = f"{host} answered with a page that only a browser can pass ({found[0]})"
    remedy = "look for another feed of this site, or ask its owner to allow tocsin"
    return SourceError(words, fault=Fault.CHALLENGE, status=HTTPStatus.OK.value, remedy=remedy)


def _firewall(status: int, headers: Mapping[str, str], text: str) -> str:
    """Return the name of the firewall that answered instead of the server. Empty if none did."""
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return ""
    found = [name for header, value, name in _BY_HEADER if header in headers and value in headers[header].lower()]
    found += [name for words, name in _BY_WORDS.items() if words in text]
    refuses = status in (HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.ACCEPTED)
    page = re.search(r"<title>[^<]*(captcha|are you a robot|are you human|bot verification|access denied)", text)
    return next(iter(found), "a firewall" if refuses and page else "")


def _wanted(challenge: str) -> str:
    scheme = challenge.strip().partition(" ")[0].lower()
    if scheme in ("", "basic"):
        return "give it name and password: credentials: ${FEED_LOGIN}, which is name:password"
    return "give it what it asks for: headers: {Authorization: " + f"{scheme.title()} " + "${FEED_TOKEN}}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class BlockedAddressError(OSError):
    """A forbidden address. It is an OSError, because the connector lets those through."""


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the pause that `Retry-After` asks for. A date is relative to the `Date` of the answer."""
    sent = hints.date(headers.get("date", "")) or datetime.now(UTC)
    return hints.retry_after(headers.get("retry-after", ""), sent)


def unanswered(error: aiohttp.ClientError | ValueError | OSError, host: str) -> SourceError:
    """Return the source error for an error of the client. Its message contains only the *host* of the address."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            found = fault_of(error.certificate_error) or CertificateFault.OTHER
            return SourceError(f"{host} {found}", fault=Fault.NETWORK, remedy=CERTIFICATE_REMEDIES[found])
        case aiohttp.ClientConnectorSSLError():
            remedy = "give an address that begins with http://" if speaks_no_tls(error.os_error) else ""
            return SourceError(f"{host} does not answer over TLS", fault=Fault.NETWORK, remedy=remedy)
        case aiohttp.ClientProxyConnectionError():
            return SourceError("the proxy in http.proxy cannot be reached", fault=Fault.UNREACHABLE)
        case aiohttp.ClientConnectorError():
            return _unreachable(host, error.os_error)
        case aiohttp.ConnectionTimeoutError():
            return SourceError(f"cannot reach {host} in time", fault=Fault.UNREACHABLE)
        case aiohttp.ClientHttpProxyError():
            words = f"the proxy answered {error.status} when it was asked for {host}"
            return SourceError(words, fault=Fault.NETWORK, status=error.status)
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return SourceError(f"{host} broke off before the end of its answer", fault=Fault.NETWORK)
        case aiohttp.ClientResponseError():
            return SourceError(f"{host} answered with headers that cannot be read", fault=Fault.NETWORK)
        case _:
            return SourceError(f"{host} cannot be asked ({type(error).__name__})", fault=Fault.NETWORK)


def _unreachable(host: str, error: OSError) -> SourceError:
    """Return the error for a connection that failed."""
    if isinstance(error, BlockedAddressError):
        reason = str(error)
        remedy = "; allow_private: true permits it" if reason in _ALLOWABLE else ""
        return SourceError(f"{host} has a {reason} address{remedy}", fault=Fault.BLOCKED_ADDRESS)
    # asyncio's own text is "Connect call failed" and a tuple; the number says what happened.
    number = None if isinstance(error, socket.gaierror) else error.errno
    words = os.strerror(number) if number else error.strerror or type(error).__name__
    return SourceError(f"cannot reach {host}: {words}", fault=Fault.UNREACHABLE)
