"""Now: what needs an answer, as one card for each happening, and the answers that people give there."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.web.conftest import HOSTILE
from tocsin.market.series import append, begin, close_before
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.notifying.silence import parse
from tocsin.store.inbound import prices


def sql(page, text):
    """Change the database as no command can."""
    with page.store.database.write() as session:
        session.connection().exec_driver_sql(text)


def quoted(page, *found, name="GAL"):
    """Let an instrument have had these prices, one an hour, the last one now."""
    item = Instrument(id=name, labels={"mineral": ("gallium",)})
    series = begin(item)
    for number, price in enumerate(found):
        at = page.clock.now() - timedelta(hours=len(found) - 1 - number)
        quote = Quote(instrument=name, price=Decimal(price), at=at, first_seen=at)
        series = append(close_before(series, at), quote)
    with page.store.database.write() as session:
        prices.write(session, begin(item), series, {}, prices.versions(session, [name])[name])


def cards(answer):
    """The numbers of the alerts that lead a card."""
    return [int(number) for number in re.findall(r'<article class="card alert[^"]*" data-alert="(\d+)"', answer.text)]


def test_nothing_needs_a_person_when_nothing_is_open(serve):
    """The page says so, and whether it can know."""

    async def scene(page):
        page.store.sync_sources(
            [("wire", "https://x.test", "feed"), ("daily", "https://y.test", "feed")], page.clock.now(), {}
        )
        sql(page, "UPDATE source SET unhealthy = 1, last_error = 'HTTP 500' WHERE name = 'daily'")
        one = await page.get("/")
        wrong = [(f"wrong{n}", "https://z.test", "feed") for n in range(120)]
        page.store.sync_sources([("wire", "https://x.test", "feed"), *wrong], page.clock.now(), {})
        sql(page, "UPDATE source SET errors = 1, last_error = 'HTTP 404' WHERE name LIKE 'wrong%'")
        return one, await page.get("/")

    one, many = (answer.text for answer in serve(scene))
    assert "Nothing needs you." in one
    assert "1 of 2 sources can be read" in one
    assert "HTTP 500" in one
    assert "No message is held back." in one
    assert "1 of 121 sources can be read" in many  # one that was never read is no source that can be
    assert "HTTP 404" in many
    assert "115 more sources" in many


def test_a_card_shows_the_words_of_the_rule_and_four_buttons(serve):
    """A person decides without opening anything."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return await page.get("/")

    text = serve(scene).text
    assert "<h1>1 needs an answer</h1>" in text
    assert "China <mark>bans</mark> <mark>gallium</mark> exports" in text
    assert 'href="/rules/metals/ban"' in text
    for value in ("ack", "snooze", "useful", "noise"):
        assert f'name="answer" value="{value}"' in text


def test_one_happening_is_one_card_and_one_answer(serve):
    """The same rule and mineral within the cooldown is answered together, another mineral is not."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.clock.move(hours=3)
        page.bring("Exports of gallium halted in Peru, customs say")
        page.clock.move(hours=1)
        page.bring("Chile halts cobalt")
        before = await page.get("/")
        numbers = re.search(r'name="numbers" value="(\d+,\d+)"', before.text)
        answered = await page.post("/answers", {"numbers": numbers[1], "answer": "ack", "back": "now"})
        return before, answered, await page.get(answered.headers["Location"]), page.store.read.answered([1, 2, 3])

    before, answered, after, said = serve(scene)
    assert cards(before) == [3, 2]
    assert answered.status == 303
    assert cards(after) == [3]
    assert "seen by ann" in after.text
    assert sorted(said) == [1, 2]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"answer": "useful", "why": "told us first"}, "called useful by ann: told us first"),
        ({"answer": "noise"}, "called noise by ann"),
        ({"answer": "snooze", "for": "1d"}, "snoozed until 2026-03-03 12:01 by ann"),
        ({"answer": "snooze", "for": "4h"}, "snoozed until 2026-03-02 16:01 by ann"),
    ],
    ids=["useful", "noise", "a day", "four hours"],
)
def test_each_answer_is_kept_with_its_reader(serve, form, words):
    """It leaves the list, and its page says who said what."""

    async def scene(page):
        page.bring("China bans gallium exports")
        await page.post("/answers", {"numbers": "1", "back": "now", **form})
        return await page.get("/"), await page.get("/alerts/1")

    now, alert = serve(scene)
    assert cards(now) == []
    assert words in alert.text


def test_a_snooze_comes_back_when_it_ends(serve):
    """Not now is not never."""

    async def scene(page):
        page.bring("China bans gallium exports")
        await page.post("/answers", {"numbers": "1", "answer": "snooze", "for": "4h"})
        during = await page.get("/")
        page.clock.move(hours=5)
        return during, await page.get("/")

    during, after = serve(scene)
    assert (cards(during), cards(after)) == ([], [1])


def test_the_second_browser_sees_what_the_first_answered(serve):
    """Two people look at one alert; the later one is told of the earlier, and both answers count."""

    async def scene(page):
        page.bring("China bans gallium exports")
        shown = re.search(r'name="shown" value="([^"]+)"', (await page.get("/")).text)[1]
        page.clock.move(minutes=2)
        first = await page.post("/answers", {"numbers": "1", "answer": "ack", "shown": shown, "back": "now"})
        await page.log_in("bob")
        page.clock.move(minutes=1)
        second = await page.post("/answers", {"numbers": "1", "answer": "noise", "shown": shown, "back": "now"})
        return first, second, await page.get(second.headers["Location"])

    first, second, seen = serve(scene)
    assert first.headers["Location"] == "/?done=1"
    assert second.headers["Location"].startswith("/alerts/1?shown=")
    assert "Somebody answered while your page was open: seen by ann" in seen.text
    assert "called noise by bob" in seen.text


def test_the_same_answer_twice_is_one(serve):
    """A double click, or a page sent again, changes nothing."""

    async def scene(page):
        page.bring("China bans gallium exports")
        for _ in range(2):
            await page.post("/answers", {"numbers": "1", "answer": "ack"})
            await page.post("/answers", {"numbers": "1", "answer": "useful"})
        return page.store.read.answers([1])

    assert [one.kind for one in serve(scene)[1]] == ["ack", "useful"]


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"numbers": "7", "answer": "ack"}, 404, "There is no alert 7."),
        ({"numbers": "x", "answer": "ack"}, 400, "needs the numbers of alerts"),
        ({"numbers": "", "answer": "ack"}, 400, "needs the numbers of alerts"),
        ({"numbers": "1", "answer": "maybe"}, 400, "An answer is one of"),
        ({"numbers": "1", "answer": "snooze", "for": "0h"}, 400, "A snooze lasts up to 90 days."),
        ({"numbers": "1", "answer": "snooze", "for": "soon"}, 400, "The length of the snooze"),
    ],
    ids=["no alert", "no number", "none", "no answer", "no time", "no length"],
)
def test_an_answer_that_makes_no_sense_is_refused_and_nothing_kept(serve, form, status, words):
    """A slip is explained."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return await page.post("/answers", form), page.store.read.answers([1])

    answer, kept = serve(scene)
    assert (answer.status, kept) == (status, {})
    assert words in answer.text


