"""The pipeline with a simulated clock: evaluate, decide, record, and send messages when they are due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby

from tocsin.ingest.judging import judge
from tocsin.market.series import Series, begin, close_before
from tocsin.model.alerts import Alert
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument, Quote
from tocsin.model.rules import Unevaluated
from tocsin.policy.alerting.absence import absent, deadline
from tocsin.policy.alerting.facts import Arrival, Decided
from tocsin.policy.alerting.usual import WEEK, WEEKS
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.replay.book import KNOWN_NOTHING, LOOKS_BACK, Book, Circumstance, Sent
from tocsin.rules.filters import NO_FILTERS, Filters
from tocsin.rules.prices.edge import UNSEEN, PriceState, ended
from tocsin.rules.prices.observation import Observed, Refused, beside, observe
from tocsin.rules.prices.reading import Reading, read
from tocsin.rules.ruleset import RuleSet

#: One receiver that is sent everything, for replays without a configuration.
EVERYBODY = Policy(routes=(Route(to=("everybody",)),), receivers=(ReceiverInfo(name="everybody", recipients=("",)),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The entries or quotes of one poll of *source*, first seen at *at*."""

    at: datetime
    source: str
    entries: tuple[Entry, ...] = ()
    quotes: tuple[Quote, ...] = ()
    circumstance: Circumstance = KNOWN_NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The decision about one match, and its time."""

    at: datetime
    decided: Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A rule that raised on an *observation* of *source*: an entry by its id, or a quote of an instrument."""

    source: str
    observation: str
    unevaluated: Unevaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The findings of a replay from *start* (None: the beginning) to the end, without the warm-up before *start*.

    *alerts* are all alerts of the rulings and messages, in their last state. Messages still held at the end are among
    *sent*, with the time at which they would be sent. *dropped* has the reasons of alerts about prices that a cooldown
    held until they were no longer true, so that nobody is notified. *refused* are the quotes that no rule saw.
    """

    start: datetime | None
    first: datetime | None  # when the first entry was seen
    last: datetime | None
    entries: int
    quotes: int
    refused: tuple[Refused, ...]
    rulings: tuple[Ruling, ...]
    sent: tuple[Sent, ...]
    alerts: dict[int, Alert]
    dropped: dict[int, str]
    failures: tuple[Failure, ...]


@dataclass(slots=True)
class _Prices:
    """The prices of *instruments*, and the states of the rules about them."""

    instruments: dict[str, Instrument]
    series: dict[str, Series] = field(default_factory=dict)
    states: dict[tuple[str, str], PriceState] = field(default_factory=dict)

    def observe(self, rules: RuleSet, quotes: Sequence[Quote], now: datetime) -> tuple[Observed, ...]:
        """Judge *quotes* by *rules*, and keep the new state. Quotes of unknown instruments are left out."""
        by_instrument: dict[str, list[Quote]] = defaultdict(list)
        for quote in quotes:
            if quote.instrument in self.instruments:
                by_instrument[quote.instrument].append(quote)
        prices = tuple(rules.prices.values())
        wanted = {*by_instrument, *beside(prices, by_instrument.keys(), self.instruments)}
        series = {name: self.series.get(name) or begin(self.instruments[name]) for name in wanted}
        found = observe(prices, by_instrument, series, self.states, now)
        for name, seen in found.items():
            self.series[name] = seen.series
            self.states |= seen.states
        return tuple(found.values())


class Replay:
    """One run of *rules* and *policy* over polls, in order of time; *filters* drop entries of their sources.

    Every message is delivered when it is due. A message due at the moment of a poll is sent after it.
    """

    def __init__(
        self,
        rules: RuleSet,
        policy: Policy,
        instruments: Iterable[Instrument] = (),
        filters: Filters = NO_FILTERS,
    ) -> None:
        self._rules = rules
        self._filters = filters
        self._policy = policy
        self._book = Book()
        self._prices = _Prices({item.id: item for item in instruments})

    def run(self, polls: Iterable[Poll], *, start: datetime | None = None, until: datetime | None = None) -> Result:
        """Return the findings about *polls*. Polls before *start* only build up the state.

        News that does not come is found until the last poll, or *until* then.
        """
        entries = quotes = 0
        first = last = None
        refused: list[Refused] = []
        rulings: list[Ruling] = []
        sent: list[Sent] = []
        dropped: dict[int, str] = {}
        failures: list[Failure] = []
        for poll in polls:
            counts = start is None or poll.at >= start
            missed = self._absences(poll.at, sent, dropped)
            rulings += (one for one in missed if start is None or one.at >= start)
            sent += self._send(poll.at, dropped)
            decided, failed, left_out = self._take(poll)
            if not counts:
                continue
            first, last = first or poll.at, poll.at
            entries += len(poll.entries)
            quotes += len(poll.quotes)
            refused += left_out
            rulings += (Ruling(at=poll.at, decided=item) for item in decided)
            failures += failed
        rulings += self._absences(until, sent, dropped) if until else ()
        sent += self._send(None, dropped)
        shown = tuple(message for message in sent if start is None or message.at >= start)
        named = {number for message in shown for number in message.alert_ids}
        named |= {ruling.decided.alert_id for ruling in rulings if ruling.decided.alert_id is not None}
        return Result(
            start=start,
            first=first,
            last=last,
            entries=entries,
            quotes=quotes,
            refused=tuple(refused),
            rulings=tuple(rulings),
            sent=shown,
            alerts={number: self._book.alerts[number] for number in sorted(named)},
            dropped={number: words for number, words in dropped.items() if number in named},
            failures=tuple(failures),
        )

    def _absences(self, until: datetime, sent: list[Sent], dropped: dict[int, str]) -> list[Ruling]:
        """Decide about the news that is overdue *until* then, each at its time; add what is sent before to *sent*."""
        found: list[Ruling] = []
        waiting = [one for one in self._rules.correlations.values() if one.none_within is not None]
        while waiting:
            seen = {one.info.id: self._book.seen(one) for one in waiting}
            dues = [(due, one) for one in waiting if (due := deadline(one, seen[one.info.id]))]
            at, first = min(dues, key=lambda pair: pair[0], default=(until, None))
            if first is None or at >= until:
                break
            sent += self._send(at, dropped)
            arrival = Arrival(entry_id=None, matches=(absent(first, seen[first.info.id], at),))
            decision = self._book.decide(self._policy, [arrival], KNOWN_NOTHING, at)
            found += (Ruling(at=at, decided=item) for item in decision.decided)
        return found

    def _send(self, before: datetime | None, dropped: dict[int, str]) -> tuple[Sent, ...]:
        """Send the messages due before *before*; alerts about prices that are no longer true are added to *dropped* instead."""
        cooldowns = {name: rule.info.cooldown for name, rule in self._rules.prices.items()}
        if cooldowns:
            dropped |= self._book.lapse(before, cooldowns, self._ended)
        return self._book.send(before, self._policy.receivers)

    def _ended(self, alert: Alert, now: datetime) -> str:
        """Return why *alert* of a price rule is no longer true. Empty while it is, or may be."""
        known = [self._prices.series[name] for name in alert.labels["instrument"] if name in self._prices.series]
        rule, every = self._rules.prices[alert.rule], self._prices.series
        reasons = [ended(rule, series, now, every) for series in known]
        return "; ".join(reasons) if all(reasons) else ""

    def reading(self, rule: str, instrument: str) -> Reading | None:
        """Return the condition of a price *rule* for the newest quote of *instrument*. None without a quote."""
        series, found = self._prices.series.get(instrument), self._rules.prices[rule]
        if series is None or series.newest is None:
            return None
        state = self._prices.states.get((rule, instrument), UNSEEN)
        at = series.newest.at
        sight = found.sight(close_before(series, at), series.newest, at, state, self._prices.series)
        return read(found.when, sight)

    def _take(self, poll: Poll) -> tuple[tuple[Decided, ...], list[Failure], list[Refused]]:
        judged = judge(self._rules, poll.entries, poll.at, self._filters)
        observed = self._prices.observe(self._rules, poll.quotes, poll.at)
        arrivals = [Arrival(entry_id=self._book.number(), matches=item.matches) for item in judged]
        arrivals += (Arrival(entry_id=None, matches=item.matches) for item in observed)
        endings = [ending for item in observed for ending in item.endings]
        decision = self._book.decide(self._policy, arrivals, poll.circumstance, poll.at, endings)
        failed = [
            Failure(source=item.entry.source, observation=item.entry.id, unevaluated=one)
            for item in judged
            for one in item.unevaluated
        ]
        failed += (
            Failure(source=item.series.instrument.id, observation="a quote", unevaluated=one)
            for item in observed
            for one in item.unevaluated
        )
        return decision.decided, failed, [one for item in observed for one in item.refused]


def merged(*several: Iterable[Poll]) -> Iterator[Poll]:
    """Return polls of several kinds in order of time; news comes before prices of the same moment."""
    return merge(*several, key=lambda poll: poll.at)


def quoted(quotes: Iterable[Quote]) -> Iterator[Poll]:
    """Yield *quotes*, ordered by the time when they were first seen, as polls."""
    for at, group in groupby(quotes, key=lambda quote: quote.first_seen):
        yield Poll(at=at, source="prices", quotes=tuple(group))


def polls(entries: Iterable[Entry], baselines: Mapping[str, datetime]) -> Iterator[Poll]:
    """Yield *entries*, ordered by the time when they were first seen, as polls.

    Entries of one source with the same time are one poll. *baselines* are the times of first fetches by source.
    """
    for at, group in groupby(entries, key=lambda entry: entry.first_seen):
        together: dict[str, list[Entry]] = {}
        for entry in group:
            together.setdefault(entry.source, []).append(entry)
        for source, brought in together.items():
            circumstance = Circumstance(baseline=baselines.get(source) == at)
            yield Poll(at=at, source=source, entries=tuple(brought), circumstance=circumstance)


def warm_up(rules: RuleSet) -> timedelta:
    """Return the length of the warm-up that a replay needs to have its full state at the beginning."""
    infos = rules.infos.values()
    joins = [item for info in infos for item in info.joins]
    windows = [item.none_within or item.within for item in joins]
    windows += [WEEKS * WEEK] if any(item.more_than is not None or item.new for item in joins) else []
    return max([LOOKS_BACK, *(info.cooldown for info in infos)]) + sum(windows, timedelta(0))


def unseen(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return *entries* ordered by the time when they were first seen, without repetitions by the same source."""
    first: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.first_seen):
        first.setdefault((entry.source, entry.id), entry)
    return tuple(first.values())
