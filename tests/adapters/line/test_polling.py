"""Good manners on a real database: host groups, outages, floods, moves, and what is remembered of polls."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.hints import ResponseHints
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Batch, Cursor, EntryKey, KeyKind
from tocsin.policy.polling.schedule import Terms

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NEW = "https://new.example/feed"


class Feed:
    """A source whose next answers a test writes down: batches as fields, errors as they are; the last is repeated."""

    def __init__(self, name: str, *answers: Any) -> None:
        self.name = name
        self.answers = list(answers)
        self.cursors: list[Cursor] = []

    async def poll(self, cursor: Cursor, now: Any) -> Batch:
        """The next answer."""
        answer = self.answers[min(len(self.cursors), len(self.answers) - 1)]
        self.cursors.append(cursor)
        if isinstance(answer, Exception):
            raise answer
        fields = {"entries": (), "changed": bool(answer.get("entries")), "answer": ResponseHints(status=304), **answer}
        return Batch(source=self.name, cursor=Cursor(etag='"1"'), **fields)


def play(line: Line, pipeline: Any, **span: float) -> int:
    """Let time pass and poll what is due."""
    line.clock.move(**span)
    return asyncio.run(pipeline.run_due())


def view(line: Line, name: str) -> Any:
    """A source as it is listed."""
    return next(item for item in line.store.read.sources() if item.name == name)


def ops(line: Line) -> list[str]:
    """What the operator reads, in order: the message of what is over by now says so."""
    over = {alert.title for alert in line.store.read.alerts() if alert.over_at}
    told = [item.title for item in reversed(line.store.read.deliveries()) if item.receiver == "ops"]
    return [f"Over: {title}" if title in over else title for title in told]


def grouped(**groups: str) -> dict[str, Terms]:
    """Sources by the server that is behind them, asked every quarter of an hour."""
    return {name: Terms(every=15 * MINUTE, group=group) for name, group in groups.items()}


def test_one_source_of_a_host_that_asks_for_quiet_quiets_them_all(line: Line) -> None:
    """Nine more requests to a server that just said 429 would be nine more reasons to be locked out."""
    limited = SourceError("slow down", fault=Fault.RATE_LIMITED, status=429, retry_after=2 * HOUR)
    sources = [Feed("a", {}, limited), Feed("b", {}), Feed("c", {})]
    terms = grouped(a="e.com", b="e.com", c="other.com") | {"b": Terms(every=2 * HOUR, group="e.com")}
    pipeline = line.pipeline(*sources, terms=terms)
    play(line, pipeline)
    play(line, pipeline, hours=0.75)
    before = line.clock.now()
    told = view(line, "b")
    assert view(line, "a").due_at >= before + 2 * HOUR
    assert told.due_at >= before + 2 * HOUR
    assert "another source of that server: slow down" in told.reasons
    assert view(line, "c").due_at < before + 1 * HOUR
    assert told.errors == 0


def test_who_was_not_asked_is_not_to_blame(line: Line) -> None:
    """Waiting for one's turn is no failure."""
    busy = SourceError("e.com is not asked again so soon", fault=Fault.BUSY, retry_after=10 * MINUTE)
    pipeline = line.pipeline(Feed("a", busy, {}), terms=grouped(a="e.com"))
    play(line, pipeline)
    found = view(line, "a")
    assert (found.errors, found.polls, found.last_error) == (0, 0, "")
    assert found.due_at == line.clock.now() + 10 * MINUTE
    assert found.reasons == ("e.com is not asked again so soon",)
    assert play(line, pipeline, minutes=10) == 1


