"""A message as plain text: complete, readable in a terminal and in any mail program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tocsin.render.page import Item, Page, Reference
from tocsin.render.quotes import Quote
from tocsin.render.ticker import Ticker

_RULE = "-" * 64


def plain(page: Page) -> str:
    """The whole message; matched words stand between asterisks."""
    text = f"\n\n{_RULE}\n\n".join("\n\n".join(filter(None, _blocks(item))) for item in page.items)
    if page.banner:
        text = f"{page.banner}\n\n{text}"
    if page.brief:
        more = [f"- {_brief(item)}" for item in page.brief]
        more += [f"- and {page.more} more"] * bool(page.more)
        text += "\n\n" + "\n".join(["Also", *more])
    return f"{text}\n\nDelivery {page.delivery_id}\n"


def marked(quote: Quote) -> str:
    """The quote on one line, its matched words between asterisks."""
    return "".join(f"*{piece.text}*" if piece.marked else piece.text for piece in quote.pieces)


def _blocks(item: Item) -> Iterator[str]:
    yield "\n".join(filter(None, (item.news, item.known)))
    yield "\n".join(filter(None, [f"{item.severity.upper()}  {item.title}", *_lines(item.headline)]))
    yield item.detail
    yield "\n\n".join(f"> {marked(quote)}" for quote in item.quotes)
    yield "\n".join(["Why", *_rows(item.why, indent="  ")])
    yield f"Note: {item.note}" if item.note else ""
    yield "\n".join(["Prices", *(line for price in item.prices for line in _price(price))]) if item.prices else ""
    yield _listed("Because", item.because)
    yield _listed(item.coverage, item.related, item.more_related)
    yield "\n".join([*_rows(item.times), *filter(None, [item.answer])])


def _price(price: Ticker) -> list[str]:
    drawn = f"{price.blocks}  {price.span}" if price.blocks else ""
    return _rows(
        [(price.name, price.line), *(("", line) for line in (price.age, drawn, price.often) if line)], indent="  "
    )


def _listed(head: str, references: Sequence[Reference], more: int = 0) -> str:
    found = ["- " + "\n  ".join(filter(None, _lines(other))) for other in references]
    return "\n".join([head, *found, *[f"- and {more} more"] * bool(more)]) if found else ""


def _lines(reference: Reference) -> tuple[str, str, str]:
    return reference.headline, reference.by, reference.link


def _brief(item: Item) -> str:
    headline = f": {item.headline.headline}" if item.headline.headline else ""
    return " ".join(filter(None, (f"{item.severity.upper()} {item.title}{headline}", item.headline.link, item.answer)))


def _rows(rows: Iterable[tuple[str, str]], *, indent: str = "") -> list[str]:
    return [f"{indent}{name:<10}  {value}" for name, value in rows]
