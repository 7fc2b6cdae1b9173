"""What monitors and open pages ask: whether the daemon works, and whether anything changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from tocsin.errors import StoreError
from tocsin.web.daemon import Daemon
from tocsin.web.metrics import CONTENT_TYPE, metrics
from tocsin.web.page import Page, Route, get

#: Seconds in which the database has to answer.
_WITHIN = 1.0


def routes() -> tuple[Route, ...]:
    """Return the routes; those of monitors are for everybody."""
    return (
        Route(method="GET", path="/healthz", handler=alive, may=None, from_anywhere=True),
        Route(method="GET", path="/readyz", handler=ready, may=None, from_anywhere=True),
        get("/changes", changes),
        get("/metrics", measure),
    )


async def alive(page: Page) -> web.Response:
    """Answer 200 while claims run, else 503."""
    works = page.daemon.health().alive
    return _status((), ("claims stand still",) * (not works))


async def ready(page: Page) -> web.Response:
    """Answer 200 if the daemon works and its database answers, else 503 with the reasons."""
    health = page.daemon.health()
    failures = health.failures
    try:
        await asyncio.wait_for(page.read(page.store.read.session_epoch), _WITHIN)
    except (TimeoutError, StoreError):
        failures = (*failures, "the database does not answer")
    return _status(health.cautions, failures)


async def changes(page: Page) -> web.Response:
    """Answer with the number of the last change, and 304 if it is the one that the page has."""
    number = page.daemon.changes.number
    if page.request.query.get("since") == str(number):
        return web.Response(status=HTTPStatus.NOT_MODIFIED)
    return web.json_response({"number": number})


async def measure(page: Page) -> web.Response:
    """Answer with all metrics."""
    return await answer_metrics(page.daemon)


async def answer_metrics(daemon: Daemon) -> web.Response:
    """Return the metrics of *daemon* as an answer."""
    now = daemon.clock.now()
    gauges = await daemon.read(daemon.store.read.gauges, now)
    body = metrics(daemon.counters, gauges, daemon.health(), now)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


def _status(cautions: Sequence[str], failures: Sequence[str]) -> web.Response:
    word = "failing" if failures else "degraded" if cautions else "ok"
    status = HTTPStatus.SERVICE_UNAVAILABLE if failures else HTTPStatus.OK
    return web.json_response({"status": word, "reasons": [*failures, *cautions]}, status=status)
