"""An alert as people see it: subject, text, HTML, blocks. Pure.

A message holds, in this order: headline and severity, the quote with the matched words marked, why it fired, related
coverage, the times, the delivery's id. Feed text is hostile: each kind neutralises it in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.model import DeliveryKind, Message, MessageKind, Tidings
from tocsin.render import mail, plain, slack
from tocsin.render.subject import subject_of
from tocsin.render.view import View, moment

#: A message that comes this long after it was wanted says so.
LATE = timedelta(minutes=2)


def render(
    tidings: Sequence[Tidings],
    *,
    kind: MessageKind,
    delivery_id: str,
    delivery_kind: DeliveryKind,
    zone: ZoneInfo,
) -> Message:
    """The message about *tidings*, of which the first leads, for a receiver of *kind*; times are in *zone* and in UTC."""
    view = View.of(tidings, delivery_id=delivery_id, kind=delivery_kind, zone=zone)
    subject = subject_of(view)
    text = plain.text(view, neutral=kind is MessageKind.TEXT)
    if kind is MessageKind.MAIL:
        return Message(kind=kind, subject=subject, text=text, html=mail.html(view))
    if kind is MessageKind.SLACK:
        return Message(kind=kind, subject=subject, text=text, payload=slack.payload(view))
    return Message(kind=kind, subject=subject, text=text)


def late_line(wanted: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The line that a late message begins with; empty when it is not late."""
    if now - wanted < LATE:
        return ""
    return f"Late: this was ready on {moment(wanted, zone)} and could not be delivered sooner."
