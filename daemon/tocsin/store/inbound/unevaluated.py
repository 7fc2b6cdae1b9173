"""Rules that could not be evaluated on an entry: told once, judged again when the rule or the program changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, and_, col, delete, exists, select

from tocsin.model.rules import Match, Unevaluated
from tocsin.store.db import mapping
from tocsin.store.db.sqlite import upsert
from tocsin.store.db.tables import UnevaluatedRow
from tocsin.store.db.values import Reopened
from tocsin.store.inbound import entries, revisions

#: What the decision about an entry knew of its source: whether it was a baseline, and the success before.
Circumstance = tuple[bool, datetime | None]


def add(
    session: Session,
    failed: Iterable[tuple[int, Unevaluated]],
    circumstance: Circumstance,
    *,
    now: datetime,
    program: str,
) -> None:
    """Keep what could not be judged, by the numbers of the entries."""
    rows = [
        {
            "entry_id": entry_id,
            "rule": item.rule,
            "rule_hash": item.rule_hash,
            "program": program,
            "error": item.error,
            "at": now,
            "baseline": circumstance[0],
            "last_success": circumstance[1],
        }
        for entry_id, item in failed
    ]
    if rows:
        changed = ("rule_hash", "program", "error", "at")
        session.connection().execute(upsert(UnevaluatedRow, ("entry_id", "rule"), change=changed), rows)


def first_time(session: Session, once: Mapping[tuple[str, str], Match]) -> list[Match]:
    """What of *once*, by (rule, rule hash), is to be told: the failures that are not on record yet."""
    return [
        match
        for (rule, rule_hash), match in once.items()
        if not session.exec(
            select(exists().where(col(UnevaluatedRow.rule) == rule, col(UnevaluatedRow.rule_hash) == rule_hash))
        ).one()
    ]


def reopened(session: Session, current: Mapping[str, str], program: str, *, limit: int = 200) -> tuple[Reopened, ...]:
    """At most *limit* entries on which a rule failed that is another now, or was run by another program.

    A rule that *current* (rule id to hash) does not name cannot be tried again.
    """
    rules: dict[int, set[str]] = defaultdict(set)
    for row in session.exec(select(UnevaluatedRow).order_by(col(UnevaluatedRow.entry_id))):
        if row.rule in current and (row.rule_hash, row.program) != (current[row.rule], program):
            if row.entry_id not in rules and len(rules) == limit:
                break
            rules[row.entry_id].add(row.rule)
    found = entries.by_number(session, rules)
    reworded = revisions.of(session, rules)
    return tuple(
        Reopened(
            entry_id=number,
            entry=revisions.current(mapping.entry(*found[number]), reworded.get(number, ())),
            rules=frozenset(names),
        )
        for number, names in rules.items()
    )


def close(session: Session, again: Iterable[Reopened]) -> dict[int, Circumstance]:
    """Take back the failures that were judged again; what was known of each entry, by its number.

    An entry that is missing in the answer was judged again by somebody else meanwhile.
    """
    pairs = [
        and_(col(UnevaluatedRow.entry_id) == item.entry_id, col(UnevaluatedRow.rule).in_(item.rules)) for item in again
    ]
    circumstances = {}
    for pair in pairs:
        for row in session.exec(select(UnevaluatedRow).where(pair)):
            circumstances[row.entry_id] = (row.baseline, row.last_success)
        session.exec(delete(UnevaluatedRow).where(pair))
    return circumstances


def error(session: Session, entry_id: int, rule: str) -> str:
    """What *rule* stumbled over on an entry, or nothing."""
    row = session.get(UnevaluatedRow, (entry_id, rule))
    return row.error if row else ""
