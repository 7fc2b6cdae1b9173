"""Mail folders by IMAP (RFC 3501): read only, over TLS, with bounds on what a server may send.

Blocking: it runs in a thread of its own.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tocsin.certificates import fault_of
from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.mail import is_from, sender_of
from tocsin.sources.feeds.imap_connection import Folder, ImapConnection, quoted, utf7
from tocsin.sources.http.refusal import CERTIFICATE_REMEDIES

#: Mails of the first poll, which are history, and of each later one. What is left comes with the next poll.
FIRST, MOST = 20, 100
#: Octets of a mail that are read.
LARGEST = 1_000_000
#: Seconds for an answer of the server, and for all of a poll.
ANSWER, TOTAL = 20.0, 90.0
_UID = re.compile(rb"UID (\d{1,10})")
_RECEIVED = re.compile(rb'INTERNALDATE "([^"]{20,32})"')
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as the server has it, and when it was received there."""

    body: bytes
    received: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The validity of the numbers of a folder (RFC 3501, 2.3.1.1), and the least number that was not read."""

    validity: str = ""
    following: int = 0


class Tokens(Protocol):
    """Access tokens in place of a password."""

    @property
    def remedy(self) -> str:
        """Remedy if the server refuses one."""
        ...

    def get(self) -> str:
        """Return one.

        Raises:
            SourceError: there is none.
        """
        ...

    def forget(self) -> None:
        """Return another one next time."""
        ...


class ImapFolder:
    """A *folder* that is read with the name and password of *credentials*, or with the name and one of *tokens*.

    *trust* says which certificates are good.
    *answer* and *total* are the seconds for an answer of the server and for all of a poll.
    """

    def __init__(
        self,
        folder: Folder,
        credentials: str,
        *,
        trust: ssl.SSLContext,
        allow_private: bool = False,
        tokens: Tokens | None = None,
        answer: float = ANSWER,
        total: float = TOTAL,
    ) -> None:
        self._folder = folder
        self._name, _, self._password = credentials.partition(":")
        self._trust = trust if folder.tls else None
        self._allow_private = allow_private
        self._tokens = tokens
        self._answer = answer
        self._total = total

    def letters(self, before: Progress, senders: tuple[str, ...]) -> tuple[list[Letter], Progress]:
        """Return the mails of *senders* since *before*, and the progress after them.

        On the first poll, and if the numbers of the folder are no longer valid, they are its newest ones.

        Raises:
            SourceError: nothing could be read.
        """
        letters: list[Letter] = []
        after = before
        with self._connected() as imap:
            validity = self._examine(imap)
            known = before if before.validity == validity else Progress(validity=validity)
            after = known
            numbers = self._numbers(imap, known)
            for number in numbers[:MOST]:
                letter = self._letter(imap, number, senders)
                letters += [letter] if letter else []
                after = Progress(validity=validity, following=number + 1)
            if not numbers and not known.following:
                after = Progress(validity=validity, following=1)
        return letters, after

    @contextmanager
    def _connected(self) -> Iterator[imaplib.IMAP4]:
        """Yield a connection that is logged in, and close it at the latest after the time for all of a poll.

        Raises:
            SourceError: it fails, or anything on it.
        """
        host = self._folder.host
        token = self._tokens.get() if self._tokens else ""
        try:
            imap = ImapConnection(
                self._folder, self._trust, allow_private=self._allow_private, answer=self._answer, total=self._total
            )
        except SourceError:
            raise
        except ssl.SSLError as error:
            fault = fault_of(error)
            words, remedy = (fault, CERTIFICATE_REMEDIES[fault]) if fault else ("does not answer over TLS", "")
            raise SourceError(f"{host} {words}", fault=Fault.NETWORK, remedy=remedy) from error
        except (OSError, imaplib.IMAP4.error) as error:
            raise SourceError(f"cannot reach {host} ({type(error).__name__})", fault=Fault.UNREACHABLE) from error
        try:
            if self._tokens:
                self._show(imap, token, self._tokens)
            else:
                self._log_in(imap)
            yield imap
            with suppress(OSError, imaplib.IMAP4.error):
                imap.logout()
        except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
            raise SourceError(f"{host} broke off or answered with something else", fault=Fault.NETWORK) from error
        finally:
            with suppress(OSError):
                imap.shutdown()

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        """Log in. What the server says of a refusal may repeat the password, so it is not passed on."""
        try:
            if "AUTH=PLAIN" in imap.capabilities:
                secret = f"\0{self._name}\0{self._password}".encode()
                imap.authenticate("PLAIN", lambda _: secret)
            else:
                imap.login(quoted(self._name), self._password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            raise SourceError(
                f"{self._folder.host} refuses the name or the password",
                fault=Fault.AUTH,
                remedy="check credentials; many providers want a password made for one app, and IMAP switched on",
            ) from None

    def _show(self, imap: imaplib.IMAP4, token: str, tokens: Tokens) -> None:
        """Log in with an access token (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""
        if "AUTH=XOAUTH2" not in imap.capabilities:
            words = f"{self._folder.host} offers no login by OAuth (XOAUTH2)"
            raise SourceError(words, fault=Fault.AUTH, remedy="remove oauth, and write credentials: name:password")
        # A refusal has two steps: its reason, and after an empty line the end.
        steps = [f"user={self._name}\x01auth=Bearer {token}\x01\x01".encode()]
        try:
            imap.authenticate("XOAUTH2", lambda _: steps.pop() if steps else b"")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            tokens.forget()
            words = f"{self._folder.host} refuses the login of {self._name}"
            raise SourceError(words, fault=Fault.AUTH, remedy=tokens.remedy) from None

    def _examine(self, imap: imaplib.IMAP4) -> str:
        """Open the folder read-only, and return the validity of its numbers."""
        state, _ = imap.select(quoted(utf7(self._folder.folder)), readonly=True)
        if state != "OK":
            there = ", ".join(self._names(imap)[:_SHOWN]) or "none"
            words = f"{self._folder.host} has no folder {self._folder.folder!r}; there are: {there}"
            remedy = "name one of them behind the server: imaps://SERVER/FOLDER"
            raise SourceError(words, fault=Fault.NOT_FOUND, remedy=remedy)
        _, validity = imap.response("UIDVALIDITY")
        return (validity[0] or b"").decode("ascii", "replace")[:20] if validity else ""

    def _names(self, imap: imaplib.IMAP4) -> list[str]:
        _, lines = imap.list()
        found = (line.rpartition(b' "/" ')[2] or line for line in lines if isinstance(line, bytes))
        return [name.decode("ascii", "replace").strip('"')[:60] for name in found]

    def _numbers(self, imap: imaplib.IMAP4, known: Progress) -> list[int]:
        """Return the numbers of the mails to read, ascending."""
        if not known.following:
            _, count = imap.response("EXISTS")
            held = int((count[-1] or b"0")[:10]) if count else 0
            if not held:
                return []
            _, lines = imap.fetch(f"{max(1, held - FIRST + 1)}:*", "(UID)")
            found = [_UID.search(line if isinstance(line, bytes) else line[0]) for line in lines if line]
            return sorted(int(one[1]) for one in found if one)[-FIRST:]
        _, lines = imap.uid("SEARCH", f"UID {known.following}:*")
        words = b" ".join(line for line in lines if isinstance(line, bytes)).split()
        # The last mail is always found, even if it is known.
        return sorted(int(word) for word in words if word.isdigit() and int(word) >= known.following)

    def _letter(self, imap: imaplib.IMAP4, number: int, senders: tuple[str, ...]) -> Letter | None:
        """Return a mail; None if it is gone, or of another sender."""
        if senders:
            _, head = imap.uid("FETCH", str(number), "(BODY.PEEK[HEADER.FIELDS (FROM)])")
            if not is_from(sender_of(next((one[1] for one in head if isinstance(one, tuple)), b"")), senders):
                return None
        _, lines = imap.uid("FETCH", str(number), f"(INTERNALDATE BODY.PEEK[]<0.{LARGEST}>)")
        for one in lines:
            if isinstance(one, tuple):
                said = b" ".join(line if isinstance(line, bytes) else line[0] for line in lines)
                return Letter(body=one[1][:LARGEST], received=_time(said))
        return None


def _time(said: bytes) -> datetime | None:
    found = _RECEIVED.search(said)
    with suppress(ValueError, AttributeError):
        assert found
        return datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    return None
