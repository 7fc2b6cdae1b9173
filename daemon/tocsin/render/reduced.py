"""What is left of a message that a receiver refused for what it says: a short plain text."""

from __future__ import annotations

import json
from dataclasses import replace

from tocsin.model import Message, MessageKind
from tocsin.render.slack import escaped
from tocsin.render.words import cut

#: Characters that every service takes.
SHORTEST = 1500


def reduced(message: Message) -> Message:
    """*message* as its subject and the beginning of its text, without markup, pictures or blocks of its own."""
    text = cut(message.text, SHORTEST)
    payload = ""
    if message.kind is MessageKind.HOOK:
        kept = {name: value for name, value in json.loads(message.payload).items() if name in ("id", "type", "subject")}
        payload = json.dumps({**kept, "text": text}, ensure_ascii=False)
    elif message.payload:
        block = {"type": "section", "text": {"type": "plain_text", "text": text}}
        payload = json.dumps({"text": escaped(message.subject), "blocks": [block]}, ensure_ascii=False)
    return replace(message, text=text, html="", pictures=(), payload=payload)
