"""Acts of the API: each is done once, however often its request is sent with the same Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from tocsin.config.web import Right
from tocsin.store.access import Commands, Queries
from tocsin.store.programs import RequestAnswer, RequestKey
from tocsin.web.api.answers import post, written
from tocsin.web.page import Handler, Page, Route

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
#: What an act does in one transaction: it returns the status and the object of its answer.
Work = Callable[[Queries, Commands], tuple[HTTPStatus, object]]


def act(path: str, handler: Handler, may: Right = Right.ACT) -> Route:
    """Return the route of an act; a request that was answered before gets the same answer and is not looked at again."""

    async def answered(page: Page) -> web.StreamResponse:
        request = await request_key(page)
        kept = await page.read(page.store.read.request_answer, request, page.now) if request else None
        return respond(kept, request) if kept else await handler(page)

    return post(path, answered, may)


async def once(page: Page, work: Work) -> web.Response:
    """Do *work* in one transaction, and respond with what it returns. Open pages are told of the change."""
    request = await request_key(page)

    def answer(read: Queries, commands: Commands) -> RequestAnswer:
        status, value = work(read, commands)
        return RequestAnswer(status=status, text=written(value))

    return respond(await page.act(page.store.act.once, request, page.now, answer), request)


async def request_key(page: Page) -> RequestKey | None:
    """Return how the request is known when it is sent again; None if it has no key.

    Raises:
        HTTPBadRequest: there are several keys, or it is not printable ASCII of a bounded length.
    """
    keys = page.request.headers.getall(HEADER, [])
    if not keys:
        return None
    key = keys[0]
    if len(keys) > 1 or not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise web.HTTPBadRequest(text=f"{HEADER} is one text of up to {LONGEST_KEY} printable characters of ASCII.")
    assert page.visitor, "an act needs a right"
    kind = "token" if page.visitor.token else "user"
    head = f"{page.request.method} {page.request.path_qs}\n".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(head + await page.request.read()).hexdigest()
    return RequestKey(by=f"{kind} {page.visitor.name}", key=key, digest=digest)


def respond(answer: RequestAnswer, request: RequestKey | None) -> web.Response:
    """Return *answer* as a response to *request*.

    Raises:
        HTTPUnprocessableEntity: it was kept for another request with the same key.
    """
    if request and answer.digest and answer.digest != request.digest:
        raise web.HTTPUnprocessableEntity(text=f"This {HEADER} was sent with another request. Choose a new one.")
    return web.Response(text=answer.text, status=answer.status, content_type="application/json")
