"""Alerts as pages show them: the headline with its evidence, and prices since the alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from tocsin.market.series import Series
from tocsin.market.summary import beside, move_since, summary
from tocsin.model.alerts import Alert, AlertState
from tocsin.model.records import Card
from tocsin.render.quotes import Piece, headline, words
from tocsin.render.svg import sparkline
from tocsin.render.words import cut, host, one_line, web_link
from tocsin.store.access import Queries
from tocsin.web.page import Page

_MOST_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSince:
    """The price of an *instrument* and its *move* since an alert, as a share; None if no quote came since."""

    instrument: str
    drawing: Markup
    move: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An alert as a list shows it: its *headline* in pieces, *by* whom and when, and the *words* that met its rule."""

    card: Card
    headline: tuple[Piece, ...]
    by: tuple[str, ...]
    words: tuple[str, ...]
    state: AlertState
    prices: tuple[PriceSince, ...] = field(default=())

    @property
    def alert(self) -> Alert:
        """The alert itself."""
        return self.card.alert

    @classmethod
    def of(cls, card: Card, page: Page) -> Shown:
        """Return *card* as *page* shows it, without prices."""
        lead, evidence = card.content.lead, card.content.evidence
        pieces = headline(lead, evidence) if lead else ()
        by: tuple[str, ...] = ()
        if lead:
            where = host(web_link(lead.link))
            who = cut(one_line(lead.publisher or lead.source), 100)
            named = where.casefold() in who.casefold()
            by = (
                who,
                *((cut(where, 100),) if where and not named else ()),
                page.local(lead.published or lead.first_seen),
            )
        return cls(
            card=card,
            headline=pieces or (Piece(text=cut(one_line(card.alert.title), 300)),),
            by=by,
            words=tuple(cut(word, 60) for word in words(lead, evidence)[:_MOST_WORDS]) if lead else (),
            state=card.answered.state(page.now),
        )


def with_prices(page: Page, read: Queries, cards: Sequence[Card], series: Mapping[str, Series]) -> list[Shown]:
    """Return *cards* as *page* shows them, with at most two instruments each of *series*, which are by id."""
    instruments = [beside(card.alert.labels, page.daemon.config.instruments) for card in cards]
    places = {(item.id, card.alert.opened_at) for card, items in zip(cards, instruments, strict=True) for item in items}
    before = read.prices_at(places)
    drawings = {name: drawing(found.points) for name, one in series.items() if (found := summary(one, page.now))}
    return [
        replace(
            Shown.of(card, page),
            prices=tuple(
                PriceSince(
                    instrument=item.id,
                    drawing=drawings[item.id],
                    move=move_since(series[item.id], at, before.get((item.id, at))),
                )
                for item in items
                if item.id in drawings
            ),
        )
        for card, items in zip(cards, instruments, strict=True)
        for at in [card.alert.opened_at]
    ]


def drawing(points: Sequence[tuple[datetime, Decimal]]) -> Markup:
    """Return a sparkline for a page; it has nothing of strangers in it."""
    return Markup(sparkline(points))  # noqa: S704 (numbers alone)
