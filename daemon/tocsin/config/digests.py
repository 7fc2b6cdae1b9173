"""Digests as they would be sent now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.config.config import Config
from tocsin.config.contacts import view_receiver
from tocsin.config.receivers import ReceiverConfig
from tocsin.deliver.context import compose, read_context
from tocsin.model.alerts import AnswerLinks
from tocsin.model.deliveries import Delivery, Message
from tocsin.render.answer_links import masked
from tocsin.rules.prices.edge import PriceRule
from tocsin.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPreview:
    """The *message* that a waiting digest would be, and when it leaves to *recipient*."""

    recipient: str
    due_at: datetime
    message: Message


def preview_digests(
    digests: Iterable[Delivery],
    receiver: ReceiverConfig,
    *,
    config: Config,
    store: Store,
    rules: Mapping[str, PriceRule],
    links: Callable[[str, datetime], AnswerLinks],
    now: datetime,
) -> Iterator[DigestPreview]:
    """Yield waiting *digests* of *receiver* as they would be sent with what waits now; *rules* are those about prices.

    *links* makes links to answer, which are masked: a preview is not only for the reader of the digest. Nothing is translated.

    Raises:
        StoreError: their context cannot be read.
    """
    kind = view_receiver(receiver).kind
    for digest in digests:
        at = max(now, digest.due_at)
        context = read_context(digest, store=store, instruments=config.instruments, rules=rules, now=at)
        message = compose(
            digest, context, kind=kind, zone=config.zone, rules=rules, now=at, links=links(receiver.name, now)
        )
        yield DigestPreview(recipient=digest.recipient, due_at=digest.due_at, message=masked(message))
