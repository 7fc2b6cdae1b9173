from __future__ import annotations

import email
import email.policy
import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import trustme

from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers import smtp
from tocsin.receivers.kinds import build
from tocsin.render.message import with_preface

Raw = Callable[[Callable[[socket.socket], None]], int]


def url_of(port: int, *, login: str = "", to: str = "desk@example.org", more: str = "") -> str:
    """The address of a mail server on loopback."""
    return f"mailto://{login}127.0.0.1:{port}/{to}?from=tocsin@example.org&mode=insecure{more}"


def parsed(octets: bytes) -> EmailMessage:
    """A letter as a mail program reads it."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """The text of one part."""
    found = message.get_body((kind,))
    assert found is not None
    content: str = found.get_content()
    return content


HOSTILE = [
    pytest.param("Hi\r\nBcc: victim@example.org", id="crlf"),
    pytest.param("Hi\u2028Bcc: victim@example.org\x85X: y\x0b\x00", id="unicode line ends and NUL"),
    pytest.param("镓出口管制" * 80, id="400 CJK characters"),
    pytest.param("🚨" * 300, id="300 emoji"),
    pytest.param("word " * 400, id="2000 ASCII"),
    pytest.param("x" * 2000, id="2000 ASCII without a blank"),
    pytest.param("=?utf-8?q?=0d=0aBcc=3a_victim=40example=2eorg?=", id="an encoded word"),
    pytest.param("a \ud800 lone surrogate and \u202eoverride", id="surrogate and bidi"),
]


def test_mails_in_a_row_share_a_connection(mailbox: Any, post: Any) -> None:
    """Greeting, encryption and login take longer than a mail; a server that takes no more of them gets a new connection."""
    mailbox.most = 2
    receiver = build("mail", url_of(mailbox.port))
    made = post(MessageKind.MAIL, recipient="desk@example.org")
    for _ in range(3):
        assert receiver.send(made.delivery, made.message).error_class is ErrorClass.OK
    first, second, third = mailbox.peers
    assert first == second != third


def test_a_connection_that_the_server_ended_costs_no_mail(mailbox: Any, post: Any, monkeypatch: Any) -> None:
    """It may do so at any time; what a recipient is refused for comes from a new connection."""
    receiver = build("mail", url_of(mailbox.port))
    made = post(MessageKind.MAIL, recipient="desk@example.org")
    assert receiver.send(made.delivery, made.message).error_class is ErrorClass.OK
    mailbox.replies["RCPT"] = "550 no such user"
    assert receiver.send(made.delivery, made.message).error_class is ErrorClass.NOBODY
    mailbox.replies.clear()
    monkeypatch.setattr(smtp, "KEEP", 0)
    for _ in range(2):
        assert receiver.send(made.delivery, made.message).error_class is ErrorClass.OK
    assert len(set(mailbox.peers)) == 3


@pytest.mark.parametrize("headline", HOSTILE)
def test_a_hostile_headline_makes_one_subject_and_no_other_header(headline: str, mailbox: Any, post: Any) -> None:
    """A feed must not be able to add headers or recipients, nor write a line that a server refuses."""
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, headline, "desk@example.org")
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    (octets,) = mailbox.letters
    message = parsed(octets)
    assert set(message.keys()) == {
        "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID",
        "List-Id", "Auto-Submitted", "X-Priority", "Importance", "X-Mailer",
    }  # fmt: skip
    assert mailbox.envelopes == [("tocsin@example.org", ["desk@example.org"])]
    head = octets.split(b"\r\n\r\n")[0]
    assert max(len(line) for line in octets.split(b"\r\n")) < 998
    subject = head[head.index(b"Subject:") : head.index(b"\r\nFrom:")]
    assert len(subject) < 900
    assert str(message["Subject"]) == sent.message.subject


@pytest.mark.parametrize("headline", HOSTILE)
def test_both_parts_arrive_whole_whatever_the_headline(headline: str, mailbox: Any, post: Any) -> None:
    """The plain part says everything, and neither part loses a character on the way."""
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, headline, "desk@example.org")
    receiver.send(sent.delivery, sent.message)
    message = parsed(mailbox.letters[0])
    assert message.get_content_type() == "multipart/alternative"
    assert part(message, "plain").replace("\r\n", "\n") == sent.message.text
    assert part(message, "html").replace("\r\n", "\n").rstrip("\n") == sent.message.html.rstrip("\n")


def test_a_retry_sends_the_same_bytes(mailbox: Any, post: Any) -> None:
    """Two copies of a delivery must be recognisable as one, by every octet and by their id."""
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, "镓 gallium", "desk@example.org")
    tried = sent.delivery.created_at + timedelta(hours=9)
    message = replace(sent.message, dated=tried)
    receiver.send(sent.delivery, message)
    receiver.send(replace(sent.delivery, attempt=2), message)
    first, second = mailbox.letters
    assert first == second
    assert parsed(first)["Message-ID"] == "<01JQDELIVERY@example.org>"
    assert parsed(first)["Date"].datetime == tried


def test_a_late_mail_says_so_in_both_parts_and_stays_the_same_otherwise(mailbox: Any, post: Any) -> None:
    """A reader must see that a message is late before they read it."""
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    receiver.send(sent.delivery, with_preface(sent.message, "Late by 2 h <&>"))
    message = parsed(mailbox.letters[0])
    assert part(message, "plain").replace("\r\n", "\n") == f"Late by 2 h <&>\n\n{sent.message.text}"
    assert "Late by 2 h &lt;&amp;&gt;" in part(message, "html")


@pytest.mark.parametrize(
    "end",
    ["\n.\n", "\r\n.\r\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\n..\n"],
    ids=["lf", "crlf", "cr", "lf crlf", "crlf lf", "two"],
)
def test_a_dot_at_the_start_of_a_line_neither_ends_nor_smuggles_a_mail(end: str, mailbox: Any, post: Any) -> None:
    """A text with the end mark of a mail in it, whatever its line ends, arrives as one mail."""
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    text = f"before{end}MAIL FROM:<evil@example.org>\nRCPT TO:<victim@example.org>\nDATA\nowned\n"
    assert receiver.send(sent.delivery, replace(sent.message, text=text)).error_class is ErrorClass.OK
    assert len(mailbox.letters) == 1
    assert mailbox.envelopes == [("tocsin@example.org", ["desk@example.org"])]
    arrived = part(parsed(mailbox.letters[0]), "plain")
    assert "".join(arrived.split()) == "".join(text.split())
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mailbox.letters[0]), "no line end that servers read in two ways"


def test_everybody_in_an_address_is_a_recipient_with_a_mail_of_their_own(mailbox: Any, post: Any) -> None:
    """One refused recipient must not cost the others their mail, nor double it."""
    url = url_of(
        mailbox.port, to="a@example.org/b@example.org", more="&cc=c@example.org&bcc=d@example.org&+X-Team=Erz&+To=z"
    )
    receiver = build("mail", url)
    assert receiver.recipients == ("a@example.org", "b@example.org", "c@example.org", "d@example.org")
    mailbox.replies["b@example.org"] = "550 no such user"
    outcomes = []
    for recipient in receiver.recipients:
        sent = post(MessageKind.MAIL, recipient=recipient)
        outcomes.append(receiver.send(sent.delivery, sent.message).error_class)
    assert outcomes == [ErrorClass.OK, ErrorClass.NOBODY, ErrorClass.OK, ErrorClass.OK]
    assert [to for _, to in mailbox.envelopes] == [["a@example.org"], ["c@example.org"], ["d@example.org"]]
    first = parsed(mailbox.letters[0])
    assert (first["To"], first["Cc"], first["X-Team"]) == ("a@example.org", None, "Erz")


def test_a_domain_in_any_script_reaches_every_server(mailbox: Any, post: Any) -> None:
    """It goes over the wire in ASCII; people see it as they wrote it, from the sender's as well."""
    url = url_of(mailbox.port, to="desk@b\u00fccher.example", more="&from=Glocke<tocsin@erz.中国>")
    url = url.replace("from=tocsin@example.org&", "")
    receiver = build("mail", url)
    assert receiver.recipients == ("desk@bücher.example",)
    sent = post(MessageKind.MAIL, recipient="desk@bücher.example")
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    assert mailbox.envelopes == [("tocsin@erz.xn--fiqs8s", ["desk@xn--bcher-kva.example"])]
    message = parsed(mailbox.letters[0])
    assert (message["To"], message["From"]) == ("desk@xn--bcher-kva.example", "Glocke <tocsin@erz.xn--fiqs8s>")
    assert mailbox.letters[0].isascii()


