"""The next digest of a receiver, as it would be sent with what waits now."""

from __future__ import annotations

from aiohttp import web

from tocsin.config.digests import DigestPreview, preview_digests
from tocsin.config.receivers import ReceiverConfig
from tocsin.explain.receivers import next_digest
from tocsin.web.links import unsigned_links
from tocsin.web.messages import alone, framing
from tocsin.web.page import Page, Route, get


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/digest/{receiver}", show_digests), get("/digest/{receiver}/{number}/message", show_message))


async def show_digests(page: Page) -> web.Response:
    """Show the next digest to each recipient of a receiver, or why there would be none."""
    receiver = _receiver(page)
    digests = await page.read(_preview, page, receiver)
    when = next_digest(receiver.info, page.zone, page.now)
    return framing(page.show("digest.html", receiver=receiver.name, digests=digests, when=when))


async def show_message(page: Page) -> web.Response:
    """Show the message of one of them alone."""
    number = page.number()
    digests = await page.read(_preview, page, _receiver(page))
    if not 1 <= number <= len(digests):
        page.missing("There is no such digest any more.")
    return alone(digests[number - 1].message)


def _preview(page: Page, receiver: ReceiverConfig) -> tuple[DigestPreview, ...]:
    digests = page.store.read.next_digests(receiver.name)
    daemon = page.daemon
    rules = daemon.rules.rules.prices
    links = unsigned_links(daemon.config)
    return tuple(
        preview_digests(
            digests, receiver, config=daemon.config, store=daemon.store, rules=rules, links=links, now=page.now
        )
    )


def _receiver(page: Page) -> ReceiverConfig:
    name = page.part("receiver")
    found = next((one for one in page.daemon.config.receivers if one.name == name), None)
    if found is None:
        page.unknown("receiver", name)
    return found
