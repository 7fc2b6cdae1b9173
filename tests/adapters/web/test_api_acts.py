"""Acts by the API: bodies are closed shapes, and what is wrong with one is told by key and place."""

import json
import threading
from datetime import timedelta

import pytest

from tocsin.config.bodies import read_body

READ, ACT, INGEST = ("read-" + "r" * 30, "act-" + "a" * 30, "ingest-" + "i" * 30)
TOKENS = f"""\
tokens:
  reader: {{secret: {READ}, may: read}}
  actor: {{secret: {ACT}, may: act}}
  feeder: {{secret: {INGEST}, may: ingest}}
"""
ACTS = (
    "alerts/1/answers",
    "silences",
    "silences/1/end",
    "dates/1/confirm",
    "dates/1/reject",
    "deliveries/x/resend",
    "sources/wire/poll",
    "reload",
)


@pytest.fixture
def api(serve):
    """Run a scene with tokens and without a browser's login."""
    return lambda scene, **options: serve(scene, web=TOKENS, log_in=False, **options)


async def send(page, path, body, token=ACT, **headers):
    """Post *body*, an object or text as it is; return the status and the object of the answer."""
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    found = await page.ask("POST", f"/api/v1/{path}", data=data, headers={**known, **headers})
    return found.status, json.loads(found.text)


def test_an_answer_is_recorded_once_by_the_name_of_its_token(api):
    """A program that is not sure sends it again."""

    async def scene(page):
        page.bring("China bans gallium exports")
        first = await send(page, "alerts/1/answers", {"kind": "noise", "why": "a\nrumour"})
        second = await send(page, "alerts/1/answers", {"kind": "noise"})
        snooze = await send(page, "alerts/1/answers", {"kind": "snooze", "for": "4h"})
        return first, second, snooze, page.store.read.answers([1])[1], page.calls

    first, second, snooze, history, calls = api(scene)
    assert (first[0], second[0], snooze[0]) == (201, 200, 201)
    assert first[1]["id"] == 1
    assert first[1]["answered"]["verdict"] == "noise"
    assert first[1]["answered"]["why"] == "a rumour"
    assert [(one.kind, one.by) for one in history] == [("noise", "actor"), ("snooze", "actor")]
    assert snooze[1]["answered"]["snoozed_until"] == "2026-03-02T16:01:00+00:00"
    assert "wake" in calls


def test_a_date_is_confirmed_and_rejected(api):
    """As with the buttons of the page: by whom is kept, and the last word counts."""

    async def scene(page):
        page.bring("China bans gallium exports", summary="Suspended until 10 November 2026, then until March 2027.")
        found = await page.get("/api/v1/dates", headers={"Authorization": f"Bearer {READ}"})
        confirmed = await send(page, "dates/1/confirm", "")
        rejected = await send(page, "dates/2/reject", "")
        left = await page.get("/api/v1/dates", headers={"Authorization": f"Bearer {READ}"})
        everything = await page.get("/api/v1/dates?all=yes", headers={"Authorization": f"Bearer {READ}"})
        return [json.loads(one.text)["items"] for one in (found, left, everything)], confirmed, rejected

    (found, left, everything), confirmed, rejected = api(scene)
    assert [(one["id"], one["day"], one["unit"]) for one in found] == [
        (1, "2026-11-10", "day"),
        (2, "2027-03-31", "month"),
    ]
    assert (confirmed[0], confirmed[1]["state"], confirmed[1]["judged_by"]) == (200, "confirmed", "actor")
    assert (rejected[0], rejected[1]["state"]) == (200, "rejected")
    assert ([one["id"] for one in left], len(everything)) == ([1], 2)


def test_a_silence_is_made_and_ended(api):
    """Both ways of writing its end."""

    async def scene(page):
        page.bring("China bans gallium exports")
        first = await send(page, "silences", {"matchers": ["mineral=gallium", "severity<=high"], "for": "4h"})
        second = await send(
            page, "silences", {"matchers": "rule=ban", "until": "2026-07-01T09:30", "why": "a \\ \t\ud83d\ude00"}
        )
        ended = await send(page, "silences/1/end", "")
        return first, second, ended, page.store.read.silences()

    first, second, ended, stored = api(scene)
    assert (first[0], second[0], ended[0]) == (201, 201, 200)
    assert first[1]["ends"] == "2026-03-02T16:01:00+00:00"
    assert second[1]["ends"] == "2026-07-01T08:30:00+00:00"  # in the zone of the configuration
    assert ended[1]["ends"] == "2026-03-02T12:01:00+00:00"
    assert {one.by for one in stored} == {"actor"}
    assert "a \\ \t\U0001f600" in {one.why for one in stored}


