"""`/deliveries` of the API: the messages that were sent or not, and one more try."""

from __future__ import annotations

from aiohttp import web

from tocsin.explain.receivers import explain_waiting
from tocsin.model.deliveries import DeliveryState
from tocsin.store.values import DeliveryDetail
from tocsin.web.api.answers import answer, bad_cursor, get, listed, post, words
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/deliveries", list_deliveries),
        get("/deliveries/{id}", show_delivery),
        post("/deliveries/{id}/resend", resend),
    )


async def list_deliveries(page: Page) -> web.Response:
    """Answer with the deliveries, the newest first; `state` asks for those in one state."""
    state, after = words(page, "state"), words(page, "cursor")
    if state and state not in list(DeliveryState):
        raise web.HTTPBadRequest(text=f"state= is one of {', '.join(DeliveryState)}.")
    if after and await page.read(page.store.read.delivery, after) is None:
        bad_cursor()
    states = (DeliveryState(state),) if state else tuple(DeliveryState)
    found = await page.read(page.store.read.outbox, states, after)
    views = explain_waiting(found.deliveries, found.receivers.statuses, page.now, page.zone)
    return listed(views, found.next)


async def show_delivery(page: Page) -> web.Response:
    """Answer with one delivery: its message, its tries and its changes of state."""
    return answer(await _detail(page, page.part("id")))


async def resend(page: Page) -> web.Response:
    """Send a settled delivery again, as a new one, and answer with that. A second time makes no further copy."""
    detail = await _detail(page, page.part("id"))
    copy = await page.act(page.store.act.resend, detail.delivery.id, page.now, again=False)
    return answer(await _detail(page, copy), status=201)


async def _detail(page: Page, name: str) -> DeliveryDetail:
    detail = await page.read(page.store.read.delivery, name)
    if detail is None:
        page.missing(f"There is no delivery {name[:80]}.")
    return detail
