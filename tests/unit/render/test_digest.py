"""A digest: its parts in their order, within what mail programs and chats show."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import DeliveryKind, Message, MessageKind
from tocsin.model.prices import Instrument, PriceSummary
from tocsin.model.reasons import Cause, Reason
from tocsin.model.records import Ailing, HeldBack, Roundup
from tocsin.model.rules import Severity
from tocsin.render.message import render

NOW = datetime(2026, 7, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MP = PriceSummary(
    instrument=Instrument(id="MP", currency="USD"),
    points=tuple((NOW - DAY * (40 - n), Decimal(50 + n % 7)) for n in range(41)),
    reference=(NOW - DAY, Decimal(54)),
    change=0.081,
    sigmas=4.0,
    age=timedelta(minutes=4),
)
ROUNDUP = Roundup(
    since=NOW - DAY,
    until=NOW,
    movers=(MP,),
    held=(HeldBack(what="minerals/price", why=Reason(cause=Cause.LIMIT, by="desk", count=20), count=7),),
    ailing=(Ailing(source="ministry", words="HTTP 503", last_success=NOW - DAY / 2),),
    sources=84,
    entries=1934,
    matches=81,
    alerts=60,
)
Digest = Callable[..., Message]


@pytest.fixture
def digest() -> Digest:
    """Render a digest about *content*."""

    def make(
        *content: AlertContent,
        kind: MessageKind = MessageKind.MAIL,
        delivery: DeliveryKind = DeliveryKind.DIGEST,
        roundup: Roundup | None = ROUNDUP,
    ) -> Message:
        zone = ZoneInfo("Europe/London")
        return render(content, kind=kind, delivery_id="01JQ", delivery_kind=delivery, zone=zone, roundup=roundup)

    return make


def many(tell: Any, count: int = 60, **options: Any) -> list[AlertContent]:
    """So many alerts, each louder or wider reported than the next."""
    levels = [Severity.HIGH, Severity.MEDIUM, Severity.LOW]
    return [
        tell(
            f"Headline number {n:03d} of gallium bans", hits=(), id=n + 1, severity=levels[n % 3], origins=n, **options
        )
        for n in range(count)
    ]


def test_a_digest_has_its_parts_in_their_order(tell: Any, digest: Digest) -> None:
    """Alerts that need an answer come first, and the long list last."""
    needs = replace(ROUNDUP, needs=(tell("Lynas halts a mine", hits=(), id=900),))
    message = digest(*many(tell, 8), roundup=needs)
    heads = [
        "Needs an answer",
        "Top stories",
        "Movers",
        "Held back",
        "Sources that cannot be read",
        "Also",
        "Looked at",
    ]
    for text in (message.text, message.html):
        places = [text.index(head) for head in heads]
        assert places == sorted(places)
    assert "tocsin alerts ack|snooze|useful|noise" in message.text


def test_stories_are_ranked_by_severity_origins_and_time(tell: Any, digest: Digest) -> None:
    """And each says why it stands there."""
    found = [
        tell("Loud", hits=(), id=1, severity=Severity.HIGH, event_time=NOW - timedelta(hours=9)),
        tell("Wide", hits=(), id=2, severity=Severity.LOW, origins=4, event_time=NOW - timedelta(hours=8)),
        tell("New", hits=(), id=3, severity=Severity.LOW, event_time=NOW - timedelta(hours=1)),
        tell("Old", hits=(), id=4, severity=Severity.LOW, event_time=NOW - timedelta(hours=7)),
    ]
    text = digest(*reversed(found)).text
    places = [text.index(f"  {title}\n") for title in ("Loud", "Wide", "New", "Old")]
    assert places == sorted(places)
    assert "4 independent origins · 8h ago · Alert 2" in text


@pytest.mark.parametrize(
    "link", ["https://news.example/1", "https://news.example/" + "x" * 1500], ids=["usual", "endless"]
)
def test_a_digest_of_sixty_stays_below_what_mail_programs_cut(link: str, tell: Any, digest: Digest) -> None:
    """Gmail clips a mail of 102 kB; what has no room is counted."""
    message = digest(*many(tell, 60, link=link, related=4))
    assert len(message.html.encode()) < 100_000
    shown = sum(f"number {n:03d}" in message.html for n in range(60))
    left = 60 - shown
    assert (f"and {left} more" in message.html) is (left > 0)
    assert all(f"number {n:03d}" in message.text for n in range(60))


def test_more_than_sixty_are_counted(tell: Any, digest: Digest) -> None:
    """A storm's digest is no longer than another, and says how much it leaves out."""
    message = digest(*many(tell, 500))
    assert "- and 440 more" in message.text
    assert "(+499 more · MP +8.1%)" in message.subject


