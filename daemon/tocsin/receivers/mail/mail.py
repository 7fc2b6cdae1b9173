"""Mail: we compose the mail and talk to the server ourselves, and use only apprise's reading of addresses."""

from __future__ import annotations

from typing import Any

from apprise.plugins.base import NotifyBase
from apprise.plugins.email.base import NotifyEmail, PGPMode

from tocsin.model.deliveries import Delivery, ErrorClass, Message, MessageKind
from tocsin.receivers.apprise import AppriseReceiver, Endpoint, made, parsed
from tocsin.receivers.exchange import current
from tocsin.receivers.mail import smtp
from tocsin.receivers.mail.letter import letter
from tocsin.receivers.redact import redactor


class _Mail(NotifyEmail):
    """apprise's reading of mail addresses, with our own mail and our own SMTP client."""

    octets = b""

    def send(self, *_: Any, **__: Any) -> bool:
        server = smtp.Server(
            host=self.smtp_host,
            port=self.port or 0,
            mode=self.secure_mode or "",
            user=self.user or "",
            password=self.password or "",
            verify=self.verify_certificate,
        )
        exchange = current()
        assert exchange is not None
        exchange.outcome = smtp.send(server, str(self.from_addr[1]), self.targets[0][1], self.octets, exchange)
        return exchange.outcome.error_class is ErrorClass.OK


def build(endpoint: Endpoint) -> AppriseReceiver:
    """Return the receiver for a mail address.

    Raises:
        ValueError: the address is wrong, or names no recipient.
    """
    fields = parsed(NotifyEmail, endpoint.url)
    sample = made(_Mail, fields)
    if sample.pgp_mode != PGPMode.NONE:
        raise ValueError("tocsin does not encrypt mail: remove pgp= and wkd= from the address")
    people = dict((*((address, who or "") for who, address in sample.targets), *_named(sample)))
    reply_to = sorted(sample.reply_to)
    if not people:
        raise ValueError("no recipient of this mail address is a mail address")

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        mail: _Mail = made(_Mail, {**fields, "targets": [delivery.recipient], "cc": None, "bcc": None})
        mail.octets = letter(
            message,
            delivery_id=delivery.id,
            receiver=endpoint.name,
            date=message.dated or delivery.created_at,
            sender=(str(mail.from_addr[0] or "tocsin"), str(mail.from_addr[1])),
            recipient=(people.get(delivery.recipient, ""), delivery.recipient),
            reply_to=reply_to,
            headers=mail.headers,
        )
        return mail

    open_words = (*people, *(address.rpartition("@")[2] for address in people), sample.smtp_host, sample.from_addr[1])
    return AppriseReceiver(
        name=endpoint.name,
        kind=MessageKind.MAIL,
        recipients=tuple(people),
        plugin=plugin,
        redact=redactor(endpoint.url, open_words=open_words),
        limit=endpoint.limit,
        place=f"{sample.smtp_host}:{sample.port}",
        mode=sample.secure_mode or "",
    )


def _named(sample: Any) -> list[tuple[str, str]]:
    """Return the recipients of copies. Each gets its own mail, because a server may accept one and refuse another."""
    return [(address, sample.names.get(address) or "") for address in sorted(sample.cc | sample.bcc)]
