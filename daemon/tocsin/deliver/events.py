"""Events for operators about what was not delivered, and about receivers: matches of built-in rules. Pure."""

from __future__ import annotations

from datetime import datetime

from tocsin.model.deliveries import Delivery, DeliveryKind
from tocsin.model.rules import Match
from tocsin.policy.notifying.retry import ReceiverStatus, Turn
from tocsin.policy.notifying.timing import Storm
from tocsin.render.reasons import in_words
from tocsin.rules import builtin
from tocsin.store import Fallbacks
from tocsin.units import counted, utc


def about_undelivered(delivery: Delivery, words: str = "", *, fallbacks: Fallbacks, now: datetime) -> tuple[Match, ...]:
    """Return the event for operators that an alert was not delivered; none for messages to operators, and for tests.

    It is written in the transaction that gives the delivery up, so that a crash cannot separate the two.
    """
    if delivery.kind in (DeliveryKind.OPERATOR, DeliveryKind.TEST):
        return ()
    titles = "; ".join(item.alert.title for item in delivery.content)
    words = words or too_late(delivery)
    if delivery.receiver in fallbacks:
        words += f"; {fallbacks[delivery.receiver][0].to} is notified instead"
    detail = f"“{titles}” to {delivery.receiver} {delivery.recipient}: {words} (delivery {delivery.id})"
    return (builtin.own_match(builtin.DELIVERY_DEAD, {"receiver": (delivery.receiver,)}, detail, now),)


def about_storm(storm: Storm, *, now: datetime) -> Match:
    """Return the event for operators that a storm began."""
    detail = (
        f"{counted(storm.alerts, 'alert')} {'wait' if storm.alerts > 1 else 'waits'}, {in_words(storm.limit.reason(storm.receiver))}: "
        f"they are sent together at {utc(storm.until)}, with all that comes until then."
    )
    return builtin.own_match(builtin.RECEIVER_STORM, {"receiver": (storm.receiver,)}, detail, now)


def about_turn(
    turn: Turn, receiver: str, before: ReceiverStatus, status: ReceiverStatus, now: datetime
) -> tuple[Match, ...]:
    """Return the event for operators that a receiver refuses our messages, fails, or works again."""
    info, words = {
        Turn.BLOCKED: (builtin.RECEIVER_BLOCKED, status.refused),
        Turn.FAILING: (builtin.RECEIVER_FAILING, f"Nothing was delivered since {_utc(status.since)}: {status.refused}"),
        Turn.DELIVERS: (
            builtin.RECEIVER_DELIVERS,
            f"Nothing was delivered from {_utc(before.since)} on: {before.refused}",
        ),
    }[turn]
    return (builtin.own_match(info, {"receiver": (receiver,)}, words, now),)


def too_late(delivery: Delivery) -> str:
    """Return in words that *delivery* was not delivered in time."""
    return f"not delivered within its time, after {counted(delivery.attempt - 1, 'try')}"


def _utc(time: datetime | None) -> str:
    return f"{utc(time)}" if time else "a time that is not known"