def test_a_name_in_any_script_reaches_a_server_that_takes_it(mailbox: Any, post: Any) -> None:
    """Before the @ there is no form in ASCII; a headline cannot pass for the address."""
    receiver = build("mail", url_of(mailbox.port, to="Jörg%20M<jörg@bücher.example>/desk@example.org"))
    for recipient in receiver.recipients:
        sent = post(MessageKind.MAIL, "To: 01JQDELIVERY@to.invalid bans gallium", recipient=recipient)
        assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.OK
    assert [to for _, to in mailbox.envelopes] == [["jörg@xn--bcher-kva.example"], ["desk@example.org"]]
    first, second = mailbox.letters
    (to,) = [line for line in first.partition(b"\r\n\r\n")[0].decode().split("\r\n") if line.startswith("To: ")]
    assert to.endswith(" <jörg@xn--bcher-kva.example>")
    assert first.count("jörg".encode()) == 1
    assert second.isascii()


@pytest.mark.parametrize("mailbox", [{"enable_SMTPUTF8": False}], indirect=True)
def test_a_server_that_takes_no_such_name_is_named_as_the_cause(mailbox: Any, post: Any) -> None:
    """The others in the address get their mail, and the one reader is given up with the remedy."""
    receiver = build("mail", url_of(mailbox.port, to="jörg@example.org/desk@example.org"))
    outcomes = []
    for recipient in receiver.recipients:
        sent = post(MessageKind.MAIL, recipient=recipient)
        outcomes.append(receiver.send(sent.delivery, sent.message))
    assert [one.error_class for one in outcomes] == [ErrorClass.NOBODY, ErrorClass.OK]
    assert "(SMTPUTF8): use another address, or another server" in outcomes[0].words
    assert [to for _, to in mailbox.envelopes] == [["desk@example.org"]]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("to=desk@example.org,jörg", "mail address number 2 in this list is no mail address"),
        ("to=desk@example.org,joe@example.org.münchen..x", "has a domain that cannot exist"),
        ("to=desk@example.org&cc=nobody", "is no mail address"),
        ("to=desk@example.org&reply=jörg@example.org", "reply= must be a mail address with plain letters"),
        ("to=desk@example.org&from=jörg@example.org", "from= must be a mail address with plain letters"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_left_out(fields: str, words: str) -> None:
    """A reader who is left out in silence waits in vain."""
    with pytest.raises(ValueError, match=words):
        build("mail", f"mailto://127.0.0.1:25?from=tocsin@example.org&mode=insecure&{fields}")


def test_who_was_taken_out_of_an_address_gets_no_mail(mailbox: Any, post: Any) -> None:
    """A delivery may be older than the configuration."""
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, recipient="former@example.org")
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.NOBODY
    assert mailbox.envelopes == []


