"""Price rules. A rule fires once when its condition becomes true, and not again until it is re-armed.

`often` counts how often it would have fired on the known closes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from tocsin.market.series import Reference, Series
from tocsin.model.alerts import Ending
from tocsin.model.prices import Instrument, Labels, Often, Quote
from tocsin.model.rules import Evidence, Match, RuleInfo
from tocsin.rules.prices.condition import CROSS, Node, parts
from tocsin.rules.prices.reading import UNKNOWN, Reading, Sight, read, sides
from tocsin.units import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceState:
    """The state of a rule for one instrument.

    *armed* is None until the condition is first known. *met* counts how often in a row it has been true since. *alerted* is
    the price of the last alert; before the first alert it is the first price that the rule saw. *above* is as in `Sight`.
    """

    armed: bool | None = None
    met: int = 0
    alerted: Reference | None = None
    above: Mapping[str, bool] = field(default_factory=dict)


#: No series beside that of the rule.
NO_OTHERS: Mapping[str, Series] = MappingProxyType({})
#: The state of a rule that has seen no quote yet.
UNSEEN = PriceState()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule:
    """A compiled price rule. It covers the class *kind* of instruments or, if that is empty, the named *instruments*.

    *others* are the ids of the instruments that its conditions name, and *crossings* the texts of the crossings in them.
    """

    info: RuleInfo
    when: Node
    clear: Node | None
    stale_after: timedelta
    min_obs: int
    confirm: int
    recovered: bool = False  # its end is told, too
    kind: str = ""
    instruments: frozenset[str] = frozenset()
    others: frozenset[str] = field(init=False, repr=False, compare=False)
    crossings: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the names in the conditions."""
        nodes = [node for tree in (self.when, self.clear) if tree for node in parts(tree)]
        object.__setattr__(self, "others", frozenset(node.instrument for node in nodes if node.instrument))
        object.__setattr__(self, "crossings", frozenset(node.text for node in nodes if node.op == CROSS))

    def covers(self, instrument: Instrument) -> bool:
        """Return True if the rule is about *instrument*."""
        return instrument.kind == self.kind if self.kind else instrument.id in self.instruments

    def needs(self, instrument: Instrument) -> bool:
        """Return True if a price of *instrument* can change what it says."""
        return self.covers(instrument) or instrument.id in self.others

    def sight(
        self,
        series: Series,
        quote: Quote,
        now: datetime,
        state: PriceState = UNSEEN,
        others: Mapping[str, Series] = NO_OTHERS,
    ) -> Sight:
        """Return the input of the condition for *quote* on *series*, in the *state* before it, beside *others*."""
        return Sight(
            series=series,
            quote=quote,
            now=now,
            stale_after=self.stale_after,
            min_obs=self.min_obs,
            alerted=state.alerted,
            others=others,
            above=state.above,
        )


def step(state: PriceState, when: bool | None, clear: bool | None, confirm: int) -> tuple[PriceState, bool]:
    """Return the state after one more evaluation, and whether the rule fires.

    An unknown condition changes nothing. The first known evaluation never fires; it arms the rule if the condition is false.
    """
    if when is None:
        return state, False
    if state.armed is None:
        return replace(state, armed=not when, met=0), False
    if not state.armed:
        return (replace(state, armed=True, met=0) if clear and not when else state), False
    if not when:
        return replace(state, met=0), False
    if state.met + 1 < confirm:
        return replace(state, met=state.met + 1), False
    return replace(state, armed=False, met=0), True


def sighted(state: PriceState, quote: Quote) -> PriceState:
    """Return *state* with a price that `change(since_alert)` can be measured from."""
    return state if state.alerted else replace(state, alerted=Reference(price=quote.price, at=quote.at))


def at_close(quote: Quote, close: Reference) -> Quote:
    """Return the quote of *close* at the time of *quote*, the first of the session after it."""
    return replace(quote, price=close.price, high=close.price, low=close.price, volume=None)


def begin_session(rule: PriceRule, sight: Sight, state: PriceState) -> PriceState:
    """Return the state at the beginning of a session. The quote of *sight* is the close before it.

    Moves that are measured from that close begin at zero. So a rule that was true until the close can fire again on the
    first quote: the opening is a move of its own, however large.
    """
    if state.armed is not False:
        return state
    when = read(rule.when, sight).truth
    clear = read(rule.clear, sight).truth if rule.clear else when is False
    return step(state, when, clear, rule.confirm)[0]


def judge(rule: PriceRule, sight: Sight, state: PriceState) -> tuple[PriceState, Match | None]:
    """Return the state after *sight*, and the match if the rule fires."""
    when = read(rule.when, sight)
    cleared = read(rule.clear, sight) if rule.clear else None
    clear = cleared.truth if cleared else when.truth is False
    if state.armed is False and when.truth and _begins_by_crossing(rule, sight):
        state = replace(state, armed=True)
    after, fires = step(state, when.truth, clear, rule.confirm)
    if known := sides(when, *filter(None, [cleared])):
        after = replace(
            after, above={text: side for text, side in {**after.above, **known}.items() if text in rule.crossings}
        )
    if not fires:
        return after, None
    quote = sight.quote
    match = Match(
        rule=rule.info,
        severity=rule.info.severity,
        labels=_labels(sight.series.instrument),
        proof=prove(rule, when),
        event_time=_moment(rule, sight),
        quote=quote,
        detail=_words(sight, when.evidence),
    )
    return replace(after, alerted=Reference(price=quote.price, at=quote.at)), match


