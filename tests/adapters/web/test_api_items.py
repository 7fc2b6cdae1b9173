"""Items that programs hand in: judged as news that was polled, all of a request or none, and no label by surprise."""

import json
from datetime import timedelta

import pytest

from adapters.web.conftest import NOON
from tocsin.config.build import dry_makers
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import PUSH
from tocsin.service.assembly import taker

READ, ACT, INGEST, OTHER = ("read-" + "r" * 30, "act-" + "a" * 30, "ingest-" + "i" * 30, "ingest-" + "o" * 30)
TOKENS = f"""\
tokens:
  reader: {{secret: {READ}, may: read}}
  actor: {{secret: {ACT}, may: act}}
  feeder: {{secret: {INGEST}, may: ingest}}
  other: {{secret: {OTHER}, may: ingest}}
"""
BAN = "China bans gallium exports"
ITEMS = "sources/desk/items"


@pytest.fixture
def api(serve):
    """Run a scene on a daemon with the source `desk`, to which programs push."""

    def run(scene):
        async def begun(page):
            rows = [("wire", "https://example.org/feed", "feed"), ("desk", "/api/v1/sources/desk/items", PUSH)]
            page.store.sync_sources(rows, page.clock.now())
            return await scene(page)

        return serve(begun, web=TOKENS, log_in=False)

    return run


async def send(page, body, path=ITEMS, token=INGEST, **headers):
    """Post *body*, an object or text as it is; return the status and the object of the answer."""
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    found = await page.ask("POST", f"/api/v1/{path}", data=data, headers={**known, **headers})
    return found.status, json.loads(found.text)


def test_news_that_is_handed_in_is_an_alert_at_once(api):
    """The first of a source too, as nothing that a program hands in is history; the answer has its number."""

    async def scene(page):
        item = {
            "id": "n1",
            "title": f"{BAN} &amp; more",
            "summary": "A\r\nsummary\u0000",
            "link": "https://example.org/1?utm_source=x",
            "date": "2026-03-02T11:30",
            "publisher": "The Desk",
            "authors": ["Ann"],
            "language": "en",
            "labels": {"company": ["mp", "mp\u200b", "\u202eA\x1b[31m\r\nB\u00a0 C\x00"]},
        }
        answer = await send(page, item)
        return answer, page.store.read.entry(1), page.store.read.alert(1), page.store.read.source("desk"), page.calls

    (status, found), entry, alert, detail, calls = api(scene)
    assert (status, found) == (201, {"items": [{"id": "n1", "number": 1, "state": "new"}]})
    assert (entry.source, entry.title, entry.publisher) == ("desk", f"{BAN} & more", "The Desk")
    assert entry.labels == {"tier": ("primary",), "company": ("mp", "A[31m B C")}
    assert entry.published.isoformat() == "2026-03-02T11:30:00+00:00"
    assert alert.content.alert.labels["mineral"] == ("gallium",)
    assert (detail.source.polls, detail.source.state, detail.fetches[0].new) == (1, "ok", 1)
    assert "committed" in calls


def test_what_is_known_is_said_so_and_what_is_reworded_is_a_correction(api):
    """By its id; without one by link, and without either by title and day."""

    async def scene(page):
        full = {"id": "n1", "title": BAN, "link": "https://example.org/1"}
        bare = {"title": "Cobalt prices rise"}
        first = await send(page, {"items": [full, bare]})
        again = await send(page, {"items": [bare, full]})
        moved = await send(page, {"id": "n2", "title": BAN, "link": "https://example.org/1"})
        reworded = await send(page, {**full, "title": "China bans gallium and cobalt exports"})
        return first, again, moved, reworded, len(page.store.read.alerts())

    first, again, moved, reworded, alerts = api(scene)
    assert (first[0], [one["state"] for one in first[1]["items"]]) == (201, ["new", "new"])
    assert (again[0], [(one["number"], one["state"]) for one in again[1]["items"]]) == (
        200,
        [(2, "known"), (1, "known")],
    )
    assert (moved[0], moved[1]["items"]) == (200, [{"id": "n2", "number": 1, "state": "known"}])
    assert (reworded[0], reworded[1]["items"][0]["state"]) == (200, "rewritten")
    assert alerts == 1


