"""A message with its context, read from the store when it is rendered: prices, and the round-up of a digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.deliver.headlines import Question, questions, with_translations
from tocsin.market.series import Series
from tocsin.market.summary import beside, movers, summary
from tocsin.model.alerts import AlertContent, AnswerLinks, no_links
from tocsin.model.deliveries import Delivery, DeliveryKind, Message, MessageKind
from tocsin.model.prices import Instrument, PriceSummary
from tocsin.model.reasons import Cause
from tocsin.model.records import Roundup
from tocsin.policy.notifying.reminders import REPEATING
from tocsin.render.message import render, with_preface
from tocsin.render.page import specimen
from tocsin.render.reasons import in_words
from tocsin.render.words import defused, held_line, late_line, one_line
from tocsin.rules.prices.edge import PriceRule, often
from tocsin.store import Store

#: Messages that are not about the world.
_OWN = (DeliveryKind.OPERATOR, DeliveryKind.TEST)
_REPEATING = (Cause.REMINDER, Cause.ESCALATION, Cause.DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a message shows: its alerts with prices, and the round-up of a digest."""

    contents: tuple[AlertContent, ...]
    roundup: Roundup | None = None


def read_context(
    delivery: Delivery,
    *,
    store: Store,
    instruments: Sequence[Instrument],
    rules: Mapping[str, PriceRule],
    now: datetime,
) -> Context:
    """Return what the message of *delivery* shows if it is sent at *now*; *rules* are those about prices.

    Raises:
        StoreError: it cannot be read.
    """
    test = delivery.kind is DeliveryKind.TEST
    contents = with_prices(
        [specimen(now)] if test else delivery.content,
        delivery.kind,
        store=store,
        instruments=instruments,
        rules=rules,
        now=now,
    )
    return Context(contents=contents, roundup=rounded_up(delivery, store=store, instruments=instruments, now=now))


def foreign(context: Context, kind: DeliveryKind, reads: Sequence[str]) -> tuple[Question, ...]:
    """Return the headlines of *context* that somebody who *reads* these languages cannot read."""
    needs = context.roundup.needs if context.roundup else ()
    return questions([*context.contents, *needs], kind, reads)


def translated(context: Context, kind: DeliveryKind, reads: Sequence[str], found: Mapping[Question, str]) -> Context:
    """Return *context* with the translations *found* for who *reads* these languages."""
    contents = with_translations(context.contents, kind, reads, found)
    roundup = context.roundup
    if roundup:
        roundup = replace(roundup, needs=with_translations(roundup.needs, kind, reads, found))
    return Context(contents=contents, roundup=roundup)


def compose(
    delivery: Delivery,
    context: Context,
    *,
    kind: MessageKind,
    zone: ZoneInfo,
    rules: Mapping[str, PriceRule],
    now: datetime,
    links: AnswerLinks = no_links,
) -> Message:
    """Return the message of *delivery* in the form *kind*, as it is sent at *now*, with *links* to answer its alerts."""
    message = render(
        context.contents,
        kind=kind,
        delivery_id=delivery.id,
        delivery_kind=delivery.kind,
        zone=zone,
        thread=delivery.thread,
        subjects=delivery.subjects,
        roundup=context.roundup,
        links=links,
    )
    return replace(with_preface(message, _preface(delivery, zone, rules, now)), dated=now)


def _preface(delivery: Delivery, zone: ZoneInfo, rules: Mapping[str, PriceRule], now: datetime) -> str:
    """Return the lines above a message: its first receiver, the time for which it was held, and its delay."""
    stead = f"Sent to you because it could not be delivered to {delivery.stead}." if delivery.stead else ""
    # A move that waited for a cooldown may be old news by now.
    priced = any(item.alert.rule in rules for item in delivery.content)
    insists = _insists(delivery, zone) if delivery.kind in REPEATING else ""
    held = held_line(delivery.created_at, delivery.due_at, zone) if priced else ""
    # A held delivery is late only against the time it was held until.
    return " ".join(filter(None, (stead, insists, held, late_line(delivery.due_at, now, zone))))


def _insists(delivery: Delivery, zone: ZoneInfo) -> str:
    """Return why a message is sent again or to others, as a sentence; that it was held until now stands in front of it."""
    reason = delivery.reason
    while reason.because and reason.cause not in _REPEATING:
        reason = reason.because
    if reason.cause not in _REPEATING:  # held at the last moment, or freed
        near = delivery.kind is DeliveryKind.DATE
        return "A confirmed date that it announces is near." if near else "Nobody has answered this yet."
    # The words of a date are those of a stranger.
    words = in_words(replace(reason, words=defused(one_line(reason.words))), zone)
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('”') else '.'}"


def with_prices(
    contents: Sequence[AlertContent],
    kind: DeliveryKind,
    *,
    store: Store,
    instruments: Sequence[Instrument],
    rules: Mapping[str, PriceRule],
    now: datetime,
) -> tuple[AlertContent, ...]:
    """Return *contents* with the prices shown beside them; alerts of *rules* also get the frequency of their rule.

    Operator and test messages show no prices.

    Raises:
        StoreError: the series cannot be read.
    """
    if kind in _OWN or not instruments:
        return tuple(contents)
    shown = [beside(one.alert.labels, instruments) for one in contents]
    series = store.read.series({item.id: item for items in shown for item in items}.values())
    return tuple(
        replace(one, prices=tuple(_summaries([series[item.id] for item in items], rules.get(one.alert.rule), now)))
        for one, items in zip(contents, shown, strict=True)
    )


def rounded_up(delivery: Delivery, *, store: Store, instruments: Sequence[Instrument], now: datetime) -> Roundup | None:
    """Return what a digest shows besides its alerts; None for any other message.

    Raises:
        StoreError: it cannot be read.
    """
    if delivery.kind is not DeliveryKind.DIGEST:
        return None
    series = store.read.series(instruments)
    seen = [found for item in instruments if (found := summary(series[item.id], now))]
    return replace(store.read.roundup(delivery, now), movers=movers(seen))


def _summaries(shown: Sequence[Series], rule: PriceRule | None, now: datetime) -> Iterator[PriceSummary]:
    for series in shown:
        if seen := summary(series, now):
            yield replace(seen, often=often(rule, series)) if rule and rule.covers(series.instrument) else seen