def test_a_name_and_a_reply_address_are_kept(mailbox: Any, post: Any) -> None:
    """The settings in the address are in the mail."""
    url = url_of(mailbox.port, more="&name=Glocke%20%C3%9C&reply=ops@example.org")
    receiver = build("mail", url)
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    receiver.send(sent.delivery, sent.message)
    message = parsed(mailbox.letters[0])
    assert (message["From"].addresses[0].display_name, message["Reply-To"]) == ("Glocke Ü", "ops@example.org")


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("RCPT", "451 greylisted, try later", ErrorClass.TRANSIENT),
        ("RCPT", "550 no such user", ErrorClass.NOBODY),
        ("RCPT", "550 5.7.1 relaying denied", ErrorClass.AUTH),
        ("RCPT", "552 mailbox full", ErrorClass.TRANSIENT),
        ("RCPT", "554 relay access denied", ErrorClass.AUTH),
        ("MAIL", "530 log in first", ErrorClass.AUTH),
        ("MAIL", "501 syntax", ErrorClass.CONTENT),
        ("DATA", "452 disk full", ErrorClass.TRANSIENT),
        ("DATA", "552 too large", ErrorClass.CONTENT),
        ("DATA", "554 5.7.1 looks like spam", ErrorClass.CONTENT),
    ],
)
def test_a_reply_decides_what_becomes_of_a_mail(
    command: str, reply: str, expected: ErrorClass, mailbox: Any, post: Any
) -> None:
    """Greylisting is waited for, an unknown recipient is not, and the server's words are kept."""
    mailbox.replies[command] = reply
    receiver = build("mail", url_of(mailbox.port))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, outcome.words) == (expected, int(reply[:3]), reply[4:])
    assert mailbox.letters == []


