"""Signed links that answer an alert: whoever has one needs no login, and can do nothing else with it.

    1.<alert>.<answer>.<receiver>.<expiry>.<signature>

The opening time and the rule of the alert are signed too, so that a link does not fit another alert that gets the same
number after an older copy of the database was restored.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tocsin.model.alerts import Alert, AnswerKind, AnswerLinks
from tocsin.web.wall.keys import sign

#: Path of the links, below the page.
FOLDER = "a"
_LINK = re.compile(
    r"1\.(?P<number>[0-9]{1,18})\.(?P<kind>[a-z]{1,16})\.(?P<receiver>[A-Za-z0-9._-]{1,64})\.(?P<expires>[0-9]{1,11})"
    r"\.[a-z2-7]{26}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLink:
    """A link by which *receiver* gives the answer *kind* to the alert *number*, until it *expires*."""

    number: int
    kind: AnswerKind
    receiver: str
    expires: datetime


def write_link(link: AnswerLink, key: bytes, alert: Alert) -> str:
    """Return the last part of the address of *link*, which is about *alert*. It is of letters, digits, dots and dashes."""
    body = f"1.{link.number}.{link.kind}.{link.receiver}.{int(link.expires.timestamp())}"
    return f"{body}.{_signature(body, key, alert)}"


def read_link(text: str) -> AnswerLink | None:
    """Return what *text* says, if it has the form of a link. Whether it was signed, `is_signed` tells."""
    found = _LINK.fullmatch(text)
    if not found or found["kind"] not in set(AnswerKind):
        return None
    return AnswerLink(
        number=int(found["number"]),
        kind=AnswerKind(found["kind"]),
        receiver=found["receiver"],
        expires=datetime.fromtimestamp(int(found["expires"]), UTC),
    )


def is_signed(text: str, key: bytes, alert: Alert) -> bool:
    """Return True if `write_link` made *text* for *alert*."""
    body, _, signature = text.rpartition(".")
    return hmac.compare_digest(signature.encode(), _signature(body, key, alert).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Makes the links of messages: to the page at *url*, for as long as each *lasts*."""

    url: str
    lasts: timedelta
    key: bytes = field(repr=False)

    def links(self, receiver: str, now: datetime) -> AnswerLinks:
        """Return the links of a message that *receiver* gets *now*."""

        def of(alert: Alert) -> Mapping[AnswerKind, str]:
            return {
                kind: f"{self.url}/{FOLDER}/{write_link(link, self.key, alert)}"
                for kind in AnswerKind
                for link in [AnswerLink(number=alert.id, kind=kind, receiver=receiver, expires=now + self.lasts)]
            }

        return of


def _signature(body: str, key: bytes, alert: Alert) -> str:
    opened = alert.opened_at.astimezone(UTC).isoformat()
    return sign(key, f"{body}\n{opened}\n{alert.rule}")
