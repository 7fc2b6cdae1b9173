"""One alert: what it says and why, what the price did, who was told, and what people said."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.web.conftest import CONFIG, HOSTILE
from tocsin.market.series import append, begin, close_before
from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.notifying.retry import Consequence
from tocsin.store.inbound import prices

MAIL = Message(kind=MessageKind.TEXT, subject="s", text="t")


def sql(page, text):
    """Change the database as no command can."""
    with page.store.database.write() as session:
        session.connection().exec_driver_sql(text)


def closes(page, *found):
    """Let the instrument of gallium have had these prices, one a day, the last one now."""
    item = Instrument(id="GAL", labels={"mineral": ("gallium",)})
    series = begin(item)
    for number, price in enumerate(found):
        at = page.clock.now() - timedelta(days=len(found) - 1 - number)
        quote = Quote(instrument="GAL", price=Decimal(price), at=at, first_seen=at)
        series = append(close_before(series, at), quote)
    with page.store.database.write() as session:
        prices.write(session, begin(item), series, {}, 0)


def test_an_alert_says_what_it_found_and_why(serve):
    """The sentence first, then words, labels and the whole evidence, folded."""

    async def scene(page):
        page.bring(page.entry("China bans gallium exports", publisher="Trade Gazette", link="https://gazette.test/1"))
        return await page.get("/alerts/1")

    text = serve(scene).text
    assert "China <mark>bans</mark> <mark>gallium</mark> exports" in text
    assert "“bans” and “gallium” in the headline and the summary met rule ban." in text
    assert '<a href="https://gazette.test/1" rel="noopener noreferrer nofollow">read at gazette.test</a>' in text
    assert "metals/ban" in text
    assert 'href="/alerts?label=mineral%3Dgallium">mineral=gallium</a>' in text
    assert "<summary>The whole evidence</summary>" in text
    assert 'href="/entries/1"' in text
    assert 'href="/play?rule=metals%2Fban&amp;entry=1"' in text
    assert 'href="/silences/new?m=rule%3Dmetals%2Fban%0Amineral%3Dgallium"' in text


def test_a_silence_of_alerts_like_this_is_filled_in(serve):
    """The link leads to the form with the matchers in it."""

    async def scene(page):
        page.bring("China bans gallium exports")
        link = re.search(r'href="(/silences/new\?m=[^"]+)"', (await page.get("/alerts/1")).text)[1]
        return await page.get(link.replace("&amp;", "&"))

    answer = serve(scene)
    assert answer.status == 200
    assert "rule=metals/ban\nmineral=gallium" in answer.text


def test_both_wordings_of_a_correction_are_shown(serve):
    """A reader sees what was sent, and what its source says now."""

    async def scene(page):
        page.bring("China bans gallium exports")
        columns = "entry_id, at, title, summary, body, met, after, withdrawn"
        values = "1, '2026-03-02 13:00:00.000000', 'China does not ban gallium', '', '', '{}', 0, 0"
        sql(page, f"INSERT INTO revision ({columns}) VALUES ({values})")
        return await page.get("/alerts/1"), await page.get("/")

    alert, now = serve(scene)
    assert "It now says: “China does not ban gallium”. It said: “China bans gallium exports”" in alert.text
    assert "It now says: China does not ban gallium" in now.text


def test_what_retention_took_is_said(serve):
    """Text and evidence go, the alert stays."""

    async def scene(page):
        page.bring("China bans gallium exports")
        sql(page, "UPDATE entry SET pruned = 1, summary = '', body = ''")
        sql(page, "UPDATE match SET evidence = NULL")
        return await page.get("/alerts/1"), await page.get("/"), await page.get("/alerts")

    alert, now, listed = serve(scene)
    assert "Retention has removed the evidence; the alert stays." in alert.text
    assert "The whole evidence" not in alert.text
    assert all("China bans gallium exports" in answer.text for answer in (alert, now, listed))


def test_each_try_of_a_message_has_the_words_of_the_server(serve):
    """Who was told, and if not, why not."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.clock.move(minutes=2)
        now = page.clock.now()
        [delivery] = page.store.claim_deliveries(now, timedelta(minutes=1))
        page.store.begin_attempt(delivery, MAIL, now)
        result = AttemptResult(error_class=ErrorClass.TRANSIENT, code=451, words="451 <b>come later</b>")
        settlement = Settlement(state=DeliveryState.RETRY, due_at=now + timedelta(hours=1))
        page.store.settle(delivery, result, lambda _: Consequence(settlement=settlement), now)
        return delivery.id, await page.get("/alerts/1")

    number, answer = serve(scene)
    assert f'href="/deliveries/{number}">here</a>' in answer.text
    assert "1 try" in answer.text
    assert "transient 451: 451 &lt;b&gt;come later&lt;/b&gt;" in answer.text


