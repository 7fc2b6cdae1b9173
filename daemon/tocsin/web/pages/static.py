"""The style, the script and the icon: files of a fixed list, read when they are first asked for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from aiohttp import web

from tocsin.web.page import Page, Route

_TYPES = {"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


def routes() -> tuple[Route, ...]:
    """Return the route, which needs no login: the page of the login has a style, too."""
    return (Route(method="GET", path="/static/{name}", handler=serve, may=None),)


async def serve(page: Page) -> web.Response:
    """Answer with the file; a path never reaches the file system."""
    name = page.part("name")
    if name not in _TYPES:
        page.missing("There is no such file.")
    headers = {"Cache-Control": "max-age=300"}
    return web.Response(body=_content(name), content_type=_TYPES[name], charset="utf-8", headers=headers)


@cache
def _content(name: str) -> bytes:
    return (files("tocsin.web") / "static" / name).read_bytes()