def _moment(rule: PriceRule, sight: Sight) -> datetime:
    """Return the time of the newest quote that the condition rests on."""
    others = (series.newest for name in rule.others if (series := sight.others.get(name)))
    return max([sight.quote.at, *(newest.at for newest in others if newest)])


def newest_sight(
    rule: PriceRule, series: Series, state: PriceState, now: datetime, others: Mapping[str, Series]
) -> Sight | None:
    """Return the input of the condition for the newest quote of *series*, again; None without one."""
    newest = series.newest
    if newest is None:
        return None
    before = replace(series, quotes=series.quotes[:-1])
    return rule.sight(before, newest, max(now, newest.at), state, others)


def ending(rule: PriceRule, sight: Sight) -> Ending:
    """Return the end of the last alert of *rule* about the instrument of *sight*."""
    instrument = sight.series.instrument.id
    detail = _words(sight, read(rule.when, sight).evidence)
    return Ending(rules=(rule.info.id,), label="instrument", value=instrument, detail=detail)


def _begins_by_crossing(rule: PriceRule, sight: Sight) -> bool:
    """Return whether the condition, which is true, was false until the crossing at this quote.

    Each crossing is a beginning of its own: one straight back must not be lost because the rule was not armed in between.
    """
    return read(rule.when, replace(sight, above={})).truth is False


def ended(rule: PriceRule, series: Series, now: datetime, others: Mapping[str, Series] = NO_OTHERS) -> str:
    """Return a sentence if the condition of *rule* is no longer true of *series* beside *others*; empty while it may be.

    A move since the alert itself is unknown here, and so is every condition that depends on it. A crossing has no end.
    """
    newest = series.newest
    if newest is None or rule.crossings:
        return ""
    sight = rule.sight(replace(series, quotes=series.quotes[:-1]), newest, max(now, newest.at), others=others)
    if read(rule.when, sight).truth is not False:
        return ""
    return f"no longer true: {series.instrument.id} was {newest.price:f} at {utc(newest.at)}"


def prove(rule: PriceRule, when: Reading) -> Evidence:
    """Return the whole proof of *rule* on a quote."""
    return Evidence(
        op="rule",
        text=rule.info.id,
        holds=when.truth is True,
        note="" if when.value is not None else UNKNOWN,
        position=rule.info.position,
        children=(when.evidence,),
    )


def _labels(instrument: Instrument) -> Labels:
    own: Mapping[str, tuple[str, ...]] = {"instrument": (instrument.id,)}
    return {**own, **{name: values for name, values in instrument.labels.items() if name not in own}}


def _words(sight: Sight, evidence: Evidence) -> str:
    """Return the price in words, with each number of the proof, its reference and the time of that."""
    instrument, quote = sight.series.instrument, sight.quote
    unit = "/".join(filter(None, [instrument.currency, instrument.unit]))
    head = f"{instrument.id} {quote.price:f} {unit}".rstrip() + f" of {utc(quote.at)}"
    leaves = [leaf for leaf in numbers(evidence) if leaf.text != "last" and not leaf.note.startswith(UNKNOWN)]
    # The note of a z contains that of the change, which is not repeated.
    telling = [a for a in leaves if not any(a is not b and a.note != b.note and a.note in b.note for b in leaves)]
    found = dict.fromkeys(f"{leaf.text} = {leaf.note}" for leaf in telling)
    return f"{head}: {'; '.join(found)}" if found else head


#: Operators whose value is shown beside the values that it is of.
_SHOWN = (CROSS, "+", "-", "*", "/")


def numbers(evidence: Evidence) -> Iterator[Evidence]:
    """Yield the functions, sums, ratios and crossings of a condition that have a note, from left to right."""
    if evidence.note and (evidence.op in _SHOWN or not evidence.children):
        yield evidence
    for child in evidence.children:
        yield from numbers(child)


_DAY = timedelta(days=1)


def often(rule: PriceRule, series: Series) -> Often | None:
    """Return how often *rule* would have fired on the closes of *series*; None if closes cannot show that.

    They do not show other instruments, nor what happens within a session: its opening, and windows of less than a day. One close confirms here,
    even if the rule needs several polls to confirm. Linear in the closes, of which there are at most 300.
    """
    if not series.closes or rule.others or any(map(_is_within_a_session, parts(rule.when))):
        return None
    once, state = replace(rule, confirm=1), PriceState()
    judged = times = 0
    for number, close in enumerate(series.closes[1:], start=1):
        before = series.closes[number - 1]
        quote = Quote(
            instrument=series.instrument.id, price=close.price, at=close.at, first_seen=close.at, volume=close.volume
        )
        known = replace(
            series, closes=series.closes[:number], quotes=(), opening=None, last=None, held=None, split_day=None
        )
        state = sighted(state, quote)
        sight = rule.sight(known, quote, close.at, state)
        began = replace(sight, quote=at_close(quote, before))
        state = begin_session(once, began, state)
        judged += read(once.when, sight).truth is not None
        state, match = judge(once, sight, state)
        times += match is not None
    return Often(times=times, sessions=judged, first=series.closes[0].at, last=series.closes[-1].at)


def _is_within_a_session(node: Node) -> bool:
    return node.op in ("gap", "day_high", "day_low") or (node.window.span is not None and node.window.span < _DAY)
