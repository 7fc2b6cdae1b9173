"""Answers of the API: an object, or a part of a list with the place where the next part begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from aiohttp import web

from tocsin.config.web import Right
from tocsin.render.objects import plain
from tocsin.store.views import Place
from tocsin.web.page import Handler, Page, Route

T = TypeVar("T")
#: Below this path lies the API.
FOLDER = "/api/v1"
#: Objects of one answer.
PAGE = 50
_LONGEST = 200


def get(path: str, handler: Handler) -> Route:
    """Return the route of an answer to read."""
    return Route(method="GET", path=f"{FOLDER}{path}", handler=handler)


def post(path: str, handler: Handler, may: Right = Right.READ) -> Route:
    """Return the route of a question that needs a body; that of an act is `act` of `web/api/acts.py`."""
    return Route(method="POST", path=f"{FOLDER}{path}", handler=handler, may=may)


def answer(value: Any, *, status: int = 200) -> web.Response:
    """Return *value* as JSON, as `--json` prints it."""
    return web.Response(text=written(value), status=status, content_type="application/json")


def written(value: Any) -> str:
    """Return *value* as the text of an answer."""
    return json.dumps(plain(value), ensure_ascii=False)


def listed(items: Iterable[Any], following: str | int | Place | None) -> web.Response:
    """Return a part of a list; *following* is the cursor of the next one, None at the end."""
    return answer({"items": list(items), "next": None if following is None else str(following)})


def part_of(page: Page, items: Sequence[T], name: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """Return the part of *items* that the cursor asks for, in the order of their *name*, and the next cursor."""
    after = page.request.query.get("cursor", "")
    rest = sorted((item for item in items if name(item) > after), key=name)
    return rest[:PAGE], name(rest[PAGE - 1]) if len(rest) > PAGE else None


def words(page: Page, name: str) -> str:
    """Return the text of *name* in the query; empty if it is not there."""
    return page.request.query.get(name, "").strip()[:_LONGEST]
