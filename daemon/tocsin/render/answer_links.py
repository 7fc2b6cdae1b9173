"""Links by which the reader of a message answers an alert: their names, and their mask where a message is shown again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from tocsin.model.alerts import Alert, AnswerKind, AnswerLinks, no_links
from tocsin.model.deliveries import Message, MessageKind

#: Time for which a link snoozes an alert.
SNOOZE = timedelta(hours=4)
#: What buttons and links are called.
NAMES = {
    AnswerKind.ACK: "Seen",
    AnswerKind.SNOOZE: "Snooze 4 h",
    AnswerKind.USEFUL: "Useful",
    AnswerKind.NOISE: "Noise",
}
#: A link up to its signature, and the signature: without it nobody can use the link. A server may repeat the link with its
#: slashes encoded, or cut it where so little is missing that the rest can be guessed.
_LINK = re.compile(
    rf"(1\.[0-9]{{1,18}}\.(?:{'|'.join(AnswerKind)})\.[A-Za-z0-9._-]{{1,64}}\.[0-9]{{1,12}}\.)[a-z2-7]{{1,26}}"
)
_MASK = r"\1(hidden)"


def links_in(kind: MessageKind, links: AnswerLinks) -> AnswerLinks:
    """Return the *links* that a message of *kind* shows: all, or the first, whose page has buttons for the others, or none."""
    if kind is MessageKind.CONSOLE:
        return no_links  # its reader has the commands at hand, and what it prints may be kept for others to read
    if kind is MessageKind.TEXT:
        return lambda alert: dict(islice(links(alert).items(), 1))  # a chat shows whole addresses
    return links


def named(links: AnswerLinks, alert: Alert) -> tuple[tuple[str, str], ...]:
    """Return names and addresses of the *links* of an alert. A single one is called `Answer`."""
    found = links(alert)
    return tuple((NAMES[kind] if len(found) > 1 else "Answer", link) for kind, link in found.items())


def masked(message: Message) -> Message:
    """Return *message* as it may be shown to people other than its reader: no link in it can answer an alert."""
    return replace(
        message,
        subject=masked_text(message.subject),
        text=masked_text(message.text),
        html=masked_text(message.html),
        payload=masked_text(message.payload),
        brief=tuple(map(masked_text, message.brief)),
        answers=(),
    )


def masked_text(text: str) -> str:
    """Return a part of a message, or a server's words about it, without the signatures of its links."""
    return _LINK.sub(_MASK, text)