def test_ids_are_taken_at_their_word(api):
    """A daily report has one headline and another id each day; of a feed such ids would be taken for broken."""

    async def scene(page):
        titles = [f"Report {number}" for number in range(6)]
        first = await send(page, {"items": [{"id": f"a{title}", "title": title} for title in titles]})
        page.clock.move(days=1)
        second = await send(page, {"items": [{"id": f"b{title}", "title": title} for title in titles]})
        return first, second

    assert [status for status, _ in api(scene)] == [201, 201]


def test_a_headline_without_a_date_is_of_the_day_on_which_it_is_handed_in(api):
    """A program that knows neither id nor date has said the same again today, and something new in three months."""

    async def scene(page):
        found = [await send(page, {"title": BAN})]
        for days in (0, 90):
            page.clock.move(days=days)
            found.append(await send(page, {"title": BAN}))
        return found, len(page.store.read.alerts()), page.store.read.entry(1).published

    found, alerts, published = api(scene)
    assert [one["items"][0]["state"] for _, one in found] == ["new", "known", "new"]
    assert (alerts, published) == (2, NOON)


def test_copies_fold_into_one_story_and_old_news_is_history(api):
    """As news of a polled source does."""

    async def scene(page):
        old = await send(page, {"title": "China bans cobalt exports", "date": "2026-02-20"})
        await send(page, {"title": "China bans cobalt ore exports", "date": "1998-02-20"})
        copies = await send(page, {"items": [{"id": f"c{number}", "title": BAN} for number in range(3)]})
        return old, copies, [one.fate for one in page.store.read.matches()], len(page.store.read.alerts())

    old, copies, fates, alerts = api(scene)
    assert (old[0], copies[0], alerts) == (201, 201, 1)
    assert fates.count(MatchOutcome.OLD) == 2


@pytest.mark.parametrize(
    ("token", "status"),
    [pytest.param(READ, 403, id="read"), pytest.param(ACT, 403, id="act"), pytest.param("x" * 40, 401, id="none")],
)
def test_only_a_token_that_may_ingest_hands_in(api, token, status):
    """And one that may, may nothing else."""

    async def scene(page):
        refused = await send(page, {"title": BAN}, token=token)
        seen = await page.ask("GET", "/api/v1/entries", headers={"Authorization": f"Bearer {INGEST}"})
        return refused[0], seen.status, len(page.store.read.matches())

    assert api(scene) == (status, 403, 0)


def test_a_source_may_name_the_tokens_that_hand_in_to_it(serve):
    """A program cannot borrow the labels of another one's source."""
    config = """\
database: sqlite:///tocsin.db
rules: [./rules]
sources:
  court: {push: true, labels: {tier: primary}, tokens: other}
"""

    async def scene(page):
        page.store.sync_sources([("court", "/api/v1/sources/court/items", PUSH)], page.clock.now())
        path = "sources/court/items"
        return [await send(page, {"title": BAN}, path, token) for token in (INGEST, OTHER)]

    refused, taken = serve(scene, web=TOKENS, log_in=False, config=config)
    assert (refused[0], refused[1]["detail"]) == (403, "This token may not hand in to court.")
    assert taken[0] == 201


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        pytest.param({"tier": "primary"}, "tier", id="what the source says itself"),
        pytest.param({"company": "mp", "country": "cn"}, "country", id="one of two"),
        pytest.param({"Company": "mp"}, "Company", id="another case"),
        pytest.param({"source": "wire"}, "source", id="another source"),
        pytest.param({"x-tier": "primary"}, "x-tier", id="a free key"),
        pytest.param({"": "primary"}, "", id="without a name"),
    ],
)
def test_a_label_that_the_source_does_not_accept_is_refused(api, labels, name):
    """A label decides what rules find, how loud an alert is and who gets it: none comes in by the way."""

    async def scene(page):
        found = await send(page, {"items": [{"title": BAN}, {"title": BAN, "labels": labels}]})
        return found, len(page.store.read.matches())

    (status, problem), matches = api(scene)
    assert (status, matches) == (422, 0)
    [fault] = problem["problems"]
    assert name in fault["message"]
    assert "accept_labels: company" in fault["message"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        pytest.param("sources/wire/items", 409, "wire is polled", id="polled"),
        pytest.param("sources/desks/items", 404, "no source desks", id="unknown"),
    ],
)
def test_only_a_source_that_is_pushed_to_takes_items(api, path, status, words):
    """A program cannot speak for a feed."""
    found, problem = api(lambda page: send(page, {"title": BAN}, path))
    assert found == status
    assert words in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "source/desk/items", 404), ("PUT", ITEMS, 405), ("GET", ITEMS, 405)]
)
def test_a_wrong_address_is_not_called_a_wrong_token(api, method, path, status):
    """Whoever writes the program has to know which of the two to correct."""
    headers = {"Authorization": f"Bearer {INGEST}"}
    assert api(lambda page: page.ask(method, f"/api/v1/{path}", headers=headers)).status == status


