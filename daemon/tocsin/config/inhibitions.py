"""Inhibitions in the configuration: which alerts suppress which others."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from tocsin.config.routes import SelectionShape
from tocsin.config.yaml.shape import Duration, Shape, Texts, at_least
from tocsin.policy.notifying.inhibition import Inhibition
from tocsin.policy.notifying.route import Selection


def _some(which: SelectionShape) -> SelectionShape:
    if which.selection == Selection():
        raise ValueError("needs a test, such as {severity: critical}: no alert can suppress all others")
    return which


class InhibitionShape(Shape):
    """An inhibition in the file."""

    by: Annotated[SelectionShape, AfterValidator(_some)]
    """Tests of the alerts that suppress others while they are open, as of a route: severity, labels, event, rule."""
    silences: SelectionShape
    """Tests of the alerts that are suppressed. Those that pass `by` themselves are sent."""
    same: Texts = ()
    """Labels such as [mineral] of which both alerts must have the same values. Default: any two alerts."""
    lasts: Annotated[Duration, at_least(timedelta(minutes=1))] = Field(default=timedelta(hours=12), alias="for")
    """Time for which an alert is open after it was raised. One that somebody calls noise is open no longer."""


def make_inhibition(shape: InhibitionShape) -> Inhibition:
    """Return the inhibition that *shape* describes."""
    return shape.build(Inhibition, by=shape.by.selection, silences=shape.silences.selection)
