"""When a price rule fires: on the edge, once, until it is re-armed (DESIGN 4, Prices)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.market.series import Reference, Series
from tocsin.model.evidence import Evidence
from tocsin.model.prices import Instrument, Labels, Often, Quote
from tocsin.model.rules import Match, RuleInfo
from tocsin.rules.prices.condition import Node, parts
from tocsin.rules.prices.reading import Reading, Sight, read


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceState:
    """What a rule remembers of one instrument.

    *armed* is None until the condition was first known; *met* counts how often in a row it held since;
    *alerted* is the price of the last alert, and before the first one the price that the rule saw first.
    """

    armed: bool | None = None
    met: int = 0
    alerted: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule:
    """A compiled price rule. It is about the instruments named, or else about those of the class *kind*."""

    info: RuleInfo
    when: Node
    clear: Node | None
    stale_after: timedelta
    min_obs: int
    confirm: int
    kind: str = ""
    instruments: frozenset[str] = frozenset()

    def covers(self, instrument: Instrument) -> bool:
        """Whether the rule is about *instrument*."""
        return instrument.kind == self.kind if self.kind else instrument.id in self.instruments


def step(state: PriceState, when: bool | None, clear: bool | None, confirm: int) -> tuple[PriceState, bool]:
    """The state after one more evaluation, and whether the rule fires.

    Unknown changes nothing. The first known evaluation only arms, or does not; it never fires.
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
    """*state* with a price that `change(since_alert)` can be measured from."""
    return state if state.alerted else replace(state, alerted=Reference(price=quote.price, at=quote.at))


def begin_session(rule: PriceRule, sight: Sight, state: PriceState) -> PriceState:
    """The state at the beginning of a session, *sight* having the close before it as its quote.

    What is measured from that close begins at nothing. So a rule that held until the close can fire again on the first
    quote, which is a move of its own, however far it opens.
    """
    if state.armed is not False:
        return state
    when = read(rule.when, sight).truth
    clear = read(rule.clear, sight).truth if rule.clear else when is False
    return step(state, when, clear, rule.confirm)[0]


def judge(rule: PriceRule, sight: Sight, state: PriceState) -> tuple[PriceState, Match | None]:
    """The state after *sight*, and the match if the rule fires."""
    when = read(rule.when, sight)
    clear = read(rule.clear, sight).truth if rule.clear else when.truth is False
    after, fires = step(state, when.truth, clear, rule.confirm)
    if not fires:
        return after, None
    quote = sight.quote
    match = Match(
        rule=rule.info,
        severity=rule.info.severity,
        labels=_labels(sight.series.instrument),
        evidence=prove(rule, when),
        event_time=quote.at,
        quote=quote,
        detail=_words(sight, when.evidence),
    )
    return replace(after, alerted=Reference(price=quote.price, at=quote.at)), match


def ended(rule: PriceRule, series: Series, now: datetime) -> str:
    """Return why what *rule* said of *series* is true no longer, in words; nothing while it is, or may be.

    What is measured since the alert itself is unknown here, and so is all that rests on it.
    """
    newest = series.newest
    if newest is None:
        return ""
    sight = Sight(
        series=replace(series, quotes=series.quotes[:-1]),
        quote=newest,
        now=max(now, newest.at),
        stale_after=rule.stale_after,
        min_obs=rule.min_obs,
    )
    if read(rule.when, sight).truth is not False:
        return ""
    return f"no longer true: {series.instrument.id} was {newest.price:f} at {newest.at:%Y-%m-%d %H:%M} UTC"


def prove(rule: PriceRule, when: Reading) -> Evidence:
    """The whole proof of a rule on a quote."""
    return Evidence(
        op="rule",
        text=rule.info.id,
        holds=when.truth is True,
        note="" if when.value is not None else "unknown",
        position=rule.info.position,
        children=(when.evidence,),
    )


def _labels(instrument: Instrument) -> Labels:
    own: Mapping[str, tuple[str, ...]] = {"instrument": (instrument.id,)}
    return {**own, **{name: values for name, values in instrument.labels.items() if name not in own}}


def _words(sight: Sight, evidence: Evidence) -> str:
    """The number, what it is measured against, and when that was."""
    instrument, quote = sight.series.instrument, sight.quote
    unit = "/".join(filter(None, [instrument.currency, instrument.unit]))
    head = f"{instrument.id} {quote.price:f} {unit}".rstrip() + f" of {quote.at:%Y-%m-%d %H:%M} UTC"
    leaves = [leaf for leaf in _leaves(evidence) if leaf.op != "last"]
    # A z says its change as well.
    telling = [a for a in leaves if not any(a is not b and a.note != b.note and a.note in b.note for b in leaves)]
    found = dict.fromkeys(f"{leaf.text} = {leaf.note}" for leaf in telling)
    return f"{head}: {'; '.join(found)}" if found else head


def _leaves(evidence: Evidence) -> list[Evidence]:
    """The functions of a condition with what they say, each once."""
    if not evidence.children:
        return [evidence] if evidence.note and not evidence.note.startswith("unknown") else []
    return [leaf for child in evidence.children for leaf in _leaves(child)]


_DAY = timedelta(days=1)


def often(rule: PriceRule, series: Series) -> Often | None:
    """What *rule* would have told on the closes of *series*; None where closes cannot say that.

    They cannot for what happens within a session: its opening, and windows of less than a day. A close that takes several
    polls to be confirmed is confirmed here. Linear in the closes, of which there are at most 300.
    """
    if not series.closes or any(map(_is_within_a_session, parts(rule.when))):
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
        sight = Sight(
            series=known,
            quote=quote,
            now=close.at,
            stale_after=rule.stale_after,
            min_obs=rule.min_obs,
            alerted=state.alerted,
        )
        began = replace(sight, quote=replace(quote, price=before.price, volume=None))
        state = begin_session(once, began, state)
        judged += read(once.when, sight).truth is not None
        state, match = judge(once, sight, state)
        times += match is not None
    return Often(times=times, sessions=judged, first=series.closes[0].at, last=series.closes[-1].at)


def _is_within_a_session(node: Node) -> bool:
    return node.op == "gap" or (node.window.span is not None and node.window.span < _DAY)
