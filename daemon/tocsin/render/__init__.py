"""Alerts as messages: pure, and the same alerts always give the same message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import DeliveryKind, Message, MessageKind
from tocsin.render.brief import brief
from tocsin.render.digest import digest
from tocsin.render.hook import hook
from tocsin.render.html import digest_html, html
from tocsin.render.page import page
from tocsin.render.plain import digest_plain, plain
from tocsin.render.preface import with_preface
from tocsin.render.reduced import reduced
from tocsin.render.roundup import Roundup
from tocsin.render.slack import digest_slack, slack
from tocsin.render.subject import digest_subject, subject
from tocsin.render.times import held_line, late_line
from tocsin.render.words import defused

__all__ = ["held_line", "late_line", "reduced", "render", "with_preface"]

#: Messages that are looked through rather than read.
DIGESTS = (DeliveryKind.DIGEST, DeliveryKind.CATCH_UP)
#: Alerts on a line in a digest for a chat, which cuts long messages into many.
MOST_IN_CHATS = 10


def render(
    tidings: Sequence[AlertContent],
    *,
    kind: MessageKind,
    delivery_id: str,
    delivery_kind: DeliveryKind,
    zone: ZoneInfo,
    thread: str = "",
    subjects: Sequence[str] = (),
    roundup: Roundup | None = None,
) -> Message:
    """Return the message about *tidings* in the shape *kind*; the alert of the highest severity leads.

    *thread* is the id of the first delivery about the same to the same recipient, *subjects* those of the messages since;
    *roundup* is what a digest says beside its alerts.

    Feed text is neutralised for the place where it will stand: escaped
    in HTML and Slack, mentions and markup defused in text for other services, control characters gone everywhere.
    """
    if delivery_kind in DIGESTS:
        message = _digest(tidings, kind, delivery_id, delivery_kind, zone, roundup=roundup)
    else:
        # A conversation is held together by its subject in mail programs only.
        earlier = subjects if kind is MessageKind.MAIL else ()
        message = _page(tidings, kind, delivery_id, delivery_kind, zone, earlier=earlier)
    if kind is MessageKind.HOOK:
        payload = hook(tidings, delivery_id=delivery_id, kind=delivery_kind, subject=message.subject, text=message.text)
        message = replace(message, payload=payload)
    if kind is MessageKind.TEXT:
        short = brief(message.subject, tidings)
        message = replace(message, subject=defused(message.subject), text=defused(message.text), brief=short)
    return replace(message, thread=thread)


def _page(
    tidings: Sequence[AlertContent],
    kind: MessageKind,
    delivery_id: str,
    delivery_kind: DeliveryKind,
    zone: ZoneInfo,
    *,
    earlier: Sequence[str],
) -> Message:
    content = page(tidings, delivery_id=delivery_id, kind=delivery_kind, zone=zone)
    line = subject(content, earlier)
    message = Message(kind=kind, subject=line, text=plain(content))
    if kind is MessageKind.MAIL:
        return replace(message, html=html(content, line), pictures=content.pictures)
    return replace(message, payload=slack(content, line)) if kind is MessageKind.SLACK else message


def _digest(
    tidings: Sequence[AlertContent],
    kind: MessageKind,
    delivery_id: str,
    delivery_kind: DeliveryKind,
    zone: ZoneInfo,
    *,
    roundup: Roundup | None,
) -> Message:
    content = digest(tidings, delivery_id=delivery_id, kind=delivery_kind, zone=zone, roundup=roundup)
    if kind is MessageKind.TEXT:
        content = content.short(MOST_IN_CHATS)
    line = digest_subject(content)
    message = Message(kind=kind, subject=line, text=digest_plain(content))
    if kind is MessageKind.MAIL:
        return replace(message, html=digest_html(content, line), pictures=content.pictures)
    return replace(message, payload=digest_slack(content, line)) if kind is MessageKind.SLACK else message
