"""Documents as they are served, one after the other, through the reader and the whole line."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import (
    AttemptResult,
    DeliveryKind,
    DeliveryState,
    ErrorClass,
    Message,
    MessageKind,
    Settlement,
)
from tocsin.model.entries import Batch, Cursor
from tocsin.model.reasons import NO_REASON
from tocsin.policy.notifying.retry import Consequence
from tocsin.render.page import page
from tocsin.render.plain import plain
from tocsin.sources.feeds import parser_program
from tocsin.sources.feeds.entries import entries
from tocsin.sources.feeds.last_items import LastItems
from tocsin.store.values import Claimable

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

BAN = "China bans gallium exports"
WEATHER = "<title>Weather</title><guid>0</guid>"


class Served:
    """A feed at `https://paper.example/feed`, whose document a test writes down as RSS items."""

    name = "paper"

    def __init__(self, line: Line) -> None:
        self.line = line
        self.body = b""
        self.polls = 0
        self.last = LastItems()

    async def poll(self, cursor: Cursor, now: Any) -> Batch:
        """The document, as a feed source makes a batch of it."""
        self.polls += 1
        url, body_hash = "https://paper.example/feed", str(self.polls)
        parsed = parser_program.read(self.body, url=url, known=self.last.marks)
        found = self.last.completed(parsed, cursor, now, body_hash=body_hash, url=url)
        self.last = found.last
        return Batch(
            source=self.name,
            entries=entries(found.document, source=self.name, url=url, labels={}, now=now, drafts=found.drafts),
            traces=found.traces,
            cursor=Cursor(body_hash=body_hash),
            changed=True,
            has_ids=found.named,
        )

    def show(self, *items: str) -> list[tuple[DeliveryKind, str]]:
        """Poll a document of these items; what the desk is told by then, as (kind, text)."""
        inner = "".join(f"<item>{item}</item>" for item in items)
        return self.serve(f"<rss version='2.0'><channel><title>Paper</title>{inner}</channel></rss>")

    def serve(self, document: str) -> list[tuple[DeliveryKind, str]]:
        """Poll this document; what the desk is told by then, as (kind, text)."""
        line, self.body = self.line, document.encode()
        asyncio.run(line.pipeline(self).run_due())
        now, sent = line.clock.now(), []
        for item in line.store.claim_deliveries(
            now, timedelta(minutes=1), Claimable(exclude=["ops"], limit_per_receiver=9)
        ):
            shown = page(item.content, delivery_id=item.id, kind=item.kind, zone=ZoneInfo("UTC"))
            sent.append((item.kind, plain(shown)))
            kept = Message(kind=MessageKind.TEXT, subject="", text=plain(shown))
            assert line.store.begin_attempt(item, kept, now)
            done = Settlement(state=DeliveryState.DELIVERED, due_at=now, reason=NO_REASON)
            said = Consequence(settlement=done)
            assert line.store.settle(item, AttemptResult(error_class=ErrorClass.OK), lambda _, said=said: said, now)
        line.clock.move(minutes=30)
        return sent

    @property
    def fates(self) -> list[MatchOutcome]:
        """What became of the matches so far, the oldest first; those of the daemon itself are left out."""
        views = self.line.store.read.matches(limit=None)[::-1]
        return [view.fate for view in views if not view.rule.startswith("tocsin/")]


@pytest.fixture
def paper(line: Line) -> Served:
    """A feed that has not been polled."""
    return Served(line)


def _item(name: str, title: str, date: str = "") -> str:
    return f"<title>{title}</title><guid>{name}</guid><pubDate>{date}</pubDate>"


FIRST = (_item("0", "Weather report"), _item("1", "Weather report again"), _item("2", "Weather report of the sea"))
OLD = "Fri, 27 Feb 2026 12:00:00 GMT"


def test_what_was_put_in_between_two_polls_is_news_whatever_its_date(paper: Served) -> None:
    """Many pages are dated by the day on which their draft was made; the alert says which date is stated."""
    paper.show(*FIRST)
    ((kind, text),) = paper.show(_item("n", BAN, OLD), *FIRST)
    assert kind is DeliveryKind.ALERT
    assert f"{OLD} (not credible)" in text
    (match,) = [view for view in paper.line.store.read.matches(limit=None) if view.rule == "p/ban"]
    assert paper.line.store.read.entry(match.entry_id).event_time == paper.line.clock.now() - timedelta(minutes=30)


def test_what_slips_in_where_another_was_taken_out_is_history(paper: Served) -> None:
    """A feed of the newest three that lost one shows an older one at its end."""
    paper.show(*FIRST)
    assert paper.show(FIRST[0], FIRST[2], _item("n", BAN, OLD)) == []
    assert paper.fates == [MatchOutcome.OLD]


@pytest.mark.parametrize(
    "date", ["2026/03/02 12:20", "2026.03.02", "2026年03月02日 12:20", "2026년 03월 02일 12:20", "02.03.2026 12:20"]
)
def test_a_date_in_any_order_does_not_make_news_old(paper: Served, date: str) -> None:
    """Four of them came at once, so that only their dates can say that they are news."""
    paper.show(*FIRST)
    new = [_item(f"n{n}", f"{BAN} to {where}", date) for n, where in enumerate(("Japan", "Korea", "Peru", "Chile"))]
    paper.show(*FIRST, *new)
    assert MatchOutcome.OLD not in paper.fates
    assert len(paper.fates) == 4


def _page(name: str, title: str, text: str = "", *, page: str = "a") -> str:
    link = f"https://paper.example/{page}"
    return f"<title>{title}</title><link>{link}</link><guid>{name}</guid><description>{text}</description>"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "https://paper.example/a#2026-02-24T10:00:00Z", "https://paper.example/a#2026-02-28", id="id#time"
        ),
        pytest.param("bulletin 46", "bulletin 47", id="issues of a bulletin"),
        pytest.param("https://paper.example/a?v=1", "https://paper.example/a?v=2", id="a version"),
    ],
)
def test_the_same_title_on_the_same_page_with_an_id_and_a_text_of_its_own_is_news(
    paper: Served, one: str, other: str
) -> None:
    """Lists of rules and bulletins are updated under one title: the change is in the text."""
    paper.show(_page(one, "Export controls: list", "Changes made: added a word."))
    (told,) = paper.show(_page(other, "Export controls: list", "Changes made: ban on gallium added."))
    assert told[0] is DeliveryKind.ALERT
    assert paper.show(_page(other, "Export controls: list", "Changes made: ban on gallium added.")) == []


@pytest.mark.parametrize("text", ["A ban on gallium. 3 comments", "A ban on gallium.   17 comments", ""])
def test_another_id_alone_makes_no_news(paper: Served, text: str) -> None:
    """A site that numbers its pages anew has nothing to say."""
    paper.show(WEATHER)
    assert len(paper.show(WEATHER, _page("1", BAN, "A ban on gallium. 2 comments"))) == 1
    assert paper.show(WEATHER, _page("2", BAN, text)) == []
    assert len(paper.fates) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("#0", "#1"), ("#2026-03-02T12:00:00Z", "#2026-03-02T13:00:00Z"), ("", "#1")]
)
def test_a_headline_that_is_edited_under_an_id_that_counts_up_is_corrected(paper: Served, one: str, other: str) -> None:
    """With a steady id it is a correction; the counter behind the link is the same page's."""
    link = "https://paper.example/a"
    paper.show(WEATHER)
    assert [kind for kind, _ in paper.show(WEATHER, _page(f"{link}{one}", BAN))] == [DeliveryKind.ALERT]
    denied = _page(f"{link}{other}", "Gallium: Beijing says that a report of a halt was false")
    ((kind, text),) = paper.show(WEATHER, denied)
    assert kind is DeliveryKind.CORRECTION
    assert BAN in text
    assert paper.show(WEATHER, denied) == []


def test_posts_of_one_page_are_entries_of_their_own(paper: Served) -> None:
    """A live page gives each of its posts a fragment, and shows several."""
    link = "https://paper.example/a"
    paper.show(WEATHER)
    assert len(paper.show(_page(f"{link}#1", BAN), _page(f"{link}#2", "China halts cobalt exports to Japan"))) == 2


def test_an_entry_that_is_shown_for_years_stays_known(paper: Served) -> None:
    """Its keys are forgotten half a year after they were last touched, although it is not looked for at every poll."""
    store = paper.line.store
    paper.show(*FIRST)
    for number in range(5):
        paper.line.clock.move(days=50)
        for part in "ab":
            paper.show(_item(f"{number}{part}", f"Weather {number}{part}"), *FIRST)
        while store.sweep(paper.line.clock.now(), timedelta(days=30)):
            pass
    before, paper.last = store.read.counts().entries, LastItems()
    paper.show(*FIRST)
    assert store.read.counts().entries == before
