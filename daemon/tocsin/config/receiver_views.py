"""The receivers of a configuration as people see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.config.config import Config
from tocsin.config.contacts import view_receiver
from tocsin.explain.receivers import ReceiverView, ends, rests, state_of
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.receivers import Receiver
from tocsin.store.queries.outbox import ReceiverFacts


def receiver_views(config: Config, facts: ReceiverFacts, now: datetime) -> Iterator[ReceiverView]:
    """Yield the receivers of *config* as people see them, those that are off last."""
    waiting, sent = facts.waiting, facts.sent
    for one in config.receivers:
        receiver, status = view_receiver(one), facts.statuses.get(one.name, ReceiverStatus())
        rest = status.rests if status.rests and status.rests > now else None
        yield ReceiverView(
            name=one.name,
            state=state_of(status, rest, never=one.name not in sent),
            kind=receiver.kind.value,
            place=_place(receiver) if one.url else "",
            recipients=receiver.recipients,
            operator=one.info.operator,
            waiting=waiting.get(one.name, 0),
            last_sent=sent.get(one.name),
            rests=rest,
            reason=rests(one.name, status, config.zone) if rest else "",
            ends=ends(one.name, status) if rest else "",
        )
    on = {one.name for one in config.receivers}
    for name in (name for name in config.file.receivers if name not in on):
        yield ReceiverView(
            name=name,
            state="off",
            kind="",
            place="",
            recipients=(),
            operator=False,
            waiting=waiting.get(name, 0),
            last_sent=sent.get(name),
            rests=None,
            reason="its url is empty",
            ends="an address in its url, and a reload",
        )


def _place(receiver: Receiver) -> str:
    # Importing apprise is a quarter of a start: only a receiver with an address needs it.
    from tocsin.receivers.apprise import AppriseReceiver  # noqa: PLC0415

    return receiver.place if isinstance(receiver, AppriseReceiver) else ""
