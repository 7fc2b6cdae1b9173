"""Silences as people write them: read, and checked against what alerts can be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, datetime
from zoneinfo import ZoneInfo

from tocsin.config.config import Config
from tocsin.config.vocabulary import Vocabulary, vocabulary
from tocsin.errors import Problem, UsageError
from tocsin.policy.notifying.silence import Matcher, Silence, parse
from tocsin.rules import builtin
from tocsin.rules.ruleset import RuleSet
from tocsin.units import parse_duration, parse_time


def read_matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """Return the matchers written as *texts*.

    Raises:
        UsageError: there is none, or one of them is no matcher.
    """
    try:
        found = tuple(map(parse, texts))
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not found:
        raise UsageError("a silence needs a matcher, such as mineral=lithium or severity<=low")
    return found


def check_silence(silence: Silence, known: Vocabulary) -> None:
    """Check that every matcher can match an alert. A typo would hide nothing, or with != everything.

    Raises:
        UsageError: a matcher cannot match any alert.
    """
    faults = list(_faults(silence.matchers, known))
    if faults:
        raise UsageError("\n".join([*faults, "this silence would not work as written; nothing was stored"]))


def check_recurring(config: Config, rules: RuleSet) -> Iterator[Problem]:
    """Yield warnings about silences of *config* with a matcher that no alert can pass."""
    if config.silences:
        known = vocabulary(config, rules)
        for silence in config.silences:
            for fault in _faults(silence.matchers, known):
                words = f"{config.path}: a silence would not work as written: {fault}"
                yield Problem(message=words, warning=True)


def _faults(matchers: Iterable[Matcher], known: Vocabulary) -> Iterator[str]:
    matchers = tuple(matchers)
    # A silence for the daemon's own events may use any value for what they are about.
    own = any(one.name in ("rule", "event") and re.match(r"tocsin\b", one.value) for one in matchers)
    for one in matchers:
        if not (own and one.name in builtin.LABELS) and (fault := known.fault(one.name, one.value)):
            yield f"{one.text}: {fault}"


def read_end(length: str, until: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of a silence that begins *now*: after a *length* such as `4h`, or at the time *until* in *zone*.

    Raises:
        UsageError: not exactly one of the two is given, it cannot be read, or it is past.
    """
    if bool(length) is bool(until):
        raise UsageError(
            "a silence needs an end: either for a span such as 4h, or until a time such as 2026-03-02T18:00"
        )
    try:
        ends = now + parse_duration(length) if length else parse_time(until, zone)
        if ends.year == MAXYEAR:
            raise OverflowError  # no zone east of Greenwich could show it
    except ValueError as error:
        raise UsageError(f"{length or until!r} {error}") from error
    except OverflowError as error:
        raise UsageError(f"{length!r} lies beyond the calendar") from error
    if ends <= now:
        raise UsageError("the end of the silence is in the past")
    return ends
