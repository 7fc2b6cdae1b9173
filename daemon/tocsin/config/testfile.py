"""Rule test files: news and prices at simulated times, and the alerts that the rules must raise.

People's answers can be exported as such files: useful alerts must be raised again, noise must not match.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tocsin.config.instruments import InstrumentShape, make_instrument
from tocsin.config.values import Number
from tocsin.config.yaml.edit import quoted
from tocsin.config.yaml.file import load
from tocsin.config.yaml.nodes import Node, Scalar, children, entries, member, problem, said, scalars
from tocsin.config.yaml.shape import Duration, Shape, Texts
from tocsin.errors import Position, Problem, meant
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument, Labels
from tocsin.model.rules import Severity
from tocsin.units import parse_time, write_duration

#: Default start time of a test.
START = datetime(2026, 1, 5, tzinfo=UTC)


class NewsItem(Shape):
    """An entry of a test."""

    title: str
    """The headline."""
    at: Duration = timedelta(0)
    """Time at which it is seen, counted from the start of the test."""
    text: str = ""
    """The text below the headline."""
    source: str = "test"
    """The source that shows it. Each source has its own polls."""
    publisher: str = ""
    """The publisher, if that is not the source."""
    author: Texts = ()
    """The authors."""
    category: Texts = ()
    """The categories it is filed under."""
    link: str = ""
    """The address of the article."""
    language: str = ""
    """The language of the text, such as en or zh."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of its source."""
    age: Duration = timedelta(0)
    """Age, since it was published, at which it is seen."""
    missed: bool = False
    """True if its source had been out of reach since it was published."""


class PriceItems(Shape):
    """Prices of a test."""

    instrument: str
    """The instrument of the prices, described under `instruments`."""
    at: Duration = timedelta(0)
    """Time at which the first one is seen, counted from the start of the test."""
    every: Duration = timedelta(days=1)
    """Time between two of them."""
    values: Annotated[tuple[Number, ...], Field(min_length=1)]
    """The prices, in order."""
    high: tuple[Number, ...] = ()
    """The highest price of the session so far at each of them."""
    low: tuple[Number, ...] = ()
    """The lowest price of the session so far at each of them."""
    repeat: Annotated[int, Field(ge=1, le=1000)] = 1
    """Number of times that the values are repeated."""


class Expectation(Shape):
    """An expectation of a test. Fields that are None may be anything."""

    rule: str
    """The rule that must alert, exactly as often as it is named."""
    at: Duration | None = None
    """Time of the decision, counted from the start of the test."""
    sent: Duration | None = None
    """Time at which a message about it is sent, counted from the start of the test."""
    over: Duration | None = None
    """Time at which a message that it is over is sent, counted from the start of the test."""
    severity: Severity | None = None
    """The severity of the alert."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of the match. Others may be anything."""
    fate: Literal[MatchOutcome.ALERTED, MatchOutcome.UPDATED, MatchOutcome.HELD, MatchOutcome.CATCH_UP] | None = None
    """The outcome of the match."""
    title: str | None = None
    """The title of the alert."""


class _Test(Shape):
    name: str
    """The behaviour under test, as a sentence."""
    news: tuple[NewsItem, ...] = ()
    """The news that comes in."""
    prices: tuple[PriceItems, ...] = ()
    """The prices that come in."""
    expect: tuple[Expectation, ...] = ()
    """The alerts that must be raised."""
    expect_not: Texts = ()
    """Rules that must not match."""


class RuleTestFile(Shape):
    """A file of rule tests."""

    tocsin_test: Literal[1]
    """The version of this format."""
    tests: tuple[_Test, ...]
    """The tests. They are independent of each other."""
    instruments: dict[str, InstrumentShape] = Field(default_factory=dict)
    """The instruments of the prices, by id, as in the configuration."""
    start: Annotated[datetime, BeforeValidator(lambda value: parse_time(str(value)))] = START
    """Time at which each test begins, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One test. Each rule that it names must alert exactly as expected, and no rule of *expect_not* may match."""

    name: str
    start: datetime
    news: tuple[NewsItem, ...]
    prices: tuple[PriceItems, ...]
    instruments: tuple[Instrument, ...]
    expect: tuple[Expectation, ...]
    expect_not: tuple[str, ...]
    position: Position | None


