"""The part of the past that a page is about, and the place in its list, as its query names them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import NoReturn

from aiohttp import web

from tocsin import units
from tocsin.store.views import Place
from tocsin.web.page import Page

#: Longer spans than this are dates before any news.
_LONGEST = timedelta(days=36_500)


def since(page: Page, default: str = "30d") -> datetime:
    """Return the time that `since` of the query names: a span before now such as `30d`, or a date. Empty is *default*.

    Raises:
        HTTPBadRequest: it is neither.
    """
    return _moment(page, "since", page.request.query.get("since", "").strip() or default)


def given(page: Page, name: str) -> datetime | None:
    """Return the time that *name* of the query names, as `since` does. None if it is empty, or `all`.

    Raises:
        HTTPBadRequest: it is no time.
    """
    text = page.request.query.get(name, "").strip()
    return None if text in ("", "all") else _moment(page, name, text)


def place(page: Page) -> Place | None:
    """Return the place in a list that `cursor` of the query names; None at its beginning.

    Raises:
        HTTPBadRequest: it names none.
    """
    text = page.request.query.get("cursor", "")
    try:
        return Place.of(text) if text else None
    except ValueError:
        _bad_cursor()


def number_after(page: Page) -> int | None:
    """Return the cursor of a list that is ordered by numbers; None at its beginning.

    Raises:
        HTTPBadRequest: it is none.
    """
    text = page.request.query.get("cursor", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        _bad_cursor()
    return int(text)


def moment(page: Page, text: str) -> datetime:
    """Return the time that *text* names: a span before now such as `30d`, or a date.

    Raises:
        ValueError: with a predicate in words.
    """
    with suppress(ValueError):
        return page.now - min(units.parse_duration(text), _LONGEST)
    try:
        return units.parse_time(text[:40], page.zone)
    except ValueError:
        raise ValueError("is neither a span such as 30d nor a date such as 2026-03-01") from None


def _moment(page: Page, name: str, text: str) -> datetime:
    try:
        return moment(page, text)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"{name}= {error}.") from None


def _bad_cursor() -> NoReturn:
    # A list that began anew would never end.
    raise web.HTTPBadRequest(text="cursor= is not the next of an answer of this list: begin without it.")
