"""A message as Slack's blocks. Feed text is escaped, so only our own links and marks are markup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tocsin.render.digest import Digest, Part
from tocsin.render.page import Item, Page, Reference
from tocsin.render.quotes import Quote
from tocsin.render.severity import COLOURS, SIGNS
from tocsin.render.ticker import Ticker
from tocsin.render.words import cut

#: Slack's limits: characters of a text, and blocks of a message less one for a line about lateness.
MOST_CHARACTERS = 3000
MOST_BLOCKS = 49
_LONGEST_LINK = 1000
#: Most lines of a digest about alerts, and about other things.
_MOST_LINES = 12
_MOST_PAIRS = 4

Block = dict[str, Any]


def slack(page: Page, subject: str) -> str:
    """Return the payload as JSON: `text`, which notifications show, and `blocks`."""
    blocks = [plain_context(page.banner)] if page.banner else []
    for number, item in enumerate(page.items):
        blocks += [{"type": "divider"}] * bool(number) + list(_blocks(item))
    blocks += [_section(text) for text in _packed(_brief(page))]
    updates = "".join(f"\n{item.news} ({item.known})" for item in page.items if item.news)
    return _payload(subject + updates, blocks[:MOST_BLOCKS], page.delivery_id, page.items)


def digest_slack(digest: Digest, subject: str) -> str:
    """Return the short form of a digest: one line per alert, the movers, and counts of the rest."""
    lines = [f"*Needs an answer*: {_line(story)}" for story in digest.needs[:_MOST_LINES]]
    lines += [_line(story) for story in (*digest.stories, *digest.brief)[:_MOST_LINES]]
    left = digest.size - _MOST_LINES
    lines += [f"and {left} more: `tocsin alerts list`"] * (left > 0)
    movers = [f"{escaped(price.name)} {price.move} {price.blocks}".rstrip() for price in digest.movers]
    small = [
        "Movers: " + " · ".join(movers) if movers else "",
        _named("Held back", digest.held),
        _named("Sources that cannot be read", digest.ailing),
        escaped(digest.counts),
        escaped(digest.answer),
    ]
    blocks = [
        plain_context(digest.banner),
        *map(_section, _packed(lines)),
        *(_context([text]) for text in filter(None, small)),
    ]
    return _payload(subject, blocks, digest.delivery_id, digest.stories)


def _payload(text: str, blocks: Sequence[Block], delivery_id: str, items: Sequence[Item]) -> str:
    """Return the payload, with a bar in the colour of the first of *items*, which is the most severe, at its foot.

    Slack has no colours but in attachments, of which it hides whatever it finds long.
    """
    foot = escaped(f"Delivery {delivery_id}")
    colour = {"color": COLOURS[items[0].severity]} if items else {}
    payload = {
        "text": escaped(text),
        "blocks": blocks,
        "attachments": [{**colour, "fallback": foot, "text": foot}],
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return json.dumps(payload, ensure_ascii=False)


def plain_context(text: str) -> Block:
    """Return one small line without markup."""
    return _context([escaped(text)])


def escaped(text: str, limit: int = MOST_CHARACTERS) -> str:
    """Return *text* with Slack's three special characters as entities, at most *limit* characters with them."""
    size = limit
    while True:
        shown = cut(text, size).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if len(shown) <= limit:
            return shown
        size = size * 4 // 5


def _blocks(item: Item) -> Iterator[Block]:
    if item.news:
        yield _section(f"*{escaped(item.news, 1000)}*\n{escaped(item.known, 1000)}")
    head = f"{SIGNS[item.severity]} *{item.severity.upper()}*  {escaped(item.title, 600)}"
    lines = [head, *_headline(item.headline), escaped(item.detail, 1000)]
    yield from map(_section, _packed(filter(None, lines)))
    quoted = [f">{_marked(quote)}" for quote in item.quotes]
    yield from map(_section, _packed(quoted))
    yield {"type": "section", "fields": [_text(f"*{name}*\n{escaped(value, 1500)}") for name, value in item.why]}
    yield from [_context([f"*Note:* {escaped(item.note, 1000)}"])] * bool(item.note)
    yield from map(_section, _packed(line for price in item.prices for line in _price(price)))
    yield from _listed("Because", item.because)
    yield from _listed(item.coverage, item.related, item.more_related)
    yield plain_context(" · ".join(f"{name}: {value}" for name, value in item.times))
    taps = [" · ".join(_tap(name, link) for name, link in item.answers)] if item.answers else []
    yield from [_context([*taps, escaped(item.answer)])] * bool(item.answer)


