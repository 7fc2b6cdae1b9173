"""The deliveries: who waits, what was given up, each message as it was sent, and sending it again."""

import dataclasses
import re
from datetime import timedelta

import pytest

from adapters.web.conftest import HOSTILE
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.store.outbox import receivers

LINK = "https://ops.example.org/a/1.1.ack.here.1772459999.abcdefghijklmnopqrstuvwxyz"
MAIL = Message(
    kind=MessageKind.MAIL,
    subject="gallium: ban",
    text=f"China bans gallium exports\nSeen: {LINK}",
    html=f'<p onclick="x()">China bans</p><img src="cid:tin@x"><a href="{LINK}">Seen</a><script>alert(1)</script>',
    pictures=(("tin@x", b"PNG"),),
)
RESULTS = {
    DeliveryState.DELIVERED: AttemptResult(error_class=ErrorClass.OK),
    DeliveryState.DEAD: AttemptResult(error_class=ErrorClass.GONE, code=550, words="550 no such <b>mailbox</b>"),
    DeliveryState.RETRY: AttemptResult(error_class=ErrorClass.TRANSIENT, code=451, words="451 later"),
}


def send(page, state=DeliveryState.DELIVERED, message=MAIL):
    """Try all that waits, with this end; return the ids."""
    page.clock.move(minutes=2)
    now, result = page.clock.now(), RESULTS[state]
    reason = Reason(cause=Cause.OTHER, words=result.words) if result.words else Reason()
    settlement = Settlement(state=state, due_at=now + timedelta(hours=1), reason=reason)
    found = page.store.claim_deliveries(now, timedelta(minutes=1))
    for delivery in found:
        page.store.begin_attempt(delivery, message, now)
        page.store.settle(delivery, result, lambda _: Consequence(settlement=settlement), now)
    return [delivery.id for delivery in found]


def ids(answer):
    """The deliveries that a list links to."""
    return re.findall(r'href="/deliveries/([0-9a-f-]{20,})"', answer.text)


def test_without_a_message_nobody_waits(serve):
    """A quiet week says so, and every list has a way to the others."""

    async def scene(page):
        return await page.get("/deliveries"), await page.get("/deliveries?state=dead")

    outbox, dead = serve(scene)
    assert "Nobody waits." in outbox.text
    assert "There is none." in dead.text


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        pytest.param("", ["retry", "ready"], id="outbox"),
        pytest.param("ready", ["ready"], id="ready"),
        pytest.param("retry", ["retry"], id="retry"),
        pytest.param("dead", ["dead"], id="dead letters"),
        pytest.param("delivered", ["delivered"], id="delivered"),
        pytest.param("suppressed", [], id="suppressed"),
        pytest.param("all", ["delivered", "dead", "retry", "ready"], id="all"),
    ],
)
def test_a_list_holds_the_messages_in_its_states(serve, state, shown):
    """Each list is an address that can be kept."""

    async def scene(page):
        for title, end in (("gallium", DeliveryState.DELIVERED), ("cobalt", DeliveryState.DEAD)):
            page.bring(f"China bans {title} exports")
            send(page, end)
        page.clock.move(hours=13)
        page.bring("Chile halts gallium sales")
        send(page, DeliveryState.RETRY)
        page.bring("Chile halts cobalt sales")
        return await page.get(f"/deliveries?state={state}")

    found = serve(scene)
    states = re.findall(r'<td><span class="state [a-z]*">([a-z]+)</span>', found.text)
    assert sorted(states) == sorted(shown)
    assert 'aria-current="page"' in found.text.partition('class="tabs"')[2] or state in ("ready", "retry")


def test_a_state_that_is_none_is_refused(serve):
    """A slip in an address is named."""
    answer = serve(lambda page: page.get("/deliveries?state=lost"))
    assert answer.status == 400
    assert "the states are held, ready" in answer.text


def test_older_messages_follow_by_cursor(serve):
    """A page has fifty; none is shown twice, and none is left out. A place that is none begins no list anew."""

    async def scene(page):
        page.bring("China bans gallium exports", to=tuple(f"r{number:02}" for number in range(70)))
        first = await page.get("/deliveries")
        [cursor] = re.findall(r"\?cursor=([0-9a-f-]+)", first.text)
        return first, await page.get(f"/deliveries?cursor={cursor}"), await page.get("/deliveries?cursor=nothing")

    first, second, unknown = serve(scene)
    assert (len(ids(first)), len(ids(second))) == (50, 20)
    assert len({*ids(first), *ids(second)}) == 70
    assert "Older deliveries" not in second.text
    assert unknown.status == 400


