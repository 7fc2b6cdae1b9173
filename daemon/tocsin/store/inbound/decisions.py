"""Decisions: the policy is asked and its decision is written, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, insert

from tocsin.model.alerts import Alert, Story
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Match
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.alerting.correlation import ActiveWindows
from tocsin.policy.alerting.facts import Arrival, Decided, Decision, Facts, LastNotified
from tocsin.store.db import codec, mapping
from tocsin.store.db.sqlite import upsert
from tocsin.store.db.tables import AlertRow, MatchRow, StandingRow, StoryEntryRow, StoryRow, ToldRow
from tocsin.store.db.values import Committed
from tocsin.store.inbound import facts
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.inbound.unevaluated import Circumstance
from tocsin.store.outbox import enqueue

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
    ) -> Committed:
        """Decide about *arrivals* and *corrections*, and write the decision; arrivals without a match need none."""
        matched = [arrival for arrival in arrivals if arrival.matches]
        if not matched and not corrections:
            return Committed(entries=0, decision=Decision())
        known = facts.read(
            self.session, matched, circumstance, now=self.now, opened=self.opened, corrections=corrections
        )
        decision = self.decide(known)
        _write_stories(self.session, decision.stories, {item.id: len(item.entries) for item in known.stories})
        _write_alerts(self.session, decision.alerts)
        _write_matches(self.session, decision.decided, self.now)
        _write_last_notified(self.session, decision.last_notified)
        _write_windows(self.session, decision.windows)
        enqueue.cancel(self.session, decision.cancelled, self.now, Reason(cause=Cause.EARLIER))
        delivery_ids = enqueue.plan(self.session, decision.planned, self.now, self.settles)
        enqueue.join(self.session, decision.joined)
        enqueue.say(self.session, decision.news)
        enqueue.release(self.session, decision.released, self.now)
        return Committed(entries=0, decision=decision, delivery_ids=delivery_ids)

    def about_own(self, own: Sequence[Match]) -> Committed:
        """Decide about the daemon's own events, which a baseline does not suppress."""
        return self.about([Arrival(entry_id=None, matches=(match,)) for match in own])


def nobody(_: Facts) -> Decision:
    """Return a no-op decision."""
    return Decision()


def total(parts: Sequence[Committed], entries: int = 0) -> Committed:
    """Combine several decisions of one transaction into one, in their order."""
    decisions = [part.decision for part in parts]
    return Committed(
        entries=entries,
        decision=Decision(
            decided=tuple(item for decision in decisions for item in decision.decided),
            stories=tuple(item for decision in decisions for item in decision.stories),
            alerts=tuple(item for decision in decisions for item in decision.alerts),
            last_notified={key: last for decision in decisions for key, last in decision.last_notified.items()},
            planned=tuple(item for decision in decisions for item in decision.planned),
            joined=tuple(item for decision in decisions for item in decision.joined),
            news={key: words for decision in decisions for key, words in decision.news.items()},
            windows={key: item for decision in decisions for key, item in decision.windows.items()},
            released=tuple(item for decision in decisions for item in decision.released),
            cancelled=tuple(item for decision in decisions for item in decision.cancelled),
        ),
        delivery_ids=tuple(delivery_id for part in parts for delivery_id in part.delivery_ids),
    )


def _write_stories(session: Session, stories: Sequence[Story], known: Mapping[int, int]) -> None:
    """Write *stories* and their new entries; *known* counts the earlier entries by story, which come first."""
    rows = [mapping.columns(story, StoryRow) for story in stories]
    if rows:
        session.connection().execute(upsert(StoryRow, ("id",), change=("event", "opened_at", "last_at")), rows)
    members = [
        {"story_id": story.id, **mapping.columns(entry, StoryEntryRow)}
        for story in stories
        for entry in story.entries[known.get(story.id, 0) :]
    ]
    if members:
        changed = ("title", "canonical_link", "publisher", "origin", "event_time")
        session.connection().execute(upsert(StoryEntryRow, ("story_id", "entry_id"), change=changed), members)


def _write_alerts(session: Session, alerts: Sequence[Alert]) -> None:
    rows = [mapping.columns(alert, AlertRow) for alert in alerts]
    if rows:
        changed = tuple(name for name in rows[0] if name != "id")
        session.connection().execute(upsert(AlertRow, ("id",), change=changed), rows)


def _write_matches(session: Session, decided: Sequence[Decided], now: datetime) -> None:
    rows = [{**mapping.match_columns(item), "decided_at": now} for item in decided]
    if rows:
        session.connection().execute(insert(MatchRow), rows)


def _write_last_notified(session: Session, last_notified: Mapping[tuple[str, str], LastNotified]) -> None:
    rows = [{"rule": rule, "key": key, **mapping.columns(item, ToldRow)} for (rule, key), item in last_notified.items()]
    if rows:
        session.connection().execute(upsert(ToldRow, ("rule", "key"), change=("at", "severity")), rows)


def _write_windows(session: Session, windows: ActiveWindows) -> None:
    rows = [
        {
            "rule": rule,
            "key": key,
            "times": codec.times_to_json([(one.first, one.last) for one in items]),
            "last": max(one.last for one in items),
        }
        for (rule, key), items in windows.items()
    ]
    if rows:
        session.connection().execute(upsert(StandingRow, ("rule", "key"), change=("times", "last")), rows)
