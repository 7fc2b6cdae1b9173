"""The frame of every page: login, navigation, errors, and the sources as the first list."""

import pytest


def test_a_link_logs_a_browser_in_and_the_button_out(serve):
    """A person gets in with what the command line prints, sees their name, and can leave."""

    async def scene(page):
        before = await page.get("/")
        shown = await page.get(f"/login?code={page.code('ann')}")
        still = await page.get("/")
        await page.log_in("ann")
        inside = await page.get("/")
        await page.post("/logout")
        return before, shown, still, inside, await page.get("/")

    before, shown, still, inside, after = serve(scene, log_in=False)
    assert before.status == 401
    assert "tocsin web link" in before.text
    assert (shown.status, still.status) == (200, 401)
    assert '<button class="first">Log in</button>' in shown.text
    assert inside.status == 200
    assert "ann · " in inside.text
    assert after.status == 401


def test_the_sources_are_a_list_and_a_page_each(serve):
    """Without a source the page says how to add one; a source that is not there is no page."""

    async def scene(page):
        none = await page.get("/sources")
        page.store.sync_sources([("wire", "https://example.org/feed", "feed")], page.clock.now(), {})
        return none, await page.get("/sources"), await page.get("/sources/wire"), await page.get("/sources/daily")

    none, listed, one, missing = serve(scene)
    assert "tocsin sources add URL" in none.text
    assert '<a href="/sources/wire">wire</a>' in listed.text
    assert ">new<" in listed.text
    assert "<h1>wire</h1>" in one.text
    assert (one.status, missing.status) == (200, 404)
    assert "There is no source daily." in missing.text


def test_the_configured_address_leads_to_the_first_page(serve):
    """It has no slash at its end, and a browser sends the cookie only below it."""

    async def scene(page):
        return await page.get("/alarm", headers={"Cookie": ""})

    answer = serve(scene, web="url: https://ops.example.org/alarm")
    assert (answer.status, answer.headers["Location"]) == (303, "/alarm/")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/sources/wire", "Sources"),
        ("/add-source", "Sources"),
        ("/add-word?rule=metals/ban", "Rules"),
        ("/digest/here", "More"),
    ],
)
def test_the_navigation_shows_where_a_page_belongs(serve, path, name):
    """Also where its address is not below that of the main page."""

    async def scene(page):
        page.bring("China exports gallium")
        return await page.get(path)

    assert f'aria-current="page">{name}</a>' in serve(scene).text


def test_every_page_has_a_title_landmarks_and_a_way_past_the_navigation(serve):
    """A screen reader finds its way by them."""

    async def scene(page):
        return [await page.get(path) for path in ("/", "/sources", "/nothing", "/logout")]

    for answer in serve(scene):
        assert "<title>" in answer.text
        assert answer.text.count("<h1") == 1
        assert '<html lang="en"' in answer.text
        assert '<nav class="main" aria-label="Pages">' in answer.text
        assert '<main id="main"' in answer.text
        assert '<a class="skip" href="#main">' in answer.text
