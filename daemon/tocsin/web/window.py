"""The part of the past that a page is about, as its query names it."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from tocsin import units
from tocsin.web.page import Page

#: Longer spans than this are dates before any news.
_LONGEST = timedelta(days=36_500)


def since(page: Page, default: str = "30d") -> datetime:
    """Return the time that `since` of the query names: a span before now such as `30d`, or a date. Empty is *default*.

    Raises:
        HTTPBadRequest: it is neither.
    """
    text = page.request.query.get("since", "").strip() or default
    try:
        return page.now - min(units.parse_duration(text), _LONGEST)
    except ValueError:
        pass
    try:
        return units.parse_time(text[:40], page.zone)
    except ValueError:
        words = "since= is neither a span such as 30d nor a date such as 2026-03-01."
        raise web.HTTPBadRequest(text=words) from None
