"""Which hosts a proxy may be asked for: its sockets are not ours, so the target's name is checked."""

from __future__ import annotations

import asyncio
import socket

from tocsin.errors import Fault, SourceError
from tocsin.sources.http.address import check

#: Names that mean something inside only; a proxy may resolve them where we cannot.
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")


async def check_name(host: str) -> None:
    """See that *host* is no address inside, as far as can be known here.

    A name that only the proxy can resolve is left to it, unless it is one that means something inside only.

    Raises:
        SourceError: BLOCKED_ADDRESS.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        if "." not in host or host.endswith(_INSIDE):
            raise SourceError(
                f"{host} is a name inside; the proxy is not asked for it", fault=Fault.BLOCKED_ADDRESS
            ) from None
        return
    for *_, address in found:
        if reason := check(str(address[0])):
            raise SourceError(
                f"{host} has a {reason} address; the proxy is not asked for it", fault=Fault.BLOCKED_ADDRESS
            )
