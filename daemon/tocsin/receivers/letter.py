"""A message as a mail. The same delivery always gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email import policy
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr

from tocsin.model.deliveries import Delivery, Message
from tocsin.receivers.urgency import mail_headers
from tocsin.render.subject import encoded
from tocsin.render.words import one_line

_ASCII = bytes(range(128))
#: (name or empty, address)
Address = tuple[str, str]

# We set these ourselves: a second one would make the mail a forgery or two mails.
_OURS = """
    subject from to cc bcc reply-to message-id in-reply-to references list-id auto-submitted date mime-version
    content-type
"""


def letter(
    message: Message,
    delivery: Delivery,
    *,
    sender: Address,
    to: Address,
    reply_to: Sequence[str],
    headers: Mapping[str, str],
) -> bytes:
    """Return *message* as multipart/alternative in ASCII, with CRLF line endings; an address *to* in UTF-8 stays so (RFC 6532).

    Message-ID and the boundary between the parts come from the id of *delivery*, and Date is not the time of sending. So a
    retry repeats the same mail, and a mail program that knows the id shows it once. Mail programs sort by List-Id
    (RFC 2919), which is the same for all mails of a receiver.
    """
    mail = MIMEMultipart("alternative", boundary=f"=_tocsin_{_token(delivery.id)}")
    mail["Subject"] = encoded(message.subject).replace("\r\n", "\n")
    mail["From"] = formataddr(sender)
    # The library encodes no address, so one that is not ASCII takes its place in the octets.
    name, address = to
    place = f"{_token(delivery.id)}@to.invalid"
    mail["To"] = formataddr((name, address if address.isascii() else place))
    if reply_to:
        mail["Reply-To"] = ", ".join(reply_to)
    mail["Date"] = format_datetime(message.dated or delivery.created_at)
    mail["Message-ID"] = _message_id(delivery.id, sender)
    if message.thread:
        mail["In-Reply-To"] = mail["References"] = _message_id(message.thread, sender)
    mail["List-Id"] = _list_id(delivery.receiver, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies
    given = {name.lower() for name in headers}
    urgency = {name: value for name, value in mail_headers(message.severity).items() if name.lower() not in given}
    for name, value in {**urgency, **headers}.items():
        if re.fullmatch(r"[!-9;-~]+", name) and name.lower() not in _OURS.split():
            mail[name] = Header(one_line(value), None if value.isascii() else "utf-8").encode()
    mail.attach(_part(message.text, "plain"))
    if message.html and not message.pictures:
        mail.attach(_part(message.html, "html"))
    elif message.html:
        mail.attach(_illustrated(message, _token(delivery.id)))
    before, mark, after = mail.as_bytes(policy=policy.compat32.clone(linesep="\r\n")).partition(b"\r\nTo: ")
    return before + mark + after.replace(place.encode(), address.encode(), 1)


def _illustrated(message: Message, token: str) -> MIMEMultipart:
    """Return the HTML with the pictures that it shows (RFC 2387)."""
    whole = MIMEMultipart("related", boundary=f"=_tocsin_pictures_{token}", type="text/html")
    whole.attach(_part(message.html, "html"))
    for name, data in message.pictures:
        picture = MIMEImage(data, "png")
        picture["Content-ID"] = f"<{name}>"
        picture["Content-Disposition"] = "inline"
        whole.attach(picture)
    return whole


def _part(text: str, kind: str) -> MIMEText:
    charset = Charset("utf-8")
    # Whichever is shorter: quoted-printable takes three octets for each that is not ASCII.
    octets = text.encode()
    charset.body_encoding = BASE64 if len(octets.translate(None, _ASCII)) * 6 > len(octets) else QP
    part = MIMEText("", kind)
    del part["Content-Transfer-Encoding"], part["Content-Type"]
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    part.set_payload(text, charset)
    return part


def _message_id(delivery_id: str, sender: Address) -> str:
    return f"<{_token(delivery_id)}@{_domain(sender[1])}>"


def _list_id(receiver: str, sender: Address) -> str:
    """Return a valid List-Id, whatever the name of the receiver is (RFC 2919, 2)."""
    labels = re.findall(r"[A-Za-z0-9-]+", f"{_token(receiver)}.tocsin.{_domain(sender[1])}")
    return f"<{'.'.join(labels)}>"


def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)[:64] or "delivery"


def _domain(address: str) -> str:
    return re.sub(r"[^A-Za-z0-9.:\[\]-]", "-", address.rpartition("@")[2]) or "localhost"
