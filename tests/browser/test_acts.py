"""What people do on the page: keys, answers, the live notice, the playground, the login."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from adapters.web.test_add_source import base

__all__ = ["base"]

NEWS = ("China bans gallium exports", "Congo halts cobalt shipments")


async def _marks(tab):
    """Return the alerts that are on the page, in order."""
    return await tab.locator("article.alert").evaluate_all("all => all.map(one => one.dataset.alert)")


def test_keys_choose_and_answer(browse):
    """A morning's alerts are answered without a mouse: j and k choose, a marks as seen."""

    async def scene(page, tab):
        page.bring(*NEWS)
        await tab.goto("/")
        first, second = await _marks(tab)
        chosen = tab.locator("[data-chosen]")
        for key, expected in (("j", first), ("j", second), ("k", first)):
            await tab.keyboard.press(key)
            await expect(chosen).to_have_attribute("data-alert", expected)
        await tab.keyboard.press("a")
        await expect(tab.get_by_role("heading", level=1)).to_have_text("1 needs an answer")
        assert await _marks(tab) == [second]
        await tab.goto(f"/alerts/{first}")
        await expect(tab.locator("main")).to_contain_text("ann")

    browse(scene)


def test_keys_in_a_field_are_text(browse):
    """A search for an apple must answer nothing."""

    async def scene(page, tab):
        page.bring(*NEWS)
        await tab.goto("/alerts")
        await tab.keyboard.press("/")
        await tab.keyboard.type("aun")
        assert await tab.locator("input[type=search]").input_value() == "aun"
        assert not page.store.read.answers([1, 2])

    browse(scene)


def test_another_window_says_that_something_is_new(browse):
    """Nothing moves under the finger: a notice offers the new page."""

    async def scene(page, tab):
        page.bring(NEWS[0])
        await tab.clock.install()
        await tab.goto("/")
        notice = tab.get_by_text("Something new")
        await tab.clock.run_for(10_000)
        await expect(notice).to_be_hidden()
        page.bring(NEWS[1])
        page.listener.changed()
        await tab.clock.run_for(10_000)
        await notice.click()
        await expect(tab.get_by_role("heading", level=1)).to_have_text("2 need an answer")

    browse(scene)


@pytest.mark.parametrize(("end", "words"), [("stop", "tocsin does not answer"), ("log out", "You are logged out")])
def test_a_page_that_cannot_know_says_so(browse, end, words):
    """Nothing needs you is not said for ever by a daemon that has ended, or to somebody who may not see more."""

    async def scene(page, tab):
        await tab.clock.install()
        await tab.goto("/")
        notice = tab.locator("#live")
        await tab.clock.run_for(10_000)
        await expect(notice).to_be_hidden()
        if end == "stop":
            await page.listener.close()
        else:
            page.store.act.end_sessions()
            page.real.move(seconds=2)
        await tab.clock.run_for(10_000)
        await tab.clock.run_for(10_000)
        await tab.clock.run_for(10_000)
        await expect(notice).to_contain_text(words)

    browse(scene, quiet=False)


@pytest.mark.parametrize("button", ["Seen", "Snooze", "Useful", "Noise"])
def test_answers_work_without_script(browse, button):
    """A locked-down browser can do all that others can."""

    async def scene(page, tab):
        page.bring(*NEWS)
        await tab.goto("/")
        [number, _] = await _marks(tab)
        await tab.locator("article.alert").first.get_by_role("button", name=button).click()
        await expect(tab.get_by_role("status").first).to_be_visible()
        assert number in {str(one) for one in page.store.read.answers([1, 2])}

    browse(scene, script=False)


def test_two_windows_answer_one_alert(browse):
    """The second is told what the first one said, and nothing is counted twice."""

    async def scene(page, tab):
        page.bring(NEWS[0])
        other = await tab.context.new_page()
        for window in (tab, other):
            await window.goto("/")
        for window in (tab, other):
            await window.get_by_role("button", name="Useful").click()
            await expect(window.get_by_role("status").first).to_be_visible()
        assert len(page.store.read.answers([1])[1]) == 1

    browse(scene)


def test_a_fault_shows_while_typing(browse):
    """The playground says where a rule is wrong before it is tried, and keeps what was typed."""

    async def scene(page, tab):
        await tab.goto("/play?rule=metals/ban")
        text = await tab.locator("#text").input_value()
        await tab.locator("#text").fill(text.replace("$mineral NEAR", "$minral NEAR"))
        await expect(tab.locator("#complaints")).to_contain_text("did you mean", timeout=20_000)
        assert "$minral" in await tab.locator("#text").input_value()

    browse(scene)