@pytest.mark.parametrize(
    ("path", "body", "key", "words"),
    [
        pytest.param("alerts/1/answers", {"kind": "noise", "wy": ""}, "wy", "did you mean why?", id="unknown key"),
        pytest.param("alerts/1/answers", {"kind": "noisy"}, "kind", "did you mean noise?", id="unknown kind"),
        pytest.param("alerts/1/answers", {}, "kind", "is missing", id="no kind"),
        pytest.param("alerts/1/answers", {"kind": "snooze"}, "for", "needed", id="a snooze without an end"),
        pytest.param("alerts/1/answers", {"kind": "ack", "for": "4h"}, "for", "snooze alone", id="an end too many"),
        pytest.param("alerts/1/answers", {"kind": "snooze", "for": "4"}, "for", "needs a unit", id="no unit"),
        pytest.param("alerts/1/answers", {"kind": "snooze", "for": "91d"}, "for", "90 days", id="too long"),
        pytest.param("alerts/1/answers", {"kind": "ack", "why": ["x"]}, "why", "must be text", id="wrong type"),
        pytest.param("silences", {"matchers": ["mineral=galium"], "for": "4h"}, "matchers", "gallium", id="typo"),
        pytest.param("silences", {"matchers": [], "for": "4h"}, "matchers", "needs a matcher", id="no matcher"),
        pytest.param("silences", {"matchers": ["rule=ban"]}, "for", "needs an end", id="no end"),
        pytest.param("silences", {"matchers": ["rule=ban"], "until": "2020-01-01"}, "until", "in the past", id="past"),
        pytest.param("silences", {"matchers": ["rule=ban"], "until": "soon"}, "until", "ISO 8601", id="no time"),
        pytest.param("why", {"rule": "bans", "title": "x"}, "rule", "ban", id="unknown rule"),
        pytest.param("why", {"rule": "ban"}, "title", "is missing", id="nothing to explain"),
        pytest.param("why", {"rule": "ban", "title": "x", "date": "soon"}, "date", "ISO 8601", id="no date"),
    ],
)
def test_a_fault_of_a_body_names_its_key(api, path, body, key, words):
    """Nothing is done, and a program can show the place."""

    async def scene(page):
        page.bring("China bans gallium exports")
        found = await send(page, path, body)
        return found, page.store.read.answers([1]), page.store.read.silences()

    (status, problem), answers, silences = api(scene)
    assert status == 422, problem
    [fault] = problem["problems"]
    assert fault.keys() == {"file", "line", "column", "message", "excerpt"}
    assert (fault["file"], fault["line"]) == ("body", 1)
    assert key in fault["message"]
    assert words in fault["message"]
    assert answers == {}
    assert silences == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("", "not JSON", id="empty"),
        pytest.param('{"kind": ', "not JSON", id="cut off"),
        pytest.param("kind: ack", "not JSON", id="YAML"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="other bytes"),
        pytest.param('{"kind": NaN}', "not JSON", id="no number"),
        pytest.param("[" * 50_000, "not JSON", id="nested"),
        pytest.param('["ack"]', "must be a map", id="a list"),
        pytest.param('{"kind": "ack", "kind": "noise"}', "kind", id="a key twice"),
        pytest.param('{"kind": "ack", "why": "\\ud800"}', "U+D800", id="half a character"),
    ],
)
def test_what_is_no_object_of_json_is_refused(api, body, words):
    """It is said where, if there is a place."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return await send(page, "alerts/1/answers", body), page.store.read.answers([1])

    (status, problem), answers = api(scene)
    assert status == 422, problem
    assert words in problem["problems"][0]["message"]
    assert answers == {}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param({"Content-Type": "text/plain"}, "{}", 415, id="no JSON"),
        pytest.param({}, '{"kind": "ack", "why": "' + "x" * 300_000 + '"}', 413, id="too large"),
    ],
)
def test_a_body_of_another_kind_or_size_is_refused(api, headers, body, status):
    """The answer is problem details, as all errors are."""
    found = api(lambda page: send(page, "alerts/1/answers", body, **headers))
    assert found[0] == found[1]["status"] == status


@pytest.mark.parametrize("path", ACTS)
@pytest.mark.parametrize("token", [pytest.param(READ, id="read"), pytest.param(INGEST, id="ingest")])
def test_a_token_that_may_not_act_changes_nothing(api, path, token):
    """The right is checked before the body."""
    status, problem = api(lambda page: send(page, path, "x", token=token))
    assert (status, problem["status"]) == (403, 403)


def test_a_page_of_another_site_cannot_use_the_login_of_a_browser(serve):
    """A cookie comes along with every request, a token with none."""
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}
    found = serve(lambda page: page.ask("POST", "/api/v1/reload", data="{}", headers=headers))
    assert found.status == 403


def test_an_alert_that_is_not_there_takes_no_answer(api):
    """It may have been given again after a restore."""
    status, problem = api(lambda page: send(page, "alerts/7/answers", {"kind": "ack"}))
    assert (status, problem["detail"]) == (404, "There is no alert 7.")


def test_why_explains_a_stored_entry_and_a_given_one(api):
    """As `tocsin why --json` does; the right to read is enough."""

    async def scene(page):
        page.bring("China bans gallium exports")
        stored = await send(page, "why", {"rule": "ban", "entry": "1"}, token=READ)
        given = await send(page, "why", {"rule": "metals/ban", "title": "China sells <b>gallium</b>"}, token=READ)
        none = await send(page, "why", {"rule": "ban", "entry": "99"}, token=READ)
        async with page.daemon.trial:
            busy = await send(page, "why", {"rule": "ban", "entry": "1"}, token=READ)
        return stored, given, none, busy

    stored, given, none, busy = api(scene)
    keys = ["rule", "position", "override", "holds", "note", "first_false", "entry", "evidence", "decision"]
    assert list(stored[1]) == list(given[1]) == keys
    assert (stored[1]["holds"], stored[1]["entry"]["number"]) == (True, 1)
    assert stored[1]["decision"][0]["name"] == "seen before"
    assert (given[1]["holds"], given[1]["entry"]["number"]) == (False, None)
    assert given[1]["first_false"]["text"]
    assert (none[0], busy[0]) == (404, 429)


def test_a_settled_message_is_sent_again_once(api):
    """The second request gets the same copy."""

    async def scene(page):
        page.bring("China bans gallium exports")
        await send(page, "silences", {"matchers": ["rule=ban"], "for": "1d"})
        page.clock.move(minutes=5)
        page.store.claim_deliveries(page.clock.now(), timedelta(minutes=1))
        [delivery] = page.store.read.deliveries()
        first = await send(page, f"deliveries/{delivery.id}/resend", "")
        second = await send(page, f"deliveries/{delivery.id}/resend", "")
        return delivery, first, second, len(page.store.read.deliveries())

    delivery, first, second, count = api(scene)
    assert (first[0], second[0], count) == (201, 201, 2)
    assert first[1]["delivery"]["id"] == second[1]["delivery"]["id"] != delivery.id


def test_a_reload_is_asked_for(api):
    """The daemon reads its files after the answer."""

    async def scene(page):
        return await send(page, "reload", ""), page.calls

    (status, found), calls = api(scene)
    assert (status, found) == (202, {"loaded": "2026-03-02T12:00:00+00:00", "refused": None})
    assert calls == ["reload", "wake"]


def test_a_body_is_not_read_on_the_loop_of_the_daemon(api, monkeypatch):
    """One of many faults takes a while, in which polls and messages go on."""
    threads = []

    def read(kind, body):
        threads.append(threading.current_thread())
        return read_body(kind, body)

    monkeypatch.setattr("tocsin.web.api.bodies.read_body", read)
    status, _ = api(lambda page: send(page, "why", {f"k{number}": 1 for number in range(50)}, READ))
    assert status == 422
    assert len(threads) == 1
    assert threading.main_thread() not in threads
