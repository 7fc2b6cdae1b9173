"""Rendering of alerts as messages. It is pure: the same alerts always give the same message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import DeliveryKind, Message, MessageKind
from tocsin.render.digest import Roundup, digest
from tocsin.render.hook import hook
from tocsin.render.html import digest_html, html
from tocsin.render.kept import reduced, with_preface
from tocsin.render.page import page
from tocsin.render.plain import brief, digest_plain, plain
from tocsin.render.slack import digest_slack, slack
from tocsin.render.subject import digest_subject, subject
from tocsin.render.times import held_line, late_line
from tocsin.render.words import defused

__all__ = ["held_line", "late_line", "reduced", "render", "with_preface"]

#: Kinds of message that people skim rather than read.
DIGESTS = (DeliveryKind.DIGEST, DeliveryKind.CATCH_UP)
#: One-line alerts in a digest for a chat service, which splits long messages.
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
    """Return the message about *tidings* in the form *kind*. The alert of the highest severity leads.

    *thread* is the id of the first delivery about the same alert to the same recipient, and *subjects* are those of the
    messages since. *roundup* is the content of a digest beside its alerts.

    Feed text is neutralised for each form: escaped in HTML and Slack, with mentions and markup defused in text for other services. Control characters are removed everywhere.
    """
    if delivery_kind in DIGESTS:
        summary = digest(tidings, delivery_id=delivery_id, kind=delivery_kind, zone=zone, roundup=roundup)
        if kind is MessageKind.TEXT:
            summary = summary.short(MOST_IN_CHATS)
        line, text, pictures = digest_subject(summary), digest_plain(summary), summary.pictures
        as_html, as_slack = partial(digest_html, summary, line), partial(digest_slack, summary, line)
    else:
        content = page(tidings, delivery_id=delivery_id, kind=delivery_kind, zone=zone)
        # Only mail programs group a conversation by its subject.
        line = subject(content, subjects if kind is MessageKind.MAIL else ())
        text, pictures = plain(content), content.pictures
        as_html, as_slack = partial(html, content, line), partial(slack, content, line)
    message = Message(kind=kind, subject=line, text=text, thread=thread)
    match kind:
        case MessageKind.MAIL:
            return replace(message, html=as_html(), pictures=pictures)
        case MessageKind.SLACK:
            return replace(message, payload=as_slack())
        case MessageKind.HOOK:
            payload = hook(tidings, delivery_id=delivery_id, kind=delivery_kind, subject=line, text=text)
            return replace(message, payload=payload)
        case MessageKind.TEXT:
            return replace(message, subject=defused(line), text=defused(text), brief=brief(line, tidings))
    return message