def test_a_delivery_shows_its_tries_with_the_words_of_the_server(serve):
    """What went wrong is read here, and not in a log."""

    async def scene(page):
        page.bring("China bans gallium exports")
        [dead] = send(page, DeliveryState.DEAD)
        return await page.get(f"/deliveries/{dead}"), await page.get("/deliveries/nothing")

    shown, missing = serve(scene)
    assert shown.status == 200
    assert "550 no such &lt;b&gt;mailbox&lt;/b&gt;" in shown.text
    assert '<a href="/alerts/1">gallium: ban</a>' in shown.text
    assert "2026-03-02 12:03" in shown.text
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    assert missing.status == 404


def test_the_message_as_sent_is_shut_in_and_its_links_for_answers_do_not_work(serve):
    """It was written by strangers in part, and a link in it answers without a login."""

    async def scene(page):
        page.bring("China bans gallium exports")
        before = [view.id for view in page.store.read.deliveries()]
        waiting = await page.get(f"/deliveries/{before[0]}/message")
        [sent] = send(page)
        found = await page.get(f"/deliveries/{sent}/message")
        page.cookies.clear()
        return waiting, found, await page.get(f"/deliveries/{sent}"), await page.get(f"/deliveries/{sent}/message")

    waiting, found, *outside = serve(scene)
    assert waiting.status == 404
    assert found.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    )
    assert 'src="data:image/png;base64,UE5H"' in found.text
    assert "/a/1.1.ack.here.1772459999.(hidden)" in found.text
    assert "abcdefghijklmnopqrstuvwxyz" not in found.text
    assert [answer.status for answer in outside] == [401, 401]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        pytest.param(dataclasses.replace(MAIL, html=""), "China bans gallium exports", id="text"),
        pytest.param(
            dataclasses.replace(MAIL, html="", payload='{"text": "</pre><script>x</script>"}'),
            "&lt;/pre&gt;&lt;script&gt;",
            id="payload",
        ),
    ],
)
def test_a_message_without_a_page_is_shown_as_text(serve, message, words):
    """Chats and webhooks get no HTML."""

    async def scene(page):
        page.bring("China bans gallium exports")
        [sent] = send(page, message=message)
        return await page.get(f"/deliveries/{sent}/message")

    text = serve(scene).text
    assert words in text
    assert "<script" not in text
    assert "abcdefghijklmnopqrstuvwxyz" not in text


def test_a_dead_letter_is_resent_once_however_often_the_button_is_pressed(serve):
    """An impatient hand makes no two copies; what is under way is not sent again."""

    async def scene(page):
        page.bring("China bans gallium exports")
        [dead] = send(page, DeliveryState.DEAD)
        before = await page.get(f"/deliveries/{dead}")
        first = await page.post(f"/deliveries/{dead}/resend")
        second = await page.post(f"/deliveries/{dead}/resend")
        copy = first.headers["Location"]
        early = await page.post(f"{copy}/resend")
        return dead, before, first, second, early, await page.get(f"/deliveries/{dead}"), page.store.read.deliveries()

    dead, before, first, second, early, after, views = serve(scene)
    assert f'action="/deliveries/{dead}/resend"' in before.text
    assert (first.status, second.status) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert early.status == 409
    assert "is still under way (ready): it needs no copy." in early.text
    assert "It was resent since." in after.text
    assert f'action="/deliveries/{dead}/resend"' not in after.text
    assert sorted(view.state for view in views) == ["dead", "ready"]


def test_a_blocked_receiver_says_until_when_and_what_ends_it(serve):
    """Its messages wait, and nobody else knows why."""

    async def scene(page):
        page.bring("China bans gallium exports")
        rests = page.clock.now() + timedelta(hours=1)
        with page.store.database.write() as session:
            status = ReceiverStatus(failures=4, rests=rests, refused="535 bad password", refusals=3)
            receivers.put(session, "here", status)
        return await page.get("/deliveries")

    text = serve(scene).text
    assert text.count("here is blocked until 2026-03-02 13:01: 535 bad password") == 2
    assert "What ends it: correct its address or account, then: tocsin notify-test here" in text
    assert "1 message waits." in text


def test_hostile_words_are_only_text(serve):
    """A headline comes with the alert, an error from a server."""

    async def scene(page):
        page.bring(HOSTILE, link="javascript:alert(1)")
        [sent] = send(page)
        return await page.get("/deliveries?state=all"), await page.get(f"/deliveries/{sent}")

    for found in serve(scene):
        assert found.status == 200
        assert "<script>alert" not in found.text
        assert "javascript:" not in found.text
        assert "\u202e" not in found.text
