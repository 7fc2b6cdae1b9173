"""Receivers of messages: services that apprise supports, and the console."""

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
        """All recipients of the address, one delivery each. `('',)` for a service without recipients."""
        ...

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:
        """Send *message* once, blocking, within a bounded time. Never raises for anything that a server does."""
        ...
