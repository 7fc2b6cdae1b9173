"""Mail addresses as people write them, also with names of domains and people in their own script.

A domain in another script has an ASCII form (IDNA 2008) that every server takes. What stands before the @ has none: it needs
a server with SMTPUTF8 (RFC 6531).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

#: A name in quotes may hold the marks that part addresses.
_PIECE = re.compile(r'(?:"[^"]*"|[^,;"])+')
_NAMED = re.compile(r'\s*"?(?P<name>[^"<>]*?)"?\s*<(?P<address>[^<>\s]*)>\s*')
#: What stands before the @: without quotes, which no reader of addresses here understands.
_LOCAL = re.compile(r'[^\s\x00-\x1f\x7f"(),:;<>@\[\\\]]{1,64}')
_DOMAIN = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE
)
#: Octets of an address (RFC 5321, 4.5.3.1.3, without the brackets).
_LONGEST = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mail *address* as it is written, the *wire* form of it, whose domain is ASCII, and the *name* of its reader."""

    name: str
    address: str
    wire: str


def mailboxes(text: str) -> list[Mailbox]:
    """Return the addresses in *text*, with commas, semicolons or blanks between them: `a@x.org, Ann <b@x.org>`.

    Raises:
        ValueError: one of them is no mail address. The message does not contain it.
    """
    found: list[Mailbox] = []
    for piece in _PIECE.findall(text):
        named = _NAMED.fullmatch(piece)
        name = " ".join(named["name"].split()) if named else ""
        for word in [named["address"]] if named else piece.split():
            found.append(_mailbox(word, name, len(found)))
    return found


def in_ascii(text: str, what: str) -> list[Mailbox]:
    """Return the addresses in *text*, which *what* calls, for a header that has to be ASCII.

    Raises:
        ValueError: one of them is no mail address, or has no form in ASCII.
    """
    found = mailboxes(text)
    if not all(box.wire.isascii() for box in found):
        raise ValueError(f"{what}= must be a mail address with plain letters (ASCII) before the @")
    return found


def _mailbox(address: str, name: str, before: int) -> Mailbox:
    address = unicodedata.normalize("NFC", address)
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not local.isprintable():
        raise ValueError(f"{_nth(before)} is no mail address such as desk@example.org")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise ValueError(f"{_nth(before)} has a domain that cannot exist: a letter in it is not allowed") from None
    wire = f"{local}@{domain}"
    if not _DOMAIN.fullmatch(domain) or len(wire.encode()) > _LONGEST:
        raise ValueError(f"{_nth(before)} has a domain that cannot exist")
    return Mailbox(name=name, address=address, wire=wire)


def _nth(before: int) -> str:
    return f"mail address number {before + 1} in this list"
