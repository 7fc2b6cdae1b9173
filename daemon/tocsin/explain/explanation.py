"""The evidence of one rule on one given or stored entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.explain.decision_chain import Record, Step, steps
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, RuleInfo
from tocsin.rules.news.proof import first_false
from tocsin.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The evidence of *rule* on *entry*. *evidence* is None if the text of a stored entry was deleted."""

    rule: RuleInfo
    entry: Entry
    evidence: Evidence | None
    number: int | None = None
    decision: tuple[Step, ...] = ()

    @property
    def first_false(self) -> Evidence | None:
        """The first part of the evidence that is false, None if none is."""
        return first_false(self.evidence) if self.evidence and not self.evidence.holds else None


def explain_given(rules: RuleSet, rule: RuleInfo, entry: Entry, now: datetime) -> Explanation:
    """Explain *rule* on an *entry* that is not stored, as of *now*."""
    return Explanation(rule=rule, entry=entry, evidence=rules.explain(rule.id, entry, now))


def explain_stored(rules: RuleSet, rule: RuleInfo, record: Record, entry: Entry | None, zone: ZoneInfo) -> Explanation:
    """Explain *rule* on a stored *record*, as of the time when it was judged, with times in *zone*.

    *entry* has the text as it was then. It is None if the text was deleted.
    """
    match, revised = record.match, record.revised
    then = match.decided_at if match else (revised[-1].at if revised else record.entry.first_seen)
    evidence = rules.explain(rule.id, entry, then) if entry else None
    return Explanation(
        rule=rule,
        entry=entry or record.entry,
        evidence=evidence,
        number=record.number,
        decision=steps(
            record, rule, holds=evidence.holds if evidence else None, disabled=rule.id in rules.disabled, zone=zone
        ),
    )
