"""Escalations in the configuration: who else is sent what nobody answers."""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta
from typing import Annotated

from tocsin.config.routes import SelectionShape
from tocsin.config.yaml.shape import Duration, Texts, at_least
from tocsin.policy.notifying.reminders import Escalation


class EscalationShape(SelectionShape):
    """An escalation in the file."""

    after: Annotated[Duration, at_least(timedelta(minutes=1))]
    """Time without an answer after the first message about an alert was due."""
    to: Texts
    """The receivers that are sent the alert then, unless they know it."""


def make_escalation(shape: EscalationShape, on: Container[str]) -> Escalation:
    """Return the escalation that *shape* describes; of its receivers those that are *on*."""
    return shape.build(Escalation, to=tuple(name for name in shape.to if name in on), which=shape.selection)