@pytest.mark.parametrize("script", [True, False])
def test_a_change_shows_what_it_loses(browse, script):
    """What a change of a rule would have done is seen before it is made."""

    async def scene(page, tab):
        page.bring(*NEWS)
        await tab.goto("/play?rule=metals/ban")
        text = await tab.locator("#text").input_value()
        await tab.locator("#text").fill(text.replace("(ban~ OR halt~)", "ban~"))
        await tab.get_by_role("button", name="Try it").click()
        main = tab.locator("main")
        await expect(main).to_contain_text("1 lost, 0 gained", timeout=20_000)
        await expect(main).to_contain_text(NEWS[1])

    browse(scene, script=script, quiet=False)  # a check that has to wait is refused, and asked for again


def test_a_source_is_added_on_a_phone(browse, base):
    """With each step sound for people who cannot see it."""

    async def scene(page, tab):
        page.private = True

        async def press(name):
            await tab.get_by_role("button", name=name, exact=True).click()
            broken = (await Axe().run(tab)).response["violations"]
            assert not [one["id"] for one in broken]
            assert await tab.evaluate("document.documentElement.scrollWidth") == 390

        await tab.goto("/sources")
        await tab.get_by_role("link", name="Add a source").click()
        await tab.get_by_label("Address of a feed").fill(f"{base}/")
        await press("Look")
        await expect(tab.locator("main")).to_contain_text("China bans gallium exports")
        await tab.get_by_label("Name").fill("metal-wire")
        await press("Show the change")
        await expect(tab.locator("pre.diff")).to_contain_text(f"metal-wire: {{feed: {base}/feed}}")
        await press("Write it")
        await expect(tab.get_by_role("status").first).to_contain_text("The new source is written")

    browse(scene, width=390)


def test_a_word_is_added_where_an_entry_was_missed(browse):
    """By the keyboard alone, with each step sound for people who cannot see it."""

    async def scene(page, tab):
        page.bring("China bans GaAs wafer <script>document.title='taken'</script> exports")
        await tab.goto("/entries/1?rule=metals/ban")
        await tab.get_by_role("link", name="add a word to a list of it").press("Enter")
        await tab.get_by_label("List", exact=True).focus()
        await tab.keyboard.type("mineral: g")
        await tab.keyboard.press("Tab")
        await tab.keyboard.type("GaAs wafer")
        await tab.keyboard.press("Enter")
        write = tab.get_by_role("button", name="Write it")
        await expect(write).to_be_visible(timeout=20_000)
        await expect(tab.locator("main")).to_contain_text("This entry would meet metals/ban.")
        assert not (await Axe().run(tab)).response["violations"]
        await write.press("Enter")
        await expect(tab.get_by_role("status").first).to_contain_text("The word is written")
        assert await tab.title() == "Add a word · tocsin"

    browse(scene)


def test_a_link_logs_in_once(browse):
    """A link in a shell's history opens nothing a second time."""

    async def scene(page, tab):
        code = page.code()
        await tab.goto(f"/login?code={code}")
        await tab.get_by_role("button").first.click()
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Nothing needs you")
        await tab.get_by_role("link", name="log out").click()
        await tab.get_by_role("button").first.click()
        await tab.goto(f"/login?code={code}")
        await tab.get_by_role("button").first.click()
        await tab.goto("/")
        assert await tab.get_by_role("heading", level=1).text_content() != "Nothing needs you"

    browse(scene, log_in=False, quiet=False)


def test_the_message_as_sent_runs_in_a_frame_of_its_own(browse):
    """The mail is shown as it was, and can neither run nor load anything."""

    async def scene(page, tab):
        page.bring("China bans gallium <script>parent.document.title='taken'</script>")
        await tab.goto("/deliveries?state=all")
        await tab.locator("main table a").first.click()
        await expect(tab.get_by_role("heading", level=1)).to_be_visible()
        assert "taken" not in await tab.title()

    browse(scene)


def test_paper_shows_the_alert_alone(browse):
    """A printed alert has no navigation and no buttons."""

    async def scene(page, tab):
        page.bring(NEWS[0])
        await tab.goto("/alerts/1")
        await tab.emulate_media(media="print")
        await expect(tab.get_by_role("navigation", name="Pages")).to_be_hidden()
        await expect(tab.get_by_role("button", name="Seen")).to_be_hidden()
        await expect(tab.get_by_role("heading", level=1)).to_be_visible()

    browse(scene)
