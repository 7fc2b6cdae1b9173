"""The dates that news announces: as a page, on the page of their alert, and as a calendar."""

from __future__ import annotations

import re

from adapters.web.conftest import HOSTILE

BAN = "China bans gallium exports"
TEXT = "The ban is suspended until 10 November 2026. A hearing is held on 20 May 2026."


def test_the_dates_of_alerts_are_listed_with_their_words(serve):
    """The next one first; the date is marked in the words."""

    async def scene(page):
        page.bring(BAN, summary=TEXT)
        return await page.get("/dates"), await page.get("/alerts/1")

    listed, alert = serve(scene)
    assert listed.text.index("2026-05-20") < listed.text.index("2026-11-10")
    for text in (listed.text, alert.text):
        assert "The ban is suspended until <mark>10 November 2026</mark>." in text
        assert "hearing" in text
    assert '<a href="/alerts/1">gallium: ban</a>' in listed.text


def test_without_a_date_the_page_says_where_they_come_from(serve):
    """An empty page is not a broken one."""
    page = serve(lambda page: page.get("/dates"))
    assert "No alert announces a date ahead." in page.text
    assert "body: fetch" in page.text


def test_past_dates_are_shown_on_demand(serve):
    """What is over is no date ahead."""

    async def scene(page):
        page.bring(BAN, summary=TEXT)
        page.clock.move(days=120)
        return await page.get("/dates"), await page.get("/dates?all=yes")

    ahead, everything = serve(scene)
    assert "2026-05-20" not in ahead.text
    assert "2026-05-20" in everything.text


def test_a_calendar_reads_the_dates_with_the_key_of_the_page(serve):
    """It has no login; the key ends with the sessions."""

    async def scene(page):
        page.bring(BAN, summary=TEXT)
        address = re.search(r'href="(/dates\.ics\?key=[^"]+)"', (await page.get("/dates")).text)[1]
        page.cookies.clear()
        good = await page.get(address)
        wrong = await page.get("/dates.ics?key=x"), await page.get("/dates.ics")
        page.store.act.end_sessions()
        return good, (*wrong, await page.get(address))

    good, wrong = serve(scene)
    assert good.headers["Content-Type"].startswith("text/calendar")
    assert good.text.count("BEGIN:VEVENT") == 2
    assert "/alerts/1" in good.text
    assert [answer.status for answer in wrong] == [401, 401, 401]


def test_hostile_words_are_text_on_the_page_and_in_the_calendar(serve):
    """They neither run nor end an event."""

    async def scene(page):
        page.bring(BAN, summary=f"{HOSTILE[:80]} suspended until 10 November 2026 <b>\r\nEND:VCALENDAR")
        return await page.get("/dates"), await page.get("/dates.ics")

    listed, calendar = serve(scene)
    assert "2026-11-10" in listed.text
    assert "<script>alert(1)" not in listed.text
    assert "\u202e" not in listed.text
    assert calendar.text.count("\r\nEND:VCALENDAR") == 1


def test_a_date_is_confirmed_and_rejected_with_buttons(serve):
    """By whom is shown; a second click changes nothing; a rejected one leaves the page, and the calendar says so."""

    async def scene(page):
        page.bring(BAN, summary=TEXT)
        for _ in range(2):
            answer = await page.post("/dates/1", {"say": "confirm", "back": "alert"})
            page.clock.move(minutes=1)
        assert (answer.status, answer.headers["Location"]) == (303, "/alerts/1")
        confirmed = page.store.read.dates()
        alert = await page.get("/alerts/1")
        assert (await page.post("/dates/2", {"say": "reject"})).headers["Location"] == "/dates"
        return confirmed, alert, await page.get("/dates"), await page.get("/dates.ics")

    confirmed, alert, listed, calendar = serve(scene)
    assert [one.judged_by for one in confirmed if one.id == 1] == ["ann"]
    assert 'confirmed</span> <span class="small">by ann' in alert.text
    assert [line for line in calendar.text.split("\r\n") if line.startswith("STATUS")] == [
        "STATUS:CONFIRMED",
        "STATUS:CANCELLED",
    ]
    assert listed.text.count("<blockquote") == 1


def test_what_is_no_word_and_what_is_no_date_is_refused(serve):
    """A form of another program."""

    async def scene(page):
        page.bring(BAN, summary=TEXT)
        return await page.post("/dates/1", {"say": "maybe"}), await page.post("/dates/9", {"say": "confirm"})

    assert [answer.status for answer in serve(scene)] == [400, 404]
