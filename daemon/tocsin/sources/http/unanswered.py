"""What it means that a server did not answer."""

from __future__ import annotations

import aiohttp

from tocsin.certificates import CertificateFault, fault_of, speaks_no_tls
from tocsin.errors import Fault, SourceError
from tocsin.sources.http.refusal import CERTIFICATE_REMEDIES

#: Reasons of the address check that the operator may overrule.
_ALLOWABLE = frozenset({"loopback", "private"})


class BlockedAddressError(OSError):
    """An address that may not be reached; an OSError, because the connector lets those out."""


def unanswered(error: aiohttp.ClientError | ValueError | OSError, host: str) -> SourceError:
    """Return what an error of the client means; the words hold no more of the address than its *host*."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            found = fault_of(error.certificate_error) or CertificateFault.OTHER
            return SourceError(f"{host} {found}", fault=Fault.NETWORK, remedy=CERTIFICATE_REMEDIES[found])
        case aiohttp.ClientConnectorSSLError():
            remedy = "give an address that begins with http://" if speaks_no_tls(error.os_error) else ""
            return SourceError(f"{host} cannot be asked over TLS", fault=Fault.NETWORK, remedy=remedy)
        case aiohttp.ClientProxyConnectionError():
            return SourceError("the proxy of http.proxy cannot be reached", fault=Fault.UNREACHABLE)
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
    """The error for a connection that was not made."""
    if isinstance(error, BlockedAddressError):
        reason = str(error)
        remedy = "; allow_private: true permits it" if reason in _ALLOWABLE else ""
        return SourceError(f"{host} has a {reason} address{remedy}", fault=Fault.BLOCKED_ADDRESS)
    return SourceError(f"cannot reach {host}: {error.strerror or type(error).__name__}", fault=Fault.UNREACHABLE)
