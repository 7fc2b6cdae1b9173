"""Calls of the hubs of feeds (WebSub): whether we want their news, and that there is some. The address is the right."""

from __future__ import annotations

import logging
from http import HTTPStatus

from aiohttp import web

from tocsin.log import line
from tocsin.web.page import Page, Route
from tocsin.web.wall.hub_callbacks import FOLDER, is_about, is_ours, is_signed, shared_secret

log = logging.getLogger(__name__)

_LONGEST = 1000


def routes() -> tuple[Route, ...]:
    """Return the routes. Only the hub that was asked knows their addresses."""
    path = f"/{FOLDER}/{{source}}/{{token}}/{{topic}}"
    return (
        Route(method="GET", path=path, handler=confirm, may=None),
        Route(method="POST", path=path, handler=take, may=None, any_origin=True),
    )


async def confirm(page: Page) -> web.Response:
    """Confirm what we asked a hub for, and nothing else: a hub must not be made to send us what somebody else asked for."""
    source, query = _source(page), page.request.query
    challenge, topic = query.get("hub.challenge", ""), query.get("hub.topic", "")
    if query.get("hub.mode") == "denied":
        log.warning(line("hub denies a subscription", source=source))
        return web.Response()
    if (
        query.get("hub.mode") != "subscribe"
        or not 0 < len(challenge) <= _LONGEST
        or not is_about(page.site.hub_key, source, page.part("topic"), topic)
    ):
        page.missing("Nobody here asked for that.")
    log.info(line("hub confirmed", source=source))
    return web.Response(text=challenge)


async def take(page: Page) -> web.Response:
    """Poll the source at once, because its hub says that it has news. What the hub sends is checked, and not read.

    A wrong signature is answered like a good one, so that nobody learns which is which (WebSub, 7.1).
    """
    source = _source(page)
    body = await page.request.read()
    if is_signed(page.request.headers.get("X-Hub-Signature", ""), body, shared_secret(page.site.hub_key, source)):
        await page.act(page.store.act.hear, source, page.now)
    else:
        log.warning(line("hub sent a wrong signature", source=source))
    return web.Response(status=HTTPStatus.ACCEPTED)


def _source(page: Page) -> str:
    """Return the source that the address is about.

    Raises:
        HTTPNotFound: we gave nobody this address.
        HTTPGone: the source is not configured any more, or no hub is wanted.
    """
    source, config = page.part("source"), page.daemon.config
    if not is_ours(page.site.hub_key, source, page.part("token")):
        page.missing("Nobody here asked for that.")
    if not (config.web and config.web.websub and any(one.name == source for one in config.sources)):
        raise web.HTTPGone(text="Nobody here wants that any more.")
    return source
