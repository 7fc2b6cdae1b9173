"""Acts by the API that are sent again with the same Idempotency-Key: done once, and answered as before."""

import json
from datetime import timedelta

import pytest

ACT, OTHER = ("act-" + "a" * 30, "act-" + "b" * 30)
TOKENS = f"""\
tokens:
  actor: {{secret: {ACT}, may: act}}
  other: {{secret: {OTHER}, may: act}}
"""
SNOOZE = {"kind": "snooze", "for": "4h"}


async def send(page, path, body, key="k1", token=ACT):
    """Post *body* with an Idempotency-Key; return the status and the text of the answer."""
    known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    data = json.dumps(body) if body else None
    found = await page.ask("POST", f"/api/v1/{path}", data=data, headers=known)
    return found.status, found.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("alerts/1/answers", SNOOZE, 201, id="an answer"),
        pytest.param("silences", {"matchers": ["rule=ban"], "for": "4h"}, 201, id="a silence"),
        pytest.param("silences/1/end", None, 200, id="an end"),
        pytest.param("sources/wire/poll", None, 202, id="a poll"),
        pytest.param("deliveries/{DELIVERY}/resend", None, 201, id="a resend"),
        pytest.param("reload", None, 202, id="a reload"),
    ],
)
def test_a_repeated_request_gets_the_same_answer(serve, path, body, status):
    """Hours later, when the state of things has long moved on; the store has what one request leaves."""

    async def scene(page):
        page.bring("China bans gallium exports")
        page.store.act.silence((), page.clock.now(), page.clock.now() + timedelta(hours=9), by="", why="")
        page.clock.move(minutes=5)
        [one, *_] = page.store.claim_deliveries(page.clock.now(), timedelta(minutes=1)) or page.store.read.deliveries()
        where = path.replace("{DELIVERY}", one.id)
        first = await send(page, where, body)
        page.clock.move(hours=20)
        second = await send(page, where, body)
        left = page.store.read.answers([1]), page.store.read.silences(), page.store.read.deliveries()
        return first, second, left, page.calls.count("reload")

    first, second, (answers, silences, deliveries), reloads = serve(scene, web=TOKENS, log_in=False)
    assert first == second
    assert first[0] == status
    assert len(answers.get(1, ())) <= 1
    assert len(silences) <= 2
    assert len(deliveries) <= 2
    assert reloads <= 1


def test_a_key_belongs_to_one_request_of_one_sender_for_a_day(serve):
    """Another body is refused and does nothing; another token, and another day, may choose the key again."""

    async def scene(page):
        page.bring("China bans gallium exports")
        first = await send(page, "alerts/1/answers", SNOOZE)
        body = await send(page, "alerts/1/answers", {"kind": "noise"})
        path = await send(page, "silences", SNOOZE)
        other = await send(page, "alerts/1/answers", SNOOZE, token=OTHER)
        page.clock.move(hours=24, seconds=1)
        later = await send(page, "alerts/1/answers", SNOOZE)
        return first, body, path, other, later, [(one.kind, one.by) for one in page.store.read.answers([1])[1]]

    first, body, path, other, later, history = serve(scene, web=TOKENS, log_in=False)
    assert [first[0], body[0], path[0], other[0], later[0]] == [201, 422, 422, 201, 201]
    assert "Choose a new one" in json.loads(body[1])["detail"]
    assert history == [("snooze", "actor"), ("snooze", "other"), ("snooze", "actor")]


def test_a_refused_request_keeps_no_key(serve):
    """Its sender mends the body and sends it with the same key."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return [await send(page, "alerts/1/answers", body) for body in ({"kind": "nose"}, {"kind": "noise"})]

    assert [status for status, _ in serve(scene, web=TOKENS, log_in=False)] == [422, 201]


@pytest.mark.parametrize(
    "key", [pytest.param("", id="empty"), pytest.param("k" * 256, id="long"), pytest.param("é", id="not ASCII")]
)
def test_a_key_that_cannot_be_one_is_refused(serve, key):
    """Before anything is done."""

    async def scene(page):
        return await send(page, "reload", None, key=key), page.calls

    (status, text), calls = serve(scene, web=TOKENS, log_in=False)
    assert (status, json.loads(text)["status"], calls) == (400, 400, [])
