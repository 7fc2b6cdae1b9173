"""Routes in the configuration: which alerts go to which receivers."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Annotated

from pydantic import AfterValidator, Field

from tocsin.config.yaml.shape import Shape, Texts
from tocsin.errors import meant
from tocsin.model.rules import Severity
from tocsin.policy.notifying.route import Route, Selection

_SEVERITY = re.compile(r"\s*(>=|<=|>|<|=)?\s*([a-z]+)\s*$")


class SelectionShape(Shape):
    """Tests of alerts in the file."""

    severity: Annotated[str, AfterValidator(lambda text: _comparison(text) and text)] | None = None
    """A severity, or a comparison with one, such as ">= high"."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels that an alert must have, such as {mineral: lithium}."""
    event: str = ""
    """An event or the beginning of one: trade fits trade.export.restrict."""
    rule: str = ""
    """A rule (pack/id, or the id alone), or a pack."""

    @property
    def selection(self) -> Selection:
        """The tests as decisions use them."""
        return self.build(Selection, severity=_comparison(self.severity) if self.severity else None)


class RouteShape(SelectionShape):
    """A route in the file."""

    to: Texts
    """The receivers that this route adds."""
    origins: int | None = Field(default=None, ge=2, le=50)
    """Notify these receivers again when this many independent origins report the same. Default: not again."""


def make_route(route: RouteShape, on: Container[str]) -> Route:
    """Return the route that *route* describes; of its receivers those that are *on*."""
    return route.build(Route, to=tuple(name for name in route.to if name in on), which=route.selection)


def _comparison(text: str) -> tuple[str, Severity]:
    """Return the operator and the level of *text*.

    Raises:
        ValueError: *text* is neither a level nor a comparison with one.
    """
    found = _SEVERITY.match(text)
    if not found or found[2] not in list(Severity):
        likely = meant(found[2], list(Severity)) if found else ""
        words = f'must be a level, or a comparison such as ">= high"; the levels are {", ".join(Severity)}{likely}'
        raise ValueError(words)
    return found[1] or "=", Severity(found[2])
