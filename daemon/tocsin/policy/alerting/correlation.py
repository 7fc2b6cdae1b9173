"""Correlations: events made of matches of several rules, or of several matches of one. Pure.

Matches count, not alerts: folded, held and old ones count, too. A correlation becomes true for one key value when a
window as long as `within`, both ends included, meets its condition. Windows run over event time, so a late match can
still complete one. It stays true until its window is empty: until no match of a member came within that time of the
last one. Earlier windows are remembered for matches that arrive late or after a clock was corrected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, product

from tocsin.model.alerts import MatchOutcome
from tocsin.model.prices import Labels
from tocsin.model.rules import Correlation, CorrelationKind, Evidence, Match, Witness
from tocsin.policy.alerting import usual
from tocsin.policy.alerting.growth import merged
from tocsin.policy.alerting.usual import Usual
from tocsin.units import duration

#: Key values of one match; more than that is a list of everything.
_MOST_KEYS = 64
#: The most matches of one key value that are searched for a window, the nearest in time.
_MOST_MEMBERS = 1000
#: The most members shown as evidence.
_MOST_SHOWN = 20
#: Windows that are remembered of a key value: more than a late match can reach.
_MOST_WINDOWS = 32
#: Outcomes of matches that are no news.
SILENT = (MatchOutcome.BASELINE, MatchOutcome.OLD, MatchOutcome.FLOOD)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """A match as a correlation sees it; *source* is the instrument of a price."""

    rule: str
    event_time: datetime
    labels: Labels
    outcome: MatchOutcome
    entry_id: int | None = None
    origin: str = ""
    source: str = ""
    publisher: str = ""
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveWindow:
    """A time in which a correlation was true for a key value; its matches lie from *first* to *last*."""

    first: datetime
    last: datetime


#: By (id of the correlation, key value).
ActiveWindows = Mapping[tuple[str, str], tuple[ActiveWindow, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A correlation that *newest* made true for the key values in *labels*, with the matches that show it."""

    correlation: Correlation
    newest: Member
    witnesses: tuple[Member, ...]
    labels: Labels
    usual: tuple[Usual, ...] = ()  # for each key value, if the number is compared with it


def complete(
    correlation: Correlation,
    earlier: Iterable[Member],
    new: Sequence[Member],
    windows: ActiveWindows,
    since: datetime | None = None,
) -> tuple[list[Completion], dict[tuple[str, str], tuple[ActiveWindow, ...]]]:
    """Return the completions of *new* matches together with *earlier* ones, at most one a match, and the changed windows.

    A match that is not news (from a first fetch, or old) counts but completes nothing: the next match does. *since* is when
    the first match came, from which on it is known what is usual.
    """
    pool: dict[tuple[str, ...], list[Member]] = defaultdict(list)
    for member in earlier:
        for key in _keys(correlation, member):
            pool[key].append(member)
    changed: dict[tuple[str, str], tuple[ActiveWindow, ...]] = {}
    found: list[Completion] = []
    for member in sorted(new, key=lambda item: item.event_time):
        true: dict[tuple[str, ...], tuple[Member, ...]] = {}
        normal: list[Usual] = []
        for key in _keys(correlation, member):
            pool[key].append(member)
            name = (correlation.info.id, "|".join(key))
            past = changed.get(name) or windows.get(name, ())
            longer = _prolonged(correlation, past, member.event_time)
            compared = _usual(correlation, pool[key], member.event_time, since)
            least = usual.least(correlation, compared)
            # Where matches never cease, it is over when there are no more than usual.
            lasts = longer is not None and correlation.more_than is None
            witnesses = _window(correlation, pool[key], member, least) if least and not lasts else ()
            if longer is not None:
                changed |= {name: longer} if lasts or witnesses else {}
            elif member.outcome not in SILENT and witnesses:
                normal += [compared] if compared else []
                times = [item.event_time for item in (*witnesses, member)]
                changed[name] = (*past, ActiveWindow(first=min(times), last=max(times)))[-_MOST_WINDOWS:]
                true[key] = witnesses
        if true:
            found.append(replace(_completion(correlation, member, true), usual=tuple(normal)))
    return found, changed


def match_of(completion: Completion, newest: Match) -> Match:
    """Return the match of a correlation, with the observation of *newest*."""
    correlation, witnesses = completion.correlation, completion.witnesses
    shown = [
        Evidence(op="member", text=item.rule, holds=True, witness=_witness(item)) for item in witnesses[:_MOST_SHOWN]
    ]
    proof = Evidence(
        op=correlation.kind.value,
        text=_in_words(completion),
        holds=True,
        count=len(witnesses),
        position=correlation.info.position,
        children=tuple(shown),
    )
    rule = Evidence(
        op="rule", text=correlation.info.id, holds=True, position=correlation.info.position, children=(proof,)
    )
    return Match(
        rule=correlation.info,
        severity=correlation.info.severity,
        labels=completion.labels,
        proof=rule,
        event_time=max(item.event_time for item in witnesses),
        entry=newest.entry,
        quote=newest.quote,
        detail=_in_words(completion),
    )


def _in_words(completion: Completion) -> str:
    """Return the condition of a completed correlation, with the number that was usual or the value that is new."""
    words, new = condition(completion.correlation), completion.correlation.new
    if new is not None:
        return f"{', '.join(completion.labels[new])}: {words}"
    if not completion.usual:
        return words
    numbers = ", ".join(f"{one.number:g}" for one in completion.usual)
    return f"{len(completion.witnesses)} now; {words}; usual at this time: {numbers} (median of {completion.usual[0].weeks} weeks)"


def _usual(correlation: Correlation, pool: Sequence[Member], at: datetime, since: datetime | None) -> Usual | None:
    if correlation.more_than is None:
        return None
    times = [(member.event_time, _values(correlation, member)) for member in pool]
    return usual.usual(correlation.within, times, at, since)


