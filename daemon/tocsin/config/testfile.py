"""Rule test files: news at simulated times, and what the rules must make of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tocsin.config.files import read_text, shown_path
from tocsin.config.nodes import Node, Scalar, children, meant, member, problem, said
from tocsin.config.shape import Duration, Shape, Texts, find
from tocsin.config.yamlfile import read
from tocsin.errors import Position, Problem
from tocsin.model import Fate, Severity

#: When the time of a test begins, where its file does not say.
START = datetime(2026, 1, 5, tzinfo=UTC)


def _time(value: object) -> object:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a time such as 2026-03-02T08:00:00Z") from None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    raise ValueError("must be a time such as 2026-03-02T08:00:00Z")


class _News(Shape):
    title: str
    """The headline."""
    at: Duration = timedelta(0)
    """When it is seen, counted from the start of the test."""
    text: str = ""
    """What stands below the headline."""
    source: str = "test"
    """The source that shows it; each source has its own polls."""
    publisher: str = ""
    """Who published it, where that is not the source."""
    language: str = ""
    """The language of the text, such as en or zh."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of its source."""
    age: Duration = timedelta(0)
    """How long before it was seen it was published."""
    missed: bool = False
    """Whether its source had been out of reach since it was published."""


class _Expect(Shape):
    rule: str
    """The rule that must tell something, exactly as often as it is named."""
    at: Duration | None = None
    """When it is decided, counted from the start of the test."""
    sent: Duration | None = None
    """When a message about it leaves, counted from the start of the test."""
    severity: Severity | None = None
    """How much it matters."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of the match; those that are not named may be anything."""
    fate: Literal[Fate.ALERTED, Fate.UPDATED, Fate.HELD, Fate.CATCH_UP] | None = None
    """What becomes of the match."""
    title: str | None = None
    """The title of the alert."""


class _Test(Shape):
    name: str
    """What must hold, as a sentence."""
    news: tuple[_News, ...]
    """What comes in."""
    expect: tuple[_Expect, ...] = ()
    """What must be told."""
    expect_not: Texts = ()
    """Rules that must not be met."""


class RuleTestFile(Shape):
    """A file of rule tests."""

    tocsin_test: Literal[1]
    """The version of this format."""
    tests: tuple[_Test, ...]
    """The tests, each on its own: none knows what another left behind."""
    start: Annotated[datetime, BeforeValidator(_time)] = START
    """When each test begins, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """An entry of a test, seen *at* after its start and published *age* before that.

    *missed*: its source had been out of reach since it was published.
    """

    at: timedelta
    title: str
    text: str
    source: str
    publisher: str
    language: str
    labels: Mapping[str, tuple[str, ...]]
    age: timedelta
    missed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be told: fields that are None (labels: not named) may be anything. *sent* is when a message leaves."""

    rule: str
    at: timedelta | None = None
    sent: timedelta | None = None
    severity: Severity | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fate: Fate | None = None
    title: str | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One test: of each rule that it names, exactly what it expects must be told, and nothing of *expect_not*."""

    name: str
    start: datetime
    news: tuple[NewsItem, ...]
    expect: tuple[Expectation, ...]
    expect_not: tuple[str, ...]
    position: Position | None = None


def load_tests(path: Path, rules: Collection[str]) -> tuple[tuple[RuleTest, ...], tuple[Problem, ...]]:
    """The tests in the file at *path* and every fault of it; *rules* are the full ids that it may name."""
    text, fault = read_text(path)
    if fault:
        return (), (fault,)
    document = read(text, shown_path(path))
    problems = list(document.problems)
    if document.root is None:
        return (), tuple(problems)
    shape = RuleTestFile.of(document.root, problems)
    nodes = children(member(document.root, "tests"))
    for node in nodes:
        problems += _check(node, rules)
    if not nodes and shape is not None:
        problems.append(problem(document.root, "the file holds no test"))
    if shape is None or any(not item.warning for item in problems):
        return (), tuple(problems)
    return tuple(_test(item, node, shape.start) for item, node in zip(shape.tests, nodes, strict=True)), tuple(problems)


def _check(node: Node, rules: Collection[str]) -> Iterator[Problem]:
    """What is wrong with a test although its shape is right."""
    expected, forbidden = children(member(node, "expect")), member(node, "expect_not")
    banned = (forbidden,) if isinstance(forbidden, Scalar) else children(forbidden)
    if not expected and not banned:
        words = "the test expects nothing, so it cannot fail; add expect: or expect_not:"
        yield problem(member(node, "name") or node, words)
    known = {*rules, *(rule.rpartition("/")[2] for rule in rules)}
    for name in (*(member(item, "rule") for item in expected), *banned):
        if isinstance(name, Scalar) and name.text not in known:
            yield problem(name, f"there is no rule {said(name.text)}{meant(name.text, sorted(known))}")


def _test(shape: _Test, node: Node, start: datetime) -> RuleTest:
    name = member(node, "name")
    return RuleTest(
        name=shape.name,
        start=start,
        news=tuple(NewsItem(**{key: getattr(item, key) for key in _News.model_fields}) for item in shape.news),
        expect=tuple(
            Expectation(
                **{key: getattr(item, key) for key in _Expect.model_fields},
                position=_position(find(node, ("expect", n))),
            )
            for n, item in enumerate(shape.expect)
        ),
        expect_not=shape.expect_not,
        position=_position(name),
    )


def _position(node: Node | None) -> Position | None:
    return node.place.at() if node else None
