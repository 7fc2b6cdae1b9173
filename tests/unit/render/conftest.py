"""AlertContent to render, from a headline and the words that met the rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import Alert, AlertContent, Coverage
from tocsin.model.deliveries import DeliveryKind, Message, MessageKind
from tocsin.model.rules import Evidence, Hit, Severity, Span
from tocsin.render.message import render

NOW = datetime(2026, 7, 2, 12, 0, tzinfo=UTC)
ALERT = Alert(
    id=1,
    rule="minerals/ban",
    rule_hash="x",
    rule_position="rules/bans.yaml:3",
    title="gallium: export ban",
    event="trade.export.restrict",
    severity=Severity.HIGH,
    labels={"mineral": ("gallium", "germanium"), "tier": ("primary",)},
    key=("mineral",),
    story_id=1,
    opened_at=NOW,
    updated_at=NOW,
    event_time=NOW,
)


def hit(texts: dict[str, str], field: str, *words: str) -> Hit:
    """A hit of the first place of each of *words* in *field*."""
    places = [(texts[field].index(word), len(word)) for word in words]
    return Hit(spans=tuple(Span(field=field, start=at, end=at + size) for at, size in places))


@pytest.fixture
def tell() -> Callable[..., AlertContent]:
    """Return content of an alert: *hits* are (field, words...), and everything else goes to the alert."""

    def make(
        title: str = "China bans exports of gallium",
        *,
        hits: tuple[tuple[str, ...], ...] = (("title", "bans", "gallium"),),
        link: str = "https://news.example/gallium",
        summary: str = "",
        body: str = "",
        related: int = 0,
        children: tuple[Evidence, ...] = (),
        **alert: Any,
    ) -> AlertContent:
        texts = {"title": title, "summary": summary, "body": body}
        lead = Coverage(
            link=link,
            publisher="Example News",
            source="example",
            published=NOW,
            first_seen=NOW + timedelta(minutes=1),
            **texts,
        )
        others = tuple(
            replace(lead, title=f"Other {n}", link=f"https://other.example/{n}", publisher="", summary="", body="")
            for n in range(related)
        )
        found = tuple(hit(texts, *one) for one in hits)
        evidence = Evidence(op="rule", text="minerals/ban", holds=True, hits=found, children=children)
        return AlertContent(alert=replace(ALERT, **alert), evidence=evidence, lead=lead, related=others)

    return make


@pytest.fixture
def show() -> Callable[..., Message]:
    """Render content for a kind of receiver, in London."""

    def make(
        kind: MessageKind,
        *content: AlertContent,
        delivery_kind: DeliveryKind = DeliveryKind.ALERT,
        subjects: tuple[str, ...] = (),
    ) -> Message:
        zone = ZoneInfo("Europe/London")
        return render(content, kind=kind, delivery_id="01JQ", delivery_kind=delivery_kind, zone=zone, subjects=subjects)

    return make
