"""Changes to a stored rendered message: a line added at the top, or a reduction to short plain text."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape

from tocsin.model.deliveries import Message, MessageKind
from tocsin.render.slack import escaped, plain_context
from tocsin.render.words import whole

#: The marker in mail.html for this line. Feed text cannot contain it, because its brackets are escaped.
_ROOM = "<!-- preface -->"
_ROW = '<tr><td style="padding: 12px 24px 0 24px; font: 600 14px sans-serif; color: #c2410c;">{}</td></tr>'
#: Bytes of UTF-8 that every service accepts.
SHORTEST = 1000
#: Bytes around the beginning of a text.
_ROUND = 5


def with_preface(message: Message, preface: str) -> Message:
    """Return *message* with the line *preface* at the top of every part. An empty *preface* changes nothing."""
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


def reduced(message: Message) -> Message:
    """Return *message* reduced to its subject and the beginning of its text, without markup, pictures or blocks."""
    text = _short(message)
    payload = ""
    if message.kind is MessageKind.HOOK:
        kept = {name: value for name, value in json.loads(message.payload).items() if name in ("id", "type", "subject")}
        payload = json.dumps({**kept, "text": text}, ensure_ascii=False)
    elif message.payload:
        block = {"type": "section", "text": {"type": "plain_text", "text": text}}
        payload = json.dumps({"text": escaped(message.subject), "blocks": [block]}, ensure_ascii=False)
    return replace(message, text=text, html="", pictures=(), payload=payload)


def _short(message: Message) -> str:
    """Return link and number, if they are known, and the beginning of the text."""
    octets = message.text.encode()
    if len(octets) <= SHORTEST:
        return message.text
    lines = "\n".join(part for part in message.brief[1:] if part and len(part) < SHORTEST // 2)
    begins = octets[: SHORTEST - len(lines.encode()) - _ROUND].decode(errors="ignore")
    return f"{lines}\n\n{begins[: whole(message.text, len(begins))].rstrip()}…".lstrip()
