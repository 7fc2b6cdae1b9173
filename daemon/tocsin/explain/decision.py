"""Explanations of why a rule matched an entry or did not, and what became of it, as values for terminal and page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.explain.articles import became, rests_on_article
from tocsin.model.alerts import NOTIFYING, MatchOutcome, Revised
from tocsin.model.deliveries import DeliveryState
from tocsin.model.entries import Entry
from tocsin.model.reasons import Cause, Reason
from tocsin.model.records import AlertDetail, DeliveryView, JudgedEntry, MatchView
from tocsin.model.rules import Evidence, RuleInfo
from tocsin.render.reasons import in_words
from tocsin.rules.news.proof import first_false
from tocsin.rules.ruleset import RuleSet
from tocsin.units import counted, local

#: Causes that come from the settings of a receiver.
_BY_RECEIVERS = (Cause.QUIET, Cause.DIGEST, Cause.LIMIT, Cause.GROUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the decision. *good* is None if the step neither led on nor stopped anything."""

    name: str
    good: bool | None
    words: str


def revision(revised: Revised, zone: ZoneInfo) -> str:
    """Return the revision of an entry in one line."""
    if revised.withdrawn:
        return f"withdrawn by its source at {local(revised.at, zone)}"
    return f"rewritten at {local(revised.at, zone)}: {revised.title}"


def steps(
    record: JudgedEntry,
    rule: RuleInfo,
    *,
    holds: bool | None,
    disabled: bool,
    zone: ZoneInfo,
    rests: bool = False,
    following: str = "",
) -> tuple[Step, ...]:
    """Return the steps of the decision about *record* under *rule*.

    *holds* says whether the rule matches today. It is None if the text was deleted. The evidence *rests* on the article or not.
    *following* is who is sent its alert next if nobody answers, in words.
    """
    article = became(record.article, zone, rests=rests) if record.article else ""
    found = tuple(_steps(record, rule, holds, disabled, zone, following=following))
    return (Step(name="article", good=None, words=article), *found) if article else found


def _steps(
    record: JudgedEntry, rule: RuleInfo, holds: bool | None, disabled: bool, zone: ZoneInfo, *, following: str
) -> Iterator[Step]:
    entry, match = record.entry, record.match
    baseline = match is not None and match.fate is MatchOutcome.BASELINE
    seen = f"new at {local(entry.first_seen, zone)} from {entry.source}, entry {record.number}"
    yield Step(
        name="seen before", good=not baseline, words=in_words(match.reason) if match and baseline else f"no: {seen}"
    )
    for revised in record.revised:
        yield Step(name="rewritten", good=None, words=revision(revised, zone))
    if entry.dropped:
        yield Step(name="filter", good=False, words=in_words(entry.dropped, zone))
    if disabled:
        yield Step(name="enabled", good=False, words=f"no: {rule.override}")
    yield from _judged(record, rule, holds)
    if match is None or baseline:
        return
    if match.fate in (MatchOutcome.OLD, MatchOutcome.FLOOD):
        yield Step(name="age", good=False, words=in_words(match.reason, zone))
        return
    yield Step(name="age", good=True, words=_age(entry, match, zone))
    yield from _told(match, record.alert, zone, following)


def _kept(deliveries: Sequence[DeliveryView], name: str, causes: Collection[Cause], words: str, zone: ZoneInfo) -> Step:
    """Return the step on the *causes* that hold messages back. It says *words* if none of them does."""
    kept = [one for one in deliveries if one.reason.main in causes]
    if not kept:
        return Step(name=name, good=True, words=words)
    waits = any(one.state is not DeliveryState.SUPPRESSED for one in kept)
    reasons = dict.fromkeys(in_words(one.reason, zone) for one in kept)
    return Step(name=name, good=None if waits else False, words="; ".join(reasons))


def _judged(record: JudgedEntry, rule: RuleInfo, holds: bool | None) -> Iterator[Step]:
    match = record.match
    if record.failure:
        words = f"the rule raised, and is tried again when it or the program changes: {record.failure}"
        yield Step(name="judged", good=False, words=words)
    elif match is None:
        changed = "; it matches today: the rule, its lists or the program changed since" if holds else ""
        yield Step(name="judged", good=False, words=f"no match was recorded{changed}")
    else:
        old = "" if match.rule_hash == rule.hash else " by an earlier version of the rule"
        gone = "; it does not match today" if holds is False else ""
        yield Step(name="judged", good=True, words=f"a match, {match.severity}{old}{gone}")


