"""What people said of alerts, written as a rule test file: what was useful must be told, what was noise must not be met."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.units import write_duration

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
