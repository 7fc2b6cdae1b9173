"""Labels that a source finds in its entries, in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from tocsin.config.values import unless_empty
from tocsin.config.yaml.nodes import Node, Scalar, entries, member, problem, said
from tocsin.config.yaml.shape import Shape, tag
from tocsin.errors import Problem, meant
from tocsin.sources.documents.item_labels import LabelPattern, Place, blanks
from tocsin.text.patterns import check_pattern


class FindShape(Shape):
    """Place and pattern of the values of a label in an entry."""

    at: Place
    """Part of the entry: title, text, category, author, link or id."""
    pattern: Annotated[str, unless_empty(check_pattern)] = ""
    """A regular expression (RE2). The value is its first group, else all that it finds. Default: all that stands there."""


def _form(value: Any) -> str:
    return tag("search" if isinstance(value, Mapping | FindShape) else "place")


#: Where the values of a label are found: a place, or a pattern at a place.
Find = Annotated[Annotated[Place, Tag(tag("place"))] | Annotated[FindShape, Tag(tag("search"))], Discriminator(_form)]


def make_patterns(found: Mapping[str, Place | FindShape]) -> tuple[LabelPattern, ...]:
    """Return the patterns by label."""
    return tuple(
        LabelPattern(label=label, at=one.at, pattern=one.pattern)
        if isinstance(one, FindShape)
        else LabelPattern(label=label, at=one)
        for label, one in found.items()
    )


def check_find(source: Node) -> Iterator[Problem]:
    """Yield faults of the labels that *source* finds, and of the headline that it makes of them."""
    own = [key.text for key, _ in entries(member(source, "labels"))]
    found = [key.text for key, _ in entries(member(source, "find"))]
    for key, _ in entries(member(source, "find")):
        if key.text in own:
            yield problem(key, f"{said(key.text)} stands in labels, too: remove it from one of them")
    headline = member(source, "headline")
    if isinstance(headline, Scalar):
        for name in blanks(headline.text):
            if name not in (*found, "title"):
                yield problem(headline, f"nothing finds {said(name)}{meant(name, [*found, 'title'])}")
