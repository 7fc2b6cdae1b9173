"""The deliveries: the outbox, dead letters, and each message as it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from tocsin.config.receiver_views import receiver_views
from tocsin.explain.receivers import explain_waiting
from tocsin.model.deliveries import SETTLED, DeliveryState
from tocsin.render.answer_links import masked_text
from tocsin.store.queries.outbox import Outbox
from tocsin.store.views import DeliveryDetail
from tocsin.web.messages import alone, framing
from tocsin.web.page import Page, Route, get, post
from tocsin.web.window import place

#: What is listed without a state: all that is not settled.
_OUTBOX = tuple(state for state in DeliveryState if state not in SETTLED)
#: Names of the lists that hold several states.
_SEVERAL = {"": _OUTBOX, "all": tuple(DeliveryState)}
_WELL = ("ok", "unused", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A list of deliveries: its *name* in the query, its *title*, and the number of deliveries in it."""

    name: str
    title: str
    count: int


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/deliveries", list_deliveries),
        get("/deliveries/{id}", show_delivery),
        get("/deliveries/{id}/message", show_message),
        post("/deliveries/{id}/resend", resend),
    )


async def list_deliveries(page: Page) -> web.Response:
    """List the deliveries of the outbox, or those in the state that is asked for."""
    name = page.request.query.get("state", "")
    if name not in _SEVERAL and name not in list(DeliveryState):
        raise web.HTTPBadRequest(text=f"There is no such state; the states are {', '.join(DeliveryState)}.")
    states = _SEVERAL.get(name) or (DeliveryState(name),)
    found = await page.read(page.store.read.outbox, states, place(page))
    views = receiver_views(page.daemon.config, found.receivers, page.now)
    return page.show(
        "deliveries.html",
        deliveries=explain_waiting(found.deliveries, found.receivers.statuses, page.now, page.zone),
        next=found.next,
        state=name,
        tabs=tuple(_tabs(found)),
        receivers=[view for view in views if view.state not in _WELL],
    )


async def show_delivery(page: Page) -> web.Response:
    """Show one delivery: its alerts, its tries, its changes of state, and the message as it was sent."""
    detail = await _detail(page)
    statuses = await page.read(page.store.read.receivers)
    [view] = explain_waiting([detail.delivery], statuses, page.now, page.zone)
    subject = masked_text(detail.message.subject) if detail.message else ""
    return framing(
        page.show("delivery.html", delivery=view, detail=detail, subject=subject, settled=view.state in SETTLED)
    )


async def show_message(page: Page) -> web.Response:
    """Show the message alone, as it was sent."""
    message = (await _detail(page)).message
    if message is None:
        page.missing("This message was not made yet: that is done at its first try.")
    return alone(message)


async def resend(page: Page) -> web.Response:
    """Send a settled delivery again, as a new one, and show that. A second time makes no further copy."""
    detail = await _detail(page)
    copy = await page.act(page.store.act.resend, detail.delivery.id, page.now, again=False)
    return page.go("deliveries", copy)


async def _detail(page: Page) -> DeliveryDetail:
    name = page.part("id")
    detail = await page.read(page.store.read.delivery, name)
    if detail is None:
        page.unknown("delivery", name)
    return detail


def _tabs(found: Outbox) -> Iterator[Tab]:
    for name, title in (
        ("", "Outbox"),
        (DeliveryState.DEAD, "Dead"),
        (DeliveryState.SUPPRESSED, "Suppressed"),
        (DeliveryState.DELIVERED, "Delivered"),
        ("all", "All"),
    ):
        states = _SEVERAL.get(name) or (DeliveryState(name),)
        yield Tab(name=name, title=title, count=sum(found.counts[state] for state in states))
