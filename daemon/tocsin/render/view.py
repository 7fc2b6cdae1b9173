"""What a message shows, before any kind of message dresses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tocsin.model import Coverage, DeliveryKind, Severity, Tidings
from tocsin.render.quote import Piece, matched_words, quote
from tocsin.text.html import clean

#: Related coverage that is listed; the rest is counted.
LISTED = 8
_LONGEST_HEADLINE = 2000
_WORDS = {
    DeliveryKind.UPDATE: "Update",
    DeliveryKind.CATCH_UP: "Catch-up",
    DeliveryKind.OPERATOR: "tocsin",
    DeliveryKind.TEST: "Test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A headline, who published it, and where; *url* is empty when it is not one for a browser."""

    text: str
    url: str
    publisher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One alert of a message."""

    severity: Severity
    title: str
    headline: Link | None
    quote: tuple[Piece, ...]
    detail: str
    why: tuple[tuple[str, str], ...]
    note: str
    related: tuple[Link, ...]
    more: int
    times: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A message; *word* says what kind of news it is when it is not a plain alert."""

    word: str
    sections: tuple[Section, ...]
    delivery_id: str

    @property
    def severity(self) -> Severity:
        """Of the alert that leads."""
        return self.sections[0].severity

    @classmethod
    def of(cls, tidings: Sequence[Tidings], *, delivery_id: str, kind: DeliveryKind, zone: ZoneInfo) -> View:
        """The view of *tidings*, the loudest first."""
        ordered = sorted(tidings, key=lambda item: -item.alert.severity.rank)
        sections = tuple(_section(item, zone) for item in ordered)
        return cls(word=_WORDS.get(kind, ""), sections=sections, delivery_id=delivery_id)


def moment(time: datetime, zone: ZoneInfo) -> str:
    """`2026-03-02 13:00 CET (12:00 UTC)`; UTC alone where the zone is UTC."""
    local, utc = time.astimezone(zone), time.astimezone(UTC)
    if local.utcoffset() == utc.utcoffset():
        return f"{utc:%Y-%m-%d %H:%M} UTC"
    day = "" if local.date() == utc.date() else f"{utc:%Y-%m-%d} "
    return f"{local:%Y-%m-%d %H:%M %Z} ({day}{utc:%H:%M} UTC)"


def browsable(link: str) -> str:
    """*link* if a browser may open it (http or https, no blanks or control characters), else nothing."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    good = parts.scheme in ("http", "https") and bool(parts.netloc)
    return link if good and link.isprintable() and " " not in link else ""


def _section(item: Tidings, zone: ZoneInfo) -> Section:
    alert, lead = item.alert, item.lead
    return Section(
        severity=alert.severity,
        title=_line(alert.title),
        headline=_link(lead) if lead else None,
        quote=quote(lead, item.evidence) if lead and item.evidence else (),
        detail=clean(alert.detail),
        why=tuple(_why(item)),
        note=clean(alert.note),
        related=tuple(_link(other) for other in item.related[:LISTED]),
        more=max(0, len(item.related) - LISTED),
        times=tuple(_times(item, zone)),
    )


def _link(coverage: Coverage) -> Link:
    return Link(
        text=_line(coverage.title) or "(no title)",
        url=browsable(coverage.link),
        publisher=_line(coverage.publisher or coverage.source),
    )


def _why(item: Tidings) -> list[tuple[str, str]]:
    """(name, value) of what made the rule fire."""
    alert = item.alert
    where = f" ({alert.rule_position})" if alert.rule_position else ""
    rows = [("rule", f"{alert.rule}{where}")]
    if item.lead and item.evidence:
        words = matched_words(item.lead, item.evidence)
        if words:
            rows.append(("words", ", ".join(_line(word) for word in words)))
    rows += [(name, _line(", ".join(values))) for name, values in alert.labels.items()]
    return rows


def _times(item: Tidings, zone: ZoneInfo) -> list[tuple[str, str]]:
    rows = [("event", moment(item.alert.event_time, zone))]
    if item.lead:
        rows.append(("first seen", moment(item.lead.first_seen, zone)))
    return rows


def _line(text: str) -> str:
    """*text* on one line, without anything that steers a screen."""
    return " ".join(clean(text).split())[:_LONGEST_HEADLINE]
