"""What is left of a message that a receiver refused for what it says: a short plain text."""

from __future__ import annotations

import json
from dataclasses import replace

from tocsin.model.deliveries import Message, MessageKind
from tocsin.render.slack import escaped
from tocsin.render.words import whole

#: Octets of UTF-8 that every service takes.
SHORTEST = 1000
#: Octets round the beginning of a text.
_ROUND = 5


def reduced(message: Message) -> Message:
    """Return *message* as its subject and the beginning of its text, without markup, pictures or blocks of its own."""
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
    """Return the text, or link and number where they are known, and its beginning."""
    octets = message.text.encode()
    if len(octets) <= SHORTEST:
        return message.text
    lines = "\n".join(part for part in message.brief[1:] if part and len(part) < SHORTEST // 2)
    begins = octets[: SHORTEST - len(lines.encode()) - _ROUND].decode(errors="ignore")
    return f"{lines}\n\n{begins[: whole(message.text, len(begins))].rstrip()}…".lstrip()
