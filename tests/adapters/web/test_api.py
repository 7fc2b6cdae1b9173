"""The API: lists that are read to their end, objects as the command line prints them, and errors as problem details."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from adapters.web.conftest import CONFIG, HOSTILE
from tocsin.model.alerts import Answered
from tocsin.policy.notifying.silence import Matcher, RecurringSilence
from tocsin.policy.notifying.walltime import Window
from tocsin.render.objects import plain
from tocsin.store.queries.search import Wanted

READ, ACT, INGEST = ("read-" + "r" * 30, "act-" + "a" * 30, "ingest-" + "i" * 30)
TOKENS = f"""\
tokens:
  reader: {{secret: {READ}, may: read}}
  actor: {{secret: {ACT}, may: act}}
  feeder: {{secret: {INGEST}, may: ingest}}
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LISTS = (
    "alerts",
    "entries",
    "matches",
    "stories",
    "rules",
    "sources",
    "instruments",
    "deliveries",
    "dates",
    "silences",
)


def bearer(token):
    """The header of a program."""
    return {"Authorization": f"Bearer {token}"}


async def ask(page, path, token=READ):
    """Read an object of the API, which must be there."""
    found = await page.get(f"/api/v1/{path}", headers=bearer(token))
    assert found.status == 200, found.text
    assert found.headers["Content-Type"].startswith("application/json")
    return json.loads(found.text)


async def walk(page, path):
    """Read a list to its end; return its parts."""
    parts, query = [], ""
    while len(parts) < 20:
        answer = await ask(page, f"{path}{query}")
        parts.append(answer["items"])
        if answer["next"] is None:
            break
        query = f"{'&' if '?' in path else '?'}cursor={answer['next']}"
    return parts


@pytest.fixture
def api(serve):
    """Run a scene with tokens and without a browser's login."""
    return lambda scene, **options: serve(scene, web=TOKENS, log_in=False, **options)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_there_without_any_news(api, name):
    """A program can begin on the first day."""
    found = api(lambda page: ask(page, name))
    assert found.keys() == {"items", "next"}
    assert found["next"] is None


def test_silences_of_the_configuration_are_listed_before_they_begin(api):
    """On demand, without a number; one in progress is listed by its number instead."""
    recurring = """silences:
  - {match: mineral=gallium, during: {from: "22:00", to: "06:00"}, why: the night}
  - {match: mineral=cobalt, during: {on: [mon]}}
"""

    async def scene(page):
        now = page.clock.now()
        silence = RecurringSilence(
            matchers=(Matcher(name="mineral", op="=", value="cobalt"),), windows=(Window(days=frozenset([0])),)
        )
        page.store.keep_silences(list(silence.current(now)), now, loaded=True)
        return await ask(page, "silences"), await ask(page, "silences?planned=yes")

    (usual, planned) = api(scene, config=f"{CONFIG}{recurring}")
    assert [one["id"] for one in usual["items"]] == [1]
    assert [(one["id"], one["starts"], one["why"]) for one in planned["items"]] == [
        (0, "2026-03-02T22:00:00+00:00", "the night"),
        (1, "2026-03-02T00:00:00+00:00", ""),
    ]