def test_a_source_that_was_removed_takes_nothing(api):
    """Its row has gone while the page still has the configuration before."""

    async def scene(page):
        page.store.sync_sources([("wire", "https://example.org/feed", "feed")], page.clock.now())
        return await send(page, {"title": BAN})

    status, problem = api(scene)
    assert (status, "desk takes no entries now" in problem["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("{}", "title is missing", id="nothing"),
        pytest.param({"title": BAN, "titel": "x"}, "did you mean title?", id="unknown key"),
        pytest.param({"title": BAN, "source": "wire"}, "unknown key source", id="for another source"),
        pytest.param({"title": " \u200b\n"}, "title must not be empty", id="empty title"),
        pytest.param({"title": "x" * 1001}, "at most 1,000 characters", id="long title"),
        pytest.param({"title": BAN, "body": "x" * 200_001}, "at most 200,000 characters", id="long text"),
        pytest.param({"title": ["x"]}, "title must be text", id="wrong type"),
        pytest.param({"title": BAN, "link": "javascript:alert(1)"}, "must be a web address", id="a script"),
        pytest.param({"title": BAN, "date": "yesterday"}, "is not an ISO 8601", id="no date"),
        pytest.param({"title": BAN, "date": "0001-01-01T00:00+14:00"}, "is not an ISO 8601", id="before all dates"),
        pytest.param({"title": BAN, "labels": {"company": []}}, "must have values", id="no value"),
        pytest.param({"title": BAN, "labels": {"company": "\u200b\n"}}, "must have values", id="empty value"),
        pytest.param({"title": BAN, "labels": {"company": ["x"] * 21}}, "at most 20 items", id="many values"),
        pytest.param({"items": []}, "items must not be empty", id="no item"),
        pytest.param({"items": [{"title": BAN}] * 101}, "at most 100 items", id="too many items"),
        pytest.param({"items": [{"title": BAN}], "title": "x"}, "unknown key title", id="one and several"),
        pytest.param({"items": [{"title": BAN}, "x"]}, "must be a map", id="no object"),
        pytest.param([{"title": BAN}], "must be a map", id="a bare list"),
        pytest.param({f"k{number}": 1 for number in range(3000)}, "at most 100 keys", id="many keys"),
        pytest.param("{" + ",".join('"k":1' for _ in range(20_000)) + "}", "at most 100 keys", id="one key often"),
        pytest.param('{"labels":' * 900 + "1" + "}" * 900, "nested deeper", id="deep"),
        pytest.param('{"labels":' * 20_000, "not JSON", id="deeper"),
        pytest.param('{"title": "\\ud800"}', "U+D800", id="half a character"),
        pytest.param(
            {"items": [{"id": "n1", "title": BAN}, {"title": BAN}, {"id": " n1", "title": "Other"}]},
            "n1 is the id of two items; the first is at body:1:20",
            id="one id twice",
        ),
    ],
)
def test_a_hostile_or_faulty_body_is_refused_whole(api, body, words):
    """In words that name the fault, and nothing of it is stored."""

    async def scene(page):
        found = await send(page, body)
        return found, page.store.read.history().entries

    (status, problem), entries = api(scene)
    assert (status, entries) == (422, 0)
    assert words in " ".join(one["message"] for one in problem["problems"])
    assert len(problem["problems"]) <= 21


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(" " * 300_000, {}, 413, id="huge"),
        pytest.param("title=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, id="a form"),
        pytest.param(b"\x1f\x8b\x08\x00" + b"\x00" * 20, {"Content-Encoding": "gzip"}, 415, id="compressed"),
    ],
)
def test_a_body_of_another_size_or_kind_is_refused(api, body, headers, status):
    """Before anybody reads it."""
    found, problem = api(lambda page: send(page, body, **headers))
    assert found == problem["status"] == status


