"""A message as Slack's Block Kit: https://docs.slack.dev/reference/block-kit and its mrkdwn escapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tocsin.model import Severity
from tocsin.render.view import Link, Section, View

#: Slack's limits: characters of a section's text, and blocks of a message (less the divider and the foot).
_TEXT = 3000
_BLOCKS = 46
_HEADLINE = 600
_MARKS = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.MEDIUM: "🟡",
    Severity.LOW: "🔵",
    Severity.INFO: "⚪",
}
# What formats text in mrkdwn is shown by a look-alike: mrkdwn has no escape for it.
_PLAIN = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "~": "∼", "`": "ˋ"})


def payload(view: View) -> str:
    """The JSON that an incoming webhook takes; its `text` is what a notification and a plain client show."""
    blocks: list[dict[str, Any]] = []
    for section in view.sections:
        if blocks:
            blocks.append({"type": "divider"})
        blocks += _blocks(section, view.word)
    blocks = [*blocks[:_BLOCKS], _context(f"delivery {view.delivery_id}")]
    lead = view.sections[0]
    fallback = "\n".join([_head(lead, view.word), *([_linked(lead.headline)] if lead.headline else [])])
    return json.dumps({"text": fallback[:_TEXT], "blocks": blocks}, ensure_ascii=False)


def _blocks(section: Section, word: str) -> Iterator[dict[str, Any]]:
    headline = f"\n*{_linked(section.headline)}*{_by(section.headline)}" if section.headline else ""
    yield _section(f"{_MARKS[section.severity]} {_head(section, word)}{headline}")
    if section.detail:
        yield _section(_escaped(section.detail))
    if section.quote:
        quote = "".join(f"*{_escaped(piece)}*" if marked else _escaped(piece) for piece, marked in section.quote)
        yield _section("> " + _bounded(quote))
    why = "\n".join(f"*{_escaped(name)}*  {_escaped(value)}" for name, value in section.why)
    yield _section(why)
    if section.note:
        yield _section(_escaped(section.note))
    if section.related:
        more = f"\n• and {section.more} more" if section.more else ""
        listed = "\n".join(f"• {_linked(link)}{_by(link)}" for link in section.related)
        yield _section(f"*Also reported*\n{listed}{more}")
    yield _context("  ·  ".join(f"{name} {value}" for name, value in section.times))


def _head(section: Section, word: str) -> str:
    prefix = f"{word}: " if word else ""
    return f"*{section.severity.upper()}*  {_escaped(prefix + section.title)}"


def _linked(link: Link) -> str:
    words = _escaped(link.text[:_HEADLINE])
    if not link.url:
        return words
    # Within a link a pipe or a bracket would end the address.
    url = link.url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{url}|{words.replace('|', '¦')}>" if len(url) < _TEXT // 2 else words


def _by(link: Link) -> str:
    return f"  _{_escaped(link.publisher).replace('_', ' ')}_" if link.publisher else ""


def _escaped(text: str) -> str:
    return text.translate(_PLAIN)


def _bounded(text: str) -> str:
    return text if len(text) < _TEXT - 10 else text[: _TEXT - 10].rpartition(" ")[0] + "…"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _bounded(text)}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(text)[:_TEXT]}]}
