"""Errors of the API as problem details (RFC 9457), with the faults of what was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from tocsin.errors import Problem
from tocsin.render.words import seen


class RefusedError(web.HTTPUnprocessableEntity):
    """What was sent cannot be used; *problems* are its faults."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(text="What was sent cannot be used as it is.")
        self.problems = tuple(problems)


class BusyError(web.HTTPTooManyRequests):
    """Another request of this kind is being answered."""

    def __init__(self) -> None:
        super().__init__(text="Another one is being answered. Try again in a second.", headers={"Retry-After": "1"})


def problem_details(error: web.HTTPException) -> web.Response:
    """Return *error* as the API answers it."""
    problems = error.problems if isinstance(error, RefusedError) else ()
    details = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": seen(error.text or error.reason),
        **({"problems": [_object(problem) for problem in problems]} if problems else {}),
    }
    text = json.dumps(details, ensure_ascii=False)
    return web.Response(text=text, status=error.status, content_type="application/problem+json")


def _object(problem: Problem) -> dict[str, object]:
    at = problem.position
    return {
        "file": at.file if at else "",
        "line": at.line if at else None,
        "column": at.column if at else None,
        "message": seen(problem.sentence),
        "excerpt": seen(problem.excerpt[:_LONGEST]),
    }


_LONGEST = 500
