"""The shortest form of a message: what a telephone shows."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.model.alerts import AlertContent
from tocsin.render.words import defused, web_link

#: The place of the number of the alert in the brief form; the headline is before the link, and notes are behind.
NUMBER = 2


def brief(subject: str, tidings: Sequence[AlertContent]) -> tuple[str, ...]:
    """Return headline, link and number of the alert that leads; link and number are empty where there is none."""
    if not tidings:
        return (defused(subject),)
    lead = max(tidings, key=lambda item: item.alert.severity.rank)
    link = web_link(lead.lead.link) if lead.lead else ""
    return defused(subject), link, f"Alert {lead.alert.id}" if lead.alert.id > 0 else ""