def _age(entry: Entry, match: MatchView, zone: ZoneInfo) -> str:
    if match.fate is MatchOutcome.CATCH_UP:
        return in_words(match.reason, zone)
    if entry.published is not None:
        return f"published {local(entry.published, zone)}, within 48 h of being seen"
    if entry.published_raw:
        return f"dated {entry.published_raw}, which is not credible: taken as new"
    return "it gives no credible time: taken as new"


def _told(match: MatchView, alert: AlertDetail | None, zone: ZoneInfo, following: str) -> Iterator[Step]:
    if alert is None:
        return
    count = len({member.entry_id for member in alert.members})
    entries = counted(count, "entry")
    number = alert.content.alert.id
    joined = match.fate is MatchOutcome.JOINED
    known = match.fate in (MatchOutcome.JOINED, MatchOutcome.UPDATED)
    opened = in_words(match.reason, zone) if known else f"opened alert {number}"
    yield Step(name="story", good=None if joined else True, words=f"story {match.story_id}: {opened} ({entries})")
    deliveries = sorted(alert.deliveries, key=lambda delivery: (delivery.created_at, delivery.receiver))
    if match.fate in NOTIFYING:
        held = match.fate is MatchOutcome.HELD and match.reason.main not in _BY_RECEIVERS
        words = in_words(match.reason, zone) if held else "nothing held it back"
        yield Step(name="cooldown", good=None if held else True, words=words)
        yield _kept(deliveries, "silence", (Cause.SILENCE, Cause.INHIBITED), "no silence hides it", zone)
        yield _kept(deliveries, "quiet hours", _BY_RECEIVERS, "no receiver delays it", zone)
    receivers = dict.fromkeys(delivery.receiver for delivery in deliveries)
    yield Step(
        name="route", good=bool(receivers), words=", ".join(receivers) if receivers else "no route leads to a receiver"
    )
    if match.fate in NOTIFYING:
        for choice in _chain(match.reason):
            if choice.cause in (Cause.SOONEST, Cause.FIRST):
                yield Step(name="person", good=None, words=in_words(replace(choice, because=None)))
    for delivery in deliveries:
        to = f"{delivery.receiver} {delivery.recipient}".strip()
        reason = f" ({in_words(delivery.reason, zone)})" if delivery.reason else ""
        good = {"delivered": True, "dead": False, "suppressed": False}.get(delivery.state.value)
        yield Step(name="delivery", good=good, words=f"{delivery.state} to {to}{reason}, {delivery.id}")
    if following:
        yield Step(name="next", good=None, words=f"if nobody answers: {following}")


def _chain(reason: Reason | None) -> Iterator[Reason]:
    """Yield *reason* and the reasons behind it."""
    while reason is not None:
        yield reason
        reason = reason.because


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


def explain_given(rules: RuleSet, rule: RuleInfo, entry: Entry, now: datetime, *, unfold: bool = False) -> Explanation:
    """Explain *rule* on an *entry* that is not stored, as of *now*; with *unfold* named expressions show their bodies."""
    return Explanation(rule=rule, entry=entry, evidence=rules.explain(rule.id, entry, now, unfold=unfold))


def explain_stored(
    rules: RuleSet,
    rule: RuleInfo,
    record: JudgedEntry,
    entry: Entry | None,
    zone: ZoneInfo,
    *,
    unfold: bool = False,
    following: str = "",
) -> Explanation:
    """Explain *rule* on a stored *record*, as of the time when it was judged, with times in *zone*.

    *entry* has the text as it was then. It is None if the text was deleted. *unfold* as for `explain_given`, *following* as
    for `steps`.
    """
    match, revised = record.match, record.revised
    then = match.decided_at if match else (revised[-1].at if revised else record.entry.first_seen)
    evidence = rules.explain(rule.id, entry, then, unfold=unfold) if entry else None
    return Explanation(
        rule=rule,
        entry=entry or record.entry,
        evidence=evidence,
        number=record.number,
        decision=steps(
            record,
            rule,
            holds=evidence.holds if evidence else None,
            disabled=rule.id in rules.disabled,
            zone=zone,
            rests=entry is not None and rests_on_article(entry, evidence),
            following=following,
        ),
    )


def explanation_object(answer: Explanation) -> dict[str, object]:
    """Return an explanation as an object of JSON; its values are still those of Python."""
    evidence, false = answer.evidence, answer.first_false
    return {
        "rule": answer.rule.id,
        "position": answer.rule.position,
        "override": answer.rule.override,
        "holds": evidence.holds if evidence else None,
        "note": evidence.note if evidence else "",
        "first_false": {"text": false.text, "note": false.note, "position": false.position} if false else None,
        "entry": {"number": answer.number, "entry": answer.entry},
        "evidence": evidence,
        "decision": answer.decision,
    }