def _line(item: Item) -> str:
    title = f"{SIGNS[item.severity]} *{item.severity.upper()}* {escaped(item.title, 300)}"
    headline = (_linked(item.headline, 300), escaped(item.headline.translated, 300))
    return "  ".join(filter(None, (title, *headline, escaped(item.about, 300), *_answer(item))))


def _tap(name: str, link: str) -> str:
    return f"<{link.replace('&', '&amp;')}|{name}>"


def _answer(item: Item) -> list[str]:
    return [_tap("Answer", item.to_answer)] if item.to_answer else []


def _named(head: str, part: Part) -> str:
    found = [f"{escaped(what, 200)} ({escaped(about, 250)})" for what, about in part.lines[:_MOST_PAIRS]]
    left = len(part.lines) + part.more - len(found)
    return f"{head}: {'; '.join([*found, *[f'and {left} more'] * bool(left)])}" if found else ""


def _price(price: Ticker) -> Iterator[str]:
    yield f"*{escaped(price.name)}*  {escaped(price.line, 1000)}"
    yield escaped(price.age)
    if price.blocks:
        yield f"{price.blocks}  {escaped(price.span)}"
    if price.often:
        yield escaped(price.often)


def _listed(head: str, references: Sequence[Reference], more: int = 0) -> Iterator[Block]:
    if references:
        found = [
            "  ".join(
                filter(None, (f"• {_linked(other, 300)}", escaped(other.translated, 300), escaped(other.by, 300)))
            )
            for other in references
        ]
        lines = [f"*{head}*", *found, *[f"• and {more} more"] * bool(more)]
        yield from (_context([text]) for text in _packed(lines))


def _headline(reference: Reference) -> list[str]:
    if not reference.headline:
        return []
    headline = f"*{_linked(reference, MOST_CHARACTERS - _LONGEST_LINK - 10)}*"
    return [headline, *filter(None, [escaped(reference.translated, 1000)]), escaped(reference.by, 300)]


def _linked(reference: Reference, limit: int) -> str:
    label = escaped(reference.headline, limit)
    link = reference.link.replace("&", "&amp;")
    return f"<{link}|{label}>" if link and label and len(link) <= _LONGEST_LINK else label


def _marked(quote: Quote) -> str:
    """Return the quote with matched words in bold. Slack needs spaces around bold text, so invisible ones are added."""
    shown = ""
    for piece in quote.pieces:
        left = MOST_CHARACTERS - 20 - len(shown)
        if left < 20:
            break
        text = escaped(piece.text, left)
        shown += f"\u200b*{text}*\u200b" if piece.marked else text
    return shown


def _brief(page: Page) -> list[str]:
    lines = [
        "  ".join(
            filter(
                None,
                (
                    f"• *{item.severity.upper()}*",
                    escaped(item.title, 300),
                    _linked(item.headline, 300),
                    escaped(item.headline.translated, 300),
                    *_answer(item),
                ),
            )
        )
        for item in page.brief
    ]
    return ["*Also*", *lines, *[f"• and {page.more} more"] * bool(page.more)] if lines else []


def _packed(lines: Iterable[str]) -> list[str]:
    """Return *lines* joined into as few texts as possible. Each line is shorter than the limit of a text."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= MOST_CHARACTERS:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _context(texts: Iterable[str]) -> Block:
    return {"type": "context", "elements": [_text(text) for text in texts]}


def _text(text: str) -> Block:
    # Verbatim: Slack does not turn addresses, channels or people in it into links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
