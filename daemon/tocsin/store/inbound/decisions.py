"""Decisions: entries are written, the policy is asked, and its decision is written, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import reduce
from operator import add, or_
from typing import Any

from sqlmodel import Session, insert

from tocsin.model.alerts import Alert, Ending, Story
from tocsin.model.articles import ArticleState
from tocsin.model.entries import KeyKind
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Judged, Match
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.alerting.correlation import ActiveWindows
from tocsin.policy.alerting.facts import Arrival, Decided, Decision, Facts
from tocsin.store.db import mapping
from tocsin.store.db.statements import put, save
from tocsin.store.db.tables import AlertRow, ArticleRow, LastNotifiedRow, MatchRow, StandingRow, StoryEntryRow, StoryRow
from tocsin.store.inbound import dates, entries, facts, identity, revisions, sources, unevaluated
from tocsin.store.inbound.sources import Held
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.inbound.unevaluated import Circumstance
from tocsin.store.outbox import enqueue, reminders
from tocsin.store.values import Committed, JudgedBatch, Once, Reopened

#: Built once, because that costs more than to run them. Stories and alerts have their numbers (`inline`).
_NEW = {kind: insert(kind.metadata.tables[str(kind.__tablename__)]).inline() for kind in (StoryRow, AlertRow)}
_MATCHES = MatchRow.metadata.tables[str(MatchRow.__tablename__)]
_MATCH = insert(_MATCHES).returning(_MATCHES.c.id)
_ARTICLE = insert(ArticleRow.metadata.tables[str(ArticleRow.__tablename__)])
_UNTRIED = {"fence": 0, "tries": 0, "error": "", "address": ""}

#: The policy, a pure function.
Decide = Callable[[Facts], Decision]

#: The circumstance of an event without a source.
NONE: Circumstance = (False, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """A write transaction in which *decide* is asked; planned messages leave no earlier than *settles*."""

    session: Session
    decide: Decide
    now: datetime
    opened: OpenStories
    settles: datetime | None = None

    def about(
        self,
        arrivals: Sequence[Arrival],
        circumstance: Circumstance = NONE,
        corrections: Sequence[Correction] = (),
        endings: Sequence[Ending] = (),
    ) -> Committed:
        """Decide about *arrivals*, *corrections* and *endings*, and write the decision; arrivals without a match need none."""
        matched = [arrival for arrival in arrivals if arrival.matches]
        recoveries = facts.recoveries(self.session, endings)
        if not matched and not corrections and not recoveries:
            return Committed(entries=0, decision=Decision())
        known = facts.read(
            self.session,
            matched,
            circumstance,
            now=self.now,
            opened=self.opened,
            corrections=corrections,
            recoveries=recoveries,
        )
        decision = self.decide(known)
        _write_stories(self.session, decision.stories, known)
        _write(self.session, AlertRow, decision.alerts, known.next_alert)
        last_match = _write_matches(self.session, decision.decided, self.now)
        if matched:
            self.opened.note(decision.stories, last_match)
        notified = decision.last_notified.items()
        rows = [{"rule": rule, "key": key, **mapping.columns(last, LastNotifiedRow)} for (rule, key), last in notified]
        save(self.session, LastNotifiedRow, ("rule", "key"), rows)
        _write_windows(self.session, decision.windows)
        enqueue.cancel(self.session, decision.cancelled, self.now, Reason(cause=Cause.EARLIER))
        for recovery in recoveries:
            reminders.end(self.session, recovery.alert.id, self.now)
        delivery_ids = enqueue.plan(self.session, decision.planned, self.now, self.settles)
        enqueue.join(self.session, decision.joined)
        severities = {alert.id: alert.severity.rank for alert in known.alerts}
        enqueue.raise_ranks(
            self.session,
            [alert for alert in decision.alerts if severities.get(alert.id, alert.severity.rank) < alert.severity.rank],
        )
        enqueue.add_news(self.session, decision.news)
        enqueue.release(self.session, decision.released, self.now)
        return Committed(entries=0, decision=decision, delivery_ids=delivery_ids)

    def about_own(self, own: Sequence[Match]) -> Committed:
        """Decide about the daemon's own events, which a baseline does not suppress."""
        endings = [
            Ending(rules=match.rule.ends, label=name, value=value, detail=match.detail)
            for match in own
            if match.rule.ends
            for name in match.rule.key
            for value in match.labels.get(name, ())
        ]
        return self.about([Arrival(entry_id=None, matches=(match,)) for match in own], endings=endings)


def nobody(_: Facts) -> Decision:
    """Return a no-op decision."""
    return Decision()


def total(parts: Sequence[Committed], entries: int = 0) -> Committed:
    """Combine several decisions of one transaction into one, in their order."""
    effects: dict[str, Any] = {
        effect.name: [getattr(part.decision, effect.name) for part in parts] for effect in fields(Decision)
    }
    return Committed(
        entries=entries,
        decision=Decision(
            **{name: reduce(or_ if isinstance(found[0], Mapping) else add, found) for name, found in effects.items()}
        ),
        delivery_ids=tuple(delivery_id for part in parts for delivery_id in part.delivery_ids),
    )


