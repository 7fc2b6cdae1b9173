"""The tables of deliveries: what is sent to whom, each attempt, each change of state, and how their receivers are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from tocsin.model.deliveries import DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.reasons import Reason
from tocsin.store.db import columns


class DeliveryRow(columns.Row, table=True):
    """One message for one recipient. *resend* counts the copies that people asked for."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_state_due_at", "state", "due_at"),
        Index("ix_delivery_due_at_id", "due_at", "id"),
        Index("ix_delivery_state_created_at_id", "state", "created_at", "id"),
        Index("ix_delivery_receiver_delivered_at", "receiver", "delivered_at"),
    )

    id: str = columns.text(primary_key=True)
    receiver: str = columns.text()
    recipient: str = columns.text()
    kind: DeliveryKind = columns.choice(DeliveryKind)
    rank: int  # of the highest severity of its alerts
    state: DeliveryState = columns.choice(DeliveryState)
    reason: Reason = columns.reason()
    created_at: datetime = columns.time(index=True)
    due_at: datetime = columns.time()
    expires_at: datetime = columns.time()
    delivered_at: datetime | None = columns.time(None)
    lease_until: datetime | None = columns.time(None)
    worker: int | None = columns.number(None)  # that leased it, where several share the database
    fence: int = 0
    attempts: int = 0
    message: str | None = columns.text(None)
    resend: int = 0
    resend_of: str | None = columns.text(None, foreign_key="delivery.id", index=True)
    wanted_at: datetime | None = columns.time(None)  # the first due time, set at the first claim
    stands_for: str | None = columns.text(None, index=True)  # the delivery to a receiver that could not be reached
    silence_id: int | None = columns.number(None, index=True)  # that suppressed it
    inhibited_by: int | None = columns.number(None, index=True)  # the open alert that suppressed it


class ReceiverRow(columns.Row, table=True):
    """The status of a receiver: *failures* in a row, the end of the pause (*rests*), the error that was reported (*refused*).

    *since* is the first failure after the last success, *refusals* counts messages in a row that it refused, *overflowed*
    is when its limit was last exceeded.
    """

    __tablename__ = "receiver"

    name: str = columns.text(primary_key=True)
    failures: int = 0
    rests: datetime | None = columns.time(None)
    refused: str = columns.text()
    since: datetime | None = columns.time(None)
    refusals: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    overflowed: datetime | None = columns.time(None)


class DeliveryAlertRow(columns.Row, table=True):
    """An alert in a message; *telling* numbers the notifications of the alert, so that none is sent twice.

    *resend* counts copies that people asked for, and below zero the messages that are sent because nobody answers.
    *news* are the facts in it that are new to the reader; *overflow* is the limit that put it into a digest.
    """

    __tablename__ = "delivery_alert"
    __table_args__ = (
        UniqueConstraint("alert_id", "receiver", "recipient", "telling", "resend", name="uq_delivery_alert_telling"),
    )

    delivery_id: str = columns.text(foreign_key="delivery.id", primary_key=True)
    alert_id: int = columns.number(foreign_key="alert.id", primary_key=True)
    receiver: str = columns.text()
    recipient: str = columns.text()
    telling: int
    resend: int = 0
    news: tuple[str, ...] = columns.words((), sa_column_kwargs={"server_default": "[]"})
    overflow: Reason = columns.reason(sa_column_kwargs={"server_default": ""})


class AttemptRow(columns.Row, table=True):
    """One attempt of a delivery; written before a socket opens, closed when its outcome is known."""

    __tablename__ = "attempt"

    delivery_id: str = columns.text(foreign_key="delivery.id", primary_key=True)
    n: int = Field(primary_key=True)
    fence: int
    started_at: datetime = columns.time(index=True)
    ended_at: datetime | None = columns.time(None)
    outcome: ErrorClass | None = columns.choice(ErrorClass, None)
    code: int | None = None
    words: str = columns.text()
    retry_after: float | None = None  # seconds


class TransitionRow(columns.Row, table=True):
    """A change of state of a delivery, and its reason."""

    __tablename__ = "transition"

    id: int | None = columns.number(None, primary_key=True)
    delivery_id: str = columns.text(foreign_key="delivery.id", index=True)
    at: datetime = columns.time()
    state: DeliveryState = columns.choice(DeliveryState)
    reason: Reason = columns.reason()
