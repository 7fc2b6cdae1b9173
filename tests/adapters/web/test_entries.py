"""The entries: a search in bounded pieces, and one entry against every rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.web.conftest import HOSTILE
from tocsin.model.articles import with_article
from tocsin.model.reasons import Cause, Reason
from tocsin.store.queries.search import Wanted


def test_entries_are_listed_with_the_rules_that_they_met(serve):
    """The newest stands first; a match leads to its explanation."""

    async def scene(page):
        page.bring("China bans gallium exports", "A quiet day at the harbour")
        return await page.get("/entries")

    text = serve(scene).text
    assert text.index("A quiet day") < text.index("China bans")
    assert '<a href="/entries/1?rule=metals%2Fban">metals/ban</a>' in text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("q=gallium", [1, 3]),
        ("q=GALLIUM+bans", [1]),
        ("q=%25", []),
        ("met=yes", [1]),
        ("met=no", [2, 3, 4]),
        ("met=metals%2Fban", [1]),
        ("source=daily", [4]),
        ("source=nobody", []),
        ("since=2026-03-02T12:01:30", [4]),
        ("q=gallium&met=no&since=1d", [3]),
    ],
)
def test_each_filter_finds_what_fits(serve, query, wanted):
    """Words may stand in headline or text, in any case; filters add up, and a percent sign is a character."""

    async def scene(page):
        page.bring("China bans gallium exports", "A quiet day", "Traders sell gallium")
        page.bring("Harbour opens", source="daily")
        return await page.get(f"/entries?{query}")

    answer = serve(scene)
    assert answer.status == 200
    assert [n for n in range(1, 5) if f'href="/entries/{n}"' in answer.text] == wanted


def test_a_long_list_goes_on_where_it_ended(serve):
    """Every entry is on one of the pages, none is on two, and no place in the list is taken for its beginning."""

    async def scene(page):
        page.bring(*(f"Headline {n}" for n in range(1, 72)))
        first = await page.get("/entries?source=wire")
        paths = "/entries?source=wire&cursor=22", "/entries?cursor=elsewhere"
        return first, *[await page.get(path) for path in paths]

    first, second, elsewhere = serve(scene)
    assert 'href="/entries?source=wire&amp;cursor=22"' in first.text
    numbers = [n for n in range(1, 72) for one in (first, second) if f'href="/entries/{n}"' in one.text]
    assert numbers == list(range(1, 72))
    assert "Older entries" not in second.text
    assert elsewhere.status == 400


def test_a_search_that_runs_out_of_time_goes_on_where_it_stopped(serve):
    """A reader is never busy for long, and nothing is left out: the next page begins where this one ended."""

    async def scene(page):
        page.bring(*(f"Headline {n}" for n in range(1, 702)))
        wanted = Wanted(since=page.clock.now().replace(year=2025), words=("99",))
        parts = [page.store.read.search_entries(wanted, within=-1)]
        while (following := parts[-1].next) and len(parts) < 9:
            parts.append(page.store.read.search_entries(replace(wanted, before=following), within=-1))
        return parts

    *parts, last = serve(scene)
    assert parts
    assert all(not part.complete and part.reached for part in parts)
    assert (last.complete, last.next) == (True, None)
    found = [one.number for part in (*parts, last) for one in part.entries]
    assert found == [699, 599, 499, 399, 299, 199, 99]


def test_an_empty_answer_says_which_sources_could_not_be_read(serve):
    """Who finds nothing has to know whether there was nothing, or nobody looked."""

    async def scene(page):
        before = await page.get("/entries")
        page.store.sync_sources([("wire", "https://example.org/feed", "feed")], page.clock.now(), {})
        with page.store.database.write() as session:
            session.connection().exec_driver_sql("UPDATE source SET unhealthy = 1, last_error = 'no route to host'")
        return before, await page.get("/entries?q=gallium")

    before, after = serve(scene)
    assert "Every source could be read in that time." in before.text
    assert "Not read in that time" in after.text
    assert "no route to host" in after.text


@pytest.mark.parametrize("query", ["since=yesterday", "since=-3d", "since=9999-99-99", "since=0001-01-01"])
def test_a_time_that_is_none_is_refused_with_words(serve, query):
    """The address of a page is typed by people."""
    answer = serve(lambda page: page.get(f"/entries?{query}"))
    assert answer.status == 400
    assert "neither a span such as 30d nor a date" in answer.text


def test_one_entry_is_shown_against_every_rule(serve):
    """Why a rule was met, and for a rule that was not the nearest miss as a sentence."""

    async def scene(page):
        page.bring("China bans gallium exports", "Traders sell gallium")
        return [await page.get(path) for path in ("/entries/1?rule=ban", "/entries/2", "/entries/2?rule=metals/ban")]

    met, overview, missed = serve(scene)
    assert '<span class="good">met</span>' in met.text
    assert "<mark>bans</mark>" in met.text
    assert "opened alert 1" in met.text
    assert "Met · 0" in overview.text
    assert "Not met · 1" in overview.text
    assert "Nothing in the text fits (ban~ OR halt~)." in missed.text
    assert "no match was recorded" in missed.text
    assert 'href="/play?rule=metals%2Fban&amp;entry=2"' in missed.text


def test_an_entry_shows_what_rules_know_of_it(serve):
    """Labels decide about a rule as words do; and from an entry it is one step to its source."""

    async def scene(page):
        entry = page.entry("China bans gallium exports", labels={"tier": ("primary",), "company": ("<mp>", "glencore")})
        page.bring(replace(entry, published=None))
        return await page.get("/entries/1")

    text = " ".join(serve(scene).text.split())
    assert "</a> · tier=primary · company=&lt;mp&gt;, glencore</p>" in text
    assert '<a href="/sources/wire">wire</a> · without a date · seen' in text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/entries/7", 404), ("/entries/x", 404), ("/entries/1?rule=nothing", 404), ("/entries/1?rule=ban", 200)],
)
def test_what_is_not_there_is_said(serve, path, status):
    """A wrong number or rule is a page that says so."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return await page.get(path)

    assert serve(scene).status == status