def test_lesser_and_older_alerts_take_less_room(serve):
    """A medium one is a line, and one of last month is counted."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.clock.move(days=20)
        page.bring("Chile halts cobalt")
        sql(page, "UPDATE alert SET severity = 'medium' WHERE id = 2")
        return await page.get("/")

    answer = serve(scene)
    assert cards(answer) == []
    assert "Also open" in answer.text
    assert "Chile" in answer.text
    assert "1 unanswered alert</a> is older than 14 days" in answer.text


def test_more_cards_than_a_person_reads_are_counted_with_a_link(serve):
    """The newest happenings have cards, and one line leads to the others."""

    async def scene(page):
        page.bring("China bans gallium exports")
        one = await page.get("/")
        with page.store.database.write() as session:
            run = session.connection().exec_driver_sql
            run("CREATE TEMP TABLE other AS SELECT * FROM alert")
            for number in range(2, 24):
                run("INSERT INTO story SELECT ?, event, opened_at, last_at FROM story WHERE id = 1", (number,))
                earlier = "strftime('%Y-%m-%d %H:%M:%f', opened_at, '-1 minutes') || '000'"
                values = (number, number, f'["m{number}"]')
                run(f"UPDATE other SET id = ?, story_id = ?, key = ?, opened_at = {earlier}", values)
                run("INSERT INTO alert SELECT * FROM other")
            run("DROP TABLE other")
        return one, await page.get("/")

    one, many = serve(scene)
    assert "more</a>" not in one.text
    assert cards(many) == list(range(1, 21))
    assert "<h1>23 need an answer</h1>" in many.text
    assert 'href="/alerts?state=open&amp;severity=high%2Ccritical&amp;since=14d">3 more</a> need an answer' in many.text


def test_what_a_silence_hid_needs_nobody(serve):
    """Not these, until then: also not here."""

    async def scene(page):
        page.store.act.silence(
            [parse("mineral=gallium")], page.clock.now(), page.clock.now() + timedelta(days=1), by="", why=""
        )
        page.bring("China bans gallium exports")
        page.store.claim_deliveries(page.clock.now(), timedelta(minutes=1))
        return await page.get("/")

    assert cards(serve(scene)) == []


def test_prices_say_what_they_did_since_the_alert(serve):
    """The move is measured from the quote before the alert, and without a later quote the page says so."""

    async def scene(page):
        quoted(page, "100", "110")
        page.clock.move(minutes=5)
        page.bring("China bans gallium exports")
        without = await page.get("/")
        page.clock.move(hours=2)
        quoted(page, "100", "110", "110", "121")
        return without, await page.get("/")

    without, after = serve(scene)
    assert "no quote since the alert" in without.text
    assert "+10.0%" in after.text


def test_hostile_text_is_text(serve):
    """Markup, marks that reverse a line and endless words come to nothing."""

    async def scene(page):
        page.bring(page.entry(HOSTILE, link="javascript:alert(1)", publisher="<b>x"))
        return await page.get("/")

    answer = serve(scene)
    assert cards(answer) == [1]
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "javascript:" not in answer.text
    assert "\u202e" not in answer.text
    assert len(answer.text) < 60_000
