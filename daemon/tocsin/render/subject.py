"""The subject of a message: one line that says how loud, what and where, short enough for every mail server."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from tocsin.render.view import View

#: Octets of the encoded header, folding included: servers refuse lines and headers that are longer (RFC 5321, 4.5.3.1.6).
LONGEST = 900
_CHARACTERS = 400


def subject_of(view: View) -> str:
    """`HIGH gallium: export restriction · China bans ...`, cut so that its encoded header stays under 900 octets."""
    lead = view.sections[0]
    parts = [f"{view.word}: {lead.title}" if view.word else lead.title]
    if lead.headline and lead.headline.text != lead.title:
        parts.append(lead.headline.text)
    if len(view.sections) > 1:
        parts[0] += f" (+{len(view.sections) - 1})"
    return cut(f"[{lead.severity.upper()}] {' · '.join(parts)}")


def cut(text: str) -> str:
    """*text* on one line, with an ellipsis where its end had to go."""
    text = " ".join(text.split())
    if len(text) <= _CHARACTERS and _octets(text) < LONGEST:
        return text
    low, high = 0, min(len(text), _CHARACTERS)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _octets(text[:middle] + "…") < LONGEST else (low, middle - 1)
    return text[:low].rstrip() + "…"


def _octets(text: str) -> int:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = text
    return len(message.as_bytes())
