"""Folders of mail in the configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from tocsin.config.feeds import FeedConfig, PolledShape
from tocsin.config.filters import make_filter
from tocsin.config.finding import make_patterns
from tocsin.config.logins import OAuthShape, check_oauth, make_oauth
from tocsin.config.secrets import Secret, address
from tocsin.config.values import Hidden
from tocsin.config.yaml.nodes import Missing, Node, Scalar, member, problem, said, scalars
from tocsin.config.yaml.shape import TEXT, Texts
from tocsin.errors import Problem
from tocsin.sources.documents.mail import Mails
from tocsin.sources.feeds.imap_connection import folder_of

_SENDER = re.compile(r"[^\s@<>]*@[^\s@<>]+")


def _mailbox(value: Any) -> Secret:
    if isinstance(value, Missing):
        return address(value, written=value.written)
    text = str(value).strip()
    folder_of(text)
    return address(text, written=getattr(value, "written", text))


class MailboxShape(PolledShape):
    """A folder of mail in the file."""

    mailbox: Annotated[Secret, BeforeValidator(_mailbox), WithJsonSchema(TEXT)]
    """The address of a folder, such as imaps://imap.example.org/Newsletters. It is only read: nothing in it changes."""
    credentials: Hidden
    """name:password of the mailbox, or with oauth the name alone. May be ${NAME}."""
    oauth: OAuthShape | None = None
    """A login by OAuth 2.0 (XOAUTH2) in place of a password: see tocsin sources login."""
    entries: Literal["mails", "links"] = "mails"
    """mails: each mail is an entry. links: each article that a mail links to is one, as in an alert of a search engine."""
    senders: Texts = ()
    """Only mails from these addresses, or of all of a domain: @example.org. Default: all mails in the folder."""
    allow_private: bool = False
    """True to permit an address in a private network, and there also imap://, without TLS."""


def check_mailbox(source: Node) -> Iterator[Problem]:
    """Yield faults of a folder that its shape cannot express."""
    box, private = member(source, "mailbox"), member(source, "allow_private")
    inside = isinstance(private, Scalar) and private.value is True
    if isinstance(box, Scalar) and box.text.startswith("imap:") and not inside:
        yield problem(
            box, "would send the password in the open: write imaps://, or allow_private: true in a network of your own"
        )
    for sender in scalars(member(source, "senders")):
        if not _SENDER.fullmatch(sender.text):
            yield problem(
                sender,
                f"{said(sender.text)} is no address; write news@example.org, or @example.org for all of a domain",
            )
    if box:
        yield from check_oauth(member(source, "oauth"))


def make_mailbox(name: str, item: MailboxShape, place: Path) -> FeedConfig:
    """Return the folder *name* that *item* describes. *place* is that of the database."""
    senders = tuple(sender.lower() for sender in item.senders)
    return item.build(
        FeedConfig,
        name=name,
        url=item.mailbox,
        login=item.credentials,
        oauth=make_oauth(item.oauth, Path(f"{place}-mailbox-{name}")),
        mails=Mails(links=item.entries == "links", senders=senders),
        filter=make_filter(item),
        find=make_patterns(item.find),
    )
