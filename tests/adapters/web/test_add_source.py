"""A source is added on the page: polled once, shown as a change of the file, and written by a second act."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.loopback import documents
from adapters.web.conftest import CONFIG, NOON
from tocsin.config.build import dry_makers
from tocsin.config.config import load_config
from tocsin.service.assembly import proposer

ITEM = "<item><title>{}</title><guid>{}</guid><pubDate>Mon, 02 Mar 2026 1{}:00:00 GMT</pubDate></item>"
TITLES = (
    "Weather",
    "China bans gallium exports",
    "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt; \u202egnp.exe",
    "unbreakable" * 60,
)
FEED = f"<rss version='2.0'><channel><title>&lt;b&gt;Metal&lt;/b&gt;</title>{''.join(ITEM.format(*one, one[1]) for one in zip(TITLES, range(4), strict=True))}</channel></rss>"
PAGES = {
    "/feed": FEED,
    "/": "<html><link rel=alternate type=application/rss+xml href=/feed><link rel=alternate type=text/xml href='/two?a=1&b=\"x'>",
    "/page": "<html><p>nothing",
    "/dead": "<html><link rel=alternate type=application/rss+xml href=/none>",
    "/trap": "<html><link rel=alternate type=application/rss+xml href='http://169.254.169.254/latest'>",
}
#: A new source, as the second and third step send it.
NEW = {
    "address": "https://new.example/feed",
    "name": "new",
    "labels": "tier=trade\nregion=eu\nregion=us",
    "every": "30m",
}
LINE = "  new: {feed: https://new.example/feed, every: 30m, labels: {tier: trade, region: [eu, us]}}\n"


@pytest.fixture
def base() -> Iterator[str]:
    """The address of a server with a feed and pages."""
    with documents({path: body.encode() for path, body in PAGES.items()}) as address:
        yield address


def seen(text: str) -> str:
    """Return the digest of the file that a page with a change carries."""
    return re.search(r'name="seen" value="([0-9a-f]{64})"', text)[1]


def diff(text: str) -> str:
    """Return the change that a page shows, as text."""
    return html.unescape(re.sub(r"<[^>]+>", "", re.search(r'<pre class="diff"[^>]*>(.*?)</pre>', text, re.DOTALL)[1]))


def test_an_address_becomes_a_source_in_three_steps(serve, base, tmp_path):
    """A page leads to its feeds, a poll shows what is in them, and only the last step writes, what was shown and no more."""
    path = tmp_path / "config.yaml"

    async def scene(page):
        page.private = True
        before = path.read_text(encoding="utf-8")
        first = await page.get("/add-source?address=example.org")
        found = await page.post("/add-source/test", {"address": f"{base}/"})
        change = await page.post("/add-source/change", NEW)
        assert path.read_text(encoding="utf-8") == before
        done = await page.post("/add-source", {**NEW, "seen": seen(change.text)})
        waits = await page.get(done.headers["Location"])
        config = load_config(path, {})
        await page.listener.adopt(replace(config, web=page.daemon.config.web), page.daemon.rules)
        return before, first, found, change, done, waits, await page.get(done.headers["Location"]), page.calls

    before, first, found, change, done, waits, after, calls = serve(scene)
    assert 'value="example.org"' in first.text
    assert "RSS 2.0: 4 entries" in found.text
    assert "1 entry would have met a rule." in found.text
    assert found.text.index("China bans gallium exports") < found.text.index("Weather")
    assert "meets metals/ban" in found.text
    assert f'name="address" value="{base}/feed"' in found.text
    assert f'name="address" value="{base}/two?a=1&amp;b=%22x"' in found.text
    assert 'value="127-0-0-1"' in found.text
    assert f"+{LINE}" in diff(change.text)
    assert "s3cret" not in change.text
    assert (done.status, done.headers["Location"]) == (303, "/sources?added=new")
    assert "reload" in calls
    assert path.read_text(encoding="utf-8") == before.replace("instruments:", f"{LINE}instruments:")
    assert "as soon as the daemon has read the file" in waits.text
    assert '<a href="/sources/new">new</a> is polled from now on' in after.text


def test_what_strangers_write_stays_text(serve, base):
    """Titles and addresses of a feed that nobody knows yet are shown before anybody trusts it."""

    async def scene(page):
        page.private = True
        return await page.post("/add-source/test", {"address": f"{base}/"})

    text = serve(scene).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    assert "<b>Metal" not in text


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("", 400, "must be an address that begins with http"),
        ("file:///etc/passwd", 400, "must be an address that begins with http"),
        ("http://[", 400, "is not an address"),
        (f"https://e.com/{'x' * 3000}", 400, "is too long"),
        ("https://me:geheim@new.example/feed", 400, "holds a secret"),
        ("https://new.example/feed?token=geheim", 400, "holds a secret"),
        ("https://example.org/feed", 400, "polled already, as the source wire"),
        ("{base}/page", 502, "not a feed but an HTML page"),
        ("{base}/none", 502, "404"),
    ],
)
def test_an_address_that_is_no_source_is_refused_with_words(serve, base, address, status, words):
    """Before anything is written, and what was typed is still there."""

    async def scene(page):
        page.private = True
        return await page.post("/add-source/test", {"address": address.replace("{base}", base)})

    answer = serve(scene)
    assert (answer.status, words in html.unescape(answer.text)) == (status, True), answer.text
    assert "Show the change" not in answer.text
    assert "geheim" not in answer.text


def test_feeds_of_a_page_can_be_tried_although_the_first_is_dead(serve, base):
    """Somebody else's page is not kept in order."""

    async def scene(page):
        page.private = True
        return await page.post("/add-source/test", {"address": f"{base}/dead"})

    answer = serve(scene)
    assert answer.status == 502
    assert f'value="{base}/none"' in answer.text


