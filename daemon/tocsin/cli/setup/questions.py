"""The questions of `tocsin init`: each is answered by an option, at the prompt, or by its default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

import typer

from tocsin.cli.output import say
from tocsin.config.library import Library
from tocsin.config.shipped import among_shipped, find_pack, pack_names
from tocsin.errors import UsageError, meant
from tocsin.receivers import kinds

T = TypeVar("T")
#: Shipped packs without rules of their own: others use them.
_LIBRARIES = frozenset({"words"})
#: Mail servers of providers whose server is not named after the domain of their addresses.
_SERVERS: Mapping[str, str] = {
    "gmail.com": "smtp.gmail.com",
    "googlemail.com": "smtp.gmail.com",
    "icloud.com": "smtp.mail.me.com",
    "yahoo.com": "smtp.mail.yahoo.com",
}
#: The port on which a mail server listens, by its use of TLS, and the form of the address of the receiver.
PORTS: Mapping[str, int] = {"starttls": 587, "ssl": 465, "none": 25}
_FORMS = {"starttls": ("mailto", "starttls"), "ssl": ("mailtos", "ssl"), "none": ("mailto", "insecure")}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks at the terminal if it *asks*. Otherwise the default is the answer."""

    asks: bool

    def __call__(self, option: str, question: str, given: str | None, default: str, read: Callable[[str], T]) -> T:
        """Return the answer to *question*: what is *given* by its *option*, or what is typed, or the *default*.

        *read* raises a ValueError for a wrong answer, which is then asked for again.

        Raises:
            UsageError: what is given is wrong, or nobody can be asked for what has no default.
        """
        while self.asks and given is None:
            try:
                return read(str(typer.prompt(question, default, show_default=bool(default), err=True)).strip())
            except ValueError as error:
                say(f"  {error}")
        try:
            return read(default if given is None else given.strip())
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error

    def password(self, user: str) -> str:
        """Return the password of *user*, which is never an option: those are seen by everybody on this machine."""
        given = os.environ.get("TOCSIN_MAIL_PASSWORD", "")
        if given or not user or not self.asks:
            return given
        return str(typer.prompt("Password (not shown; many providers want an app password)", hide_input=True, err=True))


def machine_zone() -> str:
    """Return the zone of this machine; UTC if it is not known."""
    place = Path("/etc/localtime")
    linked = str(place.resolve()).partition("/zoneinfo/")[2] if place.is_symlink() else ""
    known = available_timezones()
    return next((name for name in (os.environ.get("TZ", ""), linked) if name in known), "UTC")


def read_zone(text: str) -> str:
    """Return the zone *text*."""
    if text not in available_timezones():
        raise ValueError(f"there is no time zone {text}{meant(text, available_timezones())}")
    return ZoneInfo(text).key


def read_kind(text: str) -> str:
    """Return console, mail or slack, or an address."""
    if text not in {"console", "mail", "slack"} and "://" not in text:
        raise ValueError("write console, mail, slack, or an address such as tgram://TOKEN/CHAT")
    return text


def read_url(text: str) -> str:
    """Return the address of a receiver."""
    if "://" not in text:
        raise ValueError("write the whole address; it begins with https:// or another scheme")
    kinds.build("test", text)
    return text


def read_people(text: str) -> str:
    """Return mail addresses, with commas between them."""
    people = [one.strip() for one in text.split(",")]
    if not all(map(_ADDRESS.fullmatch, people)):
        raise ValueError("write a mail address, such as desk@example.org")
    return ",".join(people)


def read_server(text: str) -> tuple[str, int | None]:
    """Return host and port of a mail server; the port is None if it is not named."""
    host, _, port = text.partition(":")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", host) or (port and not re.fullmatch(r"\d{1,5}", port)):
        raise ValueError("write the server and its port, such as smtp.example.org:587")
    return host, int(port) if port else None


def read_tls(text: str) -> str:
    """Return the use of TLS by a mail server."""
    if text not in PORTS:
        raise ValueError("write starttls (port 587), ssl (port 465), or none inside your own network")
    return text


def server_of(people: str) -> str:
    """Return the likely mail server of the first of *people*."""
    domain = people.split(",", maxsplit=1)[0].rpartition("@")[2].lower()
    return _SERVERS.get(domain, f"smtp.{domain}")


def tls_of(port: int | None) -> str:
    """Return the usual use of TLS on *port*."""
    return next((tls for tls, usual in PORTS.items() if usual == port), "starttls")


def mail_url(people: str, server: tuple[str, int | None], tls: str, login: tuple[str, str]) -> str:
    """Return the address of a receiver of mail. *login* are user and password, both empty for none."""
    scheme, mode = _FORMS[tls]
    user, password = login
    sender = user if _ADDRESS.fullmatch(user) else people.split(",", maxsplit=1)[0]
    name = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    fields = f"from={quote(sender, safe='@')}&to={quote(people, safe='@,')}&mode={mode}"
    return f"{scheme}://{name}{server[0]}:{server[1] or PORTS[tls]}?{fields}"


def read_quiet(text: str) -> tuple[str, str] | None:
    """Return begin and end of quiet hours; None for none."""
    if text in {"", "none"}:
        return None
    start, _, end = (part.strip() for part in text.partition("-"))
    if not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end)) or start == end:
        raise ValueError("write two times, such as 22:00-07:00, or none")
    return start.zfill(5), end.zfill(5)


def read_digest(text: str) -> str:
    """Return the time of the digest; empty for none."""
    if text in {"", "none"}:
        return ""
    if not _CLOCK.fullmatch(text):
        raise ValueError("write a time, such as 07:00, or none")
    return text.zfill(5)


def packs_with_rules() -> list[str]:
    """Return the shipped packs that have rules."""
    return [name for name in pack_names() if name not in _LIBRARIES]


def read_packs(text: str) -> tuple[str, ...]:
    """Return the names of shipped packs; none is possible."""
    names = _parts(text)
    for name in names:
        if not find_pack(name):
            raise ValueError(f"{name} is not among {among_shipped(name)}")
    return names


def read_only(packs: Sequence[str]) -> Callable[[str], tuple[tuple[str, str], ...]]:
    """Return a reader of labels that the lists of *packs* give, such as mineral=gallium; none is all of them."""

    def read(text: str) -> tuple[tuple[str, str], ...]:
        wanted = _parts("" if text == "all" else text)
        known = _labels(packs) if wanted else ()
        for one in wanted:
            if one not in known:
                raise ValueError(f"no list gives the label {one}{meant(one, known)}; see: tocsin packs show PACK")
        return tuple((name, value) for name, _, value in (one.partition("=") for one in wanted))

    return read


def _labels(packs: Sequence[str]) -> tuple[str, ...]:
    read = Library([folder for name in packs if (folder := find_pack(name))]).packs()
    lists = [one for pack in read if pack.spec for one in pack.spec.lists]
    return tuple(f"{one.name.text}={value}" for one in lists for value, _ in one.groups if value)


def _parts(text: str) -> tuple[str, ...]:
    found = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in found if part not in {"", "none"}))