def test_a_broken_line_is_one_message_and_nobody_is_blamed(line: Line) -> None:
    """Six hours without a network are one "offline" and one "online", not a hundred unhealthy sources."""
    down = SourceError("no route", fault=Fault.UNREACHABLE)
    names = [f"s{n}" for n in range(8)]
    sources = [Feed(name, {}, *[down] * 3, {}) for name in names]
    own = Feed("own", {}, {})
    terms = grouped(**{name: f"{name}.com" for name in names}) | {"own": Terms(every=MINUTE)}
    pipeline = line.pipeline(*sources, own, terms=terms)
    play(line, pipeline)
    for source in sources:
        source.answers = [down]
    play(line, pipeline, hours=1)
    assert ops(line) == ["Offline: the internet cannot be reached"]
    asked = sum(len(source.cursors) for source in sources)
    for _ in range(10):
        play(line, pipeline, minutes=1)
    assert sum(len(source.cursors) for source in sources) - asked == 10
    assert len(own.cursors) > 5
    assert {view(line, name).errors for name in names} == {0}
    for source in sources:
        source.answers = [{}]
    play(line, pipeline, hours=6)
    play(line, pipeline, minutes=1)
    assert ops(line) == ["Over: Offline: the internet cannot be reached"]
    assert all(view(line, name).last_success >= line.clock.now() - MINUTE for name in names)


def test_a_restart_while_the_network_is_down_says_nothing_twice(line: Line) -> None:
    """The end is told by the life that sees it, and until then one server a minute is tried."""
    down = SourceError("no route", fault=Fault.UNREACHABLE)
    names = [f"s{n}" for n in range(8)]
    terms = grouped(**{name: f"{name}.com" for name in names})
    play(line, line.pipeline(*(Feed(name, down) for name in names), terms=terms))
    assert ops(line) == ["Offline: the internet cannot be reached"]
    sources = [Feed(name, down) for name in names]
    pipeline = line.pipeline(*sources, terms=terms)
    asyncio.run(pipeline.resume())
    play(line, pipeline, minutes=1)
    assert sum(len(source.cursors) for source in sources) == 1
    for source in sources:
        source.answers = [{}]
    play(line, pipeline, minutes=1)
    assert ops(line) == ["Over: Offline: the internet cannot be reached"]
    again = line.pipeline(*sources, terms=terms)
    asyncio.run(again.resume())
    play(line, again, minutes=15)
    assert all(view(line, name).last_success for name in names)
    assert len(ops(line)) == 1


def flood(line: Line, hours: float, count: int = 40) -> dict[str, Any]:
    """A document of *count* headlines that meet a rule, published *hours* ago."""
    now = line.clock.now()
    items = tuple(
        line.entry("wire", f"China bans gallium export number {n}", now - timedelta(hours=hours)) for n in range(count)
    )
    return {"entries": tuple(_seen(item, now) for item in items)}


def _seen(entry: Any, now: Any) -> Any:
    return type(entry)(**{name: getattr(entry, name) for name in entry.__slots__} | {"first_seen": now})


@pytest.mark.parametrize(
    ("hours", "fates", "told"),
    [
        (30, {MatchOutcome.FLOOD}, ["Old news all at once: wire"]),
        (2, {MatchOutcome.ALERTED, MatchOutcome.JOINED, MatchOutcome.HELD}, []),
    ],
    ids=["old", "new"],
)
def test_old_news_all_at_once_is_kept_and_told_once(
    line: Line, hours: float, fates: set[MatchOutcome], told: list[str]
) -> None:
    """A feed that changed all its ids rings once for the operator, and for nobody else; real news does ring."""
    source = Feed("wire", {"entries": (line.entry("wire", "Nothing", line.clock.now()),)}, {})
    pipeline = line.pipeline(source)
    play(line, pipeline)
    play(line, pipeline, hours=1)
    line.clock.move(hours=1)
    source.answers = [flood(line, hours)]
    play(line, pipeline)
    assert view(line, "wire").entries == 41
    assert {match.fate for match in line.store.read.matches(rule="p/ban", limit=None)} <= fates
    assert ops(line) == told


def test_a_move_survives_a_restart_and_is_undone_when_it_fails(line: Line) -> None:
    """The new address stands in the row; the poll is told where to ask."""
    moved = {"answer": ResponseHints(status=200, moved_to=NEW, secured=True)}
    source = Feed("wire", {"entries": (line.entry("wire", "Nothing", line.clock.now()),)}, moved, {}, {})
    play(line, line.pipeline(source))
    play(line, line.pipeline(source), hours=1)
    play(line, line.pipeline(source), hours=1)
    assert [cursor.moved_to for cursor in source.cursors] == ["", "", NEW]
    source.answers = [SourceError("answered 404", fault=Fault.STATUS, status=404)]
    play(line, line.pipeline(source), hours=1)
    source.answers = [{}]
    play(line, line.pipeline(source), hours=1)
    assert source.cursors[-1].moved_to == ""
    assert ops(line) == ["Source moved: wire", "Source not where it had moved: wire"]


