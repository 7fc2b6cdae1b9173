"""Plain text for services that read Markdown: the same words, and links that work."""

from __future__ import annotations

import re

_LINK = re.compile(r"(?<!\S)https?://[^\s<>\[\]]+")
#: What makes code of a sentence, and escapes what follows.
_TRAPS = str.maketrans({"`": "'", "\\": "＼"})


def markdown(text: str) -> str:
    """Return *text*, whose mentions are defused, as Markdown: lines end where they do, and nothing is code.

    Nothing is escaped: half of these services show a backslash, and none finds a link with one in it.
    """
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", text.translate(_TRAPS).replace("]:", "] :"))


def linked(text: str) -> str:
    """Return *text* with its addresses as links of Markdown, for services that find none by themselves."""
    return _LINK.sub(_link, text)


def _link(found: re.Match[str]) -> str:
    link = found[0].replace("(", "%28").replace(")", "%29")
    return f"[{link}]({link})"
