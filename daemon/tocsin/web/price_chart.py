"""The chart of an instrument with the alerts about it, for pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase

from markupsafe import Markup

from tocsin.market.series import Series
from tocsin.market.summary import move_after
from tocsin.model.alerts import Alert
from tocsin.render.svg import Marker, Point, chart
from tocsin.render.words import cut, one_line
from tocsin.web.page import Page

#: Sessions that a chart shows, unless its alert is older.
SESSIONS = 120
#: Alerts with a letter.
_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettered:
    """An alert on a chart, and the moves from then to one and five sessions later, as shares."""

    letter: str
    alert: Alert
    after_one: float | None
    after_five: float | None
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChart:
    """The *drawing* of an instrument's prices, what it shows in *words*, and the alerts with a letter, the earliest first."""

    instrument: str
    unit: str
    drawing: Markup
    words: str
    alerts: tuple[Lettered, ...]

    @property
    def own(self) -> Lettered | None:
        """The alert that the page is about, if it is on the chart."""
        return next((one for one in self.alerts if one.own), None)


def points(series: Series, since: datetime | None = None, sessions: int = SESSIONS) -> list[Point]:
    """Return the last closes of *series* and its newest price: *sessions*, or all if those do not reach back to *since*."""
    closes = [(close.at, close.price) for close in series.closes]
    shown = closes[-sessions:]
    if since and shown and since < shown[0][0]:
        shown = closes
    newest = series.newest
    return [*shown, (newest.at, newest.price)] if newest and (not shown or newest.at > shown[-1][0]) else shown


def price_chart(
    page: Page, series: Series, alerts: Sequence[Alert], own: Alert | None = None, *, sessions: int = SESSIONS
) -> PriceChart | None:
    """Return the chart of *sessions* of *series* with the *alerts* about it. None if it has fewer than two prices.

    Those nearest to *own* have a letter, without it the newest.
    """
    shown = points(series, own.opened_at if own else None, sessions)
    if len(shown) < 2:
        return None
    middle = own.opened_at if own else shown[-1][0]
    there = {one.id: one for one in (*alerts, *((own,) if own else ())) if shown[0][0] <= one.opened_at <= page.now}
    near = sorted(there.values(), key=lambda one: (own is None or one.id != own.id, abs(one.opened_at - middle)))[
        :_MOST
    ]
    lettered = tuple(
        Lettered(
            letter=letter,
            alert=one,
            after_one=move_after(series, one.opened_at, 1),
            after_five=move_after(series, one.opened_at, 5),
            own=own is not None and one.id == own.id,
        )
        for letter, one in zip(ascii_uppercase, sorted(near, key=lambda one: one.opened_at), strict=False)
    )
    prices = [price for _, price in shown]
    instrument = series.instrument
    words = (
        f"{len(shown)} sessions from {prices[0]:f} to {prices[-1]:f}, lowest {min(prices):f}, highest {max(prices):f}."
    )
    markers = [
        Marker(
            # A session in progress ends at its newest price.
            at=min(one.alert.opened_at, shown[-1][0]),
            letter=one.letter,
            severity=one.alert.severity,
            title=cut(one_line(one.alert.title), 120),
            own=one.own,
        )
        for one in lettered
    ]
    return PriceChart(
        instrument=instrument.id,
        unit="/".join(filter(None, (instrument.currency, instrument.unit))),
        drawing=Markup(chart(shown, markers, zone=page.zone, title=f"{instrument.id}: {words}")),  # noqa: S704 (escaped there)
        words=words,
        alerts=lettered,
    )