def test_a_program_hands_in_so_much_a_minute(api):
    """Large bodies and refused ones count too; another program is not slowed."""

    async def scene(page):
        many = {"items": [{"title": f"News {number}"} for number in range(100)]}
        found = [(await send(page, many))[0] for _ in range(5)]
        large = await send(page, {"title": "x", "body": "x" * 199_000})
        faulty = [(await send(page, "x"))[0] for _ in range(51)]
        over = await page.ask(
            "POST",
            f"/api/v1/{ITEMS}",
            data=json.dumps({"title": BAN}),
            headers={"Authorization": f"Bearer {INGEST}", "Content-Type": "application/json"},
        )
        other = await send(page, {"title": BAN}, token=OTHER)
        page.real.move(seconds=1)
        later = await send(page, {"title": BAN})
        return found, large[0], faulty, over, other[0], later[0]

    found, large, faulty, over, other, later = api(scene)
    assert (found, large, set(faulty)) == ([201, 200, 200, 200, 200], 201, {422})
    assert (over.status, over.headers["Retry-After"]) == (429, "1")
    assert "600 items a minute" in over.text
    assert (other, later) == (201, 200)


def test_a_request_with_a_key_is_taken_in_once(api):
    """Its sender gets the numbers of the first time, whatever the daemon learned meanwhile."""

    async def scene(page):
        body = {"items": [{"title": BAN}, {"title": "Cobalt prices rise"}]}
        key = {"Idempotency-Key": "k1"}
        first = await send(page, body, **key)
        await send(page, {"title": BAN, "summary": "More on this."})
        page.clock.move(hours=20)
        again = await send(page, body, **key)
        other = await send(page, {"title": "Else"}, **key)
        return first, again, other[0], page.store.read.source("desk").source.polls

    first, again, other, pushes = api(scene)
    assert first == again
    assert (first[0], other, pushes) == (201, 422, 2)


def test_a_dry_run_takes_nothing(api):
    """Its database ends with it, and a program does not hand in again what was answered."""

    async def scene(page):
        page.daemon.push = taker(dry_makers(), page.daemon.push)
        found = await send(page, {"title": BAN}, **{"Idempotency-Key": "k1"})
        return found, page.store.read.history().entries

    (status, _), entries = api(scene)
    assert (status, entries) == (503, 0)


def test_a_source_that_is_pushed_to_is_not_polled(api):
    """Neither by the clock nor because somebody asks."""

    async def scene(page):
        leases = page.store.claim_sources(page.clock.now(), timedelta(minutes=5), 99)
        asked = await send(page, "", "sources/desk/poll", ACT)
        shown = await page.ask("GET", "/api/v1/sources/desk", headers={"Authorization": f"Bearer {READ}"})
        return [one.name for one in leases], asked, json.loads(shown.text)

    names, (status, problem), shown = api(scene)
    assert names == ["wire"]
    assert (status, problem["detail"]) == (409, "desk is not polled: programs hand in its entries.")
    assert (shown["kind"], shown["polls"]) == ("push", 0)
