"""Deliveries, their messages, and the results of attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model.alerts import AlertContent
from tocsin.model.reasons import NO_REASON, Reason
from tocsin.model.rules import Severity


class DeliveryState(StrEnum):
    """The states in the life of a delivery."""

    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


#: Deliveries without an attempt: they can still be changed.
UNTRIED = (DeliveryState.HELD, DeliveryState.READY)
#: Deliveries that wait to be sent, for the first time or again.
WAITING = (*UNTRIED, DeliveryState.RETRY)
#: Deliveries that their recipients do not get: given up or suppressed.
UNHEARD = (DeliveryState.DEAD, DeliveryState.SUPPRESSED)
#: Deliveries that are finished.
SETTLED = (DeliveryState.DELIVERED, *UNHEARD)


class DeliveryKind(StrEnum):
    """The reason for which a message is sent."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    RECOVERY = "recovery"
    CATCH_UP = "catch-up"
    DIGEST = "digest"
    OPERATOR = "operator"
    TEST = "test"
    REMINDER = "reminder"  # nobody has answered what was sent before
    ESCALATION = "escalation"  # nobody has answered what was sent to others
    DATE = "date"  # a confirmed date that it announces is near


class MessageKind(StrEnum):
    """The format of message that a receiver can show."""

    MAIL = "mail"
    SLACK = "slack"
    TEXT = "text"
    CONSOLE = "console"
    HOOK = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered message, kept for retries; *html* is for mail, *payload* is JSON for receivers that take JSON.

    *pictures* are PNG files by the Content-ID under which *html* shows them. *thread* is the id of the first delivery
    about the same story to the same recipient, empty for that first one. *dated* is the time of its first attempt.
    *brief* are the parts of the shortest form: headline, link, number of the alert, and notes. *answers* are names and
    addresses of links to answer, for services that show buttons. *severity* is the highest of its alerts, None for a test.
    """

    kind: MessageKind
    subject: str
    text: str
    html: str = ""
    payload: str = ""
    pictures: tuple[tuple[str, bytes], ...] = ()
    thread: str = ""
    brief: tuple[str, ...] = ()
    dated: datetime | None = None
    answers: tuple[tuple[str, str], ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one recipient, as claimed for sending.

    *message* is None until it is rendered; *attempt* is the number of the attempt that this claim is for.
    """

    id: str  # idempotency key and Message-ID
    receiver: str
    recipient: str
    kind: DeliveryKind
    fence: int
    attempt: int
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    content: tuple[AlertContent, ...] = ()
    message: Message | None = None
    thread: str = ""  # as in its message, until that is rendered
    subjects: tuple[str, ...] = ()  # of earlier messages in that thread, without digests; the oldest first
    stead: str = ""  # the receiver that it could not be delivered to
    refused: bool = False  # at the last attempt, because of its content
    reason: Reason = NO_REASON


class ErrorClass(StrEnum):
    """The meaning of a receiver's answer."""

    OK = "ok"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    AUTH = "auth"
    GONE = "gone"  # the service, or the address at it
    NOBODY = "nobody"  # the service works, but does not know this recipient
    CONTENT = "content"
    AMBIGUOUS = "ambiguous"  # failed after the message was written: it may have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """The result of one attempt; *words* are the server's own, without secrets."""

    error_class: ErrorClass
    code: int | None = None
    words: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The state of a delivery after an attempt."""

    state: DeliveryState
    due_at: datetime
    reason: Reason = NO_REASON