def test_nothing_inside_can_be_reached_by_an_address(serve, base):
    """The daemon stands where the browser does not: neither this machine nor a cloud's metadata, not even by a page's links."""

    async def scene(page):
        loopback = await page.post("/add-source/test", {"address": f"{base}/feed"})
        named = await page.post("/add-source/test", {"address": base.replace("127.0.0.1", "localhost")})
        page.private = True
        trap = await page.post("/add-source/test", {"address": f"{base}/trap"})
        return loopback, named, trap

    for answer, words in zip(serve(scene), ("loopback", "loopback", "metadata"), strict=True):
        assert answer.status == 502
        assert words in answer.text
        assert "gallium" not in answer.text


def test_one_address_is_polled_at_a_time(serve):
    """An impatient hand is no load for somebody else's server."""

    async def scene(page):
        begun, go = asyncio.Event(), asyncio.Event()

        async def poll(source):
            begun.set()
            await go.wait()
            raise TimeoutError

        page.daemon.poll = poll
        slow = asyncio.create_task(page.post("/add-source/test", {"address": "https://a.example"}))
        await begun.wait()
        busy = await page.post("/add-source/test", {"address": "https://b.example"})
        go.set()
        return busy, await slow

    busy, slow = serve(scene)
    assert (busy.status, slow.status) == (503, 400)
    assert "no whole answer within 30 seconds" in slow.text
    assert "Another address is being polled." in busy.text
    assert 'value="https://b.example"' in busy.text


