"""Links by which the reader of a message answers an alert: their names, and their mask where a message is shown again."""

from __future__ import annotations

import re
from dataclasses import replace

from tocsin.model.deliveries import Message

#: A link up to its signature, and the signature: without it nobody can use the link.
_LINK = re.compile(r"(/a/1\.[0-9]{1,18}\.[a-z]{1,16}\.[A-Za-z0-9._-]{1,64}\.[0-9]{1,12}\.)[a-z2-7]{26}")
_MASK = r"\1(hidden)"


def masked(message: Message) -> Message:
    """Return *message* as it may be shown to people other than its reader: no link in it can answer an alert."""
    return replace(
        message,
        subject=masked_text(message.subject),
        text=masked_text(message.text),
        html=masked_text(message.html),
        payload=masked_text(message.payload),
        brief=tuple(map(masked_text, message.brief)),
    )


def masked_text(text: str) -> str:
    """Return a part of a message, or a server's words about it, without the signatures of its links."""
    return _LINK.sub(_MASK, text)
