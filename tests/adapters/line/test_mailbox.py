"""Folders of mail on the whole line: an IMAP server on loopback, the readers, the database, and what the desk is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from adapters.imap_server import LOGIN, Server, imap_server
from adapters.line.one_source import OneSource
from tocsin.certificates import trusting
from tocsin.config.build import make_source
from tocsin.config.feeds import FeedConfig
from tocsin.config.secrets import Secret, address
from tocsin.errors import Fault, SourceError
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry
from tocsin.sources.documents.mail import Mails
from tocsin.sources.feeds.imap import ImapFolder, Progress
from tocsin.sources.feeds.imap_connection import folder_of
from tocsin.sources.http.client import HttpClient

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line


def mail(
    subject: str, *, number: int, sender: str = "Metal Letter <news@letter.example>", html: str = "", text: str = ""
) -> bytes:
    """A mail."""
    kind, body = ("html", html) if html else ("plain", text or subject)
    return (
        f"From: {sender}\nSubject: {subject}\nMessage-ID: <{number}@letter.example>\nDate: Mon, 02 Mar 2026 10:59:00 +0000\n"
        f'Content-Type: text/{kind}; charset="utf-8"\nContent-Transfer-Encoding: 8bit\n\n{body}\n'
    ).encode()


class Letters(OneSource):
    """A folder that a test fills, and the line that reads it."""

    def __init__(self, line: Line, server: Server) -> None:
        super().__init__(line, "letters")
        self.server = server
        self.mails = Mails()
        self.password = LOGIN[1]
        self.folder = "INBOX"

    def poll(self) -> list[Entry]:
        """Poll the folder in a new process; the entries that this brought."""
        self.line.clock.move(minutes=30)
        before = len(self.entries)
        asyncio.run(self._poll())
        return self.entries[before:]

    async def _poll(self) -> None:
        config = FeedConfig(
            name="letters",
            url=address(f"imap://127.0.0.1:{self.server.port}/{self.folder}"),
            login=Secret(f"{LOGIN[0]}:{self.password}"),
            mails=self.mails,
            allow_private=True,
        )
        async with HttpClient() as http:
            await self.line.pipeline(make_source(config, http, self.line.at_once)).run_due()


@pytest.fixture
def letters(line: Line) -> Iterator[Letters]:
    """A mailbox."""
    with imap_server() as server:
        yield Letters(line, server)


def test_a_mail_is_an_entry_and_alerts(letters: Letters) -> None:
    """What lies in the folder is history, what comes is news, and nothing in the folder changes."""
    letters.server.put(mail("China bans cobalt exports", number=1))
    assert [entry.title for entry in letters.poll()] == ["China bans cobalt exports"]
    letters.server.put(mail("China bans gallium exports", number=2, text="All of them.\n\nFrom 1 June."))
    [entry] = letters.poll()
    assert (entry.title, entry.body, entry.publisher) == (
        "China bans gallium exports",
        "All of them.\n\nFrom 1 June.",
        "Metal Letter",
    )
    assert (entry.id, entry.published and entry.published.hour) == ("<2@letter.example>", 11)
    assert letters.fates == [("p/ban", MatchOutcome.BASELINE), ("p/ban", MatchOutcome.ALERTED)]
    assert not letters.poll()
    assert not any("SELECT" in said or "STORE" in said for said in letters.server.said)


def test_a_new_numbering_repeats_nothing(letters: Letters) -> None:
    """A server that was restored gives all mails new numbers; a Message-ID stays."""
    letters.server.put(mail("One", number=1))
    letters.poll()
    letters.server.validity += 1
    letters.server.folders["INBOX"] = {}
    letters.server.put(mail("One", number=1))
    letters.server.put(mail("China bans gallium exports", number=2))
    assert [entry.title for entry in letters.poll()] == ["China bans gallium exports"]


ALERT = """<html><body><table>
<tr><td><a href="https://www.google.com/url?rct=j&sa=t&url=https://paper.example/a&ct=ga">China <b>bans gallium</b> exports</a>
 <div>The Paper</div><div>The ministry said so on Monday.</div></td></tr>
