"""Bodies of requests to the API: JSON, checked against closed shapes as the configuration is."""

from __future__ import annotations

import json
import re
from typing import NoReturn, TypeVar

from pydantic import Field

from tocsin.config.yaml.file import FORBIDDEN, Document, read
from tocsin.config.yaml.nodes import member, problem
from tocsin.config.yaml.shape import Duration, Shape, Texts
from tocsin.errors import ConfigError, Position, Problem
from tocsin.model.alerts import AnswerKind

#: What a body is called in the positions of its faults.
_NAME = "body"
#: Values of a body in all, keys of one of its objects, and objects and lists within each other.
MOST_VALUES, MOST_KEYS, DEEPEST = 4000, 100, 8
#: Faults of a body that are named.
MOST_FAULTS = 20
_HALF = re.compile("[\ud800-\udfff]")


class AnswerBody(Shape):
    """An answer to an alert."""

    kind: AnswerKind
    """ack (seen), snooze, useful or noise."""
    length: Duration | None = Field(default=None, alias="for")
    """Length of a snooze, such as 4h."""
    why: str = ""
    """Why it was useful or noise."""


class SilenceBody(Shape):
    """A new silence."""

    matchers: Texts
    """Tests that all must be true, such as mineral=lithium, rule=ban or severity<=low."""
    length: Duration | None = Field(default=None, alias="for")
    """Length of the silence, such as 4h. Either this or until is required."""
    until: str = ""
    """When it ends, such as 2026-03-02T18:00, in the configured time zone unless it names its own."""
    why: str = ""
    """Why it is there."""


class WhyBody(Shape):
    """A question why a rule matches an entry or does not."""

    rule: str
    """The rule: pack/id, or the id alone."""
    entry: str = ""
    """A stored entry: its number, id or link. Either this or a title is required."""
    title: str = ""
    """A headline to explain."""
    summary: str = ""
    """Its summary."""
    body: str = ""
    """Its text."""
    date: str = ""
    """When it was published (ISO 8601). Default: now."""
    source: str = ""
    """The source that it came from."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of its source."""
    unfold: bool = False
    """True to show the bodies of all named expressions."""


class CheckBody(Shape):
    """A rule to check: its text in place of a rule of a pack, or as a new one."""

    rule: str = ""
    """The rule that the text stands in place of: pack/id, or the id alone. This or a pack is required."""
    pack: str = ""
    """The pack of the rule; without a rule, the pack that the text is a new rule of, with its lists and expressions."""
    text: str
    """The text of the rule as a file of the pack would have it, from its dash on."""


class BacktestBody(Shape):
    """A rule to try over the stored entries, against the one in force."""

    rule: str = ""
    """The rule: pack/id, or the id alone. This or a pack is required."""
    pack: str = ""
    """The pack of the rule; without a rule, the pack that the text is a new rule of."""
    text: str = ""
    """A text that stands in place of the rule. Default: the rule as it is."""
    since: str = "30d"
    """The beginning of the history: a span before now, or a date."""


S = TypeVar("S", bound=Shape)


def read_body(kind: type[S], body: bytes) -> S:
    """Return what *body* says, as *kind*.

    Raises:
        ConfigError: with every fault of it.
    """
    return shape_of(kind, read_document(body))


def read_document(body: bytes) -> Document:
    """Return *body*, which is JSON, with the positions of its values.

    Raises:
        ConfigError: it is not JSON, or too large or too deep.
    """
    return read(_json(body), _NAME)


def shape_of(kind: type[S], document: Document) -> S:
    """Return what *document* says, as *kind*.

    Raises:
        ConfigError: with every fault of it, or the first of very many.
    """
    problems = [fault for fault in document.problems if not fault.warning]
    shape = kind.of(document.root, problems) if document.root else None
    if shape is None or problems:
        more = len(problems) - MOST_FAULTS
        rest = [Problem(message=f"there are {more} more faults")] if more > 0 else []
        raise ConfigError([*problems[:MOST_FAULTS], *rest])
    return shape


def fault(body: Shape, key: str, words: str) -> Problem:
    """Return the fault that *words* say of the value of *key* in *body*."""
    node = member(body.node, key) or body.node
    assert node, "it was read from a body"
    return problem(node, f"{key}: {words}")


def _json(body: bytes) -> str:
    """Return *body* as text, which is known to be JSON.

    Raises:
        ConfigError: it is none.
    """
    try:
        text = body.decode("utf-8-sig")  # some programs begin with a mark
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        at = Position(file=_NAME, line=error.lineno, column=error.colno)
        raise ConfigError([Problem(message=f"this is not JSON: {error.msg.lower()}", position=at)]) from None
    except _LargeError as error:
        raise ConfigError([Problem(message=str(error))]) from None
    except (ValueError, RecursionError) as error:
        words = (
            "it is nested too deeply"
            if isinstance(error, RecursionError)
            else "it is not UTF-8, or has a number that is none"
        )
        raise ConfigError([Problem(message=f"this is not JSON: {words}")]) from None
    _check_size(value)
    # YAML has other escapes than JSON, no tabs between values, and fewer characters that need no escape.
    if "\t" in text or "\\" in text or FORBIDDEN.search(text):
        text = json.dumps(value, ensure_ascii=False, indent=2)
        if half := _HALF.search(text):
            raise ConfigError([Problem(message=f"this is not JSON: U+{ord(half[0]):04X} is half a character")])
        text = FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text


class _LargeError(ValueError):
    """A body has more in it than any request needs."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON, in which a key may stand twice; that is a fault that is found later."""
    if len(pairs) > MOST_KEYS:
        raise _LargeError(f"an object has at most {MOST_KEYS} keys: send less at a time")
    return dict(pairs)


def _check_size(value: object) -> None:
    """Check that *value* has few enough values for its faults to be found in no time.

    Raises:
        ConfigError: it has more, or is nested deeper.
    """
    count, level = 0, [value]
    for _ in range(DEEPEST + 1):
        count += len(level)
        if count > MOST_VALUES:
            raise ConfigError([Problem(message=f"a body has at most {MOST_VALUES} values: send less at a time")])
        level = [
            part
            for one in level
            if isinstance(one, list | dict)
            for part in (one.values() if isinstance(one, dict) else one)
        ]
    if level:
        raise ConfigError([Problem(message=f"objects and lists are nested deeper than {DEEPEST}")])


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
