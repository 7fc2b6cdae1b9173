"""Filters of sources in the configuration: which of their entries are judged."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.config.yaml.nodes import Node, Scalar, entries, member, problem, scalars
from tocsin.config.yaml.shape import Shape
from tocsin.errors import Problem, meant
from tocsin.model.rules import Located
from tocsin.rules.filters import Filter, parse_filter
from tocsin.rules.news.nodes import KNOWN_BY, Condition, LabelTest
from tocsin.rules.pieces import QueryError


class FilterShape(Shape):
    """The keys of a source that filter its entries."""

    keep: str = ""
    """A condition in the rule language. Only entries that meet it are judged; the others are recorded and counted."""
    drop: str = ""
    """A condition in the rule language. Entries that meet it are not judged; they are recorded and counted."""


def make_filter(item: FilterShape) -> Filter | None:
    """Return the filter that *item* describes, None if it has none."""
    conditions = {name: _condition(member(item.node, name)) for name in FilterShape.model_fields}
    return Filter(**conditions) if any(conditions.values()) else None


def check_filter(source: Node) -> Iterator[Problem]:
    """Yield faults of the filter of *source*."""
    for name in FilterShape.model_fields:
        node = member(source, name)
        if not isinstance(node, Scalar):
            if node is not None:
                yield problem(
                    node, f"{name} is one condition: join several by OR, such as {name}: gallium OR germanium"
                )
            continue
        if node.broken or node.value in (None, ""):
            continue
        try:
            condition = parse_filter(node.place)
        except QueryError as error:
            yield node.place.problem(str(error), offset=error.start, length=error.length)
        else:
            yield from _never(condition, node.place, source)


def _never(condition: Condition, place: Located, source: Node) -> Iterator[Problem]:
    """Yield a warning for each label in *condition* that no entry of *source* has."""
    given = {key.text for name in ("labels", "find") for key, _ in entries(member(source, name))}
    known = {*KNOWN_BY, *given, *(one.text for one in scalars(member(source, "accept_labels")))}
    for test in (test for part in condition.parts for _, test in part.tests):
        if isinstance(test, LabelTest) and test.name not in known:
            words = f"no entry of this source has the label {test.name}: this is never true{meant(test.name, known)}"
            yield place.warning(words, test.start, len(test.text))


def _condition(node: Node | None) -> Condition | None:
    return parse_filter(node.place) if isinstance(node, Scalar) and node.text else None
