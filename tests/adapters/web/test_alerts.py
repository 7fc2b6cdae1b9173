"""The list of alerts: filters in the address, facets, parts, and exports of the same query."""

from __future__ import annotations

import csv
import io
import json
import re
from xml.etree import ElementTree as ET

import pytest

from adapters.web.conftest import HOSTILE
from tocsin.render.objects import plain
from tocsin.store.db.tables import AlertRow

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def listed(answer):
    """The numbers of the alerts in a list."""
    return [int(number) for number in re.findall(r'<div class="row" data-alert="(\d+)"', answer.text)]


def fill(page):
    """Four alerts, one of them answered, one medium: 1 to 4, the last a day after the others."""
    page.bring("China bans gallium exports", "Chile halts cobalt mine for a strike")
    page.clock.move(days=1)
    page.bring("Export ban on gallium and cobalt from Peru", page.entry("Gallium halted", publisher="Trade Gazette"))
    with page.store.database.write() as session:
        session.connection().exec_driver_sql("UPDATE alert SET severity = 'medium' WHERE id = 2")


def test_alerts_are_listed_by_day(serve):
    """The newest first, in the zone of the pages."""

    async def scene(page):
        fill(page)
        return await page.get("/alerts")

    answer = serve(scene)
    assert listed(answer) == [4, 3, 2, 1]
    assert answer.text.index("Tuesday 3 March 2026") < answer.text.index("Monday 2 March 2026")
    assert "4 alerts" in answer.text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("q=strike", [2]),
        ("q=STRIKE+mine", [2]),
        ("q=gazette", [4]),
        ("q=metals", [4, 3, 2, 1]),
        ("q=%233", [3]),
        ("q=100%25", []),
        ("severity=medium", [2]),
        ("severity=medium,high", [4, 3, 2, 1]),
        ("state=open", [4, 3, 2]),
        ("state=useful", [1]),
        ("since=12h", [4, 3]),
        ("until=12h", [2, 1]),
        ("since=2026-03-03", [4, 3]),
        ("rule=ban", [4, 3, 2, 1]),
        ("rule=metals/strike", []),
        ("label=mineral%3Dcobalt", [3, 2]),
        ("label=mineral%3Dcobalt,mineral%3Dgallium", [3]),
        ("held=1", [4]),
        ("suppressed=1", []),
        ("q=gallium&state=open&severity=high&since=all", [4, 3]),
    ],
)
def test_each_filter_finds_what_fits(serve, query, wanted):
    """The address is the query, so that it can be kept and sent."""

    async def scene(page):
        fill(page)
        await page.post("/answers", {"numbers": "1", "answer": "useful"})
        return await page.get(f"/alerts?{query}")

    assert listed(serve(scene)) == wanted


def test_the_last_snooze_counts(serve):
    """A shorter one takes the place of a longer one, also once it has ended."""

    async def scene(page):
        page.bring("China bans gallium exports")
        for length in ("1d", "1h"):
            await page.post("/answers", {"numbers": "1", "answer": "snooze", "for": length})
            page.clock.move(minutes=1)
        during = await page.get("/alerts?state=snoozed")
        page.clock.move(hours=2)
        return during, await page.get("/alerts?state=open")

    during, after = serve(scene)
    assert (listed(during), listed(after)) == ([1], [1])


@pytest.mark.parametrize("query", ["severity=loud", "state=maybe", "since=soon", "until=x", "label=mineral"])
def test_a_filter_that_is_none_is_refused_with_words(serve, query):
    """A slip is explained, and not taken for everything."""

    async def scene(page):
        return await page.get(f"/alerts?{query}")

    answer = serve(scene)
    assert answer.status == 400
    assert f"{query.partition('=')[0]}=" in answer.text