def test_an_accepted_mail_keeps_the_words_of_the_server(mailbox: Any, post: Any) -> None:
    """The queue id is what the operator of the mail server asks for."""
    receiver = build("mail", url_of(mailbox.port, login="tocsin:canary-secret@"))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code, outcome.words) == (ErrorClass.OK, 250, "queued as 42")


def test_a_wrong_password_is_a_matter_for_a_person(mailbox: Any, post: Any) -> None:
    """A refused login is reported, and not tried again and again."""
    receiver = build("mail", url_of(mailbox.port, login="tocsin:canary-wrong@"))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code) == (ErrorClass.AUTH, 535)


def test_a_password_is_never_among_the_words(raw: Raw, post: Any) -> None:
    """Some servers repeat what they received."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        connection.recv(1000)
        connection.sendall(b"250-hi\r\n250 AUTH PLAIN\r\n")
        connection.recv(1000)
        connection.sendall(b"535 no canary-secret AHRvY3NpbgBjYW5hcnktc2VjcmV0 here\r\n")
        connection.recv(1000)

    receiver = build("mail", url_of(raw(script), login="tocsin:canary-secret@"))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (ErrorClass.AUTH, "no *** *** here")


def test_a_login_that_the_server_does_not_know_is_a_matter_for_a_person(raw: Raw, post: Any) -> None:
    """A password is not sent to a server that offers no way to log in, and this is reported."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        for _ in range(2):
            connection.recv(1000)
            connection.sendall(b"250 hi\r\n")

    receiver = build("mail", url_of(raw(script), login="tocsin:canary-secret@"))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.code) == (ErrorClass.AUTH, None)


def test_a_refused_connection_did_not_send_anything(closed_port: int, post: Any) -> None:
    """A server that is down is tried again, without a doubt about duplicates."""
    receiver = build("mail", url_of(closed_port))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, "Connection refused")


def test_a_connection_lost_before_the_letter_did_not_send_it(raw: Raw, post: Any) -> None:
    """Only what may have arrived is doubtful."""
    receiver = build("mail", url_of(raw(lambda connection: connection.sendall(b"220 hi\r\n"))))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.TRANSIENT


def test_a_connection_lost_after_the_letter_is_doubtful(raw: Raw, post: Any) -> None:
    """The server may have it: a duplicate must be explained by this attempt."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        for reply in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            connection.recv(1000)
            connection.sendall(reply)
        received = b""
        while not received.endswith(b"\r\n.\r\n"):
            received += connection.recv(100000)

    receiver = build("mail", url_of(raw(script)))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    assert receiver.send(sent.delivery, sent.message).error_class is ErrorClass.AMBIGUOUS


def test_a_server_that_drips_is_cut_off(raw: Raw, post: Any) -> None:
    """A byte now and then must not hold a lane for ever."""
    cut_off = threading.Event()

    def script(connection: socket.socket) -> None:
        try:
            while not cut_off.wait(0.02):
                connection.sendall(b"2")
        finally:
            cut_off.set()

    receiver = build("mail", url_of(raw(script)), limit=0.3)
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    cut_off.set()
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, "no answer within 0.3 s")


def test_a_server_without_tls_gets_no_mail_from_a_secure_address(mailbox: Any, post: Any) -> None:
    """mailtos:// never falls back to an open line."""
    url = f"mailtos://127.0.0.1:{mailbox.port}/desk@example.org?from=tocsin@example.org&mode="
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    starttls = build("mail", f"{url}starttls").send(sent.delivery, sent.message)
    over_tls = build("mail", f"{url}ssl&verify=no").send(sent.delivery, sent.message)
    assert [(one.error_class, one.words) for one in (starttls, over_tls)] == [
        (ErrorClass.AUTH, "the server offers no STARTTLS at this port"),
        (ErrorClass.AUTH, "the server speaks no TLS at this port"),
    ]
    assert mailbox.letters == []


