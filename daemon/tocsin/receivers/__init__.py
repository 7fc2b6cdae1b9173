"""Receivers of messages: services behind apprise, and the console."""

from __future__ import annotations

from typing import Protocol

from tocsin.model.deliveries import AttemptResult, Delivery, Message, MessageKind


class Receiver(Protocol):
    """One address of one service, with one or more recipients."""

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        ...

    @property
    def kind(self) -> MessageKind:
        """The kind of message that it can show."""
        ...

    @property
    def recipients(self) -> tuple[str, ...]:
        """All recipients behind the address, one delivery each; `('',)` where the service knows no recipients."""
        ...

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:
        """Send *message* once, blocking, within a bounded time; never raises for what a server does."""
        ...