def test_slack_and_chats_get_the_short_form(tell: Any, digest: Digest) -> None:
    """A phone's screen is no place for sixty stories."""
    payload = json.loads(digest(*many(tell, 60), kind=MessageKind.SLACK).payload)
    assert len(payload["blocks"]) <= 50
    shown = json.dumps(payload, ensure_ascii=False)
    assert sum(f"number {n:03d}" in shown for n in range(1, 60)) == 12
    assert "and 48 more" in shown
    assert "over the limit of 20 messages an hour" in shown
    assert "HTTP 503" in shown
    assert "MP +8.1%" in shown
    text = digest(*many(tell, 60), kind=MessageKind.TEXT).text
    assert "- and 45 more" in text


def test_a_digest_without_news_still_says_how_things_are(digest: Digest) -> None:
    """A reader who wants a sign of life gets one."""
    message = digest()
    assert message.subject == "[TOCSIN] Digest: nothing new waited (MP +8.1%)"
    assert "Top stories" not in message.text
    assert "Looked at: 1,934 new entries of 84 sources." in message.html


def test_late_news_is_a_digest_of_its_own(tell: Any, digest: Digest) -> None:
    """News that was found late is skimmed, not read, and does not mention movers and sources."""
    message = digest(*many(tell, 9), delivery=DeliveryKind.CATCH_UP, roundup=None)
    assert message.text.startswith("Catch-up: this is old news")
    assert "Movers" not in message.text
    assert "Also" in message.text


def test_the_movers_are_drawn(digest: Digest) -> None:
    """The picture that the page names is the one that comes with it."""
    message = digest()
    ((name, png),) = message.pictures
    assert f"cid:{name}" in message.html
    assert png.startswith(b"\x89PNG")


def test_a_digest_shows_text_of_strangers_as_text(tell: Any, digest: Digest) -> None:
    """A headline is no markup in a digest either."""
    nasty = "<img src=x onerror=alert(1)> <!channel> @everyone"
    roundup = replace(
        ROUNDUP,
        held=(HeldBack(what=nasty, why=Reason(cause=Cause.OTHER, words=nasty), count=1),),
        needs=(tell(nasty, hits=(), id=9),),
    )
    told = [tell(nasty, hits=(), id=n) for n in range(1, 9)]
    assert "<img src=x" not in digest(*told, roundup=roundup).html
    assert "<!channel>" not in digest(*told, roundup=roundup, kind=MessageKind.SLACK).payload
    assert "@everyone" not in digest(*told, roundup=roundup, kind=MessageKind.TEXT).text


@pytest.mark.parametrize("shape", [MessageKind.MAIL, MessageKind.SLACK, MessageKind.TEXT])
def test_a_digest_names_what_is_in_it_because_of_a_limit(tell: Any, digest: Digest, shape: MessageKind) -> None:
    """Loud news that did not come at once must say why, and how much of it there is."""
    words, limit = "over the limit of 20 messages an hour of desk", Reason(cause=Cause.LIMIT, by="desk", count=20)
    calm, *over = many(tell, 3)
    message = digest(calm, *(replace(one, overflow=limit) for one in over), kind=shape)
    for shown in filter(None, (message.text, message.html, message.payload)):
        assert f"2 alerts were {words}." in shown
        assert shown.count("over the limit ·") == 2
    assert f"1 alert was {words}." in digest(replace(calm, overflow=limit), kind=shape).text


@pytest.mark.parametrize(
    ("new", "needs", "tag"),
    [
        ((Severity.MEDIUM,), (Severity.HIGH, Severity.HIGH), "[HIGH]"),
        ((), (Severity.CRITICAL,), "[CRITICAL]"),
        ((Severity.HIGH, Severity.LOW), (Severity.MEDIUM,), "[HIGH]"),
        ((), (), "[TOCSIN]"),
    ],
)
def test_the_subject_of_a_digest_names_the_highest_severity_in_it(
    tell: Any, digest: Digest, new: tuple[Severity, ...], needs: tuple[Severity, ...], tag: str
) -> None:
    """Somebody who reads only the subject must not overlook two severe alerts that wait for an answer."""
    roundup = replace(ROUNDUP, needs=tuple(tell(hits=(), id=90 + n, severity=one) for n, one in enumerate(needs)))
    message = digest(*(tell(hits=(), id=n + 1, severity=one) for n, one in enumerate(new)), roundup=roundup)
    assert message.subject.startswith(tag)
