"""A source: why it is polled when it is, its rhythm, and a poll on demand."""

import html
import re
from datetime import timedelta

import pytest

from adapters.web.conftest import CONFIG
from tocsin.errors import Fault
from tocsin.ingest.pushes import Push
from tocsin.model.entries import PUSH
from tocsin.sources.documents.items import Item
from tocsin.store.programs import RequestAnswer
from tocsin.store.values import Fetch, PollFailure, PollRecord


def fail(page, fault, *, wait):
    """Let the poll of the source fail; the next is after *wait* minutes."""
    now = page.clock.now()
    [lease] = page.store.claim_sources(now, timedelta(minutes=1), 1)
    record = PollRecord(
        due_at=now + timedelta(minutes=wait),
        reasons=("its server <b>asked</b> for quiet",),
        fetch=Fetch(at=now, status=429, fault=fault, error="<script>busy</script>"),
    )
    failure = PollFailure(error="<script>busy</script>", fault=fault, record=record, unhealthy=False, gone=False)
    page.store.fail(lease, failure, lambda *_: None, now)


def known(page):
    """Make the source known."""
    page.store.sync_sources([("wire", "https://example.org/feed", "feed")], page.clock.now(), {})


def due(page):
    """When the source is polled next, and why."""
    [view] = page.store.read.sources()
    return view.due_at, view.reasons


def test_a_source_says_why_it_is_polled_when_it_is(serve):
    """Reasons, the server's wishes and the address without its secret."""

    async def scene(page):
        known(page)
        fail(page, Fault.STATUS, wait=30)
        return await page.get("/sources/wire")

    text = serve(scene).text
    assert "2026-03-02 12:30" in text
    assert "its server &lt;b&gt;asked&lt;/b&gt; for quiet" in text
    assert "&lt;script&gt;busy" in text
    assert "example.org/feed" in text
    assert "s3cret" not in text


