"""Silences in the configuration, which recur."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator

from tocsin.config.windows import Windows, WindowShape, several
from tocsin.config.yaml.shape import Shape, Texts
from tocsin.policy.notifying.silence import RecurringSilence, parse


def _no_map(value: Any) -> Any:
    if isinstance(value, Mapping):
        raise ValueError('must be a list of matchers such as [mineral=lithium, "severity<=low"]')
    return value


def _matchers(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise ValueError("needs a matcher, such as mineral=lithium")
    for text in texts:
        parse(text)
    return texts


class SilenceShape(Shape):
    """A silence in the file."""

    match: Annotated[Texts, BeforeValidator(_no_map), AfterValidator(_matchers)]
    """Matchers that must all be true, as for `tocsin silences add`: mineral=lithium, rule=ban, event=price, severity<=low."""
    during: Windows[WindowShape]
    """When messages about such alerts are suppressed: one window, or a list of them, in the time zone of the file."""
    why: str = ""
    """The reason, which is shown with each message that it suppresses."""


def make_silence(shape: SilenceShape, zone: ZoneInfo) -> RecurringSilence:
    """Return the silence that *shape* describes, by the clocks in *zone*."""
    windows = tuple(one.window for one in several(shape.during))
    return RecurringSilence(matchers=tuple(map(parse, shape.match)), windows=windows, zone=zone, why=shape.why)
