"""The body of a request to the API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aiohttp import web

from tocsin.config.bodies import fault, read_body
from tocsin.config.yaml.shape import Shape
from tocsin.errors import ConfigError
from tocsin.web.page import Page
from tocsin.web.problems import RefusedError

S = TypeVar("S", bound=Shape)
T = TypeVar("T")


async def body_of(page: Page, kind: type[S]) -> S:
    """Return the body of the request as *kind*. Errors are those of `parsed`."""
    return await parsed(page, partial(read_body, kind))


async def parsed(page: Page, read: Callable[[bytes], T]) -> T:
    """Return what *read* makes of the body of the request.

    Raises:
        HTTPUnsupportedMediaType: it does not say that it is JSON.
        RefusedError: it has faults.
    """
    if page.request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON, with the header Content-Type: application/json.")
    try:
        # A large body takes a tenth of a second, in which polls and messages must go on.
        return await page.read(read, await page.request.read())
    except ConfigError as error:
        raise RefusedError(error.problems) from None


def refuse(body: Shape, key: str, words: str) -> RefusedError:
    """Return the error that the value of *key* in *body* cannot be used: *words* are a predicate or a sentence."""
    return RefusedError([fault(body, key, "; ".join(words.splitlines()))])
