"""A message as plain text: complete, readable in a terminal and in any mail program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tocsin.model.alerts import AlertContent
from tocsin.render.digest import TOP, Digest, Part
from tocsin.render.page import Item, Page, Reference
from tocsin.render.quotes import Quote
from tocsin.render.ticker import Ticker
from tocsin.render.words import defused, web_link

_RULE = "-" * 64
#: Index of the alert's number in the brief form. The headline and link come before it, and notes after it.
NUMBER = 2


def plain(page: Page) -> str:
    """Return the whole message, with matched words between asterisks."""
    text = f"\n\n{_RULE}\n\n".join("\n\n".join(filter(None, _blocks(item))) for item in page.items)
    if page.banner:
        text = f"{page.banner}\n\n{text}"
    if page.brief:
        more = [f"- {_short(item, item.answer, between=' ')}" for item in page.brief]
        more += [f"- and {page.more} more"] * bool(page.more)
        text += "\n\n" + "\n".join(["Also", *more])
    return f"{text}\n\nDelivery {page.delivery_id}\n"


def digest_plain(digest: Digest) -> str:
    """Return the whole digest. Entries with one line in other forms have two or three here."""
    parts = [
        digest.banner,
        _headed("Needs an answer", [_short(item, item.about) for item in digest.needs], digest.more_needs),
        "\n\n".join([*[TOP] * bool(digest.stories), *("\n".join(_story(item)) for item in digest.stories)]),
        "\n".join([*["Movers"] * bool(digest.movers), *(line for price in digest.movers for line in _price(price))]),
        _pairs("Held back, and why", digest.held),
        _pairs("Sources that cannot be read", digest.ailing),
        _headed("Also", [_short(item, item.about) for item in digest.brief], digest.more),
        digest.counts,
        digest.answer,
        f"Delivery {digest.delivery_id}",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def marked(quote: Quote) -> str:
    """Return the quote on one line, its matched words between asterisks."""
    return "".join(f"*{piece.text}*" if piece.marked else piece.text for piece in quote.pieces)


def _blocks(item: Item) -> Iterator[str]:
    yield "\n".join(filter(None, (item.news, item.known)))
    yield "\n".join(filter(None, [f"{item.severity.upper()}  {item.title}", *_lines(item.headline)]))
    yield item.detail
    yield "\n\n".join(f"{_from(quote)}> {marked(quote)}" for quote in item.quotes)
    yield "\n".join(["Why", *_rows(item.why, indent="  ")])
    yield f"Note: {item.note}" if item.note else ""
    yield "\n".join(["Prices", *(line for price in item.prices for line in _price(price))]) if item.prices else ""
    yield _listed("Because", item.because)
    yield _listed(item.coverage, item.related, item.more_related)
    yield "\n".join([*_rows(item.times), *filter(None, [item.answer]), *_rows(item.answers)])


def _story(item: Item) -> Iterator[str]:
    yield f"{item.severity.upper()}  {item.title}"
    yield from (f"  {line}" for line in filter(None, (*_lines(item.headline), item.detail)))
    yield from (f"  > {marked(quote)}" for quote in [item.quote] if quote)
    yield from (f"  {price.name}: {price.line}" for price in item.prices)
    yield from (f"  {line}" for line in (item.about, _to_answer(item)) if line)


def _short(item: Item, end: str, *, between: str = "\n  ") -> str:
    headline = f": {item.headline.headline}" if item.headline.headline else ""
    return between.join(
        filter(
            None,
            (
                f"{item.severity.upper()} {item.title}{headline}",
                item.headline.translated,
                item.headline.link,
                end,
                _to_answer(item),
            ),
        )
    )


def _to_answer(item: Item) -> str:
    return f"Answer: {item.to_answer}" if item.to_answer else ""


def _pairs(head: str, part: Part) -> str:
    return _headed(head, [f"{what}: {about}" for what, about in part.lines], part.more)


def _headed(head: str, lines: Sequence[str], more: int) -> str:
    found = [f"- {line}" for line in lines]
    return "\n".join([head, *found, *[f"- and {more} more"] * bool(more)]) if found or more else ""


def _price(price: Ticker) -> list[str]:
    drawn = f"{price.blocks}  {price.span}" if price.blocks else ""
    return _rows(
        [(price.name, price.line), *(("", line) for line in (price.age, drawn, price.often) if line)], indent="  "
    )


def _listed(head: str, references: Sequence[Reference], more: int = 0) -> str:
    return _headed(head, ["\n  ".join(filter(None, _lines(other))) for other in references], more)


def _lines(reference: Reference) -> tuple[str, str, str, str]:
    return reference.headline, reference.translated, reference.by, reference.link


def _rows(rows: Iterable[tuple[str, str]], *, indent: str = "") -> list[str]:
    return [f"{indent}{name:<10}  {value}" for name, value in rows]


def brief(subject: str, contents: Sequence[AlertContent]) -> tuple[str, ...]:
    """Return headline, link and number of the leading alert. Link and number may be empty."""
    if not contents:
        return (defused(subject),)
    lead = max(contents, key=lambda item: item.alert.severity.rank)
    link = web_link(lead.lead.link) if lead.lead else ""
    return defused(subject), link, f"Alert {lead.alert.id}" if lead.alert.id > 0 else ""


def _from(quote: Quote) -> str:
    """Return the line above a quote of the text that was fetched behind a link, and nothing above any other."""
    return "In the article:\n" if quote.field == "article" else ""
