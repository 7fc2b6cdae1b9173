"""`/instruments` of the API: the instruments and their prices."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from aiohttp import web

from tocsin.explain.instruments import InstrumentView, instrument_view
from tocsin.model.prices import Instrument
from tocsin.web.api.answers import answer, get, listed, part_of
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/instruments", list_instruments), get("/instruments/{id}", show_instrument))


async def list_instruments(page: Page) -> web.Response:
    """Answer with the instruments, by id."""
    part, following = part_of(page, page.daemon.config.instruments, attrgetter("id"))
    return listed(await _views(page, part), following)


async def show_instrument(page: Page) -> web.Response:
    """Answer with one instrument."""
    name = page.part("id")
    found = [one for one in page.daemon.config.instruments if one.id == name]
    if not found:
        page.unknown("instrument", name)
    return answer((await _views(page, found))[0])


async def _views(page: Page, instruments: Sequence[Instrument]) -> list[InstrumentView]:
    if not instruments:
        return []
    series = await page.read(page.store.read.series, instruments)
    failing = await page.read(page.store.read.failing)
    return [instrument_view(series[one.id], failing) for one in instruments]