def test_the_last_polls_are_remembered(line: Line) -> None:
    """What a poll brought, what went wrong, and no more than twenty of them."""
    entry = line.entry("wire", "Nothing", line.clock.now())
    broken = SourceError("answered 500", fault=Fault.STATUS, status=500)
    source = Feed("wire", {"entries": (entry,), "size": 900, "answer": ResponseHints(status=200)}, broken, {})
    pipeline = line.pipeline(source)
    for _ in range(3):
        play(line, pipeline, hours=2)
    detail = line.store.read.source("wire")
    assert detail
    told = [(item.status, item.new, item.size, item.fault, item.error) for item in detail.fetches]
    assert told == [(304, 0, 0, None, ""), (500, 0, 0, Fault.STATUS, "answered 500"), (200, 1, 900, None, "")]
    assert all(item.took < MINUTE for item in detail.fetches)
    for _ in range(25):
        play(line, pipeline, hours=2)
    detail = line.store.read.source("wire")
    assert detail
    assert len(detail.fetches) == 20
    assert detail.source.reasons == ("every: 15m is configured",)
    assert line.store.read.source("wier") is None


def test_a_source_in_silence_is_told_once_even_when_nothing_changes(line: Line) -> None:
    """The polls that bring nothing are the ones that show it."""
    source = Feed("wire", {})
    pipeline = line.pipeline(source)
    for n in range(20):
        source.answers = [{"entries": (line.entry("wire", f"Nothing {n}", line.clock.now()),)}]
        play(line, pipeline, days=1)
    source.answers = [{}]
    for _ in range(6):
        play(line, pipeline, days=1)
    assert ops(line) == ["Source silent: wire"]
    assert view(line, "wire").habits.silent
    source.answers = [{"entries": (line.entry("wire", "At last", line.clock.now()),)}]
    play(line, pipeline, days=1)
    assert ops(line) == ["Over: Source silent: wire"]


def known_by_title(line: Line, name: str, title: str) -> Any:
    """An entry that is known by its id and by its headline, as those of real feeds are."""
    found = line.entry(name, title, line.clock.now())
    return replace(found, keys=(*found.keys, EntryKey(kind=KeyKind.TITLE_DAY, value=f"{abs(hash(title)):032x}")))


def test_bodies_that_changed_without_news_are_written_together(line: Line) -> None:
    """An advertisement in each of many feeds is one transaction."""
    writes = []

    async def noted(call: Any, /, *args: Any, **kwargs: Any) -> Any:
        writes.append(call.__name__)
        return call(*args, **kwargs)

    line.at_once = noted
    entries = {name: known_by_title(line, name, "Nothing") for name in "abc"}
    sources = [Feed(name, {"entries": (entries[name],), "answer": ResponseHints(status=200)}) for name in "abc"]
    play(line, line.pipeline(*sources))
    writes.clear()
    play(line, line.pipeline(*sources), hours=1)
    assert writes == ["claim_sources", "complete_unchanged"]
    assert [len(source.cursors) for source in sources] == [2, 2, 2]
    assert view(line, "a").last_success == line.clock.now()
    for source in sources:
        source.answers = [{"entries": (entries[source.name], known_by_title(line, source.name, "China bans cobalt"))}]
    play(line, line.pipeline(*sources), hours=1)
    assert {"commit", "commit_together"} & {*writes}
    assert line.store.read.counts().entries == 6


def test_what_a_source_shows_for_a_year_stays_known(line: Line) -> None:
    """Entries that stand in a feed under changing advertisements are no news when their keys would be old."""
    source = Feed("wire", {"entries": (known_by_title(line, "wire", "China bans gallium"),)})
    pipeline = line.pipeline(source)
    play(line, pipeline)
    for _ in range(20):
        play(line, pipeline, days=20)
        play(line, pipeline, hours=1)
        line.store.sweep(line.clock.now(), timedelta(days=90))
    play(line, pipeline, hours=1)
    assert len(source.cursors) == 42
    assert view(line, "wire").entries <= 1
