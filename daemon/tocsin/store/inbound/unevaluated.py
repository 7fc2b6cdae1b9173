"""Rules that could not be evaluated on an entry: reported once, tried again after a change of the rule or program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, delete, exists, select

from tocsin.model.rules import Match, Unevaluated
from tocsin.store.db import mapping
from tocsin.store.db.statements import save
from tocsin.store.db.tables import UnevaluatedRow
from tocsin.store.inbound import entries, revisions
from tocsin.store.values import Reopened

#: What a decision knows of a source: whether the poll is its baseline, and the time of the success before.
Circumstance = tuple[bool, datetime | None]


def add(
    session: Session,
    failed: Iterable[tuple[int, Unevaluated]],
    circumstance: Circumstance,
    *,
    now: datetime,
    program: str,
) -> None:
    """Record rules that could not be evaluated, by the number of the entry."""
    rows = [
        {
            **mapping.columns(item, UnevaluatedRow),
            "entry_id": entry_id,
            "program": program,
            "at": now,
            "baseline": circumstance[0],
            "last_success": circumstance[1],
        }
        for entry_id, item in failed
    ]
    changed = ("rule_hash", "program", "error", "at")
    save(session, UnevaluatedRow, ("entry_id", "rule"), rows, change=changed)


def first_time(session: Session, once: Mapping[tuple[str, str], Match]) -> list[Match]:
    """Return the events of *once*, by (rule, rule hash), whose failure is not on record yet."""
    return [
        match
        for (rule, rule_hash), match in once.items()
        if not session.exec(
            select(exists().where(col(UnevaluatedRow.rule) == rule, col(UnevaluatedRow.rule_hash) == rule_hash))
        ).one()
    ]


def reopened(session: Session, current: Mapping[str, str], program: str, *, limit: int = 200) -> tuple[Reopened, ...]:
    """Return at most *limit* entries on which a rule failed that has changed since, or that another program ran.

    A rule that is missing in *current* (rule id to hash) cannot be tried again.
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
    """Delete the failures that were judged again; return the circumstance of each entry by its number.

    An entry that is missing in the result was judged again by another caller meanwhile.
    """
    circumstances = {}
    for item in again:
        failed = (col(UnevaluatedRow.entry_id) == item.entry_id, col(UnevaluatedRow.rule).in_(item.rules))
        for row in session.exec(select(UnevaluatedRow).where(*failed)):
            circumstances[row.entry_id] = (row.baseline, row.last_success)
        session.exec(delete(UnevaluatedRow).where(*failed))
    return circumstances


def error(session: Session, entry_id: int, rule: str) -> str:
    """Return the error of *rule* on an entry, empty if there was none."""
    row = session.get(UnevaluatedRow, (entry_id, rule))
    return row.error if row else ""
