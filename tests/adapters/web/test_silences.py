"""The silences: what each hides, a preview before one is made, and its end."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from adapters.web.conftest import CONFIG, HOSTILE


def _add(page, matchers, **fields):
    return page.post("/silences", {"m": matchers, "for": "4h", **fields})


def test_without_a_silence_the_page_says_so(serve):
    """Quiet has another cause then."""
    page = serve(lambda page: page.get("/silences"))
    assert "Nothing is silenced." in page.text
    assert "that ended" not in page.text


def test_a_preview_shows_what_waits_and_what_was_hidden_and_writes_nothing(serve):
    """A matcher that is too wide is seen before it hides a week."""

    async def scene(page):
        page.bring("China bans gallium exports", "Chile halts cobalt sales")
        found = await page.get("/silences/new?m=mineral%3Dgallium&m=rule%3Dban&for=1d&why=known")
        return found, page.store.read.silences()

    found, written = serve(scene)
    assert found.status == 200
    assert "1 alert in messages that wait" in found.text
    assert found.text.count('<a href="/alerts/1">gallium: ban</a>') == 2
    assert "cobalt" not in found.text.partition('<section aria-labelledby="now">')[2]
    assert '<option value="1d" selected>' in found.text
    assert 'value="known"' in found.text
    assert written == ()


def test_what_was_sent_already_is_not_hidden_now(serve):
    """The preview tells apart what it can still keep back."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.clock.move(minutes=5)
        page.store.claim_deliveries(page.clock.now(), timedelta(minutes=1))
        return await page.get("/silences/new?m=mineral%3Dgallium")

    text = serve(scene).text
    assert "No message that waits now." in text
    assert "1 alert:" in text


def test_a_silence_is_made_by_its_visitor_and_ended_once(serve):
    """It is listed with what it hides; a second click on the button changes nothing."""

    async def scene(page):
        page.bring("China bans gallium exports")
        made = await _add(page, "mineral=gallium\r\nrule=ban", why="known")
        page.clock.move(minutes=1)
        page.store.claim_deliveries(page.clock.now(), timedelta(minutes=1))
        listed = await page.get("/silences")
        first = await page.post("/silences/1/end")
        [ended] = page.store.read.silences()
        page.clock.move(minutes=1)
        second = await page.post("/silences/1/end")
        return made, listed, first, second, ended, page.store.read.silences(), await page.get("/silences?ended=yes")

    made, listed, first, second, ended, after, old = serve(scene)
    assert (made.status, made.headers["Location"]) == (303, "/silences")
    assert '<code class="tag">mineral=gallium</code> <code class="tag">rule=ban</code>' in listed.text
    assert "1 message now" in listed.text
    assert "1 alert of the last 7 days" in listed.text
    assert "2026-03-02 16:01" in listed.text
    assert re.search(r">ann<", listed.text)
    assert (first.status, second.status) == (303, 303)
    assert after == (ended,)
    assert "Nothing is silenced." in old.text
    assert "known" in old.text


def test_an_end_may_be_a_time_in_the_zone_of_the_page(serve):
    """A browser sends it without a zone."""

    async def scene(page):
        made = await page.post("/silences", {"m": "mineral=gallium", "for": "", "until": "2026-07-01T09:30"})
        return made, page.store.read.silences()

    made, [silence] = serve(scene)
    assert made.status == 303
    assert silence.ends.isoformat() == "2026-07-01T08:30:00+00:00"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"m": "mineral=gallium", "for": ""}, "needs an end", id="no end"),
        pytest.param({"m": "mineral=gallium", "until": "2026-03-03T09:00"}, "needs an end", id="two ends"),
        pytest.param({"m": "mineral=gallium", "for": "", "until": "2026-03-01T09:00"}, "in the past", id="past end"),
        pytest.param({"m": "mineral=gallium", "for": "999999w"}, "beyond the calendar", id="endless"),
        pytest.param({"m": "mineral=gallium", "for": "", "until": "9999-12-31T23:59"}, "is not an ISO", id="last day"),
        pytest.param({"m": "mineral=gallium", "for": "soon"}, "must be a whole number and one unit", id="no length"),
        pytest.param({"m": ""}, "needs a matcher", id="nothing"),
        pytest.param({"m": "gallium"}, "is no matcher", id="no matcher"),
        pytest.param({"m": "mineral=galium"}, "did you mean gallium?", id="slip"),
        pytest.param({"m": "<script>alert(1)</script>=x"}, "is no matcher", id="hostile"),
    ],
)
def test_a_slip_is_explained_beside_the_form_as_it_was_sent(serve, fields, words):
    """A silence that hides nothing, or everything, is not written."""

    async def scene(page):
        return await page.post("/silences", {"for": "4h", **fields}), page.store.read.silences()

    answer, written = serve(scene)
    assert answer.status == 400
    assert words in answer.text
    assert "<script>alert" not in answer.text
    assert written == ()


def test_no_such_silence_is_no_page(serve):
    """A number that was typed."""

    async def scene(page):
        return [(await page.post(f"/silences/{number}/end")).status for number in ("7", "x", "9" * 40)]

    assert serve(scene) == [404, 404, 404]


def test_a_hostile_headline_is_only_text(serve):
    """The label and title of an alert come from strangers' words in part."""

    async def scene(page):
        page.bring(HOSTILE)
        return await page.get("/silences/new?m=rule%3Dban")

    text = serve(scene).text
    assert "1 alert" in text
    assert "<script>alert" not in text
    assert "\u202e" not in text


def test_a_full_disk_changes_nothing_and_says_so(serve):
    """Pages can still be read, nothing is half written, and the same form works once there is room."""

    async def scene(page):
        engine = page.store.database._engine
        pages = int(page.store.read.gauges(page.clock.now()).size / 4096)

        def small(connection, _):
            connection.execute(f"PRAGMA max_page_count={pages}").close()

        form = {"m": "rule=ban", "for": "1h", "why": "word " * 20_000}
        engine.dispose()
        event.listen(engine, "connect", small)
        full, reading = await page.post("/silences", form), await page.get("/silences")
        kept = page.store.read.silences()
        event.remove(engine, "connect", small)
        engine.dispose()
        return full, reading, kept, await page.post("/silences", form), page.store.read.silences()

    full, reading, kept, later, after = serve(scene)
    assert (full.status, reading.status, kept) == (503, 200, ())
    assert "Nothing was changed" in full.text
    assert (later.status, len(after)) == (303, 1)


def test_silences_of_the_configuration_are_shown_with_their_next_time(serve):
    """Before they begin there is nothing to end, and feed text in them is text."""
    during = '{match: mineral=gallium, during: {from: "22:00", to: "06:00"}, why: "<b>known</b>"}'
    page = serve(lambda page: page.get("/silences"), config=f"{CONFIG}silences: [{during}]\n")
    assert "Next, by the configuration" in page.text
    assert "22:00 to 06:00" in page.text
    assert "&lt;b&gt;known" in page.text
    assert "End now" not in page.text
