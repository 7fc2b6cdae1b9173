"""Output of a backtest: terminal, JSON Lines and CSV. Times are in UTC, so that runs can be compared."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.cli.output import dump, local, print_line, say, shown, table
from tocsin.errors import UsageError
from tocsin.model.alerts import OPENING, MatchOutcome
from tocsin.model.rules import Match
from tocsin.render.reasons import in_words
from tocsin.replay import report
from tocsin.replay.replay import Result, Ruling
from tocsin.replay.report import AlertHistory, Change, Count, Difference
from tocsin.units import counted, written

_UTC = ZoneInfo("UTC")
_BARS = "▁▂▃▄▅▆▇█"
#: The most bars in a row. With more weeks than this, a bar covers several weeks.
_MOST_BARS = 60
#: Outcomes that notify nobody, or nobody yet. They are shown with their reason.
_QUIET = (MatchOutcome.HELD, MatchOutcome.OLD)
_COLUMNS = (
    "at", "rule", "event", "severity", "labels", "fate", "reason", "alert", "story", "origin", "source", "publisher",
    "entry", "title", "link", "event_time", "words", "instrument", "price", "detail",
)  # fmt: skip


# ---- terminal -----------------------------------------------------------------------------------------------------


def print_result(result: Result, found: Sequence[Difference] | None) -> None:
    """Print the alerts in order, what was not sent and why, counts per rule and week, and the differences."""
    for history in report.alerts(result):
        if history.opened:
            _print_alert(history)
    _print_quiet(result)
    counts = report.counts(result)
    print()
    _print_rules(result, counts)
    if found is not None:
        _print_differences(found)
    say(_summary(result))


def _print_alert(history: AlertHistory) -> None:
    alert, opened = history.alert, history.opened
    assert opened
    print_line(f"{_time(opened.at)}  {alert.severity.upper():<8}  {alert.title}  ({alert.rule})")
    match = opened.decided.match
    if match.entry:
        print_line(f"    {match.entry.title}  [{match.entry.publisher or match.entry.source}]")
    if match.detail:
        print_line(f"    {match.detail}")
    for witness in match.evidence.witnesses:
        print_line(f"    because  {_time(witness.at)}  {witness.title}  [{witness.source}]")
    for message in history.sent:
        late = f"  {in_words(message.held)}" if message.held else ""
        to = shown(f"{message.receiver} {message.recipient}".rstrip())
        print_line(f"    {_time(message.at)} {message.kind} to {to}{late}")
    if history.dropped:
        print_line(f"    dropped: {history.dropped}")
    updates = [item for item in history.later if item.decided.outcome is MatchOutcome.UPDATED]
    for update in updates:
        print_line(f"    {_time(update.at)} updated: {in_words(update.decided.reason)}")
    folded = [item for item in history.later if item.decided.outcome is MatchOutcome.JOINED]
    if folded:
        print_line(f"    folded: {counted(len(folded), 'more report')}, the last {_time(folded[-1].at)}")


def _print_quiet(result: Result) -> None:
    """Print what was held or not sent on its own, with the reason."""
    for ruling in result.rulings:
        decided = ruling.decided
        if decided.outcome in _QUIET:
            words = f"{_headline(decided.match)}  ({decided.match.rule.id}): {in_words(decided.reason)}"
            print_line(f"{_time(ruling.at)}  {decided.outcome:<8}  {words}")
    refused = Counter((item.quote.instrument, item.finding) for item in result.refused)
    for (instrument, finding), count in sorted(refused.items()):
        print_line(f"{instrument}: {counted(count, 'quote')} {finding}, which no rule saw")


def _print_rules(result: Result, counts: Sequence[Count]) -> None:
    mondays = report.weeks(result)
    step = max(1, math.ceil(len(mondays) / _MOST_BARS))
    rows = []
    for rule in sorted({count.rule for count in counts}):
        own = [count for count in counts if count.rule == rule]
        outcomes: Counter[MatchOutcome] = Counter()
        for count in own:
            outcomes.update(count.outcomes)
        alerts = {count.week: count.alerts for count in own}
        rows.append(
            (
                rule,
                sum(outcomes.values()),
                sum(alerts.values()),
                *(
                    outcomes[outcome]
                    for outcome in (
                        MatchOutcome.UPDATED,
                        MatchOutcome.JOINED,
                        MatchOutcome.HELD,
                        MatchOutcome.OLD,
                        MatchOutcome.BASELINE,
                    )
                ),
                sum(count.messages for count in own),
                f"{sum(alerts.values()) / max(1, len(mondays)):.1f}",
                _bars([sum(alerts.get(monday, 0) for monday in some) for some in _batched(mondays, step)]),
            )
        )
    columns = ("rule", "matches", "alerts", "updates", "folded", "held", "old", "baseline", "messages", "a week")
    weeks = f"alerts {'a week' if step == 1 else f'in {step} weeks'}{f' from {mondays[0]}' if mondays else ''}"
    table((*columns, weeks), rows, empty="No rule was met.")


def _batched(mondays: Sequence[date], size: int) -> Iterator[Sequence[date]]:
    return (mondays[start : start + size] for start in range(0, len(mondays), size))


def _bars(values: Sequence[int]) -> str:
    """Return a bar for each of *values*, and a dot for zero."""
    most = max(values, default=0)
    return "".join(_BARS[(value * len(_BARS) - 1) // most] if value else "·" for value in values)


def _print_differences(found: Sequence[Difference]) -> None:
    changes = Counter(item.change for item in found)
    print("\n" + ", ".join(f"{changes[change]} {change}" for change in Change))
    for item in found:
        history, mark = item.history, {"gained": "+", "lost": "-", "louder": "^", "softer": "v"}[item.change]
        severity = (
            f"{item.other.alert.severity} > {history.alert.severity}" if item.other else history.alert.severity.value
        )
        title = f"  {_headline(history.opened.decided.match)}" if history.opened else ""
        print_line(
            f"{mark} {_time(history.alert.opened_at)}  {severity}  {history.alert.title}  ({history.alert.rule}){title}"
        )


def _summary(result: Result) -> str:
    if result.first is None or result.last is None:
        return "There are no entries and no quotes in this time."
    outcomes = Counter(ruling.decided.outcome for ruling in result.rulings)
    opened = sum(outcomes[outcome] for outcome in OPENING)
    return (
        f"{_observations(result)} from {_time(result.first)} to {_time(result.last)} UTC: "
        f"{counted(len(result.rulings), 'match')}, {counted(opened, 'alert')}, {counted(len(result.sent), 'message')}, "
        f"{counted(outcomes[MatchOutcome.JOINED], 'report')} folded."
    )


def _observations(result: Result) -> str:
    quotes = counted(result.quotes, "quote") if result.quotes else ""
    entries = counted(result.entries, "entry") if result.entries or not quotes else ""
    return " and ".join(filter(None, (entries, quotes)))


def _headline(match: Match) -> str:
    return match.entry.title if match.entry else match.detail


# ---- for machines -------------------------------------------------------------------------------------------------


def dump_result(result: Result, found: Sequence[Difference] | None) -> None:
    """Print one JSON object per line, each with its `type`: alerts, rulings, messages, counts, differences, the summary."""
    for history in report.alerts(result):
        dump({"type": "alert", **_alert(history)})
    for ruling in result.rulings:
        dump({"type": "ruling", **_ruling(ruling)})
    for message in result.sent:
        dump({"type": "message", **{name: getattr(message, name) for name in type(message).__slots__}})
    for count in report.counts(result):
        outcomes = {outcome.value: number for outcome, number in count.outcomes.items()}
        named = {"week": count.week.isoformat(), "rule": count.rule, "matches": count.matches, "alerts": count.alerts}
        dump({"type": "count", **named, "messages": count.messages, "fates": outcomes})
    for item in found or ():
        before = item.other.alert.severity if item.other else None
        dump({"type": item.change, **_alert(item.history), "severity_before": before})
    for failure in result.failures:
        one = failure.unevaluated
        dump(
            {
                "type": "failure",
                "source": failure.source,
                "entry": failure.observation,
                "rule": one.rule,
                "error": one.error,
            }
        )
    outcomes = Counter(ruling.decided.outcome for ruling in result.rulings)
    dump(
        {
            "type": "summary",
            "start": result.start,
            "first": result.first,
            "last": result.last,
            "entries": result.entries,
            "quotes": result.quotes,
            "refused": dict(sorted(Counter(item.finding.value for item in result.refused).items())),
            "matches": len(result.rulings),
            "alerts": sum(outcomes[outcome] for outcome in OPENING),
            "messages": len(result.sent),
            "fates": {outcome.value: outcomes[outcome] for outcome in MatchOutcome},
        }
    )


def _alert(history: AlertHistory) -> dict[str, Any]:
    alert, first = history.alert, history.rulings[0] if history.rulings else None
    match = first.decided.match if first else None
    names = ("id", "opened_at", "rule", "event", "severity", "title", "labels", "key", "detail")
    return {
        **{name: getattr(alert, name) for name in names},
        "headline": match.entry.title if match and match.entry else "",
        **_observed(match),
        "reports": len({(e.source, e.id) for item in history.rulings if (e := item.decided.match.entry)}),
        "updates": sum(item.decided.outcome is MatchOutcome.UPDATED for item in history.later),
        "messages": [message.number for message in history.sent],
        "dropped": history.dropped,
    }


def _observed(match: Match | None) -> dict[str, Any]:
    """Return the entry or the quote that *match* is about."""
    entry, quote = (match.entry, match.quote) if match else (None, None)
    return {
        "link": entry.link if entry else "",
        "source": entry.source if entry else "",
        "entry": entry.id if entry else "",
        "instrument": quote.instrument if quote else "",
        "price": str(quote.price) if quote else None,
    }


def _ruling(ruling: Ruling) -> dict[str, Any]:
    decided = ruling.decided
    match, entry = decided.match, decided.match.entry
    return {
        "at": ruling.at,
        "rule": match.rule.id,
        "event": match.rule.event,
        "severity": match.severity,
        "labels": match.labels,
        "fate": decided.outcome,
        "reason": in_words(decided.reason),
        "cause": decided.reason.main,
        "alert": decided.alert_id,
        "story": decided.story_id,
        "origin": decided.origin,
        **_observed(match),
        "publisher": entry.publisher if entry else "",
        "title": entry.title if entry else "",
        "event_time": match.event_time,
        "words": [getattr(entry, span.field)[span.start : span.end] for span in match.spans],
        "detail": match.detail,
    }


def write_csv(path: Path, result: Result) -> None:
    """Write every match of *result* and what became of it to *path*, one per line, in UTF-8.

    A field that a spreadsheet would take for a formula gets an apostrophe in front.

    Raises:
        UsageError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_cells(_ruling(ruling)) for ruling in result.rulings)
    try:
        path.write_text(text.getvalue(), encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _cells(record: Mapping[str, Any]) -> Iterable[str]:
    for name in _COLUMNS:
        value = record[name]
        if isinstance(value, datetime):
            text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        elif name == "labels":
            text = written(value)
        elif isinstance(value, list):
            text = "; ".join(value)
        else:
            text = "" if value is None else str(value)
        yield f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _time(at: datetime) -> str:
    return local(at, _UTC)
