"""`/deliveries` of the API: the messages that were sent or not, and one more try."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from tocsin.explain.receivers import explain_waiting
from tocsin.model.deliveries import DeliveryState
from tocsin.store.access import Commands, Queries
from tocsin.store.views import DeliveryDetail
from tocsin.web.api.acts import act, once
from tocsin.web.api.answers import answer, get, listed, words
from tocsin.web.page import Page, Route
from tocsin.web.window import place


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/deliveries", list_deliveries),
        get("/deliveries/{id}", show_delivery),
        act("/deliveries/{id}/resend", resend),
    )


async def list_deliveries(page: Page) -> web.Response:
    """Answer with the deliveries, the newest first; `state` asks for those in one state."""
    state = words(page, "state")
    if state and state not in list(DeliveryState):
        raise web.HTTPBadRequest(text=f"state= is one of {', '.join(DeliveryState)}.")
    states = (DeliveryState(state),) if state else tuple(DeliveryState)
    found = await page.read(page.store.read.outbox, states, place(page))
    views = explain_waiting(found.deliveries, found.receivers.statuses, page.now, page.zone)
    return listed(views, found.next)


async def show_delivery(page: Page) -> web.Response:
    """Answer with one delivery: its message, its tries and its changes of state."""
    name = page.part("id")
    return answer(_found(page, name, await page.read(page.store.read.delivery, name)))


async def resend(page: Page) -> web.Response:
    """Send a settled delivery again, as a new one, and answer with that. A second time makes no further copy."""
    name = page.part("id")

    def work(read: Queries, commands: Commands) -> tuple[HTTPStatus, object]:
        found = _found(page, name, read.delivery(name))
        copy = commands.resend(found.delivery.id, page.now, again=False)
        return HTTPStatus.CREATED, read.delivery(copy)

    return await once(page, work)


def _found(page: Page, name: str, detail: DeliveryDetail | None) -> DeliveryDetail:
    if detail is None:
        page.unknown("delivery", name)
    return detail