def test_a_certificate_that_is_not_believed_is_a_matter_for_a_person(raw: Raw, post: Any) -> None:
    """Nothing of it changes by itself, so that operators hear at once; each fault has its words."""
    past = datetime.now(UTC) - timedelta(days=2)
    house = trustme.CA()
    cases = {
        "for another name": house.issue_cert("mail.example.org"),
        "has expired": house.issue_cert("127.0.0.1", not_before=past, not_after=past + timedelta(days=1)),
        "nobody who is known here": trustme.CA().issue_cert("127.0.0.1"),
    }
    for words, certificate in cases.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)

        def script(connection: socket.socket, context: ssl.SSLContext = context) -> None:
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1000)

        address = f"mailtos://127.0.0.1:{raw(script)}/desk@example.org?from=tocsin@example.org&mode=ssl"
        sent = post(MessageKind.MAIL, recipient="desk@example.org")
        with house.cert_pem.tempfile() as trusted, pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", trusted)
            outcome = build("mail", address).send(sent.delivery, sent.message)
        assert outcome.error_class is ErrorClass.AUTH
        assert words in outcome.words


@pytest.mark.parametrize(
    ("offers", "words"),
    [
        (b"250-hi\r\n250 AUTH XOAUTH2 OAUTHBEARER\r\n", " but XOAUTH2, OAUTHBEARER"),
        (b"250 hi\r\n", ""),
    ],
    ids=["tokens only", "nothing"],
)
def test_a_server_that_takes_no_password_is_a_matter_for_a_person(
    raw: Raw, post: Any, offers: bytes, words: str
) -> None:
    """Waiting does not help, and a password is not sent in vain."""
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        heard.append(connection.recv(1000))
        connection.sendall(offers)
        heard.append(connection.recv(1000))

    receiver = build("mail", url_of(raw(script), login="tocsin:canary-secret@"))
    sent = post(MessageKind.MAIL, recipient="desk@example.org")
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (
        ErrorClass.AUTH,
        f"the server offers no way to log in at this port{words}",
    )
    assert b"AUTH" not in b"".join(heard)


def test_a_picture_travels_inside_the_mail(mailbox: Any, post: Any) -> None:
    """Mail programs do not show remote pictures, and a retry sends the same bytes."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    sent = post(MessageKind.MAIL, "Copper jumps", "desk@example.org")
    shows = '<p>copper</p><img src="cid:price-0-0.d@tocsin">'
    message = replace(sent.message, html=shows, pictures=(("price-0-0.d@tocsin", picture),))
    receiver = build("mail", url_of(mailbox.port))
    receiver.send(sent.delivery, message)
    receiver.send(replace(sent.delivery, attempt=2), message)
    first, second = mailbox.letters
    assert first == second
    mail = parsed(first)
    [related] = [one for one in mail.walk() if one.get_content_type() == "multipart/related"]
    shown, inline = related.iter_parts()
    assert "cid:price-0-0.d@tocsin" in shown.get_content()
    assert (inline["Content-ID"], inline.get_content_disposition()) == ("<price-0-0.d@tocsin>", "inline")
    assert inline.get_content() == picture
    assert "Copper jumps" in part(mail, "plain")


def test_an_update_refers_to_the_mail_of_its_first_message(mailbox: Any, post: Any) -> None:
    """A mail program shows both as one conversation, whatever their subjects say."""
    receiver = build("mail", url_of(mailbox.port))
    first = post(MessageKind.MAIL, "China bans gallium", "desk@example.org")
    receiver.send(first.delivery, first.message)
    update = replace(first.delivery, id="another")
    receiver.send(update, replace(first.message, thread=first.delivery.id))
    opening, following = map(parsed, mailbox.letters)
    assert following["In-Reply-To"] == following["References"] == opening["Message-ID"]
    assert following["Message-ID"] != opening["Message-ID"]
    assert (opening["In-Reply-To"], opening["References"]) == (None, None)
