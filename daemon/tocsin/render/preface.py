"""One line before a message that was rendered earlier: all else stays as it was kept."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape

from tocsin.model.deliveries import Message, MessageKind
from tocsin.render.slack import plain_context

#: Where mail.html leaves room; feed text cannot hold it, since its brackets are escaped.
_ROOM = "<!-- preface -->"
_ROW = '<tr><td style="padding: 12px 24px 0 24px; font: 600 14px sans-serif; color: #c2410c;">{}</td></tr>'


def with_preface(message: Message, preface: str) -> Message:
    """Return *message* with the line *preface* at the top of every part; the message itself when it is empty."""
    if not preface:
        return message
    payload = message.payload
    if payload:
        content = json.loads(payload)
        if message.kind is MessageKind.SLACK:
            content["blocks"] = [plain_context(preface), *content["blocks"]]
        else:
            content["note"] = preface
        payload = json.dumps(content, ensure_ascii=False)
    return replace(
        message,
        text=f"{preface}\n\n{message.text}",
        html=message.html.replace(_ROOM, _ROW.format(escape(preface)), 1),
        payload=payload,
        brief=(*message.brief, preface) if message.brief else (),
    )