def test_lists_are_read_to_their_end_without_a_gap_or_a_double(api):
    """Every object comes once, in parts of fifty."""

    async def scene(page):
        for n in range(12):
            page.bring(*(f"China bans gallium exports, report {n * 10 + m}" for m in range(10)))
            page.clock.move(days=2)
        for _ in range(60):
            now = page.clock.now()
            page.store.act.silence((Matcher(name="rule", op="=", value="ban"),), now, now + timedelta(hours=4))
        known = page.store.read
        wanted = {
            "entries": {
                one.number for one in known.search_entries(Wanted(since=NOON - timedelta(days=1)), limit=500).entries
            },
            "matches": {one.id for one in known.matches(limit=None)},
            "stories": {one.id for one in known.stories(limit=500)},
            "silences": {one.id for one in known.silences()},
        }
        return wanted, {name: await walk(page, name) for name in wanted}

    wanted, parts = api(scene)
    for name, numbers in wanted.items():
        key = "number" if name == "entries" else "id"
        found = [item[key] for part in parts[name] for item in part]
        assert sorted(found) == sorted(numbers), name
        assert len(parts[name]) == -(-len(found) // 50), name
    assert len(wanted["entries"]) == 120
    assert len(wanted["matches"]) == 120


def test_objects_are_those_of_the_command_line(api):
    """Lists and single objects have the shape of --json."""

    async def scene(page):
        page.bring("China bans gallium exports")
        read = page.store.read
        [alert] = read.alerts()
        [delivery] = read.deliveries()
        answers = {
            name: (await ask(page, name))["items"] for name in ("alerts", "sources", "rules", "deliveries", "matches")
        }
        one = {
            "alert": await ask(page, "alerts/1"),
            "delivery": await ask(page, f"deliveries/{delivery.id}"),
            "source": await ask(page, "sources/wire"),
            "rule": await ask(page, "rules/metals/ban"),
            "match": await ask(page, "matches/1"),
            "story": await ask(page, "stories/1"),
            "entry": await ask(page, "entries/1"),
            "instrument": await ask(page, "instruments/GAL"),
        }
        wanted = {
            "alerts": {**plain(alert), "answered": plain(Answered())},
            "alert": plain(read.alert(1)),
            "delivery": plain(read.delivery(delivery.id)),
            "source": {
                **plain(read.source("wire").source),
                "state": "ok",
                "address": "https://me:***@example.org/feed",
                "fetches": plain(read.source("wire").fetches),
            },
            "match": plain(read.matches()[0]),
        }
        return answers, one, wanted

    answers, one, wanted = api(scene)
    assert answers["alerts"] == [wanted["alerts"]]
    assert answers["matches"] == [wanted["match"]]
    assert {name: one[name] for name in ("alert", "delivery", "source", "match")} == {
        name: wanted[name] for name in ("alert", "delivery", "source", "match")
    }
    assert one["rule"]["id"] == "metals/ban"
    assert one["rule"]["stats"]["alerts"] == 1
    assert (one["story"]["entries"], one["story"]["alerts"]) == ([1], [1])
    assert one["entry"]["matches"][0]["rule"] == "metals/ban"
    assert one["instrument"]["state"] == "new"
    assert {rule["id"] for rule in answers["rules"]} >= {"metals/ban"}


def test_hostile_news_is_text_in_json(api):
    """Markup is as it was written; what is invisible could turn a sentence round, and is left out."""

    async def scene(page):
        page.bring(HOSTILE, link="javascript:alert(1)")
        return await page.get("/api/v1/entries", headers=bearer(READ))

    found = api(scene)
    title = json.loads(found.text)["items"][0]["title"]
    assert '<script>alert(1)</script> "China' in title
    assert "\u202e" not in found.text
    assert found.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("query", ["alerts?severity=high&label=mineral=gallium", "alerts?q=gallium", "alerts?rule=ban"])
def test_alerts_take_the_filters_of_the_page(api, query):
    """One of two alerts is about gallium."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return await ask(page, query), await ask(page, query.replace("gallium", "cobalt").replace("ban", "other"))

    found, none = api(scene)
    assert [item["labels"] for item in found["items"]] == [{"mineral": ["gallium"]}]
    assert none["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        pytest.param("GET", "alerts", "", 401, id="nobody"),
        pytest.param("GET", "alerts", "wrong", 401, id="a wrong token"),
        pytest.param("GET", "alerts", INGEST, 403, id="ingest reads nothing"),
        pytest.param("GET", "alerts/99", READ, 404, id="no such alert"),
        pytest.param("GET", "alerts/x", READ, 404, id="no number"),
        pytest.param("GET", "rules/metals/none", READ, 404, id="no such rule"),
        pytest.param("GET", "nothing", READ, 404, id="no such list"),
        pytest.param("GET", "sources/none", READ, 404, id="no such source"),
        pytest.param("GET", "deliveries/none", READ, 404, id="no such delivery"),
        pytest.param("GET", "stories/9", READ, 404, id="no such story"),
        pytest.param("GET", "matches/9", READ, 404, id="no such match"),
        pytest.param("GET", "alerts?severity=huge", READ, 400, id="no severity"),
        pytest.param("GET", "alerts?cursor=x", READ, 400, id="no cursor"),
        pytest.param("GET", "deliveries?cursor=x", READ, 400, id="no cursor of deliveries"),
        pytest.param("GET", "deliveries?state=x", READ, 400, id="no state"),
        pytest.param("DELETE", "alerts", READ, 405, id="no such method"),
        pytest.param("POST", "sources/wire/poll", READ, 403, id="read does not poll"),
        pytest.param("POST", "silences/1/end", READ, 403, id="read ends nothing"),
        pytest.param("POST", "silences/1/end", ACT, 404, id="no such silence"),
        pytest.param("POST", "dates/1/confirm", READ, 403, id="read confirms nothing"),
        pytest.param("POST", "dates/1/confirm", ACT, 404, id="no such date"),
        pytest.param("GET", "dates/1", READ, 404, id="no date to read"),
        pytest.param("POST", "deliveries/none/resend", ACT, 404, id="nothing to resend"),
    ],
)
def test_an_error_says_what_is_wrong_as_problem_details(api, method, path, token, status):
    """Programs read the status, people the detail."""
    headers = bearer(token) if token else {"Sec-Fetch-Site": "same-origin"}
    found = api(lambda page: page.ask(method, f"/api/v1/{path}", headers=headers))
    assert found.status == status, found.text
    assert found.headers["Content-Type"].startswith("application/problem+json")
    problem = json.loads(found.text)
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


def test_a_program_polls_a_source_ends_a_silence_and_resends(api):
    """Each act answers with what it changed, and its second time changes nothing more."""

    async def scene(page):
        page.bring("China bans gallium exports")
        now = page.clock.now()
        page.store.act.silence((Matcher(name="rule", op="=", value="ban"),), now, now + timedelta(hours=4))
        page.clock.move(minutes=5)
        act = lambda path: page.ask("POST", f"/api/v1/{path}", headers=bearer(ACT))  # noqa: E731
        polled = await act("sources/wire/poll")
        first = await act("silences/1/end")
        page.clock.move(minutes=5)
        second = await act("silences/1/end")
        [delivery] = page.store.read.deliveries()
        waits = await act(f"deliveries/{delivery.id}/resend")
        return polled, first, second, waits

    polled, first, second, waits = api(scene)
    assert (polled.status, json.loads(polled.text)["name"]) == (202, "wire")
    assert (first.status, second.status) == (200, 200)
    assert first.text == second.text
    assert waits.status == 409
    assert "under way" in json.loads(waits.text)["detail"]


def test_alerts_and_deliveries_are_read_to_their_end(api):
    """Both are ordered by time, and many have the same."""

    async def scene(page):
        for n in range(60):
            page.bring(f"Country number {n} bans gallium exports, {'abcdefghij'[n % 10] * 9} {n} {n * 7919}")
            page.clock.move(days=3 * (n % 2))
        read = page.store.read
        known = {one.id for one in read.alerts(limit=500)}, {one.id for one in read.deliveries(limit=500)}
        return known, await walk(page, "alerts"), await walk(page, "deliveries")

    known, *lists = api(scene)
    for numbers, parts in zip(known, lists, strict=True):
        found = [item["id"] for part in parts for item in part]
        assert len(found) == len(numbers)
        assert set(found) == numbers
    assert [len(parts) for parts in lists] == [2, 2]