<tr><td><a href="https://www.google.com/url?rct=j&sa=t&url=https://daily.example/b&ct=ga">Cobalt mine halts all of its production</a></td></tr>
<tr><td><a href="https://paper.example/a?utm_source=x">Read</a> <a href="https://www.google.com/alerts/remove?x=1">Unsubscribe from this alert</a>
<a href="javascript:alert(1)">China bans cobalt exports at once</a> <a href="https://www.google.com/alerts?x">See more results | Edit this alert</a></td></tr>
</table></body></html>"""


def test_an_alert_of_a_search_engine_is_an_entry_for_each_link(letters: Letters) -> None:
    """A link to the article, not to the counter of clicks, and no buttons."""
    letters.mails = Mails(links=True)
    letters.server.put(
        mail("Nothing", number=1, html="<a href='https://x.example/1'>An article that is history by now</a>")
    )
    letters.poll()
    letters.server.put(mail("Google Alert - gallium", number=2, html=ALERT))
    found = {entry.title: entry for entry in letters.poll()}
    assert {title: entry.link for title, entry in found.items()} == {
        "China bans gallium exports": "https://paper.example/a",
        "Cobalt mine halts all of its production": "https://daily.example/b",
    }
    assert found["China bans gallium exports"].summary.endswith("The ministry said so on Monday.")
    letters.server.put(mail("Google Alert - metals", number=3, html=ALERT))
    assert not letters.poll()


def test_only_mails_of_the_senders_are_read(letters: Letters) -> None:
    """Whoever knows an address can send to it."""
    letters.mails = Mails(senders=("@letter.example",))
    letters.server.put(mail("One", number=1))
    letters.poll()
    letters.server.put(mail("China bans gallium exports", number=2, sender="x@evil.example"))
    letters.server.put(mail("China bans cobalt exports", number=3))
    assert [entry.title for entry in letters.poll()] == ["China bans cobalt exports"]


def test_many_mails_come_in_several_polls_and_none_is_lost(letters: Letters) -> None:
    """A week away brings more than one poll may read."""
    letters.server.put(mail("One", number=0))
    letters.poll()
    for number in range(1, 131):
        letters.server.put(mail(f"Letter {number}", number=number))
    assert [len(letters.poll()) for _ in range(3)] == [100, 30, 0]


@pytest.mark.parametrize("plain", [True, False])
def test_a_wrong_password_says_what_to_do_and_is_not_shown(letters: Letters, plain: bool) -> None:
    """The first mistake, and some servers repeat what they refuse."""
    letters.server.plain = plain
    letters.poll()
    assert letters.error == ""
    letters.password = "s3cret wrong"
    letters.poll()
    assert letters.error == "127.0.0.1 refuses the name or the password"
    assert "s3cret" not in str(letters.line.store.read.source("letters"))


def test_a_folder_that_is_not_there_names_those_that_are(letters: Letters) -> None:
    """Servers disagree about the names of folders."""
    letters.folder = "Newsleters"
    letters.server.folders["Newsletters"] = {}
    letters.poll()
    assert letters.error == "127.0.0.1 has no folder 'Newsleters'; there are: INBOX, Newsletters"


def test_a_folder_may_have_any_name(letters: Letters) -> None:
    """Folders are named by people, in modified UTF-7."""
    letters.folder = "Gr%C3%BC%C3%9Fe%20%26%20mehr"
    letters.server.put(mail("One", number=1), folder="Gr&APwA3w-e &- mehr")
    assert [entry.title for entry in letters.poll()] == ["One"]


NESTED = b"From: a@b.example\nSubject: deep\n" + b"".join(
    b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000)
)
ODD = b'From: =?x-none?Q?=FFa?= <a@b.example>\nSubject: =?nonsense?Q?China_bans_=FF_gallium?=\nContent-Type: text/html; charset="x-none"\n\n<p>\xff\xfe</p><script>x</script>'


def test_a_hostile_mail_stops_no_other(letters: Letters) -> None:
    """Mails are written by anybody."""
    letters.server.put(mail("One", number=1))
    letters.poll()
    letters.server.put(NESTED)
    letters.server.put(ODD)
    letters.server.put(b"\x00\xff" * 1000)
    letters.server.put(mail("Huge", number=4, text="word " * 1_000_000))
    letters.server.put(mail("China bans cobalt exports", number=5))
    titles = [entry.title for entry in letters.poll()]
    assert "China bans cobalt exports" in titles
    assert "Huge" in titles
    assert any("bans" in title and "gallium" in title for title in titles)
    assert letters.error == ""


@pytest.mark.parametrize(
    "hostile",
    [b"* 1 FETCH (BODY[] {9999999999}\r\nx", b"* 1 FETCH " + b"x" * 2_000_000, b"* BYE", b"\xff\xfe"],
    ids=["size", "line", "bye", "octets"],
)
def test_a_hostile_server_is_trouble_of_the_source(letters: Letters, hostile: bytes) -> None:
    """What a server promises is not allocated, and what came before is not lost."""
    letters.server.put(mail("One", number=1))
    letters.poll()
    letters.server.put(mail("China bans gallium exports", number=2))
    letters.server.hostile = hostile
    assert not letters.poll()
    letters.server.hostile = b""
    letters.line.clock.move(hours=2)
    assert [entry.title for entry in letters.poll()] == ["China bans gallium exports"]


def _read(port: int, *, ca_file: Path | None = None, allow_private: bool = True, total: float = 30.0) -> list[bytes]:
    """The mails of the folder on a port, over TLS."""
    folder = ImapFolder(
        folder_of(f"imaps://127.0.0.1:{port}/"),
        ":".join(LOGIN),
        trust=trusting(ca_file),
        allow_private=allow_private,
        total=total,
    )
    return [letter.body for letter in folder.letters(Progress(), ())[0]]


def test_a_mailbox_is_read_over_tls_by_those_who_trust_its_certificate(tmp_path: Path) -> None:
    """A password is sent to nobody else."""
    house = trustme.CA()
    house.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    house.issue_cert("127.0.0.1").configure_cert(context)
    with imap_server(context) as server:
        server.put(mail("One", number=1))
        assert len(_read(server.port, ca_file=tmp_path / "ca.pem")) == 1
        server.said.clear()
        with pytest.raises(SourceError, match="shows a certificate of nobody") as caught:
            _read(server.port)
        assert "ca_file" in caught.value.remedy
        assert server.said == []


def test_the_remedy_for_a_wrong_folder_is_about_folders() -> None:
    """What helps with a symbol of prices does not help here."""
    with imap_server() as server:
        folder = folder_of(f"imap://127.0.0.1:{server.port}/Newsleters")
        box = ImapFolder(folder, ":".join(LOGIN), trust=trusting(None), allow_private=True)
        with pytest.raises(SourceError) as caught:
            box.letters(Progress(), ())
    assert caught.value.remedy == "name one of them behind the server: imaps://SERVER/FOLDER"


def test_a_private_address_is_not_connected_to() -> None:
    """A name may lead anywhere."""
    with imap_server() as server, pytest.raises(SourceError) as caught:
        _read(server.port, allow_private=False)
    assert (caught.value.fault, server.said) == (Fault.BLOCKED_ADDRESS, [])


def test_a_server_that_hangs_is_left_in_time() -> None:
    """A poll has an end, whatever trickles in."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        folder = folder_of(f"imap://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(SourceError) as caught:
            ImapFolder(folder, "a:b", trust=trusting(None), allow_private=True, total=0.2, answer=0.2).letters(
                Progress(), ()
            )
    assert caught.value.fault is Fault.UNREACHABLE


def test_a_server_that_trickles_is_left_in_time() -> None:
    """An octet now and then keeps every other clock from ringing."""

    def trickle() -> None:
        found, _ = listening.accept()
        with found, suppress(OSError):
            found.sendall(b"* OK ready\r\n")
            while True:
                found.sendall(b"x")
                stopped.wait(0.05)

    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        folder = folder_of(f"imap://127.0.0.1:{listening.getsockname()[1]}/")
        with pytest.raises(SourceError) as caught:
            ImapFolder(folder, "a:b", trust=trusting(None), allow_private=True, total=0.3).letters(Progress(), ())
    assert caught.value.fault is Fault.UNREACHABLE
    thread.join(5)
