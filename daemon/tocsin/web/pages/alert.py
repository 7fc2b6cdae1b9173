"""One alert: what it says, why it was raised, what the price did, who was told, and what people answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from tocsin.config.reminders import following
from tocsin.explain.outline import outline
from tocsin.explain.sentence import because
from tocsin.market.summary import beside
from tocsin.model.alerts import Alert
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.records import AlertDetail, Card
from tocsin.model.rules import Severity
from tocsin.render.page import item
from tocsin.store.access import Queries
from tocsin.web.cards import Shown
from tocsin.web.page import Page, Route, get
from tocsin.web.pages.answers import done, in_words, since
from tocsin.web.pages.dates import ShownDate
from tocsin.web.price_chart import PriceChart, points, price_chart

#: Coverage and deliveries that are listed.
_MOST = 100
_TEXTS = ("title", "summary", "body")


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (get("/alerts/{number}", show),)


async def show(page: Page) -> web.Response:
    """Show one alert."""
    number = page.number()
    found = await page.read(_read, page, number)
    if found is None:
        page.unknown("alert", number)
    return page.show("alert.html", **found)


def _read(page: Page, number: int) -> Mapping[str, Any] | None:
    """Return the values of the page, all of one state of the database; None if there is no such alert."""
    with page.store.read.together() as read:
        detail = read.alert(number)
        if detail is None:
            return None
        content = detail.content
        deliveries = detail.deliveries[-_MOST:]
        answers = read.answers([number]).get(number, ())
        lead = content.lead
        texts = {name: getattr(lead, name) for name in _TEXTS} if lead else {}
        return {
            "alert": content.alert,
            "content": content,
            "shown": Shown.of(Card(content=content, answered=detail.answered), page),
            "part": item(content, page.zone, DeliveryKind.ALERT),
            "because": because(content),
            "tree": outline(content.evidence, texts, page.zone) if content.evidence else None,
            "entry": _entry(detail),
            "dates": [ShownDate(one, page) for one in detail.dates],
            "members": detail.members[:_MOST],
            "more_members": len(detail.members) - _MOST,
            "deliveries": deliveries,
            "following": following(page.daemon.config, read, detail, page.now),
            "attempts": read.attempts([one.id for one in deliveries]),
            "charts": _charts(page, read, content.alert),
            "answers": [(one, in_words(one, page)) for one in reversed(answers)],
            "meanwhile": [in_words(one, page) for one in since(page, answers)],
            "silence": _matchers(content.alert),
            "done": done(page, read),
        }


def _charts(page: Page, read: Queries, alert: Alert) -> Sequence[PriceChart]:
    """Return the charts of the instruments that the alert is shown with."""
    found = []
    for one in read.series(beside(alert.labels, page.daemon.config.instruments)).values():
        shown = points(one, alert.opened_at)
        least = max(alert.severity, Severity.MEDIUM, key=lambda level: level.rank)
        about = read.alerts_about(one.instrument, shown[0][0], least) if shown else ()
        found.append(price_chart(page, one, about, alert))
    return [one for one in found if one]


def _entry(detail: AlertDetail) -> int | None:
    """Return the number of the entry whose match leads the alert."""
    title = detail.content.lead.title if detail.content.lead else ""
    numbers = [one.entry_id for one in detail.members if one.entry_id is not None]
    leading = [one.entry_id for one in detail.members if one.entry_id is not None and one.title == title]
    return next(iter((*leading, *numbers)), None)


def _matchers(alert: Alert) -> str:
    """Return the matchers of a silence of alerts like this one: its rule, and the values of its key."""
    labels = [f"{name}={values[0]}" for name, values in alert.labels.items() if set(values) & set(alert.key)]
    return "\n".join((f"rule={alert.rule}", *labels))