def test_the_chart_has_a_letter_for_each_alert_and_the_moves_after_this_one(serve):
    """One day and five days later, and which alerts the letters are."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.clock.move(days=3)
        page.bring("Peru halts gallium")
        page.clock.move(days=6)
        closes(page, *("100",) * 5, *("110",) * 4, *("150",) * 5)
        return await page.get("/alerts/1"), await page.get("/alerts/2")

    first, second = serve(scene)
    assert '<svg class="chart"' in first.text
    assert "GAL" in first.text
    assert '<b>A</b> <time datetime="2026-03-02T12:01:00+00:00">' in first.text
    assert 'href="/alerts/2">gallium: ban</a>' in first.text
    assert "+1 d" in first.text
    assert "+10.0%" in first.text
    assert "+50.0%" in first.text
    assert second.text.count('<g class="marker') == 2


def test_an_alert_of_the_daemon_itself_has_a_page(serve):
    """It has no entry, no quote and no price; a list says what it is about, and not its title twice."""

    async def scene(page):
        page.bring("China bans gallium exports")
        sql(page, "UPDATE match SET entry_id = NULL, detail = 'Source wire is unwell: HTTP 500'")
        sql(page, "UPDATE alert SET detail = 'Source wire is unwell: HTTP 500', rule = 'tocsin/source-unhealthy'")
        return (
            await page.get("/alerts/1"),
            await page.get("/"),
            await page.get("/alerts"),
            await page.get("/alerts.csv"),
        )

    answers = serve(scene)
    for answer in answers:
        assert answer.status == 200
        assert "gallium: ban" in answer.text
        assert "Source wire is unwell: HTTP 500" in answer.text
    assert answers[2].text.count("gallium: ban") == 1


@pytest.mark.parametrize(("path", "words"), [("/alerts/7", "There is no alert 7."), ("/alerts/x", "x is no number.")])
def test_what_is_not_there_is_said(serve, path, words):
    """A number may be wrong, or of another database."""

    async def scene(page):
        return await page.get(path)

    answer = serve(scene)
    assert answer.status == 404
    assert words in answer.text


def test_hostile_text_is_text(serve):
    """Markup, marks that reverse a line and links that are code come to nothing, also in the chart and in answers."""

    async def scene(page):
        page.bring(page.entry(HOSTILE, link="javascript:alert(1)", summary=HOSTILE, publisher=HOSTILE))
        sql(page, "UPDATE alert SET title = '<script>alert(2)</script>'")
        page.clock.move(days=3)
        closes(page, "1", "2", "3", "4", "5", "6")
        await page.post("/answers", {"numbers": "1", "answer": "noise", "why": HOSTILE})
        return await page.get("/alerts/1?done=1"), await page.get("/alerts/1?shown=%3Cscript%3E")

    for answer in serve(scene):
        assert answer.status == 200
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "javascript:" not in answer.text
        assert "\u202e" not in answer.text


def test_who_is_next_if_nobody_answers_stands_with_the_deliveries(serve):
    """A reader sees how long there is; after an answer nobody is next."""

    async def scene(page):
        page.bring("China bans gallium exports")
        before = await page.get("/alerts/1")
        page.store.act.answer([1], AnswerKind.ACK, page.clock.now())
        return before, await page.get("/alerts/1")

    config = f"{CONFIG}  boss: {{console: true}}\nescalations:\n  - {{after: 30m, to: boss}}\n"
    before, after = serve(scene, config=config)
    assert re.search(r"Next, if nobody answers: boss at [0-9:]{5}<", before.text)
    assert "if nobody answers" not in after.text
