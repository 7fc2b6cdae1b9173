"""Rows to values and back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tocsin.errors import Fault
from tocsin.model.alerts import Alert, Coverage, MatchOutcome, Story, StoryEntry
from tocsin.model.deliveries import DeliveryState, ErrorClass
from tocsin.model.entries import Entry
from tocsin.model.reasons import Cause, Reason
from tocsin.model.records import MatchView
from tocsin.model.rules import Severity
from tocsin.model.sources import Cursor
from tocsin.policy.alerting.correlation import Member
from tocsin.policy.alerting.facts import Decided
from tocsin.store.db import codec, habits
from tocsin.store.db.reading import reading
from tocsin.store.db.tables import (
    AlertRow,
    AttemptRow,
    DeliveryRow,
    EntryRow,
    MatchRow,
    SourceRow,
    StoryEntryRow,
    StoryRow,
    TransitionRow,
)
from tocsin.store.db.values import AttemptView, EntryView, SourceLease, SourceView, TransitionView


def digest(*parts: str) -> str:
    """128 bits of what identifies *parts*, in hex."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def identity(row_id: int | None) -> int:
    """The number of a row that was read, which is never None."""
    assert row_id is not None
    return row_id


# ---- sources ---------------------------------------------------------------------------------------------------


@reading
def lease(row: SourceRow, now: datetime) -> SourceLease:
    """A source as its poll needs it; *row* is how it stood before it was claimed at *now*."""
    learned = habits.read_habits(row.habits)
    return SourceLease(
        name=row.name,
        cursor=Cursor(
            etag=row.etag,
            last_modified=row.last_modified,
            body_hash=row.body_hash,
            validated_at=row.validated_at,
            moved_to=habits.moved_to(learned),
        ),
        fence=int(row.fence) + 1,  # SQLite keeps any text in any column
        due_at=row.due_at,
        errors=int(row.errors),
        baseline=row.last_success is None,
        last_success=row.last_success,
        first_polled=row.first_polled or now,
        last_fault=Fault(row.last_fault) if row.last_fault else None,
        unhealthy=row.unhealthy,
        gone=row.gone,
        dead=row.dead,
        habits=learned,
        fetches=row.fetches,
    )


@reading
def source_view(row: SourceRow, entries: int) -> SourceView:
    """A source as a listing shows it."""
    return SourceView(
        name=row.name,
        kind=row.kind,
        disabled=row.disabled,
        due_at=row.due_at,
        polls=row.polls,
        entries=entries,
        errors=row.errors,
        unhealthy=row.unhealthy,
        gone=row.gone,
        last_error=row.last_error,
        last_fault=Fault(row.last_fault) if row.last_fault else None,
        first_polled=row.first_polled,
        last_success=row.last_success,
        dead=row.dead,
        reasons=tuple(row.reasons.splitlines()),
        habits=habits.read_habits(row.habits),
    )


# ---- entries ---------------------------------------------------------------------------------------------------


def entry_fields(entry: Entry, source_id: int) -> dict[str, Any]:
    """The columns of a new entry."""
    return {
        "source_id": source_id,
        "ident": entry.id,
        "keys": codec.keys_to_json(entry.keys),
        "title": entry.title,
        "summary": entry.summary,
        "body": entry.body,
        "link": entry.link,
        "canonical_link": entry.canonical_link,
        "publisher": entry.publisher,
        "authors": codec.words_to_json(entry.authors),
        "categories": codec.words_to_json(entry.categories),
        "language": entry.language,
        "published": entry.published,
        "published_raw": entry.published_raw,
        "labels": codec.labels_to_json(entry.labels),
        "first_seen": entry.first_seen,
        "pruned": False,
    }


@reading
def entry(row: EntryRow, source: str) -> Entry:
    """The entry as its source gave it, less what was pruned."""
    return Entry(
        source=source,
        id=row.ident,
        keys=codec.keys_from_json(row.keys),
        title=row.title,
        first_seen=row.first_seen,
        summary=row.summary,
        body=row.body,
        link=row.link,
        canonical_link=row.canonical_link,
        publisher=row.publisher,
        authors=codec.words_from_json(row.authors),
        categories=codec.words_from_json(row.categories),
        language=row.language,
        published=row.published,
        published_raw=row.published_raw,
        labels=codec.labels_from_json(row.labels),
    )


@reading
def entry_view(row: EntryRow, source: str) -> EntryView:
    """An entry as a listing shows it."""
    return EntryView(id=identity(row.id), entry=entry(row, source), pruned=row.pruned)


@reading
def coverage(row: EntryRow, source: str) -> Coverage:
    """An entry as a message shows it."""
    return Coverage(
        title=row.title,
        link=row.link,
        publisher=row.publisher,
        source=source,
        published=row.published,
        first_seen=row.first_seen,
        summary=row.summary,
        body=row.body,
        stated="" if row.published else row.published_raw,
    )


# ---- matches, stories, alerts ----------------------------------------------------------------------------------


