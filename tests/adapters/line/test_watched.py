"""Watched pages on the whole line: a real server, the readers, the database, and what the desk is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from adapters.line.one_source import OneSource
from adapters.loopback import documents
from tocsin.config.feeds import FeedConfig
from tocsin.config.secrets import address
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry
from tocsin.policy.polling.schedule import Terms
from tocsin.protocols import P, T
from tocsin.render.page import page as render_page
from tocsin.render.plain import plain
from tocsin.sources.documents.whole_page import Watch
from tocsin.sources.feeds.feed import FeedSource
from tocsin.sources.http.client import HttpClient

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

HOUR = timedelta(hours=1)
NAVIGATION = "".join(f"<li>Department {n}</li>" for n in range(9))
PAGE = (
    "<html><head><title>{title}</title></head><body><ul>{navigation}</ul><div id=content>{content}</div></body></html>"
)


def page(*lines: str, title: str = "Ministry of Mines") -> bytes:
    """A page with a navigation and these lines."""
    content = "".join(f"<p>{line}</p>" for line in lines)
    return PAGE.format(title=title, navigation=NAVIGATION, content=content).encode()


async def _in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.to_thread(call, *args, **kwargs)


class Visited(OneSource):
    """A page that a test writes down, and the line that watches it."""

    def __init__(self, line: Line, bodies: dict[str, bytes], address: str) -> None:
        super().__init__(line, "mines")
        self.bodies, self.address = bodies, address
        self.watch = Watch()

    def show(self, body: bytes, *, after: timedelta = HOUR) -> list[Entry]:
        """Poll the page that is *body* now, in a new process; the entries that this brought."""
        self.bodies["/page"] = body
        self.line.clock.time += after
        before = len(self.entries)
        asyncio.run(self._poll())
        return self.entries[before:]

    async def _poll(self) -> None:
        async with HttpClient(gap=timedelta()) as http:
            source = FeedSource(
                "mines",
                f"{self.address}/page",
                http=http,
                run=_in_thread,
                labels={},
                allow_private=True,
                watch=self.watch,
            )
            terms = {"mines": Terms(every=timedelta(minutes=15), watched=True)}
            pipeline = self.line.pipeline(source, terms=terms)
            await pipeline.run_due()


@pytest.fixture
def visited(line: Line) -> Iterator[Visited]:
    """The page of a ministry."""
    bodies: dict[str, bytes] = {}
    with documents(bodies) as address:
        yield Visited(line, bodies, address)


def test_what_is_added_to_a_page_is_an_entry_and_alerts(visited: Visited) -> None:
    """The page of a ministry has no feed, and its first fetch is history."""
    first = visited.show(page("Ministry bans gallium exports"))
    assert [(entry.title, entry.publisher) for entry in first] == [("Ministry of Mines", "Ministry of Mines")]
    assert visited.fates == [("p/ban", MatchOutcome.BASELINE)]
    changed = visited.show(page("Ministry bans gallium exports", "Ministry bans cobalt exports", "From 1 June"))
    assert [(one.title, one.body, one.removed) for one in changed] == [
        ("Ministry bans cobalt exports", "Ministry bans cobalt exports\n\nFrom 1 June", "")
    ]
    assert changed[0].link == f"{visited.address}/page"
    assert visited.fates[1:] == [("p/ban", MatchOutcome.ALERTED)]


def test_what_is_removed_is_shown_and_read_by_no_rule(visited: Visited) -> None:
    """A ban that is taken from a page is no ban."""
    visited.show(page("Notices", "Ministry bans gallium exports", "Ministry bans cobalt exports"))
    before = visited.fates
    found = visited.show(page("Notices"))
    assert [(one.title, one.body) for one in found] == [("2 lines removed", "")]
    assert found[0].removed == "Ministry bans gallium exports\n\nMinistry bans cobalt exports"
    assert visited.fates == before


def test_a_message_says_what_the_page_no_longer_says(visited: Visited) -> None:
    """A change is read with both sides of it."""
    visited.show(page("Gallium exports are halted until 1 June"))
    visited.show(page("Gallium exports are halted until 1 July"))
    [delivery] = visited.line.store.read.deliveries(limit=10)
    contents = visited.line.store.read.delivery(delivery.id).content
    shown = plain(render_page(contents, kind=delivery.kind, zone=ZoneInfo("UTC"), delivery_id="1"))
    assert "exports are *halted* until 1 July" in shown
    assert "The page no longer says: “Gallium exports are halted until 1 June”" in shown


def test_noise_and_a_new_order_are_no_change(visited: Visited) -> None:
    """A counter wakes nobody, and a reader says what else is one."""
    visited.watch = Watch(ignore=(r"Queue: \d+",))
    visited.show(page("One", "Two", "Visitors: 10", "Queue: 3", "Monday, 2 March 2026"))
    assert not visited.show(page("Two", "One", "Visitors: 11", "Queue: 4", "Tuesday, 3 March 2026"), after=24 * HOUR)


def test_only_the_part_is_watched(visited: Visited) -> None:
    """The navigation is of no interest, and a part that is gone is an error."""
    visited.watch = Watch(part="#content")
    assert visited.show(page("One"))[0].body == "One"
    assert not visited.show(page("One").replace(b"Department 3", b"Department of gallium"))
    assert not visited.show(page("One").replace(b"id=content", b"id=main"))
    assert "nothing on the page is '#content'" in visited.error


def test_a_page_that_goes_back_and_forth_is_reported_once_a_day_each_way(visited: Visited) -> None:
    """Some servers disagree with each other; what is true again tomorrow is news again."""
    one, other = page("Licences: open"), page("Licences: closed")
    visited.show(one)
    titles = [entry.title for body in (other, one, other, one) for entry in visited.show(body, after=HOUR)]
    assert titles == ["Licences: closed", "Licences: open"]
    assert [entry.title for entry in visited.show(other, after=24 * HOUR)] == ["Licences: closed"]


@pytest.mark.parametrize(
    "body",
    [
        page("Please wait", title="503 Service Unavailable"),
        page("Page not found"),
        page("系统维护"),
        b"<html><body>Wir sind bald zurueck</body></html>",
        b"<html><body></body></html>",
    ],
    ids=["title", "line", "other language", "nothing left", "empty"],
)
def test_an_error_page_is_no_change(visited: Visited, body: bytes) -> None:
    """An error with status 200 is trouble of the source, and neither its coming nor its going is news."""
    good = page(*(f"Notice {number} on gallium" for number in range(10)))
    visited.show(good)
    assert not visited.show(body)
    assert "not the page that is watched" in visited.error
    assert not visited.show(good)
    assert visited.error == ""


def test_a_page_that_was_rebuilt_is_watched_again_after_a_day(visited: Visited) -> None:
    """Nobody has to tell the daemon that a page looks different now."""
    visited.show(page(*(f"Notice {number} on gallium" for number in range(10))))
    rebuilt = b"<html><body>All notices are in the archive now</body></html>"
    assert not visited.show(rebuilt)
    assert [one.title for one in visited.show(rebuilt, after=24 * HOUR)] == ["All notices are in the archive now"]


def test_a_page_that_stays_the_same_is_not_silent(visited: Visited) -> None:
    """A page may stay as it is for years; the watch does its work."""
    body = page("Law")
    visited.show(body)
    for day in range(6):
        visited.show(page("Law", *(f"Amendment {n}" for n in range(day))), after=24 * HOUR)
    before = visited.fates
    visited.show(page("Law", *(f"Amendment {n}" for n in range(5))), after=1000 * HOUR)
    assert visited.fates == before


def test_another_part_is_another_page(visited: Visited) -> None:
    """All of a page would else be news when its reader chooses a part."""
    config = [
        FeedConfig(name="mines", url=address("https://example.org/page"), watch=Watch(part=part)) for part in ("", "#a")
    ]
    assert len({one.identity for one in config}) == 2


def test_hostile_pages_are_read_or_refused(visited: Visited) -> None:
    """Markup, control characters and endless lines are text."""
    visited.show(page("One"))
    evil = "<script>alert(1)</script>\u202eon<b>mouse</b>over &lt;img src=x onerror=alert(1)&gt; @everyone <!channel>"
    [found] = visited.show(page("One", evil, "x" * 300_000))
    assert "alert(1)" not in found.title.replace("onerror=alert(1)", "")
    assert "\u202e" not in found.body
    assert len(found.title) <= 1000
    assert len(found.body) <= 200_000
    assert not visited.show(b"<div>" * 100_000)
