"""Subscriptions to the hubs of feeds. All that is needed to recognise a hub's call is derived from the secret of the page.

A source is polled in its own rhythm all the same: a hub that never calls delays nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tocsin.errors import SourceError
from tocsin.hints import Hub
from tocsin.log import line
from tocsin.sources.http import urls
from tocsin.web.wall.hub_callbacks import callback, shared_secret

if TYPE_CHECKING:
    from tocsin.sources.http.client import HttpClient

log = logging.getLogger(__name__)

#: Time for which a subscription is asked. It is renewed every day, because a hub may grant less.
LEASE = timedelta(days=10)
RENEWED = timedelta(days=1)
#: Time after which a hub that refused is asked again.
REFUSED = timedelta(hours=6)


class Subscriber:
    """Asks hubs over *http* to call the page at *url*; *key* is that of the addresses at which they call.

    Nothing is asked for the sources in *private*: only our own network knows them. *allow_private* permits a hub there.
    """

    def __init__(
        self, http: HttpClient, *, url: str, key: bytes, private: Collection[str] = (), allow_private: bool = False
    ) -> None:
        self._http = http
        self._private = private
        self._allow_private = allow_private
        self._url = url
        self._key = key
        self._due: dict[str, datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(self, source: str, hub: Hub, now: datetime) -> None:
        """Subscribe to the *hub* that the document of *source* names, or renew that, unless it was done a short time ago."""
        # A secret may be sent over TLS only (WebSub, 5.1).
        if source in self._private or not hub.url.startswith("https:") or now < self._due.get(source, now):
            return
        self._due[source] = now + RENEWED
        task = asyncio.create_task(self._subscribe(source, hub, now), name=f"hub of {source}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _subscribe(self, source: str, hub: Hub, now: datetime) -> None:
        host = urls.host(hub.url)
        fields = {
            "hub.mode": "subscribe",
            "hub.topic": hub.topic,
            "hub.callback": f"{self._url}/{callback(self._key, source, hub.topic)}",
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
            "hub.secret": shared_secret(self._key, source),
        }
        try:
            await self._http.fetch(
                hub.url,
                method="POST",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(fields).encode(),
                allow_private=self._allow_private,
            )
        except SourceError as error:
            self._due[source] = now + REFUSED
            log.info(line("hub refused", source=source, hub=host, reason=error))
        else:
            log.info(line("hub asked", source=source, hub=host))