def take_in(deciding: Deciding, source: Held, found: JudgedBatch, *, program: str, renewed: bool = False) -> Committed:
    """Write the entries *found* that are still new, and the decisions about them and about the daemon's own events.

    Corrections of rewritten and withdrawn entries are decided with them. *renewed* is true if the ids of the source have
    just changed.
    """
    session, now, source_id, batch, rewritten = deciding.session, deciding.now, source.id, found.batch, found.rewritten
    known = identity.known(session, [item.entry for item in found.judged], batch)
    fresh = known.sift(found.judged, entry_of=lambda item: item.entry)
    new = [item.entry for item in fresh]
    numbers = entries.add(session, source_id, new)
    identity.add(session, source_id, known, new, now)
    taken = revisions.take_in(session, source_id, rewritten, batch.deleted, now, by_link=KeyKind.ID in batch.volatile)
    if rewritten:
        identity.reword(session, source_id, known, [item.entry for item in rewritten], now)
    if renewed:  # perhaps for good: then the new ids identify the entries from now on
        identity.add(session, source_id, known, batch.entries, now)
    if identity.must_touch(source.document_at, now):
        identity.touch(session, source_id, batch, now)
    _promise(session, source, [n for n, entry in zip(numbers, new, strict=True) if entry.id in found.articles], now)
    dropped = sum(bool(entry.dropped) for entry in new)
    sources.count_dropped(session, source, dropped)
    first = unevaluated.first_time(session, found.once)
    circumstance = (source.last_success is None, source.last_success)
    failed = [(number, failure) for number, item in zip(numbers, fresh, strict=True) for failure in item.unevaluated]
    failed += [
        (taken.numbers[item.entry.id], f)
        for item in rewritten
        if item.entry.id in taken.numbers
        for f in item.unevaluated
    ]
    unevaluated.add(session, failed, circumstance, now=now, program=program)
    arrivals = [
        Arrival(entry_id=number, matches=item.matches, flood=item.entry.id in found.flood)
        for number, item in zip(numbers, fresh, strict=True)
    ]
    parts = [
        deciding.about([*arrivals, *taken.arrivals], circumstance, taken.corrections),
        deciding.about_own([*found.own, *first]),
    ]
    announced = {number: item.dates for number, item in zip(numbers, fresh, strict=True)}
    announced |= {taken.numbers[item.entry.id]: item.dates for item in rewritten if item.entry.id in taken.numbers}
    dates.keep(session, announced, now)
    return replace(total(parts, entries=len(new)), dropped=dropped)


def take_again(deciding: Deciding, again: Sequence[tuple[Reopened, Judged]], *, once: Once, program: str) -> Committed:
    """Write the result of a second judgement, only for the rules that could not be evaluated before."""
    session = deciding.session
    circumstances = unevaluated.close(session, [reopened for reopened, _ in again])
    parts = [deciding.about_own(unevaluated.first_time(session, once))]
    for circumstance in dict.fromkeys(circumstances.values()):
        arrivals = []
        for reopened, judged in again:
            if circumstances.get(reopened.entry_id) == circumstance:
                matches = tuple(match for match in judged.matches if match.rule.id in reopened.rules)
                arrivals.append(Arrival(entry_id=reopened.entry_id, matches=matches))
                failed = [(reopened.entry_id, item) for item in judged.unevaluated if item.rule in reopened.rules]
                unevaluated.add(session, failed, circumstance, now=deciding.now, program=program)
        parts.append(deciding.about(arrivals, circumstance))
    dates.keep(session, {reopened.entry_id: judged.dates for reopened, judged in again}, deciding.now)
    return total(parts)


def _promise(session: Session, source: Held, numbers: Sequence[int], now: datetime) -> None:
    """Promise to fetch the articles of new entries, in the transaction that makes them known."""
    promised = {"source_id": source.id, "state": ArticleState.WAITING, "promised_at": now, "due_at": now}
    rows = [{"entry_id": number, **promised, **_UNTRIED, "last_success": source.last_success} for number in numbers]
    put(session, _ARTICLE, rows)


def _write_matches(session: Session, decided: Sequence[Decided], now: datetime) -> int:
    """Write matches with what was *decided* of them; return the number of the last one, 0 if there is none."""
    rows = [{**mapping.match_columns(item), "decided_at": now} for item in decided]
    return max(session.connection().execute(_MATCH, rows).scalars(), default=0) if rows else 0


def _write_stories(session: Session, stories: Sequence[Story], known: Facts) -> None:
    """Write *stories* and their new entries, which follow those of the *known* stories."""
    _write(session, StoryRow, stories, known.next_story)
    earlier = {story.id: len(story.entries) for story in known.stories}
    members = [
        {"story_id": story.id, **mapping.columns(entry, StoryEntryRow)}
        for story in stories
        for entry in story.entries[earlier.get(story.id, 0) :]
    ]
    save(session, StoryEntryRow, ("story_id", "entry_id"), members)


def _write(session: Session, table: type[StoryRow | AlertRow], values: Sequence[Story | Alert], first: int) -> None:
    """Write *values*: those from the number *first* on are new, and a clash with a row of another decision is an error."""
    put(session, _NEW[table], [mapping.columns(value, table) for value in values if value.id >= first])
    save(session, table, ("id",), [mapping.columns(value, table) for value in values if value.id < first])


def _write_windows(session: Session, windows: ActiveWindows) -> None:
    rows = [
        {
            "rule": rule,
            "key": key,
            "times": [(one.first, one.last) for one in items],
            "last": max(one.last for one in items),
        }
        for (rule, key), items in windows.items()
    ]
    save(session, StandingRow, ("rule", "key"), rows)
