"""The query of a list of alerts: what it asks the store, and how each part of it is changed or taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from tocsin.model.alerts import AlertState
from tocsin.model.rules import Severity
from tocsin.store.queries.alert_search import AlertList
from tocsin.store.views import Which
from tocsin.web.page import Page
from tocsin.web.window import given

K = TypeVar("K", bound=StrEnum)
#: How far back a search for words looks unless it says so.
SEARCHED = timedelta(days=30)
#: The parts of the query that filter; `cursor` and `key` do not.
PARTS = ("q", "severity", "state", "since", "until", "rule", "label", "held", "suppressed")
_LONGEST = 200
_MOST_WORDS = 8
_FLAGS = {"held": "held back", "suppressed": "suppressed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value that a list could be filtered by: how many alerts have it, and the *address* that does so."""

    value: str
    count: int
    address: str
    chosen: bool


def which(page: Page) -> Which:
    """Return the filter that the query of *page* asks for.

    Raises:
        HTTPBadRequest: a part of it is not understood.
    """
    query = page.request.query
    words = tuple(query.get("q", "")[:_LONGEST].split()[:_MOST_WORDS])
    since = given(page, "since")
    return Which(
        words=words,
        severities=_members(page, "severity", Severity),
        states=_members(page, "state", AlertState),
        since=page.now - SEARCHED if words and not query.get("since") else since,
        until=given(page, "until"),
        rule=query.get("rule", "")[:_LONGEST],
        labels=tuple(_label(text) for text in _parts(query.get("label", ""))),
        held=bool(query.get("held")),
        suppressed=bool(query.get("suppressed")),
    )


def asked(page: Page) -> dict[str, str]:
    """Return the parts of the query of *page* that filter."""
    return {name: text for name in PARTS if (text := page.request.query.get(name, ""))}


def removable(page: Page) -> Iterator[tuple[str, str]]:
    """Yield each filter in words, and the address of the page without it."""
    for name, text in asked(page).items():
        if name in ("severity", "state", "label"):
            parts = _parts(text)
            for part in parts:
                rest = ",".join(other for other in parts if other != part)
                yield (part if name == "label" else f"{name} {part}"), page.address_with(**{name: rest})
        elif name in _FLAGS:
            yield _FLAGS[name], page.address_with(**{name: ""})
        else:
            yield f"{'words' if name == 'q' else name} {text[:60]}", page.address_with(**{name: ""})


def facets(page: Page, found: AlertList) -> dict[str, tuple[Choice, ...]]:
    """Return what the alerts that were *found* could be filtered by: severity, state, rule, and each of their labels."""
    return {
        name.removeprefix("label:"): tuple(_choices(page, name, values))
        for name, values in sorted(found.facets.items(), key=lambda item: (item[0].startswith("label:"), -len(item[1])))
    }


def _choices(page: Page, name: str, values: Iterable[tuple[str, int]]) -> Iterator[Choice]:
    part, _, label = name.partition(":")
    given = _parts(page.request.query.get(part, "")) if part != "rule" else [page.request.query.get("rule", "")]
    for value, count in values:
        text = f"{label}={value}" if label else value
        chosen = text in given
        wanted = ",".join([*given, text]) if label and not chosen else text
        yield Choice(value=value, count=count, address=page.address_with(**{part: wanted}), chosen=chosen)


def _members(page: Page, name: str, kind: type[K]) -> frozenset[K]:
    found = set()
    for text in _parts(page.request.query.get(name, "")):
        try:
            found.add(kind(text))
        except ValueError:
            raise web.HTTPBadRequest(text=f"{name}= has values of {', '.join(kind)}, with commas between.") from None
    return frozenset(found)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise web.HTTPBadRequest(text="label= is a name and a value, such as mineral=gallium.")
    return name, value


def days(opened: Sequence[tuple[datetime, object]], page: Page) -> list[tuple[str, list[object]]]:
    """Return what was *opened* by day of the zone of the pages: `Monday 2 March 2026`."""
    found: dict[str, list[object]] = {}
    for at, one in opened:
        local = at.astimezone(page.zone)
        found.setdefault(f"{local:%A} {local.day} {local:%B %Y}", []).append(one)
    return list(found.items())
