"""Entries that are rewritten or withdrawn after people were told, and feeds whose ids say nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
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
from tocsin.model.entries import Batch, Cursor, KeyKind
from tocsin.model.reasons import NO_REASON
from tocsin.policy.notifying.retry import Consequence
from tocsin.render.page import page
from tocsin.render.plain import plain
from tocsin.render.reasons import in_words
from tocsin.sources.feeds.entries import Traits, identify
from tocsin.store.values import Claimable
from tocsin.text.titles import normal

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

BAN = "China bans gallium exports"


class Paper:
    """A feed whose document a test writes down: headlines by id, and ids that it says are withdrawn."""

    name = "paper"

    def __init__(self, line: Line) -> None:
        self.line = line
        self.now: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.deleted: tuple[str, ...] = ()
        self.polls = 0

    async def poll(self, cursor: Cursor, now: Any) -> Batch:
        """The document."""
        self.polls += 1
        entries = []
        traits = [
            Traits(id=ident, link=self.links.get(ident, ""), title=normal(title), day="")
            for ident, title in self.now.items()
        ]
        for identity, (ident, title) in zip(identify(traits), self.now.items(), strict=True):
            plain_entry = self.line.entry(self.name, title, now)
            summary = self.texts.get(ident, "")
            entries.append(
                replace(
                    plain_entry,
                    id=identity.id,
                    keys=identity.keys,
                    summary=summary,
                    canonical_link=identity.link,
                )
            )
        following = Cursor(etag=str(self.polls))
        return Batch(source=self.name, entries=tuple(entries), cursor=following, changed=True, deleted=self.deleted)


@pytest.fixture
def paper(line: Line) -> Paper:
    """A feed that has had its first fetch."""
    found = Paper(line)
    found.now = {"0": "Nothing of note"}
    show(line, found)
    return found


def show(line: Line, paper: Paper, **headlines: str) -> None:
    """Publish *headlines* and poll; the desk then has what it is told."""
    paper.now |= {key.removeprefix("n"): title for key, title in headlines.items()}
    asyncio.run(line.pipeline(paper).run_due())
    line.clock.time += timedelta(minutes=30)


def send(line: Line) -> list[tuple[DeliveryKind, str]]:
    """Deliver what is due to the desk: kind and text of each message."""
    sent = []
    for item in line.store.claim_deliveries(
        line.clock.now(), timedelta(minutes=1), Claimable(exclude=["ops"], limit_per_receiver=9)
    ):
        shown = page(item.content, delivery_id=item.id, kind=item.kind, zone=ZoneInfo("UTC"))
        message = plain(shown)
        sent.append((item.kind, message))
        kept = Message(kind=MessageKind.TEXT, subject="", text=message)
        assert line.store.begin_attempt(item, kept, line.clock.now())
        done = Settlement(state=DeliveryState.DELIVERED, due_at=line.clock.now(), reason=NO_REASON)
        assert line.store.settle(
            item,
            AttemptResult(error_class=ErrorClass.OK),
            lambda _, done=done: Consequence(settlement=done),
            line.clock.now(),
        )
    return sent


@pytest.mark.parametrize(
    "after",
    [
        "China denies gallium export plan",
        "China bans cobalt exports",
        "CORRECTED-China bans gallium exports from December",
        "China bans 30% of gallium exports",
    ],
    ids=["no-longer", "something-else", "says-so", "number"],
)
def test_a_told_headline_that_was_wrong_is_corrected_with_both_wordings(line: Line, paper: Paper, after: str) -> None:
    """Whoever acted on the first wording must hear of the second."""
    show(line, paper, n1=BAN)
    assert [kind for kind, _ in send(line)] == [DeliveryKind.ALERT]
    show(line, paper, n1=after)
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.CORRECTION
    assert f"It now says: “{after}”. It said: “{BAN}”" in text
    assert text.startswith("Correction: the source of an alert that was sent before now says something else.")
    show(line, paper, n1=after)
    assert send(line) == []


@pytest.mark.parametrize(
    "after",
    [
        "CHINA BANS GALLIUM EXPORTS",
        "China bans gallium exports - Metal Wire",
        "China bans, gallium exports!",
        "China bans exports of gallium",
        "UPDATE 2-China bans gallium exports",
        "China bans gallium exports (updated 14:05 GMT)",
        "China bans gallium exports (12 comments)",
        "Live: Lithium falls",
        "China bans gallium exports, a correction for markets",
    ],
    ids=["case", "outlet", "marks", "reworded", "edition", "clock", "counter", "live", "another correction"],
)
def test_another_wording_of_the_same_is_silent(line: Line, paper: Paper, after: str) -> None:
    """Sites polish headlines all day."""
    show(line, paper, n1=BAN)
    send(line)
    show(line, paper, n1=after)
    assert send(line) == []


def test_a_headline_that_becomes_news_is_told(line: Line, paper: Paper) -> None:
    """A stub that is filled in later is the same entry, and the alert is in its new wording."""
    show(line, paper, n1="Beijing announcement")
    assert send(line) == []
    show(line, paper, n1=BAN)
    assert [alert.title for alert in line.store.read.alerts()] == ["gallium: ban"]
    [(kind, _)] = send(line)
    assert kind is DeliveryKind.ALERT


def test_headlines_that_go_to_and_fro_are_corrected_once(line: Line, paper: Paper) -> None:
    """Some sites try two headlines on their readers, a quarter of an hour each."""
    show(line, paper, n1=BAN)
    send(line)
    told = 0
    for number in range(8):
        show(line, paper, n1=BAN if number % 2 else "China denies gallium export plan")
        told += len(send(line))
    assert told == 1


def test_what_stands_at_the_end_of_the_time_is_told(line: Line, paper: Paper) -> None:
    """A second change within six hours is not lost: it waits, and people learn what the headline says by then."""
    show(line, paper, n1=BAN)
    send(line)
    show(line, paper, n1="China bans cobalt exports")
    assert len(send(line)) == 1
    show(line, paper, n1="China denies any export plan")
    show(line, paper, n1="China studies an export plan")
    assert send(line) == []
    [held] = [item for item in line.store.read.deliveries() if item.state is DeliveryState.HELD]
    assert in_words(held.reason) == "held until 2026-03-02 19:30 UTC: its source corrected it before"
    line.clock.time += timedelta(hours=5)
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.CORRECTION
    assert (
        "It now says: “China studies an export plan”. It said: “China bans gallium exports”, then: “China bans cobalt "
        "exports”, “China denies any export plan”"
    ) in text


def test_a_correction_that_is_taken_back_in_time_is_not_sent(line: Line, paper: Paper) -> None:
    """Who heard of cobalt need not hear of cobalt again."""
    show(line, paper, n1=BAN)
    send(line)
    for headline in ("China bans cobalt exports", "China denies any export plan", "China bans cobalt exports!"):
        show(line, paper, n1=headline)
        send(line)
    line.clock.time += timedelta(hours=6)
    assert send(line) == []
    called_off = [
        in_words(item.reason) for item in line.store.read.deliveries() if item.state is DeliveryState.SUPPRESSED
    ]
    assert called_off == ["its entry again says what was sent"]


def test_a_headline_that_comes_back_is_told_to_who_heard_otherwise(line: Line, paper: Paper) -> None:
    """People were told that it does not hold; it does."""
    show(line, paper, n1=BAN)
    send(line)
    show(line, paper, n1="China denies any export plan")
    send(line)
    line.clock.time += timedelta(hours=6)
    show(line, paper, n1=BAN)
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.CORRECTION
    assert f"It now says: “{BAN}”. It said: “{BAN}”, then: “China denies any export plan”" in text


def test_a_held_alert_is_not_told_early_by_a_correction(line: Line, paper: Paper) -> None:
    """Nobody heard the wrong headline: the cooldown goes on, and its message has both wordings."""
    show(line, paper, n1=BAN)
    send(line)
    show(line, paper, n2="Gallium traders ban a broker in Rotterdam")
    show(line, paper, n2="Gallium traders welcome a broker in Rotterdam")
    assert send(line) == []
    line.clock.time += timedelta(hours=12)
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.ALERT
    assert "It now says: “Gallium traders welcome a broker in Rotterdam”" in text


def test_the_proof_is_of_the_wording_that_was_judged(line: Line, paper: Paper) -> None:
    """Marks on the words of another headline would be nonsense."""
    show(line, paper, n1="Beijing announcement")
    show(line, paper, n1=BAN)
    [(_, text)] = send(line)
    assert "> China *bans* *gallium* exports" in text
    assert "Beijing" not in text


def test_a_summary_that_becomes_news_is_told(line: Line, paper: Paper) -> None:
    """Many feeds publish the headline first, and what happened a quarter of an hour later."""
    show(line, paper, n1="Beijing announcement")
    paper.texts["1"] = "The ministry bans gallium exports."
    show(line, paper)
    [(kind, text)] = send(line)
    assert (kind, "> The ministry *bans* *gallium* exports." in text) == (DeliveryKind.ALERT, True)


def test_a_summary_that_is_cut_short_corrects_nothing(line: Line, paper: Paper) -> None:
    """Feeds replace texts by teasers; what was told is not wrong for that."""
    paper.texts["1"] = "The ministry bans gallium exports."
    show(line, paper, n1="Beijing announcement")
    send(line)
    paper.texts["1"] = "Read more."
    show(line, paper)
    assert send(line) == []


def test_a_summary_that_was_quoted_and_says_something_else_is_corrected(line: Line, paper: Paper) -> None:
    """Where the headline says nothing, people were told by the text, and the text was wrong."""
    paper.texts["1"] = "Traders met. The ministry bans all gallium exports to the States."
    show(line, paper, n1="Beijing announcement")
    send(line)
    paper.texts["1"] = "Traders met. The ministry reviews all gallium exports to the States."
    show(line, paper)
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.CORRECTION
    assert "It now says: “Traders met. The ministry reviews all gallium" in text
    assert "It said: “Traders met. The ministry bans all gallium" in text


def test_a_summary_that_says_it_was_wrong_is_told(line: Line, paper: Paper) -> None:
    """Papers leave the headline and write the correction below."""
    paper.texts["1"] = "The ministry bans gallium exports."
    show(line, paper, n1="Beijing announcement")
    send(line)
    paper.texts["1"] = "The ministry reviews gallium exports. (Corrects: there is no ban)"
    show(line, paper)
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.CORRECTION
    assert "It now says: “The ministry reviews gallium exports. (Corrects: there is no ban)”. It said: “The min" in text


def test_a_text_that_changes_at_every_poll_is_looked_at_so_often_and_no_more(line: Line, paper: Paper) -> None:
    """A ticker in a summary must not fill the disk."""
    show(line, paper, n1="Beijing announcement")
    for number in range(40):
        paper.texts["1"] = f"Now {'abcdefghij'[number % 10]} and {'klmnopqrst'[number // 10]}."
        show(line, paper)
    view = next(one for one in line.store.read.find_entries("1") if one.entry.id == "1")
    assert len(view.revised) == 24


def test_a_correction_before_anybody_was_told_goes_with_the_alert(line: Line, paper: Paper) -> None:
    """One message that says both, not two."""
    show(line, paper, n1=BAN)
    show(line, paper, n1="China bans cobalt exports")
    messages = send(line)
    assert any("It now says: “China bans cobalt exports”" in text for _, text in messages)
    assert DeliveryKind.CORRECTION not in [kind for kind, _ in messages]


def test_an_entry_that_is_withdrawn_is_told_once(line: Line, paper: Paper) -> None:
    """A tombstone says that it never should have been there."""
    show(line, paper, n1=BAN)
    send(line)
    del paper.now["1"]
    paper.deleted = ("1", "unknown")
    show(line, paper)
    [(kind, text)] = send(line)
    assert (kind, f"Its source has withdrawn it. It said: “{BAN}”" in text) == (DeliveryKind.CORRECTION, True)
    show(line, paper)
    assert send(line) == []


def test_an_entry_that_is_only_gone_is_not_withdrawn(line: Line, paper: Paper) -> None:
    """Every entry leaves its feed some day."""
    show(line, paper, n1=BAN)
    send(line)
    del paper.now["1"]
    show(line, paper)
    assert send(line) == []


def test_coverage_that_joined_corrects_nothing(line: Line, paper: Paper) -> None:
    """Only what people were shown as the news can be wrong to them."""
    show(line, paper, n1=BAN)
    send(line)
    show(line, paper, n2="China bans gallium exports today")
    assert MatchOutcome.JOINED in [view.fate for view in line.store.read.matches()]
    send(line)
    show(line, paper, n2="Lithium falls")
    assert send(line) == []


def test_ids_that_change_at_every_poll_bring_nothing_again(line: Line, paper: Paper) -> None:
    """A feed that numbers its entries anew would be told anew, four times an hour."""
    headlines = [BAN, *(f"Cobalt mine {number} halts" for number in range(9))]
    paper.now = {f"a{number}": title for number, title in enumerate(headlines)}
    show(line, paper)
    send(line)
    alerts = len(line.store.read.alerts())
    for generation in "bcd":
        paper.now = {f"{generation}{number}": title for number, title in enumerate(headlines)}
        show(line, paper)
    news = [alert for alert in line.store.read.alerts() if not alert.rule.startswith("tocsin/")]
    assert len(news) == alerts
    titles = [item.title for item in line.store.read.deliveries() if item.receiver == "ops"]
    assert titles == ["Ids that say nothing: paper"]
    paper.now = {f"e{number}": title for number, title in enumerate([*headlines, "Russia bans cobalt exports"])}
    show(line, paper)
    assert any("Russia" in view.title for view in line.store.read.matches())


def number(line: Line, paper: Paper, headlines: list[str], *, generation: str, links: str = "") -> list[str]:
    """Show *headlines* with ids of this *generation*, and of theirs if they have *links*; what the line made of them."""
    paper.now = {f"{generation}{n}": title for n, title in enumerate(headlines)}
    paper.links = {f"{generation}{n}": f"https://e.com/{links}{n}" for n in range(len(headlines)) if links}
    before = len(line.store.read.matches(limit=None))
    show(line, paper)
    return [view.rule for view in line.store.read.matches(limit=None)][
        : len(line.store.read.matches(limit=None)) - before
    ]


HEADLINES = [BAN, *(f"Cobalt mine {n} halts" for n in range(9))]


def test_links_tell_entries_apart_where_ids_say_nothing(line: Line, paper: Paper) -> None:
    """Two notices of one headline and day are two, a rewritten headline is the same entry, and a new one is news."""
    number(line, paper, HEADLINES, generation="a", links="x")
    send(line)
    assert number(line, paper, HEADLINES, generation="b", links="x") == ["tocsin/source-volatile"]
    detail = line.store.read.source("paper")
    assert detail is not None
    assert detail.source.habits.volatile == {KeyKind.ID}
    twice = [*HEADLINES, BAN]
    assert number(line, paper, twice, generation="c", links="x") == ["p/ban"]
    send(line)
    corrected = ["China denies any export plan", *twice[1:]]
    assert number(line, paper, corrected, generation="d", links="x") == []
    [(kind, text)] = send(line)
    assert kind is DeliveryKind.CORRECTION
    assert "It now says: “China denies any export plan”" in text


def test_headlines_tell_entries_apart_where_links_say_nothing_either(line: Line, paper: Paper) -> None:
    """Addresses with the number of a visit in them are others at every poll, too."""
    number(line, paper, HEADLINES, generation="a", links="x")
    send(line)
    assert number(line, paper, HEADLINES, generation="b", links="y") == ["tocsin/source-volatile"]
    detail = line.store.read.source("paper")
    assert detail is not None
    assert detail.source.habits.volatile == {KeyKind.ID, KeyKind.LINK}
    assert number(line, paper, HEADLINES, generation="c", links="z") == []
    assert number(line, paper, [*HEADLINES, "Russia bans cobalt exports"], generation="d", links="w") == ["p/ban"]


def test_links_that_drift_later_are_noticed_too(line: Line, paper: Paper) -> None:
    """Once told, a source is degraded further in silence."""
    number(line, paper, HEADLINES, generation="a", links="x")
    send(line)
    assert number(line, paper, HEADLINES, generation="b", links="x") == ["tocsin/source-volatile"]
    assert number(line, paper, HEADLINES, generation="c", links="y") == []
    detail = line.store.read.source("paper")
    assert detail is not None
    assert detail.source.habits.volatile == {KeyKind.ID, KeyKind.LINK}


def test_ids_that_were_renewed_once_are_not_called_volatile(line: Line, paper: Paper) -> None:
    """A site that was away for two days and numbers anew brings no flood, and keeps its ids."""
    number(line, paper, HEADLINES, generation="a")
    send(line)
    line.clock.time += timedelta(days=2)
    for _ in range(3):
        assert not {"p/ban", "tocsin/source-volatile"} & {*number(line, paper, HEADLINES, generation="b")}
    detail = line.store.read.source("paper")
    assert detail is not None
    assert detail.source.habits.volatile == frozenset()