def refuse(serve, folder, path, sent, words):
    """Send the form of *path* to both of its last steps; they write nothing, and show it again with *words*."""
    file = folder / "config.yaml"

    async def scene(page):
        before = file.read_bytes()
        answers = [await page.post(f"{path}/change", sent), await page.post(path, {**sent, "seen": "x"})]
        assert file.read_bytes() == before
        return answers

    for answer in serve(scene):
        assert answer.status in (400, 409)
        assert words in html.unescape(answer.text)
        assert "Write it" not in answer.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "a b", "must be letters, digits, dots"),
        ("name", "wire", "the name wire is taken"),
        ("every", "soon", "Poll it every: must be a whole number and one unit"),
        ("every", "0s", "every must be 1s or more"),
        ("labels", "tier", "Labels: write name=value"),
        ("labels", "tier=trade\u200b", "Labels: it holds the invisible character U+200B; type it again"),
        ("address", "https://example.org/feed", "polled already"),
        ("address", "javascript:alert(1)", "is not an address"),
    ],
)
def test_a_form_that_would_not_work_is_shown_again(serve, tmp_path, field, value, words):
    """The second and the last step look at all of it themselves: a form may come from anywhere."""
    refuse(serve, tmp_path, "/add-source", {**NEW, field: value}, words)


def test_no_reference_to_a_secret_can_be_written(serve, tmp_path):
    """Whoever may use the page may not read the environment and the files of the daemon by way of a feed's address."""

    async def scene(page):
        sent = {**NEW, "address": "https://new.example/${HOME}", "labels": "a=${file:/etc/passwd}"}
        change = await page.post("/add-source/change", sent)
        await page.post("/add-source", {**sent, "seen": seen(change.text)})
        return load_config(tmp_path / "config.yaml", {"HOME": "taken"})

    new = serve(scene).sources[1]
    assert new.url.reveal() == "https://new.example/${HOME}"
    assert new.labels == {"a": ("${file:/etc/passwd}",)}


def test_a_file_that_changed_is_shown_again_before_it_is_written(serve, tmp_path):
    """An editor that saves meanwhile loses nothing, and neither does the person on the page. A second press adds nothing."""
    path = tmp_path / "config.yaml"

    async def scene(page):
        change = await page.post("/add-source/change", NEW)
        edited = path.read_text(encoding="utf-8") + "retention: 30d  # mine\n"
        path.write_text(edited, encoding="utf-8")
        again = await page.post("/add-source", {**NEW, "seen": seen(change.text)})
        assert path.read_text(encoding="utf-8") == edited
        done = await page.post("/add-source", {**NEW, "seen": seen(again.text)})
        twice = await page.post("/add-source", {**NEW, "seen": seen(again.text)})
        return again, done, twice

    again, done, twice = serve(scene)
    assert (again.status, done.status, twice.status) == (409, 303, 409)
    assert "was changed since you were shown" in again.text
    text = path.read_text(encoding="utf-8")
    assert text.count("new.example") == 1
    assert text.endswith("retention: 30d  # mine\n")


def refused(page, path):
    """The daemon runs the last good configuration."""
    page.health = replace(page.health, refused=NOON, words="config.yaml:1:1: unknown key")


def gone(page, path):
    """Somebody moved the file away."""
    path.unlink()


def broken(page, path):
    """Somebody saves a file with a fault, which the daemon has not read yet."""
    path.write_text("sources: [\n", encoding="utf-8")


def fixed(page, path):
    """Nothing can be made beside the file; here because the name of what is made would be too long."""
    long = path.with_name("c" * 250)
    path.rename(long)
    path.symlink_to(long)


def dry(page, path):
    """The daemon is a dry run."""
    page.daemon.propose = proposer(path, {}, dry_makers())


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (refused, "tocsin does not run what"),
        (gone, "cannot be read"),
        (broken, "the file was left as it is, because it is not a map"),
        (fixed, "cannot be written: File name too long; let the user of tocsin write there, or add this by hand:"),
        (dry, "this is a dry run, which writes no file"),
    ],
    ids=["refused", "gone", "broken", "unwritable", "dry run"],
)
def test_a_file_that_cannot_be_added_to_is_left_and_the_reason_said(serve, tmp_path, happens, words):
    """With what to do, in the last step too: what was true when the change was shown may be false now."""
    path = tmp_path / "config.yaml"

    async def scene(page):
        change = await page.post("/add-source/change", NEW)
        happens(page, path)
        before = path.read_bytes() if path.exists() else None
        answer = await page.post("/add-source", {**NEW, "seen": seen(change.text)})
        assert (path.read_bytes() if path.exists() else None) == before
        return answer, page.calls

    answer, calls = serve(scene)
    assert answer.status == 409
    assert words in html.unescape(answer.text)
    assert 'value="https://new.example/feed"' in answer.text
    assert "reload" not in calls


