"""The instruments: the newest price of each, its move, and a chart with the alerts about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web
from markupsafe import Markup

from tocsin.explain.instruments import InstrumentView, instrument_view, remedy
from tocsin.market.series import Series
from tocsin.market.summary import summary
from tocsin.model.prices import PriceSummary
from tocsin.model.rules import Severity
from tocsin.render.svg import sparkline
from tocsin.web.page import Page, Route, get
from tocsin.web.price_chart import PriceChart, points, price_chart

#: The charts of one instrument: title and number of sessions.
_SPANS = (("60 sessions", 60), ("1 year", 260))
#: Sixty sessions of a market with holidays.
_RECENT = timedelta(days=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An instrument as a page shows it: the *summary* of its prices (None without any), and what its state means."""

    view: InstrumentView
    summary: PriceSummary | None
    remedy: str

    @property
    def drawing(self) -> Markup:
        """Its last sessions as a line."""
        return Markup(sparkline(self.summary.points if self.summary else ()))  # noqa: S704 (it has numbers only)


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/prices", list_instruments), get("/prices/{id}", show_instrument))


async def list_instruments(page: Page) -> web.Response:
    """List every instrument with its price, its last move and its usual move."""
    instruments = page.daemon.config.instruments
    read = page.store.read
    series = await page.read(read.recent_series, instruments, page.now - _RECENT) if instruments else {}
    failing = await page.read(read.failing) if instruments else frozenset()
    shown = [_shown(page, one, failing) for one in series.values()]
    return page.show("prices.html", instruments=shown, config=page.daemon.config.path.name)


async def show_instrument(page: Page) -> web.Response:
    """Show one instrument with its sources and charts."""
    name = page.part("id")
    instrument = next((one for one in page.daemon.config.instruments if one.id == name), None)
    if instrument is None:
        page.unknown("instrument", name)
    series = (await page.read(page.store.read.series, [instrument]))[name]
    failing = await page.read(page.store.read.failing)
    return page.show(
        "price.html",
        instrument=instrument,
        shown=_shown(page, series, failing),
        series=series,
        failing=failing,
        charts=await _charts(page, series),
    )


async def _charts(page: Page, series: Series) -> list[tuple[str, PriceChart]]:
    """Return the charts of *series*, each with its title; the longer one only if it shows more."""
    longest = points(series, sessions=_SPANS[-1][1])
    if not longest:
        return []
    about = await page.read(page.store.read.alerts_about, series.instrument, longest[0][0], Severity.MEDIUM)
    return [
        (title, chart)
        for (title, sessions), before in zip(_SPANS, (0, *(sessions for _, sessions in _SPANS)), strict=False)
        if len(series.closes) > before and (chart := price_chart(page, series, about, sessions=sessions))
    ]


def _shown(page: Page, series: Series, failing: frozenset[str]) -> Shown:
    view = instrument_view(series, failing)
    return Shown(view=view, summary=summary(series, page.now), remedy=remedy(view))
