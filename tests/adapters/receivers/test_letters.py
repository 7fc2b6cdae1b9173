"""Every kind of message as the mail that a server gets: its headers, both parts, and how large it is."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import AlertContent, Revised
from tocsin.model.deliveries import DeliveryKind, ErrorClass, MessageKind
from tocsin.model.records import Roundup
from tocsin.receivers.kinds import build
from tocsin.render.message import render

DESK = "desk@example.org"
OPENING = "01JQOPENING"
#: Octets: mail programs cut longer ones off.
MOST = 102_000


def update(told: AlertContent) -> list[AlertContent]:
    """The same alert with something new."""
    return [replace(told, news=("Reported by 3 independent origins",), first=told.lead)]


def correction(told: AlertContent) -> list[AlertContent]:
    """The same alert, whose entry says something else by now."""
    assert told.lead
    now = Revised(at=told.lead.first_seen, title="China does not ban gallium")
    return [replace(told, lead=replace(told.lead, revised=now))]


def many(count: int, told: AlertContent) -> list[AlertContent]:
    """So many alerts of their own."""
    assert told.lead
    return [
        replace(
            told,
            alert=replace(told.alert, id=number),
            lead=replace(told.lead, title=f"Headline number {number:03d} 出口管制 <b>&", summary="gallium " * 40),
            related=(told.lead,) * 4,
        )
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("kind", "content", "thread", "says"),
    [
        pytest.param(DeliveryKind.ALERT, lambda told: [told], "", "China bans exports of gallium", id="alert"),
        pytest.param(DeliveryKind.UPDATE, update, OPENING, "3 independent origins", id="update"),
        pytest.param(DeliveryKind.CORRECTION, correction, OPENING, "China does not ban gallium", id="correction"),
        pytest.param(DeliveryKind.DIGEST, lambda told: many(60, told), "", "number 060", id="digest of sixty"),
        pytest.param(DeliveryKind.CATCH_UP, lambda told: many(9, told), "", "number 009", id="catch-up"),
    ],
)
def test_a_mail_of_every_kind_is_whole(
    kind: DeliveryKind, content: Any, thread: str, says: str, mailbox: Any, post: Any
) -> None:
    """Mail programs sort it, hold it together with what it answers, answer it with no holiday notice, and show all of it."""
    sent = post(MessageKind.MAIL, recipient=DESK)
    told: Sequence[AlertContent] = content(sent.delivery.content[0])
    delivery = replace(sent.delivery, receiver="metals desk", kind=kind, content=tuple(told))
    now = delivery.created_at
    message = render(
        told,
        kind=MessageKind.MAIL,
        delivery_id=delivery.id,
        delivery_kind=kind,
        zone=ZoneInfo("Europe/London"),
        thread=thread,
        roundup=Roundup(since=now - timedelta(days=1), until=now) if kind is DeliveryKind.DIGEST else None,
    )
    url = (
        f"mailto://127.0.0.1:{mailbox.port}/{DESK}?from=tocsin@example.org&mode=insecure&+List-Id=x&+Auto-Submitted=no"
    )
    assert build("metals desk", url).send(delivery, message).error_class is ErrorClass.OK
    (octets,) = mailbox.letters
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Message-ID"] == f"<{delivery.id}@example.org>"
    assert mail["References"] == mail["In-Reply-To"] == (f"<{thread}@example.org>" if thread else None)
    assert mail.get_all("List-Id") == ["<metals-desk.tocsin.example.org>"]
    assert mail.get_all("Auto-Submitted") == ["auto-generated"]
    assert mail["Date"].datetime == delivery.created_at
    assert str(mail["Subject"]) == message.subject
    assert [one.get_content_type() for one in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, page = (mail.get_body((shape,)) for shape in ("plain", "html"))
    assert plain is not None
    assert page is not None
    assert says in plain.get_content()
    assert says in page.get_content()
    assert len(page.get_content().encode()) < MOST
