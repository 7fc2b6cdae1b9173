"""Items that programs hand in: one, or a list of them, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from tocsin.config.bodies import fault, read_document, shape_of
from tocsin.config.pushes import PushConfig
from tocsin.config.yaml.nodes import entries, member, problem, said
from tocsin.config.yaml.shape import Shape, Texts
from tocsin.errors import ConfigError, Problem
from tocsin.model.prices import Labels
from tocsin.render.words import one_line
from tocsin.sources.documents.items import (
    LONGEST_LINK,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_NAMES,
    Item,
    first_web,
    headline,
    language_tag,
    names,
)
from tocsin.sources.feeds.entries import LONGEST_ID
from tocsin.text.html import clean
from tocsin.units import parse_time

#: Items of one request: as many as one transaction takes.
MOST_ITEMS = 100
#: Values of one label of an item.
_MOST_VALUES = 20


def _title(text: str) -> str:
    found = headline(text)
    if not any(letter.isprintable() and not letter.isspace() for letter in found):
        raise ValueError("must not be empty")
    return found


def _link(text: str) -> str:
    found = first_web((text,))
    if text and not found:
        raise ValueError(f"must be a web address of up to {LONGEST_LINK:,} characters, such as https://example.org/1")
    return found


def _language(text: str) -> str:
    found = language_tag(text)
    if text and not found:
        raise ValueError("must be a language tag such as en or zh-hans")
    return found


def _values(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of a label as those of a configuration are: each on one line, and nothing invisible in it."""
    values = [" ".join(one_line(text).split()) for text in texts]
    if not values or not all(value and len(value) <= LONGEST_NAME for value in values):
        raise ValueError(f"must have values of 1 to {LONGEST_NAME} characters")
    return tuple(dict.fromkeys(values))


_Id = Annotated[str, Field(max_length=LONGEST_ID)]
_Title = Annotated[str, Field(max_length=LONGEST_TITLE), AfterValidator(_title)]
_Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(clean)]
_Name = Annotated[str, Field(max_length=LONGEST_NAME)]
_Names = Annotated[Texts, Field(max_length=MOST_NAMES), AfterValidator(names)]
_Label = Annotated[Texts, Field(max_length=_MOST_VALUES), AfterValidator(_values)]


class ItemBody(Shape):
    """An item of news. Its texts are plain text."""

    title: _Title
    """The headline."""
    id: _Id = ""
    """The id by which it is known when it is handed in again, with another title or text as a rewritten one. Default: its link,
    or its title and day."""
    link: Annotated[str, AfterValidator(_link)] = ""
    """The address that people open."""
    summary: _Text = ""
    """Its summary."""
    body: _Text = ""
    """Its text."""
    date: Annotated[str, Field(max_length=100)] = ""
    """When it was published (ISO 8601), in the configured time zone unless it names its own. Default: when it is handed in."""
    publisher: _Name = ""
    """The publisher. Default: the host of its link."""
    authors: _Names = ()
    """Its authors."""
    categories: _Names = ()
    """Its categories."""
    language: Annotated[str, AfterValidator(_language)] = ""
    """Its language, such as en or zh."""
    labels: dict[str, _Label] = Field(default_factory=dict)
    """Labels, of those that the source accepts (accept_labels)."""

    def item(self, published: datetime | None) -> Item:
        """Return the item as a document would have it."""
        return self.build(
            Item,
            id=clean(self.id),
            outlet=clean(self.publisher),
            published=published,
            published_raw=self.date,
        )


class ItemsBody(Shape):
    """Several items."""

    items: Annotated[tuple[ItemBody, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    """The items, in any order."""


def read_items(body: bytes, source: PushConfig, zone: ZoneInfo) -> tuple[tuple[Item, Labels], ...]:
    """Return the items in *body* as *source* takes them, each with its labels: one, or several below the key `items`.

    Raises:
        ConfigError: with every fault of it.
    """
    document = read_document(body)
    several = member(document.root, "items") is not None
    found = shape_of(ItemsBody, document).items if several else (shape_of(ItemBody, document),)
    if problems := [*(one for item in found for one in _refused(item, source)), *_repeated(found)]:
        raise ConfigError(problems)
    return tuple((item.item(_published(item, zone)), {**item.labels, **source.labels}) for item in found)


def _refused(item: ItemBody, source: PushConfig) -> Iterator[Problem]:
    """Yield a fault for each label of *item* that the *source* does not accept."""
    accepted = ", ".join(source.accept_labels) or "none"
    for name, _ in entries(member(item.node, "labels")):
        if name.text not in source.accept_labels:
            words = (
                f"{source.name} does not accept the label {said(name.text)} from programs; accept_labels: {accepted}"
            )
            yield problem(name, words)


def _repeated(items: Sequence[ItemBody]) -> Iterator[Problem]:
    """Yield a fault for each item that has the id of one before it: neither would be known by it again."""
    first: dict[str, Problem] = {}
    for item in items:
        if known := clean(item.id):
            at = fault(item, "id", f"{said(known)} is the id of two items")
            before = first.setdefault(known, at)
            if before is not at:
                yield replace(at, message=f"{at.message}; the first is at {before.position}")


def _published(item: ItemBody, zone: ZoneInfo) -> datetime | None:
    """Return when *item* was published; None if it does not say.

    Raises:
        ConfigError: its date cannot be read.
    """
    try:
        return parse_time(item.date, zone) if item.date else None
    except ValueError as error:
        raise ConfigError([fault(item, "date", f"{item.date[:40]!r} {error}")]) from None