def test_a_file_that_is_replaced_at_the_last_moment_stays(serve, tmp_path):
    """An editor that saves between the last look and the writing has the last word."""
    path = tmp_path / "config.yaml"

    async def scene(page):
        change = await page.post("/add-source/change", NEW)
        propose = page.daemon.propose

        def late(edit):
            addition = propose(edit)
            path.write_bytes(addition.before + b"# mine\n")
            return addition

        page.daemon.propose = late
        return await page.post("/add-source", {**NEW, "seen": seen(change.text)})

    answer = serve(scene)
    assert (answer.status, "was changed in the meantime; nothing was written" in answer.text) == (409, True)
    text = path.read_text(encoding="utf-8")
    assert text.endswith("# mine\n")
    assert "new.example" not in text


def test_a_folder_that_is_read_only_is_said_before_anything_is_typed(serve, tmp_path, monkeypatch):
    """As below a hardened unit, where the configuration lies in /etc."""
    monkeypatch.setattr("os.access", lambda *_: False)

    async def scene(page):
        return await page.get("/add-source"), await page.post("/add-source/change", NEW)

    first, change = serve(scene)
    for answer in (first, change):
        assert "tocsin may not write into" in answer.text
    assert change.status == 400


def test_a_kill_before_the_reload_loses_nothing(serve, tmp_path):
    """The file is whole from the moment that it is there, and the next start reads it."""

    async def scene(page):
        change = await page.post("/add-source/change", NEW)

        def killed() -> None:
            raise RuntimeError("killed")

        page.daemon.reload = killed
        answer = await page.post("/add-source", {**NEW, "seen": seen(change.text)})
        return answer, await page.post("/add-source", {**NEW, "seen": seen(change.text)})

    lost, again = serve(scene)
    assert (lost.status, again.status) == (500, 409)
    assert load_config(tmp_path / "config.yaml", {}).names.count("new") == 1
    assert not list(tmp_path.glob(".config.yaml.*"))


def test_blanks_around_a_label_mean_nothing(serve):
    """As people write it: a label whose name ends with a blank would be another one, which no rule asks for."""
    labels = " tier = trade\nregion =eu\nregion= us"
    change = serve(lambda page: page.post("/add-source/change", {**NEW, "labels": labels}))
    assert LINE in diff(change.text)


TOKEN = "token-token-token-token-token"


def test_only_people_add_sources(serve):
    """No token, whatever it may, and no page of another site; a reader may look at the form."""
    tokens = "".join(f"  {name}: {{secret: {TOKEN}-{name}, may: {name}}}\n" for name in ("read", "act", "ingest"))

    async def scene(page):
        found = [
            (await page.post(path, NEW, headers={"Authorization": f"Bearer {TOKEN}-{name}"})).status
            for name in ("read", "act", "ingest")
            for path in ("/add-source/test", "/add-source/change", "/add-source")
        ]
        form = await page.get("/add-source", headers={"Authorization": f"Bearer {TOKEN}-read"})
        await page.log_in()
        other = await page.ask("POST", "/add-source/test", data=NEW, headers={"Sec-Fetch-Site": "cross-site"})
        return found, form.status, other.status

    assert serve(scene, web=f"tokens:\n{tokens}", log_in=False) == ([403] * 9, 200, 403)


def test_the_list_leads_to_it(serve):
    """Also where nothing is polled yet."""
    assert 'href="/add-source"' in serve(lambda page: page.get("/sources"), config=CONFIG).text
