"""Run rule tests: replay the news of a test and compare the alerts with what it expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from tocsin.config.testfile import Expectation, NewsItem, RuleTest
from tocsin.errors import Position
from tocsin.model.alerts import NOTIFYING
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.entries import Entry
from tocsin.model.prices import Quote
from tocsin.policy.alerting.usual import FEWEST
from tocsin.render.reasons import in_words
from tocsin.replay.book import Circumstance
from tocsin.replay.replay import EVERYBODY, Poll, Replay, Result, Ruling, merged, polls, quoted
from tocsin.rules.prices.edge import numbers
from tocsin.rules.ruleset import RuleSet
from tocsin.sources.http import urls
from tocsin.units import write_duration, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A difference from an expectation of a test, in words, and the position of the expectation."""

    words: str
    position: Position | None


#: What is expected at a time has happened so long after it.
_MOMENT = timedelta(seconds=1)


def run_test(test: RuleTest, rules: RuleSet) -> tuple[Fault, ...]:
    """Return the differences of *rules* from the expectations of *test*. Empty if it passes."""
    entries = [_entry(test, number, item) for number, item in enumerate(test.news)]
    missed = {entry.id for entry, item in zip(entries, test.news, strict=True) if item.missed}
    ordered = sorted(entries, key=lambda entry: entry.first_seen)
    several = [_circumstanced(poll, missed) for poll in polls(ordered, {})]
    everything = list(merged(several, quoted(_quotes(test))))
    ends = [length for item in test.expect for length in (item.at, item.sent, item.over) if length is not None]
    until = test.start + max(ends) + _MOMENT if ends else None
    result = Replay(rules, EVERYBODY, test.instruments).run(everything, until=until)
    faults = [*_unmet(test, rules, result, everything), *_unwanted(test, rules, result)]
    faults += [
        Fault(words=f"{item.unevaluated.rule} raised: {item.unevaluated.error}", position=test.position)
        for item in result.failures
    ]
    return tuple(faults)


def _entry(test: RuleTest, number: int, item: NewsItem) -> Entry:
    seen = test.start + item.at
    return Entry(
        source=item.source,
        id=str(number),
        keys=(),
        title=item.title,
        body=item.text,
        publisher=item.publisher,
        authors=item.author,
        categories=item.category,
        link=item.link,
        canonical_link=urls.canonical(item.link),
        language=item.language,
        labels=item.labels,
        first_seen=seen,
        published=seen - item.age,
    )


def _quotes(test: RuleTest) -> list[Quote]:
    quotes = [
        Quote(instrument=item.instrument, price=price, high=high, low=low, at=at, first_seen=at)
        for item in test.prices
        for n, (price, high, low) in enumerate([*zip_longest(item.values, item.high, item.low)] * item.repeat)
        for at in (test.start + item.at + n * item.every,)
    ]
    return sorted(quotes, key=lambda quote: quote.first_seen)


def _circumstanced(poll: Poll, missed: set[str]) -> Poll:
    """Return *poll*, after an outage of its source if one of its entries is *missed*."""
    if not any(entry.id in missed for entry in poll.entries):
        return poll
    published = min(entry.event_time if entry.published is None else entry.published for entry in poll.entries)
    return replace(poll, circumstance=Circumstance(last_success=published))


def _unmet(test: RuleTest, rules: RuleSet, result: Result, everything: list[Poll]) -> Iterator[Fault]:
    """Yield expectations without a ruling that notifies, and such rulings without an expectation; they are paired in order."""
    left = [
        ruling
        for ruling in result.rulings
        if ruling.decided.outcome in NOTIFYING and ruling.decided.alert_id not in result.dropped
    ]
    named = dict.fromkeys(_full(rules, wanted.rule) for wanted in test.expect)
    for wanted in test.expect:
        found = next((ruling for ruling in left if not _mismatch(test, rules, wanted, ruling, result)), None)
        if found:
            left.remove(found)
        else:
            near = _nearest(test, rules, wanted, result, everything)
            yield Fault(words=f"expected  {_said(wanted)}\n{near}", position=wanted.position)
    for ruling in left:
        if ruling.decided.match.rule.id in named:
            yield Fault(words=f"not expected  {_line(test, ruling)}", position=test.position)


def _unwanted(test: RuleTest, rules: RuleSet, result: Result) -> Iterator[Fault]:
    forbidden = {_full(rules, name) for name in test.expect_not}
    for ruling in result.rulings:
        if ruling.decided.match.rule.id in forbidden:
            yield Fault(words=f"must not be met  {_line(test, ruling)}", position=test.position)