def test_hostile_text_is_text(serve):
    """Markup, marks that reverse a line, and links that are code come to nothing on both pages."""

    async def scene(page):
        page.bring(page.entry(HOSTILE, link="javascript:alert(1)"))
        return await page.get("/entries"), await page.get("/entries/1?rule=ban")

    for answer in serve(scene):
        assert answer.status == 200
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "javascript:" not in answer.text
        assert "\u202e" not in answer.text


def test_an_entry_whose_text_was_deleted_still_has_a_page(serve):
    """Retention takes the text; the headline and what became of it stay."""

    async def scene(page):
        page.bring("China bans gallium exports")
        with page.store.database.write() as session:
            session.connection().exec_driver_sql("UPDATE entry SET pruned = 1, summary = '', body = ''")
        return await page.get("/entries/1?rule=ban")

    text = serve(scene).text
    assert "was deleted, so no rule can be tried on it" in text
    assert "opened alert 1" in text


def test_what_a_filter_dropped_is_shown_with_the_reason(serve):
    """In the list, at the entry, and counted at its source; the text of strangers is text there, too."""

    async def scene(page):
        reason = Reason(cause=Cause.DROPPED, words='category="<b>"', by="tocsin.yaml:4")
        page.bring(page.entry(f"{HOSTILE} at the harbour", dropped=reason), page.entry("A quiet day"))
        paths = "/entries?met=dropped", "/entries/1", "/sources/wire"
        return [(await page.get(path)).text for path in paths]

    listed, entry, source = serve(scene)
    assert 'href="/entries/1"' in listed
    assert 'href="/entries/2"' not in listed
    for text in (listed, entry):
        assert "filter: drop: category=&#34;&lt;b&gt;&#34; (tocsin.yaml:4)" in text
        assert "<b>&#34;" not in text
    assert "No rule judged it" in entry
    assert '<a href="/entries?source=wire&amp;met=dropped">1 entry</a> by its filter' in source


def test_a_quote_from_an_article_says_so(serve):
    """Whoever looks for it in the feed would not find it."""

    async def scene(page):
        body, start = with_article("A teaser.", "China bans gallium exports from Monday on.")
        page.bring(page.entry("Notice No. 46", body=body, article_at=start, summary=""))
        return [(await page.get(path)).text for path in ("/entries/1?rule=metals/ban", "/alerts/1")]

    for text in serve(scene):
        assert "In the article:" in text