def test_facets_count_what_else_could_be_chosen_and_filters_are_removed(serve):
    """From a list that is too long to one that fits, and back."""

    async def scene(page):
        fill(page)
        return await page.get("/alerts"), await page.get("/alerts?severity=high&q=gallium")

    whole, some = serve(scene)
    assert 'href="/alerts?label=mineral%3Dgallium">gallium <span class="small">3</span>' in whole.text
    assert 'href="/alerts?severity=medium">medium <span class="small">1</span>' in whole.text
    assert 'href="/alerts?q=gallium" aria-label="Remove the filter: severity high"' in some.text
    assert 'href="/alerts?severity=high" aria-label="Remove the filter: words gallium"' in some.text
    assert "of the last 30 days" in some.text


def test_a_search_for_words_looks_at_thirty_days_unless_it_says_so(serve):
    """The whole past is one click away."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.clock.move(days=40)
        return await page.get("/alerts?q=gallium"), await page.get("/alerts?q=gallium&since=all")

    short, whole = serve(scene)
    assert (listed(short), listed(whole)) == ([], [1])
    assert 'href="/alerts?q=gallium&amp;since=all"' in short.text


def test_an_empty_list_says_how_to_loosen_it(serve):
    """And where it is told why no rule met an entry."""

    async def scene(page):
        none = await page.get("/alerts")
        fill(page)
        return none, await page.get("/alerts?q=zinc&severity=high")

    none, nothing = serve(scene)
    assert "No alerts yet." in none.text
    assert "No alert fits." in nothing.text
    assert '<a href="/alerts?severity=high">Without words zinc</a>' in nothing.text
    assert 'href="/entries?q=zinc&amp;met=no"' in nothing.text


def test_a_long_list_goes_on_where_it_ended(serve):
    """No alert is left out or shown twice, even if the last one shown has left the list, or the database by a restore."""

    async def scene(page):
        page.bring("China bans gallium exports")
        names = [column.name for column in AlertRow.metadata.tables["alert"].columns if column.name != "id"]
        with page.store.database.write() as session:
            for number in range(2, 121):
                session.connection().exec_driver_sql(
                    f"INSERT INTO alert (id, {', '.join(names)}) SELECT {number}, {', '.join(names)} FROM alert WHERE id = 1"
                )
        first = await page.get("/alerts?state=open")
        await page.post("/answers", {"numbers": str(listed(first)[-1]), "answer": "ack"})
        with page.store.database.write() as session:
            session.connection().exec_driver_sql(f"DELETE FROM answer WHERE alert_id = {listed(first)[-1]}")
            session.connection().exec_driver_sql(f"DELETE FROM alert WHERE id = {listed(first)[-1]}")
        seen = [first]
        while following := re.search(r'href="(/alerts\?[^"]*cursor=[\d-]+)"', seen[-1].text):
            seen.append(await page.get(following[1].replace("&amp;", "&")))
        return page.store.read.counts().alerts, [listed(one) for one in seen]

    total, parts = serve(scene)
    numbers = [number for part in parts for number in part]
    assert total == 119
    assert numbers == list(range(120, 0, -1))
    assert len(parts[0]) == 50


def test_json_has_the_objects_of_the_command_line(serve):
    """What a script reads from one, it reads from the other."""

    async def scene(page):
        fill(page)
        await page.post("/answers", {"numbers": "1", "answer": "useful"})
        alerts, said = page.store.read.alerts(None), page.store.read.answered([1])
        expected = [{**plain(one), "answered": plain(said.get(one.id, type(said[1])()))} for one in alerts]
        return (
            json.loads((await page.get("/alerts.json")).text),
            json.loads((await page.get("/alerts.json?label=mineral%3Dcobalt")).text),
            expected,
        )

    whole, some, expected = serve(scene)
    assert whole == {"items": expected, "next": None}
    assert [one["id"] for one in some["items"]] == [3, 2]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_table_is_a_formula(serve, sign):
    """A spreadsheet opens it as text."""

    async def scene(page):
        page.bring(page.entry(f'{sign}HYPERLINK("x") bans gallium', publisher=f"{sign}1", link="javascript:alert(1)"))
        return await page.get("/alerts.csv")

    answer = serve(scene)
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert (row["id"], row["severity"], row["state"], row["opened"]) == ("1", "high", "open", "2026-03-02 12:01")
    assert row["labels"] == "mineral=gallium"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert row["link"] == ""


def test_a_feed_has_the_newest_alerts_of_the_query(serve):
    """A feed reader shows each once, whatever is in its headline."""

    async def scene(page):
        fill(page)
        page.bring(page.entry(f"{HOSTILE.replace('gallium', 'cobalt')}\x0b\ufffe", link="javascript:alert(1)"))
        return await page.get("/alerts.atom?severity=high")

    answer = serve(scene)
    feed = ET.fromstring(answer.text)
    ids = [node.text for node in feed.findall("a:entry/a:id", ATOM)]
    titles = [node.text or "" for node in feed.findall("a:entry/a:title", ATOM)]
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert len(set(ids)) == len(ids) == 4
    assert titles[-1] == "China bans gallium exports"
    assert feed.findall("a:entry/a:summary", ATOM)[-1].text == "high: gallium: ban (open)"
    assert titles[0].startswith("<script>alert(1)</script>")
    assert "javascript:" not in answer.text
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/alerts/5\?opened=\d+T\d+", ids[0])


def test_exports_need_a_login(serve):
    """A link alone opens nothing."""

    async def scene(page):
        return [await page.get(f"/alerts.{kind}") for kind in ("json", "csv", "atom")]

    assert [answer.status for answer in serve(scene, log_in=False)] == [401, 401, 401]


def test_a_feed_reader_has_a_key_that_is_revoked_with_the_sessions(serve):
    """It opens this feed and nothing else, and a forged one opens nothing."""

    async def scene(page):
        fill(page)
        link = re.search(r'href="(/alerts\.atom[^"]*key=[^"]+)"', (await page.get("/alerts?severity=medium")).text)[1]
        link, page.cookies = link.replace("&amp;", "&"), {}
        key = link.partition("key=")[2]
        good = await page.get(link)
        bad = [await page.get(one) for one in (link[:-4] + "AAAA", f"/alerts.json?key={key}", "/alerts.atom?key=")]
        page.store.act.end_sessions()
        return good, [*bad, await page.get(link)]

    good, bad = serve(scene)
    assert good.text.count("<entry>") == 1
    assert [answer.status for answer in bad] == [401] * 4


def test_hostile_text_is_text(serve):
    """Markup, marks that reverse a line and endless words come to nothing; neither does a hostile query."""

    async def scene(page):
        page.bring(page.entry(HOSTILE, link="javascript:alert(1)"))
        return await page.get("/alerts"), await page.get('/alerts?q="><script>alert(1)</script>&rule="><b>')

    for answer in serve(scene):
        assert answer.status == 200
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "javascript:" not in answer.text
        assert "\u202e" not in answer.text


@pytest.mark.parametrize(
    "path", ["/alerts", "/alerts.json", "/alerts.csv", "/alerts.atom", "/entries", "/api/v1/alerts", "/api/v1/entries"]
)
def test_searches_leave_a_reader_free(serve, monkeypatch, path):
    """Two searches of two seconds must not make everybody wait who only wants to see what is new."""
    monkeypatch.setattr("tocsin.web.page.PATIENCE", 0.05)

    async def scene(page):
        async with page.daemon.searching:
            busy, cheap = await page.get(f"{path}?q=gallium"), await page.get(path)
        return busy, cheap, await page.get(f"{path}?q=gallium")

    busy, cheap, after = serve(scene)
    assert (busy.status, cheap.status, after.status) == (503, 200, 200)
    assert busy.headers["Retry-After"] == "3"
    assert "Others are searching." in busy.text
