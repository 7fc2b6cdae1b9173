"""`/sources/NAME/items` of the API: a program hands in news."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from aiohttp import web

from tocsin.config.items import read_items
from tocsin.config.pushes import PushConfig
from tocsin.config.web import Right
from tocsin.ingest.pushes import Push
from tocsin.store.programs import HandedIn, Receipt, RequestAnswer
from tocsin.web.allowance import MOST
from tocsin.web.api.acts import act, request_key, respond
from tocsin.web.api.answers import written
from tocsin.web.api.bodies import parsed
from tocsin.web.page import Page, Route

#: Octets of a body that count as one item more, because they cost as much to read.
_OCTETS = 4096


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (act("/sources/{name}/items", hand_in, may=Right.INGEST),)


async def hand_in(page: Page) -> web.Response:
    """Take in one item or several, all or none, and answer with what became of each when it is stored and judged."""
    source = _source(page)
    size = len(await page.request.read())
    counted = 1 + size // _OCTETS
    _use(page, counted)
    items = await parsed(page, partial(read_items, source=source, zone=page.zone))
    _use(page, max(len(items) - counted, 0))
    push = Push(source=source.name, items=items, size=size, answer=_answer, request=await request_key(page))
    answer = await page.daemon.push(push)
    page.daemon.changes.add()
    return respond(answer, push.request)


def _source(page: Page) -> PushConfig:
    name, config = page.part("name"), page.daemon.config
    source = next((one for one in config.pushes if one.name == name), None)
    if source is None and name in config.names:
        raise web.HTTPConflict(text=f"{name} is polled. A source with push: true takes items.")
    if source is None:
        page.unknown("source", name)
    if page.visitor and page.visitor.token and not source.takes_from(page.visitor.name):
        raise web.HTTPForbidden(text=f"This token may not hand in to {name}.")
    return source


def _use(page: Page, items: int) -> None:
    """Count *items* of the program that sends the request.

    Raises:
        HTTPTooManyRequests: it may not hand in as many now.
    """
    assert page.visitor, "handing in needs a right"
    wait = page.daemon.pushed.take(page.visitor.name, items, page.daemon.real.now())
    if wait:
        seconds = math.ceil(wait.total_seconds())
        words = f"A program may hand in {MOST} items a minute; every {_OCTETS // 1024} kB of a body count as one."
        raise web.HTTPTooManyRequests(text=words, headers={"Retry-After": str(seconds)})


def _answer(items: Sequence[HandedIn]) -> RequestAnswer:
    new = any(item.state in (Receipt.NEW, Receipt.DROPPED) for item in items)
    return RequestAnswer(status=HTTPStatus.CREATED if new else HTTPStatus.OK, text=written({"items": items}))