def load_tests(path: Path, rules: Collection[str]) -> tuple[tuple[RuleTest, ...], tuple[Problem, ...]]:
    """Return the tests in the file at *path* and all its faults. *rules* are the full ids that it may name."""
    document = load(path)
    if document.root is None:
        return (), document.problems
    problems = list(document.problems)
    shape = RuleTestFile.of(document.root, problems)
    nodes = children(member(document.root, "tests"))
    instruments = member(document.root, "instruments")
    for node in nodes:
        problems += _check(node, rules, instruments)
    if not nodes and shape is not None:
        problems.append(problem(document.root, "the file holds no test"))
    if shape is None or any(not item.warning for item in problems):
        return (), tuple(problems)
    known = tuple(make_instrument(name, item) for name, item in shape.instruments.items())
    found = (item.build(RuleTest, start=shape.start, instruments=known, position=item.position) for item in shape.tests)
    return tuple(found), tuple(problems)


def _check(node: Node, rules: Collection[str], instruments: Node | None) -> Iterator[Problem]:
    """Yield faults of a test that the shape cannot express."""
    expected, banned = children(member(node, "expect")), scalars(member(node, "expect_not"))
    if not expected and not banned:
        words = "the test expects nothing, so it cannot fail; add expect: or expect_not:"
        yield problem(member(node, "name") or node, words)
    if not children(member(node, "news")) and not children(member(node, "prices")):
        yield problem(member(node, "name") or node, "the test has neither news nor prices")
    for series in children(member(node, "prices")):
        name = member(series, "instrument")
        if isinstance(name, Scalar) and member(instruments, name.text) is None:
            names = [key.text for key, _ in entries(instruments)]
            words = f"there is no {said(name.text)} under instruments{meant(name.text, names)}"
            yield problem(name, words)
        for end in ("high", "low"):
            given = member(series, end)
            if given and len(children(given)) > len(children(member(series, "values"))):
                yield problem(given, f"{end} has more prices than values; it has one beside each of them")
    known = {*rules, *(rule.rpartition("/")[2] for rule in rules)}
    for name in (*(member(item, "rule") for item in expected), *banned):
        if isinstance(name, Scalar) and name.text not in known:
            yield problem(name, f"there is no rule {said(name.text)}{meant(name.text, sorted(known))}")


#: Older news does not alert on its own, in a test as in the daemon.
_OLDEST = timedelta(hours=48)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case *name*: *entry* as it was when *rule* matched it with *labels*. *wanted*: it must alert again."""

    name: str
    rule: str
    entry: Entry
    labels: Labels
    wanted: bool


def write_cases(cases: Sequence[Case]) -> str:
    """Return *cases* (at least one) as a file for `load_tests`. Text from feeds is quoted so that it stays text."""
    return "\n".join(["tocsin_test: 1", "tests:", *(line for case in cases for line in _lines(case))]) + "\n"


def _lines(case: Case) -> Iterator[str]:
    first, *others = (f"{name}: {_flow(value)}" for name, value in _news(case.entry).items())
    yield f"  - name: {_flow(case.name)}"
    yield "    news:"
    yield f"      - {first}"
    yield from (f"        {line}" for line in others)
    if not case.wanted:
        yield f"    expect_not: [{_flow(case.rule)}]"
        return
    own = {name: values for name, values in case.labels.items() if name not in case.entry.labels}
    yield f"    expect: [{_flow({'rule': case.rule} | ({'labels': own} if own else {}))}]"


def _news(entry: Entry) -> dict[str, object]:
    age = entry.first_seen - entry.published if entry.published else timedelta(0)
    fields = {
        "title": entry.title,
        "text": "\n\n".join(filter(None, (entry.summary, entry.body))),
        "source": entry.source,
        "publisher": entry.publisher,
        "author": entry.authors,
        "category": entry.categories,
        "link": entry.link,
        "language": entry.language,
        "labels": dict(entry.labels),
        "age": write_duration(age // _MINUTE * _MINUTE) if _MINUTE <= age < _OLDEST else "",
    }
    return {name: value for name, value in fields.items() if value or name == "title"}


def _flow(value: object) -> str:
    """Return *value* in YAML's flow style, with texts in double quotes and non-printable characters escaped."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return quoted(str(value))
