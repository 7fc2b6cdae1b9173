"""Alerts as messages: pure, and the same alerts always give the same message."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tocsin.model import DeliveryKind, Message, MessageKind, Tidings
from tocsin.render.hook import hook
from tocsin.render.html import html
from tocsin.render.page import page
from tocsin.render.plain import plain
from tocsin.render.preface import with_preface
from tocsin.render.reduced import reduced
from tocsin.render.slack import slack
from tocsin.render.subject import subject
from tocsin.render.times import late_line
from tocsin.render.words import defused

__all__ = ["late_line", "reduced", "render", "with_preface"]


def render(
    tidings: Sequence[Tidings],
    *,
    kind: MessageKind,
    delivery_id: str,
    delivery_kind: DeliveryKind,
    zone: ZoneInfo,
    thread: str = "",
) -> Message:
    """The message about *tidings* in the shape *kind*; the alert of the highest severity leads.

    *thread* is the id of the first delivery about the same to the same recipient.

    The content and its order are those of DESIGN 6. Feed text is neutralised for the place where it will stand: escaped
    in HTML and Slack, mentions and markup defused in text for other services, control characters gone everywhere.
    """
    content = page(tidings, delivery_id=delivery_id, kind=delivery_kind, zone=zone)
    line, text = subject(content), plain(content)
    if kind is MessageKind.MAIL:
        return Message(
            kind=kind,
            subject=line,
            text=text,
            html=html(content, line),
            pictures=content.pictures,
            thread=thread,
        )
    if kind is MessageKind.SLACK:
        return Message(kind=kind, subject=line, text=text, payload=slack(content, line), thread=thread)
    if kind is MessageKind.HOOK:
        content_of = hook(tidings, delivery_id=delivery_id, kind=delivery_kind, subject=line, text=text)
        return Message(kind=kind, subject=line, text=text, payload=content_of, thread=thread)
    if kind is MessageKind.TEXT:
        return Message(kind=kind, subject=defused(line), text=defused(text), thread=thread)
    return Message(kind=kind, subject=line, text=text, thread=thread)
