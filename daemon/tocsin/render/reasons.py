"""Reasons as sentences."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from tocsin.model.reasons import Cause, Reason
from tocsin.units import counted, local

#: A time in a stored sentence.
_STORED = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) UTC\b")
#: The end of the sentence "held until ...", by cause. Others are a setting of a rule or receiver.
_HELD = {
    Cause.SNOOZE: ": alert {by} is snoozed",
    Cause.CORRECTION: ": its source corrected it before",
    Cause.GROUP: ": others may join it",
    Cause.LIMIT: ": over the limit of {messages} an hour of {by}",
}
_WORDS = {
    Cause.NONE: "",
    Cause.SILENCE: "suppressed by silence {by} {words}",
    Cause.INHIBITED: "suppressed by the open alert {by} {words}",
    Cause.QUIET: "suppressed by the quiet hours of {by}",
    Cause.LIMIT: "over the limit of {messages} an hour of {by}",
    Cause.BASELINE: "found at the first fetch of its source",
    Cause.FLOOD: "came in a flood: its source showed many old entries as new at once",
    Cause.OLD: "published {at}, over 48 h before it was first seen",
    Cause.COVERAGE: "more coverage of alert {by}",
    Cause.LANGUAGE: "in another language, with the same {words}",
    # At the decision nobody knows yet what becomes of the messages: a silence may still hide them.
    Cause.NOTIFIED: "planned for {recipients}",
    Cause.OPERATORS: "planned for {operators}",
    Cause.SOONEST: "{words} gets it over {by}, which is sooner",
    Cause.FIRST: "{words} gets it over {by}, the first of theirs",
    Cause.NO_ROUTE: "no route leads to a receiver",
    Cause.NO_OPERATOR: "no receiver is an operator",
    Cause.GROWTH: "alert {by} grew ({words})",
    Cause.OVER: "the end of alert {by}, for those who were sent it",
    Cause.ENDED: "alert {by} is over",
    Cause.UNREACHABLE: "its source was unreachable",
    Cause.DROPPED: "dropped by its source's filter: drop: {words} ({by})",
    Cause.NOT_KEPT: "dropped by its source's filter: it does not meet keep: {words} ({by})",
    Cause.PLANNED: "planned",
    Cause.CLAIMED: "claimed for attempt {count}",
    Cause.UNTRIED: "returned before an attempt",
    Cause.IN_DOUBT: "attempt {count} ended unseen: the message may have arrived",
    Cause.NO_TIME: "no time left for another attempt",
    Cause.EXPIRED: "expired: not delivered by {at} after {tries}",
    Cause.DAMAGED: "its row is damaged: {words}",
    Cause.MERGED: "merged into delivery {by}",
    Cause.REMINDER: "reminder {count} of {words}: nobody has answered since {at}",
    Cause.ESCALATION: "escalated: it was sent to {by} at {at}, and nobody has answered",
    Cause.ANSWERED: "somebody has answered",
    Cause.DATE: "confirmed date {by} is {days} ahead: {words}",
    Cause.REJECTED: "somebody has rejected the date",
    Cause.UNWANTED: "the configuration asks for it no longer",
    Cause.GATHERED: "sent in a {by}",
    Cause.EARLIER: "sent earlier, in another message",
    Cause.RELEASED: "released: an alert in it grew past its cooldown",
    Cause.UNCHANGED: "its entry again says what was sent",
    Cause.SILENCE_ENDED: "silence {by} has ended",
    Cause.UNINHIBITED: "alert {by} suppresses it no longer",
    Cause.REROUTED: "sent to others",
    Cause.REMOVED: "sent to others: receiver {by} is no longer configured",
    Cause.FALLBACK: "sent because it could not be delivered to {by}",
    Cause.HANDED_OVER: "sent to {by} instead (delivery {words})",
    Cause.COPY: "sent again on demand: a copy of {by}",
}

#: What templates count, and one of each.
_COUNTED = {"messages": "message", "recipients": "recipient", "operators": "operator", "days": "day", "tries": "try"}


def in_words(reason: Reason, zone: tzinfo | None = None) -> str:
    """Return *reason* as a sentence. Times are in *zone*, or else in UTC and marked so."""
    if not reason:
        return ""
    template = _WORDS.get(reason.cause, "{words}")
    if reason.until:
        template = f"held until {{until}}{_HELD.get(reason.cause, ' by the {cause} of {by}')}"
    elif reason.cause is Cause.OLD and not reason.at:
        template = "over 48 h old when it was first seen"
    seconds = ":%S" if reason.cause is Cause.GROUP else ""
    text = template.format(
        until=_time(reason.until, zone, seconds),
        at=_time(reason.at, zone),
        cause=reason.cause,
        by=reason.by,
        count=reason.count,
        words=reason.words,
        **{name: counted(reason.count, noun) for name, noun in _COUNTED.items() if name in template},
    )
    return f"{text}{_joint(reason, reason.because)}{in_words(reason.because, zone)}" if reason.because else text


def in_zone(reason: str, zone: tzinfo) -> str:
    """Return a stored *reason* with its UTC times converted to *zone*.

    Without this, a reason and the column beside it would show two different times for one moment.
    """
    return _STORED.sub(lambda found: local(datetime.fromisoformat(f"{found[1]}+00:00"), zone), reason)


def _joint(reason: Reason, behind: Reason) -> str:
    if reason.cause is Cause.EXPIRED:
        return "; last: "
    return "; " if behind.cause is Cause.RELEASED else ": "


def _time(time: datetime | None, zone: tzinfo | None, seconds: str = "") -> str:
    return f"{time.astimezone(zone or UTC):%Y-%m-%d %H:%M{seconds}}{'' if zone else ' UTC'}" if time else ""
