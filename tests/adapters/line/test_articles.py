"""Articles on the whole line: promised with their entry, fetched later, judged once more, and never forgotten."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from adapters.line.conftest import RULES
from adapters.postgres import beside
from tocsin.errors import Fault, LeaseLostError, SourceError
from tocsin.explain.decision import explain_stored
from tocsin.model.articles import Article, ArticleState
from tocsin.model.entries import KeyKind
from tocsin.render.quotes import quotes
from tocsin.rules.ruleset import RuleSet
from tocsin.store.values import JudgedBatch

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

BAN, NOTICE = "China bans gallium exports", "Notice No. 46"
TEXT = "The ministry decided on Monday.\n\nExports of gallium are halted, and those of cobalt are not."
HOUR = timedelta(hours=1)


@dataclass
class Site:
    """A fetcher of articles that answers with what lies in *answers* by the number of the request; the last is repeated."""

    answers: list[str | Exception] = field(default_factory=lambda: [TEXT])
    asked: list[str] = field(default_factory=list)

    async def fetch(self, link: str) -> Article:
        """The next answer."""
        self.asked.append(link)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return Article(text=answer, address=f"{link}?read")


@dataclass
class Reader:
    """A feed whose entries link to articles of *site*; each step is a new pipeline, as after a restart."""

    line: Line
    site: Site = field(default_factory=Site)
    shown: list[tuple[str, str]] = field(default_factory=list)  # id and title
    fetching: bool = True
    rules: RuleSet | None = None

    def pipeline(self):
        """A pipeline on the feed."""
        source = self.line.list_source("wire", [[]])

        async def poll(cursor, now):
            batch = await type(source).poll(source, cursor, now)
            entries = []
            for ident, title in self.shown:
                made = self.line.entry("wire", ident, now)
                keys = (*made.keys, replace(made.keys[0], kind=KeyKind.WORDING))
                entries.append(
                    replace(made, keys=keys, title=title, link=f"https://wire.test/{ident}", body="A teaser.")
                )
            return replace(batch, entries=tuple(entries), changed=True)

        source.poll = poll
        made = self.line.pipeline(source, ruleset=self.rules)
        made.inbound = replace(made.inbound, articles={"wire": self.site} if self.fetching else {})
        return made

    def poll(self, *titles: str) -> list[str]:
        """Poll the feed with new *titles* and fetch nothing; the rules that were met so far, the oldest first."""
        self.shown += [(f"n{len(self.shown) + number}", title) for number, title in enumerate(titles)]
        self.line.clock.move(minutes=20)

        async def step():
            pipeline = self.pipeline()
            await pipeline._start_due()
            await pipeline.drain(None)

        asyncio.run(step())
        return self.met()

    def fetch(self) -> list[str]:
        """Fetch what is due, after a restart; the rules that were met so far."""
        asyncio.run(self.pipeline().run_due())
        return self.met()

    def met(self) -> list[str]:
        """Rules that were met, by the title of their entry."""
        return [m.title for m in reversed(self.line.store.read.matches()) if not m.rule.startswith("tocsin/")]

    def record(self, number: int = 1):
        """What is recorded of an entry."""
        return self.line.store.read.record(number, "p/ban")

    def articles(self) -> dict[str, int]:
        """The number of articles by state."""
        return dict(self.line.store.read.source("wire").source.articles)

    def steps(self, number: int = 1) -> dict[str, str]:
        """The steps of the decision about an entry."""
        record, entry = self.record(number)
        rules = self.line.rules()
        return {
            s.name: s.words
            for s in explain_stored(rules, rules.infos["p/ban"], record, entry, ZoneInfo("UTC")).decision
        }


@pytest.fixture
def reader(line):
    """A feed past its first poll."""
    one = Reader(line)
    one.poll()
    yield one
    line.store.close()  # that of the last restart


def test_a_rule_that_only_the_article_meets_alerts_when_it_is_fetched(line, reader):
    """It is fetched once, and the evidence is shown to be in its text."""
    assert reader.poll(NOTICE) == []
    assert reader.articles() == {ArticleState.WAITING: 1}
    assert "judged without it so far" in reader.steps()["article"]
    line.woken.clear()
    assert reader.fetch() == [NOTICE]
    assert line.woken
    assert reader.site.asked == ["https://wire.test/n0"]
    record, entry = reader.record()
    assert entry.body == f"A teaser.\n\n{TEXT}"
    assert [quote.field for quote in quotes(entry, record.match.evidence)] == ["article"]
    assert reader.steps()["article"].endswith("https://wire.test/n0?read; the evidence is in its text")
    assert reader.articles() == {ArticleState.FETCHED: 1}
    assert reader.fetch() == reader.poll() == [NOTICE]
    assert len(reader.site.asked) == 1


def test_a_headline_that_alerts_does_not_wait_and_alerts_once(line, reader):
    """Its article is fetched all the same: it is the proof, and says until when. No second message comes of it."""
    reader.site.answers = ["Exports of gallium are halted. The measure is suspended until 27 November 2026."]
    assert reader.poll(BAN) == [BAN]
    assert len(line.store.read.deliveries()) == 1
    assert reader.fetch() == [BAN]
    assert reader.site.asked == ["https://wire.test/n0"]
    assert len(line.store.read.deliveries()) == 1
    assert reader.record()[1].body.endswith("27 November 2026.")
    [found] = line.store.read.dates()
    assert (found.day, found.alert_id) == (date(2026, 11, 27), 1)


def test_dates_come_from_an_article_that_would_not_have_alerted(line, reader):
    """The alert of the headline stands, so what its article announces belongs to it."""
    rule = "    news: {match: $mineral NEAR/8 (ban~ OR halt~), unless: sport}\n"
    reader.rules = line.rules(RULES.replace("    news: {match: $mineral NEAR/8 (ban~ OR halt~)}\n", rule))
    reader.site.answers = ["No sport today. Comments are due by 27 November 2026."]
    assert reader.poll(BAN) == [BAN]
    assert reader.fetch() == [BAN]
    assert [one.day for one in line.store.read.dates()] == [date(2026, 11, 27)]


def test_operators_hear_once_that_no_article_of_a_source_can_be_read(line, reader):
    """As of a source that fails, and of its end; one failure among others is none."""
    walled = SourceError("wire.test wants a login", fault=Fault.AUTH)
    reader.site.answers = [walled, TEXT, *[walled] * 7, TEXT, TEXT]
    for number in range(6):
        reader.poll(f"Notice No. {number}")
        reader.fetch()
    assert operators(line) == []
    for number in range(6, 9):
        reader.poll(f"Notice No. {number}")
        reader.fetch()
    assert operators(line) == ["Articles cannot be read: wire"]
    [alert] = [one for one in line.store.read.alerts() if one.rule == "tocsin/articles-failing"]
    assert alert.detail.endswith("The last: wire.test wants a login")
    for number in range(9, 11):
        reader.poll(f"Notice No. {number}")
        reader.fetch()
    assert operators(line) == ["Articles cannot be read: wire"]
    [alert] = [one for one in line.store.read.alerts() if one.rule == "tocsin/articles-failing"]
    assert alert.over_at


def operators(line) -> list[str]:
    """The titles of what operators are sent."""
    return [one.title for one in line.store.read.deliveries() if one.receiver == "ops"]


def test_history_is_not_fetched(line):
    """The first poll of a source asks no server for a hundred articles that can alert nobody."""
    one = Reader(line)
    one.poll(NOTICE)
    one.fetch()
    assert one.site.asked == []


def test_a_failure_is_soft_counted_and_tried_again_while_it_may_pass(line, reader):
    """The entry was judged without its article, and all of it can be seen."""
    reader.site.answers = [SourceError("wire.test answered 502", fault=Fault.STATUS), TEXT]
    reader.poll(NOTICE)
    assert reader.fetch() == []
    assert "1 try, the last: wire.test answered 502" in reader.steps()["article"]
    assert reader.fetch() == []
    line.clock.move(minutes=3)
    assert reader.fetch() == [NOTICE]


def test_what_will_not_pass_is_given_up(line, reader):
    """Also what nobody expected."""
    reader.site.answers = [SourceError("wire.test wants a login", fault=Fault.AUTH), RuntimeError("{surprise}")]
    reader.poll(NOTICE, "Notice No. 47")
    assert reader.fetch() == []
    line.clock.move(days=1)
    assert reader.fetch() == []
    assert reader.articles() == {ArticleState.FAILED: 2}
    assert line.store.read.statistics(line.clock.now() - timedelta(days=2), line.clock.now()).unfetched == 2
    assert len(reader.site.asked) == 2
    assert reader.steps()["article"].endswith("wire.test wants a login")
    assert "{surprise}" in reader.steps(2)["article"]


def test_a_kill_between_promise_and_answer_loses_nothing(line, reader):
    """The promise is a row, and the lease of the dead daemon is void."""
    reader.poll(NOTICE)
    claimed = line.store.claim_articles(line.clock.now(), HOUR, sources=["wire"], limit=9)
    assert [lease.entry.title for lease in claimed] == [NOTICE]
    assert reader.fetch() == []  # its lease is not over
    line.store.close()
    line.store = type(line.store).open(line.url, real_now=line.clock.now)
    line.store.lock(line.clock.now())
    assert reader.fetch() == [NOTICE]


def test_an_answer_that_comes_too_late_changes_nothing(line, reader):
    """Another claim has its place."""
    reader.poll(NOTICE)
    [old] = line.store.claim_articles(line.clock.now(), HOUR, sources=["wire"], limit=9)
    line.clock.move(hours=2)
    assert reader.fetch() == [NOTICE]
    with pytest.raises(Exception, match="fetched again"):
        line.store.put_off_article(old, "late", line.clock.now(), tried=True)


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_an_answer_that_comes_while_another_worker_claims_counts_or_is_void(line, reader):
    """An article that had been read was fetched and decided about once more, by two workers."""
    reader.poll(NOTICE)
    one, other = line.store, type(line.store).open(line.url, real_now=line.clock.now)
    [old] = one.claim_articles(line.clock.now(), HOUR, sources=["wire"], limit=9)
    line.clock.move(hours=2)
    written: list[bool] = []

    def put_off():
        with suppress(LeaseLostError):
            one.put_off_article(old, "late", line.clock.now() + HOUR, tried=True)
            written.append(True)

    answer = threading.Thread(target=put_off, daemon=True)

    def in_between(_connection, _cursor, statement, *_):
        if statement.startswith("UPDATE article SET") and "fence=" in statement and not answer.ident:
            beside(line.url, answer)

    event.listen(other.database._engine, "before_cursor_execute", in_between)
    claimed = other.claim_articles(line.clock.now(), HOUR, sources=["wire"], limit=9)
    answer.join(30)
    other.close()
    assert answer.ident
    assert bool(written) is not bool(claimed)


def test_a_reload_that_removes_it_fetches_no_more(line, reader):
    """What was promised waits, is fetched if it comes back within two days, and is given up in words if not."""
    reader.poll(NOTICE, "Notice No. 47")
    reader.fetching = False
    assert reader.fetch() == []
    assert reader.articles() == {ArticleState.WAITING: 2}
    reader.fetching = True
    reader.pipeline()
    line.clock.move(hours=1)
    assert reader.fetch() == [NOTICE, "Notice No. 47"]
    reader.poll("Notice No. 48")
    line.clock.move(hours=49)
    assert len(reader.fetch()) == 2
    assert reader.steps(3)["article"].endswith("not fetched within 48 hours")


def test_a_headline_that_is_rewritten_keeps_its_article(line, reader):
    """So the alert that rests on the text is not taken back, and the next poll finds nothing changed."""
    reader.poll(NOTICE)
    reader.fetch()
    reader.shown = [("n0", "Notice No. 46 of the ministry")]
    assert reader.poll() == [NOTICE]
    record, entry = reader.record()
    assert [revised.title for revised in record.revised] == ["Notice No. 46 of the ministry"]
    assert len(line.store.read.deliveries()) == 1
    assert line.store.unseen(_batch(line, reader)).rewritten == ()
    assert entry.body.endswith(TEXT)


def _batch(line, reader):
    batch = []

    async def step():
        source = reader.pipeline().inbound.sources["wire"]
        batch.append(await source.poll(None, line.clock.now()))

    asyncio.run(step())
    return batch[0]


def test_hostile_text_is_text(line, reader):
    """Whatever stands in an article, it is judged and quoted as what it is."""
    reader.site.answers = [
        "<script>alert(1)</script> @everyone\u202e\n\nExports of gallium are halted. {evidence} \x1b[31m"
    ]
    reader.poll(NOTICE)
    assert reader.fetch() == [NOTICE]
    record, entry = reader.record()
    [quote] = quotes(entry, record.match.evidence)
    assert "".join(piece.text for piece in quote.pieces).startswith("Exports of gallium are halted.")


def test_the_promise_is_written_with_its_entry_or_not_at_all(line, reader):
    """A batch that names other entries promises nothing for them."""
    assert JudgedBatch(batch=_batch(line, reader)).articles == ()
    reader.poll(NOTICE)
    with line.store.database.read() as session:
        from sqlmodel import select

        from tocsin.store.db.tables import ArticleRow, EntryRow

        rows = session.exec(
            select(ArticleRow.entry_id, EntryRow.title).join(EntryRow, EntryRow.id == ArticleRow.entry_id)
        ).all()
    assert rows == [(1, NOTICE)]
