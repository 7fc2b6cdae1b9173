"""Rule test files: news at simulated times, and what the rules must make of them.

Answers of people are written as such files, too: what was useful must alert again, what was noise must not match.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tocsin.config.instruments import InstrumentShape, make_instrument
from tocsin.config.values import Number
from tocsin.config.yaml.file import load
from tocsin.config.yaml.nodes import Node, Scalar, children, entries, member, problem, said, scalars
from tocsin.config.yaml.shape import Duration, Shape, Texts
from tocsin.errors import Position, Problem, meant
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument, Labels
from tocsin.model.rules import Severity
from tocsin.units import write_duration

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


class NewsItem(Shape):
    """An entry of a test."""

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
    author: Texts = ()
    """Who wrote it."""
    category: Texts = ()
    """The categories it is filed under."""
    link: str = ""
    """Where it stands."""
    language: str = ""
    """The language of the text, such as en or zh."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of its source."""
    age: Duration = timedelta(0)
    """How long before it was seen it was published."""
    missed: bool = False
    """Whether its source had been out of reach since it was published."""


class PriceItems(Shape):
    """Prices of a test."""

    instrument: str
    """Whose prices these are; what it is stands under instruments."""
    at: Duration = timedelta(0)
    """When the first one is seen, counted from the start of the test."""
    every: Duration = timedelta(days=1)
    """How far apart they are."""
    values: Annotated[tuple[Number, ...], Field(min_length=1)]
    """The prices, in order."""
    repeat: Annotated[int, Field(ge=1, le=1000)] = 1
    """How often they are gone through, one time after the other."""


class Expectation(Shape):
    """What a test expects: fields that are None may be anything."""

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
    fate: Literal[MatchOutcome.ALERTED, MatchOutcome.UPDATED, MatchOutcome.HELD, MatchOutcome.CATCH_UP] | None = None
    """What becomes of the match."""
    title: str | None = None
    """The title of the alert."""


class _Test(Shape):
    name: str
    """What must hold, as a sentence."""
    news: tuple[NewsItem, ...] = ()
    """The news that comes in."""
    prices: tuple[PriceItems, ...] = ()
    """The prices that come in."""
    expect: tuple[Expectation, ...] = ()
    """What must be told."""
    expect_not: Texts = ()
    """Rules that must not be met."""


class RuleTestFile(Shape):
    """A file of rule tests."""

    tocsin_test: Literal[1]
    """The version of this format."""
    tests: tuple[_Test, ...]
    """The tests, each on its own: none knows what another left behind."""
    instruments: dict[str, InstrumentShape] = Field(default_factory=dict)
    """What the prices are of, by id, as in the configuration."""
    start: Annotated[datetime, BeforeValidator(_time)] = START
    """When each test begins, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One test: of each rule that it names, exactly what it expects must be told, and nothing of *expect_not*."""

    name: str
    start: datetime
    news: tuple[NewsItem, ...]
    prices: tuple[PriceItems, ...]
    instruments: tuple[Instrument, ...]
    expect: tuple[Expectation, ...]
    expect_not: tuple[str, ...]
    position: Position | None


def load_tests(path: Path, rules: Collection[str]) -> tuple[tuple[RuleTest, ...], tuple[Problem, ...]]:
    """The tests in the file at *path* and every fault of it; *rules* are the full ids that it may name."""
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
    """What is wrong with a test although its shape is right."""
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
    known = {*rules, *(rule.rpartition("/")[2] for rule in rules)}
    for name in (*(member(item, "rule") for item in expected), *banned):
        if isinstance(name, Scalar) and name.text not in known:
            yield problem(name, f"there is no rule {said(name.text)}{meant(name.text, sorted(known))}")


#: Older news does not alert on its own, in a test as in the daemon.
_OLDEST = timedelta(hours=48)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """*entry*, as it read when it met *rule* with *labels*, under *name*; *wanted*: it must be told again."""

    name: str
    rule: str
    entry: Entry
    labels: Labels
    wanted: bool


def write_cases(cases: Sequence[Case]) -> str:
    """*cases*, at least one, as a file that `load_tests` reads; texts of strangers stay texts."""
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
    """*value* in YAML's flow style: texts in double quotes, with everything that is not printed escaped."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    text = json.dumps(str(value), ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