def condition(correlation: Correlation) -> str:
    """Return the condition of a correlation in words."""
    names = [name.rpartition("/")[2] for name in correlation.members]
    hours = correlation.within.total_seconds() / 3600
    span = f"{hours:g} h" if hours <= 72 else f"{hours / 24:g} d"
    if correlation.new is not None:
        return f"a {correlation.new} that no match of {names[0]} had before"
    if correlation.none_within is not None:
        return f"no match of {names[0]} within {duration(correlation.none_within)}"
    if correlation.kind is CorrelationKind.COUNT:
        words = f"{correlation.at_least} {_PLURAL.get(correlation.distinct, correlation.distinct)} of {names[0]}"
        if correlation.more_than is not None:
            words = f"more than {correlation.more_than:g}x the usual, and at least {words},"
    elif correlation.kind is CorrelationKind.ALL_OF:
        words = (" before " if correlation.ordered else " and ").join(names)
    else:
        words = f"{correlation.at_least} of {', '.join(names)}"
    return f"{words} within {span}"


_PLURAL = {"origin": "origins", "source": "sources", "entry": "entries"}


def member_of(match: Match, outcome: MatchOutcome, *, entry_id: int | None, origin: str) -> Member:
    """Return a decided *match* as a member of correlations."""
    entry, quote = match.entry, match.quote
    return Member(
        rule=match.rule.id,
        event_time=match.event_time,
        labels=match.labels,
        outcome=outcome,
        entry_id=entry_id,
        origin=origin,
        source=entry.source if entry else quote.instrument if quote else "",
        publisher=entry.publisher if entry else "",
        title=entry.title if entry else match.detail,
        link=entry.link if entry else "",
    )


def _keys(correlation: Correlation, member: Member) -> Iterator[tuple[str, ...]]:
    """Return the key values that a match counts for; none if it lacks a label."""
    return islice(product(*(member.labels.get(name, ()) for name in correlation.by)), _MOST_KEYS)


def _prolonged(correlation: Correlation, past: Sequence[ActiveWindow], at: datetime) -> tuple[ActiveWindow, ...] | None:
    """Return *past* with the window extended that was still open *at* that time; None if there is none."""
    for number, one in enumerate(past):
        if one.first - correlation.within <= at <= one.last + correlation.within:
            longer = ActiveWindow(first=min(one.first, at), last=max(one.last, at))
            return (*past[:number], longer, *past[number + 1 :])
    return None


def _window(correlation: Correlation, pool: Iterable[Member], newest: Member, least: int) -> tuple[Member, ...]:
    """Return the matches that meet the condition in a window with *newest*; empty if no window does."""
    at, within = newest.event_time, correlation.within
    near = [member for member in pool if at - within <= member.event_time <= at + within]
    near.sort(key=lambda member: abs(member.event_time - at))
    near = sorted(near[:_MOST_MEMBERS], key=lambda member: member.event_time)
    if not _shown(correlation, near, least):
        return ()
    # More matches never make it false, so only the windows that begin at a match have to be looked at.
    for start in {member.event_time: None for member in near if member.event_time <= at}:
        window = [member for member in near if start <= member.event_time <= start + within]
        if witnesses := _shown(correlation, window, least):
            return witnesses
    return ()


def _shown(correlation: Correlation, window: Sequence[Member], least: int) -> tuple[Member, ...]:
    """Return the earliest matches of *window*, ordered by time, that meet the condition; empty if none do.

    *least* is the number that is needed, where not every member is.
    """
    if correlation.ordered:
        return _in_order(correlation.members, window)
    first: dict[str, Member] = {}
    for member in window:
        for value in _values(correlation, member):
            first.setdefault(value, member)
    wanted = len(correlation.members) if correlation.kind is CorrelationKind.ALL_OF else least
    if len(first) < wanted:
        return ()
    return tuple(sorted(dict.fromkeys(first.values()), key=lambda member: member.event_time))


def _values(correlation: Correlation, member: Member) -> Collection[str]:
    """Return the values that a match adds to the count."""
    if correlation.kind is not CorrelationKind.COUNT:
        return (member.rule,)
    if correlation.distinct == "entry":
        return (str(member.entry_id) if member.entry_id is not None else f"{member.source} {member.event_time}",)
    if correlation.distinct == "source":
        return (member.source,)
    if correlation.distinct == "origin":
        return (member.origin or member.source,)
    return member.labels.get(correlation.distinct, ())


def _in_order(rules: Sequence[str], window: Sequence[Member]) -> tuple[Member, ...]:
    """Return the earliest match of each rule that is not before the match of the preceding rule."""
    found: list[Member] = []
    for rule in rules:
        since = found[-1].event_time if found else None
        following = (m for m in window if m.rule == rule and (since is None or m.event_time >= since))
        member = next(following, None)
        if member is None:
            return ()
        found.append(member)
    return tuple(found)


def _completion(
    correlation: Correlation, newest: Member, true: Mapping[tuple[str, ...], tuple[Member, ...]]
) -> Completion:
    """Return one completion for all key values that became true at once."""
    several = dict.fromkeys(member for members in true.values() for member in members)
    witnesses = sorted(several, key=lambda member: member.event_time)
    labels = merged(member.labels for member in witnesses)
    for number, name in enumerate(correlation.by):
        labels[name] = tuple(dict.fromkeys(key[number] for key in true))
    return Completion(correlation=correlation, newest=newest, witnesses=tuple(witnesses), labels=labels)


def _witness(member: Member) -> Witness:
    by = member.publisher or member.source
    return Witness(rule=member.rule, title=member.title, at=member.event_time, link=member.link, source=by)
