"""A word is added to a list on the page: shown with what it would find, and written by a second act."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from adapters.web.conftest import CONFIG, NOON
from adapters.web.test_add_source import TOKEN, diff, refuse, seen
from tocsin.config.config import load_config
from tocsin.config.loading import rules_of

NEW = {"rule": "metals/ban", "into": "metals/mineral/gallium", "word": "GaAs wafer"}
OVERRIDE = 'overrides:\n  metals: {lists: {mineral: {gallium: ["GaAs wafer"]}}}\n'


def taken(page, path):
    """Let the daemon read its file, as after a reload."""
    config = load_config(path, {})
    return page.listener.adopt(replace(config, web=page.daemon.config.web), rules_of(config))


def test_a_word_is_written_after_it_was_seen_what_it_finds(serve, tmp_path):
    """From an entry that no rule met to a rule that meets it, with no file opened by hand."""
    path = tmp_path / "config.yaml"

    async def scene(page):
        page.bring("Ministry bans <b>GaAs wafer</b> exports", "China bans gallium exports", "Weather")
        before = path.read_text(encoding="utf-8")
        missed = await page.get("/entries/1?rule=metals/ban")
        form = await page.get("/add-word?rule=metals%2Fban&entry=1")
        change = await page.post("/add-word/change", {**NEW, "entry": "1"})
        assert path.read_text(encoding="utf-8") == before
        done = await page.post("/add-word", {**NEW, "entry": "1", "seen": seen(change.text)})
        assert path.read_text(encoding="utf-8").startswith(f"{before}\n{OVERRIDE}")
        await taken(page, path)
        return missed, form, change, done, await page.get(done.headers["Location"]), page.calls

    missed, form, change, done, after, calls = serve(scene)
    assert 'href="/add-word?rule=metals%2Fban&amp;entry=1"' in missed.text
    assert '<option value="metals/mineral/gallium">mineral: gallium</option>' in form.text
    assert "metals/ban: " in form.text
    assert diff(change.text).endswith("+" + "\n+".join(OVERRIDE.splitlines()) + "\n")
    assert "Of 3 entries in the last 7d" in change.text
    assert "<b>1 gained and 0 lost</b> a rule; 1 meet one with and without it." in change.text
    assert "This entry would meet metals/ban." in change.text
    assert '<a href="/entries/1?rule=metals%2Fban">Ministry bans &lt;b&gt;GaAs wafer' in change.text
    assert (done.status, "reload" in calls) == (303, True)
    assert "The word is written." in after.text
    assert "meets metals/ban" in after.text


def test_a_word_that_is_left_out_loses_entries(serve):
    """What a minus takes away is as much a change as what a word finds; words that are there already are shown."""

    async def scene(page):
        page.bring("China bans gallium nitride chargers", "China bans gallium exports")
        return await page.post("/add-word/change", {**NEW, "word": "-gallium nitride", "entry": "1"})

    text = serve(scene).text
    assert "0 gained and 1 lost" in text
    assert "This entry would no longer meet metals/ban." in text
    assert "<h2>Lost · 1</h2>" in text
    assert "<summary>1 word in it now</summary><code>gallium</code></details>" in text


def test_what_speaks_against_a_word_is_said_before_it_is_written(serve):
    """A word that finds nothing new, or breaks what the pack promises of itself."""

    async def scene(page):
        twice = await page.post("/add-word/change", {**NEW, "word": "Gallium"})
        breaks = await page.post("/add-word/change", {**NEW, "word": "-gallium exports"})
        return twice, breaks

    twice, breaks = serve(scene)
    assert "Warning: Gallium finds nothing that gallium" in twice.text
    assert "Warning: this should fire metals/ban, but does not" in html.unescape(breaks.text)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("into", "", "choose a list"),
        ("into", "metals/mineral", "there is no list metals/mineral"),
        (
            "into",
            "metals/mineral/galium",
            "there is no list metals/mineral/galium; did you mean metals/mineral/gallium?",
        ),
        ("into", "metals/nothing", "there is no list metals/nothing"),
        ("word", "", "write a word or a few"),
        ("word", "x" * 201, "write a word or a few"),
        ("word", "a\nb", "the word holds the invisible character U+000A; type it again"),
        ("word", "GaAs\xad wafer", "the word holds the invisible character U+00AD; type it again"),
        ("word", "gallium", "the list has gallium already"),
        ("word", "/(/", "/(/: "),
        ("word", "*", "*: "),
        ("word", "${HOME}", "a word cannot hold ${"),
    ],
)
def test_a_word_that_cannot_be_one_is_refused(serve, tmp_path, field, value, words):
    """By the last step too, and what was typed is still there."""
    refuse(serve, tmp_path, "/add-word", {**NEW, field: value}, words)


def test_a_word_that_was_copied_from_a_page_has_usual_blanks(serve):
    """No headline has the others, and nobody sees them."""
    text = serve(lambda page: page.post("/add-word/change", {**NEW, "word": "GaAs\xa0\u3000wafer"})).text
    assert "GaAs  wafer" in html.unescape(diff(text))


@pytest.mark.parametrize("word", ["$MP", "no", "=US", '"quoted" <b>', "镓", "-silver: medal"])
def test_any_word_stays_what_was_typed(serve, tmp_path, word):
    """Neither YAML nor a reference to a secret is made of it, and the list knows it after the reload."""

    async def scene(page):
        change = await page.post("/add-word/change", {**NEW, "word": word})
        done = await page.post("/add-word", {**NEW, "word": word, "seen": seen(change.text)})
        assert done.status == 303, done.text
        await taken(page, tmp_path / "config.yaml")
        return page.daemon.config.overrides

    [override] = serve(scene)
    assert override.lists[0].groups[0][1][0].text == word


def test_a_word_joins_an_override_that_is_there_and_changes_meanwhile_are_seen(serve, tmp_path):
    """Comments stay, a file that changed is shown again, and what stands elsewhere on the line is not shown."""
    path = tmp_path / "config.yaml"
    config = f"{CONFIG}overrides:\n  metals: {{lists: {{mineral: {{gallium: [GaN, -GaN charger]}}}}}}  # ours\n"

    async def scene(page):
        change = await page.post("/add-word/change", NEW)
        path.write_text(path.read_text(encoding="utf-8") + "retention: 30d\n", encoding="utf-8")
        again = await page.post("/add-word", {**NEW, "seen": seen(change.text)})
        done = await page.post("/add-word", {**NEW, "seen": seen(again.text)})
        await taken(page, path)
        twice = await page.post("/add-word", {**NEW, "seen": seen(again.text)})
        return change, again, done, twice, await page.post("/add-word/change", {**NEW, "word": "Ga"})

    change, again, done, twice, more = serve(scene, config=config)
    assert '+…, "GaAs wafer"…' in diff(change.text)
    assert (again.status, done.status, twice.status) == (409, 303, 409)
    assert "was changed since you were shown" in again.text
    assert "the list has GaAs wafer already" in twice.text
    assert "3 words in it now" in more.text
    text = path.read_text(encoding="utf-8")
    assert '  metals: {lists: {mineral: {gallium: [GaN, -GaN charger, "GaAs wafer"]}}}  # ours\n' in text
    assert text.endswith("retention: 30d\n")


def test_a_change_is_shown_although_it_cannot_be_tried_now(serve, monkeypatch):
    """Another trial holds nobody up who knows what to write."""
    monkeypatch.setattr("tocsin.web.trial._PATIENCE", 0.01)

    async def scene(page):
        async with page.daemon.trial:
            return await page.post("/add-word/change", NEW)

    answer = serve(scene)
    assert answer.status == 200
    assert "What it would find was not tried. Another rule is being tried." in answer.text
    assert "Write it" in answer.text


def test_a_rule_that_is_off_finds_nothing_by_a_word(serve):
    """Its lists can be added to, but no entry is said to be gained by it."""
    config = f"{CONFIG}overrides:\n  metals/ban: {{disable: true}}\n"

    async def scene(page):
        empty = await page.post("/add-word/change", NEW)
        page.bring("Ministry bans GaAs wafer exports")
        await taken(page, page.daemon.config.path)
        return empty, await page.post("/add-word/change", NEW)

    empty, off = serve(scene, config=config)
    assert "No entry of the last 7d is stored to try it on." in empty.text
    assert "<b>none</b> gained or lost a rule; 0 meet one" in off.text
    assert "Write it" in off.text


def test_a_file_that_does_not_run_is_not_added_to(serve, tmp_path):
    """A daemon on its last good configuration would not read the word."""
    path = tmp_path / "config.yaml"

    async def scene(page):
        change = await page.post("/add-word/change", NEW)
        before = path.read_bytes()
        page.health = replace(page.health, refused=NOON, words="fault")
        answer = await page.post("/add-word", {**NEW, "seen": seen(change.text)})
        assert path.read_bytes() == before
        return answer, await page.get("/add-word")

    for answer in serve(scene):
        assert "tocsin does not run what" in answer.text


def test_only_people_add_words(serve):
    """No token, whatever it may; a rule that is not there is said."""

    async def scene(page):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        found = [(await page.post(path, NEW, headers=headers)).status for path in ("/add-word/change", "/add-word")]
        await page.log_in()
        return found, (await page.get("/add-word?rule=none")).status

    assert serve(scene, web=f"tokens: {{all: {{secret: {TOKEN}, may: act}}}}", log_in=False) == ([403, 403], 404)
