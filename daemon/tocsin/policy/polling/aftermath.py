"""The effects of a poll on its source: the next poll, the updated history, and the events to report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.errors import SourceError
from tocsin.hints import ResponseHints
from tocsin.model.entries import KeyKind
from tocsin.policy.polling import health, schedule
from tocsin.policy.polling import history as learning
from tocsin.policy.polling.findings import Findings
from tocsin.policy.polling.health import News, SourceStatus
from tocsin.policy.polling.history import Moved, PollHistory
from tocsin.policy.polling.schedule import Plan
from tocsin.redaction import masked
from tocsin.units import counted, duration

#: The wait before a new address is tried for the first time.
_TRY_MOVED = timedelta(minutes=1)
#: Ids that changed after a longer time than this may have been renewed once.
_SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthEvent:
    """A change of a source to report, in words."""

    news: News
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterSuccess:
    """The state of a source after a good poll; with *flood* its late entries are stored without alerts."""

    plan: Plan
    habits: PollHistory
    events: tuple[HealthEvent, ...] = ()
    flood: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterFailure:
    """The state of a source after a failure; the other sources of its host group wait until *others_until*."""

    plan: Plan
    habits: PollHistory
    unhealthy: bool
    gone: bool
    dead: bool
    events: tuple[HealthEvent, ...] = ()
    others_until: datetime | None = None


def after_success(
    before: SourceStatus, answer: ResponseHints, found: Findings, *, now: datetime, random: float
) -> AfterSuccess:
    """Return the state of a source after a good poll; *random* is in [0, 1)."""
    first = before.last_success is None
    known = replace(before.habits, unfinished=None) if before.habits.unfinished else before.habits
    habits = learning.learn(known, answer, held=found.held, new=found.new, now=now)
    if found.held and found.shown != habits.shown:
        habits = replace(habits, shown=found.shown)
    events = [*_recoveries(before, found, now)]
    if found.new:
        habits = replace(habits, silent=False) if habits.silent else habits
    elif not (habits.silent or before.terms.watched) and health.is_silent(
        habits, first_polled=before.first_polled, now=now
    ):
        habits = replace(habits, silent=True)
        events.append(HealthEvent(news=News.SILENT, detail=_silence(habits, now)))
    hollow = health.is_hollow(habits)
    if hollow and not habits.hollow:
        events.append(HealthEvent(news=News.EMPTY, detail="It answers, but its document has no entries any more."))
    if hollow != habits.hollow:
        habits = replace(habits, hollow=hollow)
    shares = found.held is None or (not first and found.new < found.held)
    if not answer.moved_to or shares:
        moved = learning.redirected(habits.moved, answer.moved_to, secure=answer.secured, now=now)
        if moved is not habits.moved:
            events += _moves(habits.moved, moved)
            habits = replace(habits, moved=moved)
    soon = before.last_success is not None and now - before.last_success < _SOON
    if soon and found.volatile - habits.volatile:
        events += [] if habits.volatile else [HealthEvent(news=News.VOLATILE, detail=_volatile(found.volatile))]
        habits = replace(habits, volatile=found.volatile)
    flood = not first and health.is_flood(held=found.held or 0, new=found.new, late=found.late)
    if flood:
        events.append(HealthEvent(news=News.FLOOD, detail=_flood(found)))
    due = schedule.plan(name=before.name, terms=before.terms, habits=habits, first=first, now=now, random=random)
    return AfterSuccess(plan=due, habits=habits, events=tuple(events), flood=flood)


def after_failure(
    before: SourceStatus, error: SourceError, *, now: datetime, random: float, refusals: int = 0
) -> AfterFailure:
    """Return the state of a source after a failed poll; *random* is in [0, 1).

    If its host limited our rate *refusals* times in a row, the host is reported, not each of its sources.
    """
    errors = before.errors + 1
    verdict = health.after_failure(before, error, now)
    span, _ = schedule.interval(before.terms, before.habits, now)
    delay = schedule.back_off(
        errors=errors,
        interval=span,
        fault=error.fault,
        retry_after=error.retry_after,
        given_up=verdict.gone or verdict.dead,
        failed_for=now - before.last_success if before.last_success else None,
        jitter=random,
    )
    moved = learning.failed_at(before.habits.moved, error.fault, error.status, errors)
    detail = f"{error}. What to do: {error.remedy}." if error.remedy else str(error)
    events = [HealthEvent(news=verdict.news, detail=detail)] if verdict.news and not refusals else []
    events += _moves(before.habits.moved, moved)
    reasons: tuple[str, ...] = (f"{_count(errors)}: paused for {duration(delay)}",)
    if error.retry_after:
        reasons = (*reasons, f"its server asked for {duration(error.retry_after)}")
    if moved is not before.habits.moved:
        delay, reasons = _TRY_MOVED, ("it is tried at its other address",)
    quiet = schedule.hold(error.fault, error.retry_after, refusals) if before.terms.group else None
    if refusals and quiet:
        delay, reasons = quiet, (f"its host limits our rate: paused for {duration(quiet)}",)
    return AfterFailure(
        plan=Plan(due_at=now + delay, reasons=reasons),
        habits=replace(before.habits, moved=moved),
        unhealthy=before.unhealthy if refusals else verdict.unhealthy,
        gone=verdict.gone,
        dead=verdict.dead,
        events=tuple(events),
        others_until=now + quiet if quiet else None,
    )


def after_push(habits: PollHistory, now: datetime) -> tuple[PollHistory, tuple[HealthEvent, ...]]:
    """Return the history of a source after a program handed news in to it, and the event that this ends a silence."""
    events = (HealthEvent(news=News.RECOVERED, detail=_news_again(habits, now)),) if habits.silent else ()
    return replace(learning.arrived(habits, now), silent=False), events


def without_push(habits: PollHistory, first: datetime, now: datetime) -> tuple[PollHistory, HealthEvent] | None:
    """Return what becomes of a source to which nothing was handed in for far too long; None if it was not, or is known to be silent.

    The *first* news was handed in then.
    """
    if habits.silent or not health.is_silent(habits, first_polled=first, now=now):
        return None
    idle, longest = duration(now - habits.arrivals[-1]), duration(habits.longest)
    detail = (
        f"No program handed in anything new for {idle}; its longest silence before was {longest}. "
        "What to do: see that the program runs, and what it is answered."
    )
    return replace(habits, silent=True), HealthEvent(news=News.SILENT, detail=detail)


def _recoveries(before: SourceStatus, found: Findings, now: datetime) -> list[HealthEvent]:
    """Return one event for all the faults that ended."""
    habits = before.habits
    words = []
    if before.unhealthy:
        words.append("It answers again.")
    if habits.silent and found.new:
        words.append(_news_again(habits, now))
    if habits.hollow and found.held:
        words.append("Its document has entries again.")
    return [HealthEvent(news=News.RECOVERED, detail=" ".join(words))] if words else []


def _news_again(habits: PollHistory, now: datetime) -> str:
    return f"It has news again, after {duration(now - habits.arrivals[-1])}."


def _moves(before: Moved | None, after: Moved | None) -> list[HealthEvent]:
    was, now = before is not None and before.used, after is not None and after.used
    if now and not was:
        assert after is not None
        detail = f"Permanent redirects lead to {masked(after.url)}; it is polled there now. Put that address into the configuration."
        return [HealthEvent(news=News.MOVED, detail=detail)]
    if was and not now:
        assert before is not None
        detail = (
            f"It had moved to {masked(before.url)}, which has no feed any more; it is polled at its old address again."
        )
        return [HealthEvent(news=News.MOVED_BACK, detail=detail)]
    return []


def _silence(habits: PollHistory, now: datetime) -> str:
    idle, longest = duration(now - habits.arrivals[-1]), duration(habits.longest)
    return f"It answers, but brought nothing new for {idle}; its longest silence before was {longest}."


def _volatile(kinds: Collection[KeyKind]) -> str:
    apart = "headline and day" if KeyKind.LINK in kinds else "link, or headline and day,"
    what = "ids and links" if KeyKind.LINK in kinds else "ids"
    return (
        f"The {what} of its entries have changed since the last poll, though their headlines are the same. From now on "
        f"{apart} tell them apart; nothing was lost, and no alert is repeated."
    )


def _flood(found: Findings) -> str:
    return (
        f"{found.new} of the {counted(found.held or 0, 'entry')} of its document were new at once, and {found.late} of them were "
        "published before the last poll, which did not show them. They are stored, and cause no alerts."
    )


def _count(errors: int) -> str:
    return "one failure" if errors == 1 else f"{errors} failures in a row"