def match_fields(decided: Decided) -> dict[str, Any]:
    """The columns of a match and of what became of it, less the time."""
    match = decided.match
    return {
        "entry_id": decided.entry_id,
        "rule": match.rule.id,
        "rule_hash": match.rule.hash,
        "event": match.rule.event,
        "severity": match.severity.value,
        "labels": codec.labels_to_json(match.labels),
        "evidence": codec.evidence_to_json(match.evidence),
        "event_time": match.event_time,
        "detail": match.detail,
        "fate": decided.outcome.value,
        "reason": codec.reason_to_json(decided.reason),
        "story_id": decided.story_id,
        "origin": decided.origin,
        "alert_id": decided.alert_id,
    }


@reading
def match_view(row: MatchRow, entry: EntryRow | None, source: str) -> MatchView:
    """A match as a listing shows it."""
    return MatchView(
        id=identity(row.id),
        rule=row.rule,
        rule_hash=row.rule_hash,
        severity=Severity(row.severity),
        labels=codec.labels_from_json(row.labels),
        event_time=row.event_time,
        decided_at=row.decided_at,
        fate=MatchOutcome(row.fate),
        reason=codec.reason_from_json(row.reason),
        detail=row.detail,
        origin=row.origin,
        entry_id=row.entry_id,
        story_id=row.story_id,
        alert_id=row.alert_id,
        source=source,
        title=entry.title if entry else "",
        link=entry.link if entry else "",
        evidence=codec.evidence_from_json(row.evidence) if row.evidence else None,
    )


@reading
def member(row: MatchRow, entry: EntryRow | None, source: str) -> Member:
    """A match as a correlation sees it."""
    labels = codec.labels_from_json(row.labels)
    return Member(
        rule=row.rule,
        event_time=row.event_time,
        labels=labels,
        outcome=MatchOutcome(row.fate),
        entry_id=row.entry_id,
        origin=row.origin,
        source=source or next(iter(labels.get("instrument", ())), ""),
        publisher=entry.publisher if entry else "",
        title=entry.title if entry else row.detail,
        link=entry.link if entry else "",
    )


@reading
def story(row: StoryRow, members: tuple[StoryEntry, ...]) -> Story:
    """A story and its *members*."""
    return Story(id=row.id, event=row.event, opened_at=row.opened_at, last_at=row.last_at, entries=members)


@reading
def story_entry(row: StoryEntryRow) -> StoryEntry:
    """A member of a story."""
    return StoryEntry(
        entry_id=row.entry_id,
        title=row.title,
        canonical_link=row.canonical_link,
        publisher=row.publisher,
        origin=row.origin,
        event_time=row.event_time,
    )


@reading
def alert(row: AlertRow) -> Alert:
    """An alert."""
    return Alert(
        id=row.id,
        rule=row.rule,
        rule_hash=row.rule_hash,
        rule_position=row.rule_position,
        title=row.title,
        event=row.event,
        severity=Severity(row.severity),
        labels=codec.labels_from_json(row.labels),
        key=codec.words_from_json(row.key),
        story_id=row.story_id,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        event_time=row.event_time,
        note=row.note,
        detail=row.detail,
        origins=row.origins,
    )


def alert_fields(alert: Alert) -> dict[str, Any]:
    """The columns of an alert."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "rule_hash": alert.rule_hash,
        "rule_position": alert.rule_position,
        "title": alert.title,
        "event": alert.event,
        "severity": alert.severity.value,
        "labels": codec.labels_to_json(alert.labels),
        "key": codec.words_to_json(alert.key),
        "story_id": alert.story_id,
        "opened_at": alert.opened_at,
        "updated_at": alert.updated_at,
        "event_time": alert.event_time,
        "note": alert.note,
        "detail": alert.detail,
        "origins": alert.origins,
    }


# ---- deliveries ------------------------------------------------------------------------------------------------


@reading
def attempt_view(row: AttemptRow) -> AttemptView:
    """A try as a listing shows it."""
    return AttemptView(
        n=row.n,
        fence=row.fence,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=ErrorClass(row.outcome) if row.outcome else None,
        code=row.code,
        words=row.words,
        retry_after=None if row.retry_after is None else timedelta(seconds=row.retry_after),
    )


@reading
def transition_view(row: TransitionRow) -> TransitionView:
    """A change of state as a listing shows it."""
    return TransitionView(at=row.at, state=DeliveryState(row.state), reason=codec.reason_from_json(row.reason))


def because(row: DeliveryRow, overflow: str) -> Reason:
    """Return why a message is as it is, for an alert in it that was over a limit, or none."""
    reason, limit = codec.reason_from_json(row.reason), codec.reason_from_json(overflow)
    if not limit:
        return reason
    if row.state == DeliveryState.HELD.value:
        return replace(limit, until=row.due_at)
    return replace(reason or Reason(cause=Cause.GATHERED, by=row.kind), because=limit)