def _mismatch(test: RuleTest, rules: RuleSet, wanted: Expectation, ruling: Ruling, result: Result) -> list[str]:
    """Return the fields in which *ruling* differs from what is *wanted*, in words."""
    match, outcome = ruling.decided.match, ruling.decided.outcome
    alert = result.alerts.get(ruling.decided.alert_id or 0)
    pairs: list[tuple[str, object, object]] = [("rule", _full(rules, wanted.rule), match.rule.id)]
    if wanted.at is not None:
        pairs.append(("at", write_duration(wanted.at), write_duration(ruling.at - test.start)))
    if wanted.severity is not None:
        pairs.append(("severity", wanted.severity.value, match.severity.value))
    if wanted.fate is not None:
        pairs.append(("fate", wanted.fate.value, outcome.value))
    if wanted.title is not None:
        pairs.append(("title", wanted.title, alert.title if alert else ""))
    for name, values in wanted.labels.items():
        pairs.append((name, ", ".join(sorted(values)), ", ".join(sorted(match.labels.get(name, ())))))
    if wanted.sent is not None:
        # A message that left before the ruling is not about it.
        about = (one for one in result.sent if ruling.decided.alert_id in one.alert_ids and one.at >= ruling.at)
        times = [write_duration(one.at - test.start) for one in about]
        pairs.append(("sent", write_duration(wanted.sent), times[0] if times else "never"))
    if wanted.over is not None:
        ends = (one for one in result.sent if ruling.decided.alert_id in one.alert_ids)
        times = [write_duration(one.at - test.start) for one in ends if one.kind is DeliveryKind.RECOVERY]
        pairs.append(("over", write_duration(wanted.over), times[0] if times else "never"))
    return [f"{name}: {one} wanted, {other} found" for name, one, other in pairs if one != other]


def _nearest(test: RuleTest, rules: RuleSet, wanted: Expectation, result: Result, everything: list[Poll]) -> str:
    """Return what came nearest to *wanted*: a match that differs, else why news or prices of that time do not match."""
    full = _full(rules, wanted.rule)
    own = [ruling for ruling in result.rulings if ruling.decided.match.rule.id == full]
    same = [ruling for ruling in own if wanted.at is None or ruling.at - test.start == wanted.at]
    if same or own:
        near = min(same or own, key=lambda ruling: len(_mismatch(test, rules, wanted, ruling, result)))
        words = [*_mismatch(test, rules, wanted, near, result)] or [_ended(near, result)]
        return "\n".join([f"  nearest   {_line(test, near)}", *(f"            {line}" for line in words)])
    at: datetime | None = None if wanted.at is None else test.start + wanted.at
    if full in rules.correlations:
        compares = rules.correlations[full].more_than is not None or rules.correlations[full].new is not None
        known = f", or fewer than {FEWEST} weeks before were known" if compares else ""
        return f"  nearest   nothing: its members never came together in its window{known}"
    if full in rules.prices:
        return _readings(test, rules, full, [poll for poll in everything if at is None or poll.at <= at])
    lines = [
        f"  nearest   {entry.title}: {rules.explain(full, entry, entry.first_seen).note}"
        for poll in everything
        for entry in poll.entries
        if at is None or entry.first_seen == at
    ]
    return "\n".join(lines) or "  no news at that time"


def _ended(ruling: Ruling, result: Result) -> str:
    """Return the end of a ruling that meets an expectation and was not found, in words."""
    dropped = result.dropped.get(ruling.decided.alert_id or 0)
    return f"it was dropped: {dropped}" if dropped else f"it was {ruling.decided.outcome} there"


def _readings(test: RuleTest, rules: RuleSet, full: str, until: list[Poll]) -> str:
    """Return the condition of a price rule for each of its instruments after the polls *until*, in words."""
    replay = Replay(rules, EVERYBODY, test.instruments)
    replay.run(until)
    covered = [item.id for item in test.instruments if rules.prices[full].covers(item)]
    lines = []
    for name in covered:
        found = replay.reading(full, name)
        said = [f"{one.text} = {one.note}" for one in numbers(found.evidence)] if found else []
        words = "; ".join(dict.fromkeys(said)) if found else "no price at that time"
        lines.append(f"  nearest   {name}: {words}")
    return "\n".join(lines) or "  nearest   nothing: it is about none of the instruments of this file"


def _said(wanted: Expectation) -> str:
    fields = [wanted.rule]
    fields += [f"at {write_duration(wanted.at)}"] if wanted.at is not None else []
    fields += [value.value for value in (wanted.severity, wanted.fate) if value]
    fields += [written(wanted.labels)] if wanted.labels else []
    fields += [f"sent {write_duration(wanted.sent)}"] if wanted.sent is not None else []
    fields += [f"over {write_duration(wanted.over)}"] if wanted.over is not None else []
    return " ".join([*fields, *([wanted.title] if wanted.title else [])])


def _line(test: RuleTest, ruling: Ruling) -> str:
    decided = ruling.decided
    title = decided.match.entry.title if decided.match.entry else decided.match.detail
    after: timedelta = ruling.at - test.start
    words = f"{decided.match.rule.id} at {write_duration(after)} {decided.match.severity} {decided.outcome} {written(decided.match.labels)}"
    return f"{words.rstrip()}: {title} ({in_words(decided.reason)})"


def _full(rules: RuleSet, name: str) -> str:
    found = rules.find(name)
    return found.id if found else name