def test_no_page_shows_a_secret_of_an_address(serve):
    """Whoever may look at the page may not use the feed: not from the configuration, and not where a redirect led."""
    config = CONFIG.replace("me:s3cret@example.org/feed", "example.org/feed?token=s3cret")
    token = "tokens: {panel: {secret: 0123456789abcdef0123456789abcdef}}"

    async def scene(page):
        known(page)
        habits = 'UPDATE source SET habits = \'{"moved":["https://a.example/?key=s3cret",1772452800,2,true]}\''
        with page.store.database.write() as session:
            session.connection().exec_driver_sql(habits)
        bearer = {"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}
        pages = [(await page.get(path)).text for path in ("/sources", "/sources/wire", "/more")]
        return pages, [(await page.get(f"/api/v1/sources{path}", headers=bearer)).text for path in ("", "/wire")]

    (listed, one, more), answers = serve(scene, config=config, web=token)
    assert "example.org/feed?token=***" in one
    assert "https://a.example/?key=***" in one
    assert "example.org/feed?token=***" in more
    assert "https://a.example/?key=***" in answers[1]
    assert "s3cret" not in "".join((listed, one, more, *answers))


def test_a_source_is_polled_on_demand_but_not_twice_in_a_minute(serve):
    """An impatient hand is no load for somebody else's server."""

    async def scene(page):
        known(page)
        fail(page, Fault.STATUS, wait=30)
        early = await page.post("/sources/wire/poll")
        rests = due(page)
        page.clock.move(minutes=2)
        first = await page.post("/sources/wire/poll")
        asked = due(page)
        page.clock.move(seconds=5)
        second = await page.post("/sources/wire/poll")
        return early, rests, first, asked, second, due(page), page.calls

    early, rests, first, asked, second, after, calls = serve(scene)
    assert [answer.status for answer in (early, first, second)] == [303, 303, 303]
    assert first.headers["Location"] == "/sources/wire"
    assert f"{rests[0]:%H:%M}" == "12:30"
    assert (f"{asked[0]:%H:%M}", asked[1]) == ("12:02", ("somebody asked for it",))
    assert after == asked
    assert "wake" in calls


def test_a_server_that_asked_for_quiet_is_left_alone(serve):
    """Its wish comes before ours, and the page says until when."""

    async def scene(page):
        known(page)
        fail(page, Fault.RATE_LIMITED, wait=30)
        page.clock.move(minutes=5)
        return await page.post("/sources/wire/poll"), due(page), await page.post("/sources/other/poll")

    answer, (at, _), missing = serve(scene)
    assert answer.status == 409
    assert "the server of wire asked for quiet until 2026-03-02 12:30 UTC" in answer.text
    assert f"{at:%H:%M}" == "12:30"
    assert missing.status == 404


def names(answer):
    """The sources that a page lists."""
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', answer.text)


def test_thousands_of_sources_come_a_part_at_a_time(serve):
    """Every source is on exactly one part of the list; those that cannot be read, and a name, are found at once."""

    async def scene(page):
        every = [(f"s{number:04}", f"https://x.test/{number}", "feed") for number in range(230)]
        page.store.sync_sources(every, page.clock.now(), {})
        sql = "UPDATE source SET errors = 2 WHERE name IN ('s0007', 's0205')"
        with page.store.database.write() as session:
            session.connection().exec_driver_sql(sql)
        parts, path = [], "/sources"
        while path:
            answer = await page.get(path)
            parts.append(names(answer))
            following = re.search(r'class="button" href="([^"]*)">More', answer.text)
            path = html.unescape(following[1]) if following else ""
        failing = await page.get("/sources?state=failing")
        return every, parts, failing, await page.get("/sources?q=s02+3"), await page.get("/sources?q=zinc")

    every, parts, failing, found, none = serve(scene)
    assert [len(part) for part in parts] == [100, 100, 30]
    assert [name for part in parts for name in part] == [name for name, *_ in every]
    assert names(failing) == ["s0007", "s0205"]
    assert names(found) == ["s0203", "s0213", "s0223"]
    assert "No source has this name." in none.text


def test_a_source_that_programs_push_to_shows_its_pushes_and_offers_no_poll(serve):
    """Its address is that of the API."""

    async def scene(page):
        page.store.sync_sources([("desk", "/api/v1/sources/desk/items", PUSH)], page.clock.now())
        return (await page.get("/sources/desk")).text, (await page.get("/sources")).text

    one, every = serve(scene)
    assert "/api/v1/sources/desk/items" in one
    assert "nothing yet" in one
    assert "Nothing was handed in yet." in one
    assert "Poll now" not in one
    assert "Next poll</dt>" not in one
    assert "push</span>" in every


def test_what_was_handed_in_leads_to_its_entries_and_is_watched(serve):
    """The list has what a push has, the address is the one to send to, and Now counts what is not polled."""

    async def scene(page):
        page.store.sync_sources([("desk", "/api/v1/sources/desk/items", PUSH)], page.clock.now())
        item = (Item(title="China bans gallium exports"), {})
        await page.daemon.push(
            Push(source="desk", items=[item], size=9, answer=lambda _: RequestAnswer(status=200, text=""))
        )
        return (await page.get("/t/sources/desk")).text, (await page.get("/t/")).text

    tokens = ", ".join(f"{name}: {{secret: {name * 9}, may: ingest}}" for name in ("desk", "other"))
    one, now = serve(scene, web=f"url: https://ops.example.org/t\ntokens: {{{tokens}}}")
    assert "<dd>https://ops.example.org/t/api/v1/sources/desk/items</dd>" in one
    assert '<a href="/t/entries?source=desk">1 entry</a> since' in one
    assert '<th scope="col">Handed in</th><th scope="col" class="count">New</th>' in one
    assert "Status" not in one
    assert "<dt>Labels</dt><dd>tier=primary</dd>" in one
    assert "<dd>the label company from desk, other</dd>" in one
    assert '<a href="/t/sources">1 source</a>' in now


@pytest.mark.parametrize("path", ["/sources", "/rules/metals", "/prices", "/deliveries"])
def test_a_name_that_nothing_has_is_shown_in_part(serve, path):
    """Whoever makes somebody follow a link has no page of ours for a text of his."""

    async def scene(page):
        return await page.get(f"{path}/%E2%80%AE{'x' * 500}")

    answer = serve(scene)
    assert answer.status == 404
    assert "x" * 70 in answer.text
    assert not any(text in answer.text for text in ("x" * 81, "\u202e"))
