"""A message as plain text: complete, for every reader and every service."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.render.view import Link, Section, View

# A mention pings people on many services; a full-width sign says the same and pings nobody.
_MENTION = re.compile(r"(?<!\w)@(?=[\w&!])")


def text(view: View, *, neutral: bool) -> str:
    """The whole message; *neutral* takes the sting out of mentions."""
    blocks = ["\n".join(_section(section, view.word)) for section in view.sections]
    body = ("\n\n" + "-" * 40 + "\n\n").join(blocks)
    whole = f"{body}\n\ndelivery {view.delivery_id}\n"
    return _MENTION.sub("＠", whole) if neutral else whole


def _section(section: Section, word: str) -> Iterator[str]:
    prefix = f"{word}: " if word else ""
    yield f"{section.severity.upper()}  {prefix}{section.title}"
    if section.headline:
        yield from _link(section.headline, "")
    if section.detail:
        yield ""
        yield section.detail
    if section.quote:
        yield ""
        yield "> " + "".join(f"[{piece}]" if marked else piece for piece, marked in section.quote)
    yield ""
    yield "Why"
    yield from _rows(section.why)
    if section.note:
        yield ""
        yield section.note
    if section.related:
        yield ""
        yield f"Also reported ({len(section.related) + section.more})"
        for link in section.related:
            yield from _link(link, "  - ")
        if section.more:
            yield f"  - and {section.more} more"
    yield ""
    yield from _rows(section.times)


def _rows(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"  {name:<{width}}  {value}"


def _link(link: Link, bullet: str) -> Iterator[str]:
    publisher = f" ({link.publisher})" if link.publisher else ""
    yield f"{bullet}{link.text}{publisher}"
    if link.url:
        yield f"{' ' * len(bullet)}{link.url}"
