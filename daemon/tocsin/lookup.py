"""Lookups of names with an end: the system's own may take minutes where a name server does not answer."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from ipaddress import ip_address
from queue import Empty, Queue


def addresses(host: str, port: int, within: float) -> list[str]:
    """Return the addresses of *host*, in the order in which they are to be tried, after *within* seconds at most.

    The lookup goes on in a thread of its own, for which nobody waits. An IP address needs none.

    Raises:
        OSError: there are none, or they were not found in time.
    """
    with suppress(ValueError):
        ip_address(host)
        return [host]
    answer: Queue[list[str] | Exception] = Queue()

    def work() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put(list(dict.fromkeys(str(where[0]) for _, _, _, _, where in found)))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label of more than 63 letters
            answer.put(error)

    threading.Thread(target=work, name="lookup", daemon=True).start()
    try:
        result = answer.get(timeout=max(0.0, within))
    except Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "the name could not be looked up in time") from None
    if isinstance(result, OSError):
        raise result
    if isinstance(result, Exception):
        raise socket.gaierror(socket.EAI_NONAME, "this is no name of a host") from result
    return result
