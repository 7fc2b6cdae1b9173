"""Clients that take an answer too slowly: they would hold it in memory, and a connection, for as long as they like."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct

from aiohttp import web

from tocsin.log import line

log = logging.getLogger(__name__)

#: Seconds in which a client has to take an answer. What the kernel holds for it is taken.
TAKEN_WITHIN = 60.0
_AT_ONCE = struct.pack("ii", 1, 0)


class SlowReaders:
    """Ends the connections of clients that do not take an answer in time."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Transport, asyncio.TimerHandle] = {}

    async def watch(self, request: web.BaseRequest, _: web.StreamResponse) -> None:
        """Begin the time of an answer to *request*; while one before it was not taken, the time of that one goes on."""
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return
        known = self._ends.get(transport)
        if known and transport.get_write_buffer_size():
            return
        if known:
            known.cancel()
        self._ends[transport] = asyncio.get_running_loop().call_later(TAKEN_WITHIN, self._end, transport)

    def close(self) -> None:
        """End the connections of all clients that have not taken their answers."""
        for transport, end in list(self._ends.items()):
            end.cancel()
            self._end(transport)

    def _end(self, transport: asyncio.Transport) -> None:
        del self._ends[transport]
        if left := transport.get_write_buffer_size():
            log.info(line("page not taken", left=left))
            # The kernel would go on to offer what it holds.
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            transport.abort()
