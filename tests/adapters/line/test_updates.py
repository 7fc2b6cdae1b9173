"""What grows after it was told, through the rows: who knows it, what is new, and which thread it belongs to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import update

from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import (
    AttemptResult,
    DeliveryKind,
    DeliveryState,
    ErrorClass,
    Message,
    MessageKind,
    Settlement,
)
from tocsin.model.reasons import NO_REASON
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.retry import Consequence
from tocsin.policy.notifying.route import Route
from tocsin.store.db.delivery_tables import DeliveryRow
from tocsin.store.values import Claimable

World = Any
RULE = """\
  - id: cut
    title: "{mineral}: cut"
    event: supply.cut
    news:
      match: $mineral NEAR/8 cut~
      severity_if: [{critical: total NEAR/3 cut~}]
    key: [mineral]
"""
FIRST = "Congo to cut cobalt output by a tenth, ministry says"
LOUDER = "Congo makes a total cut of cobalt output, ministry says"
WIDER = "Congo to cut cobalt and tin output by a tenth, ministry says"
WIDEST = "Congo makes a total cut of cobalt and gallium output, ministry says"
OK = AttemptResult(error_class=ErrorClass.OK)
FAILED = AttemptResult(error_class=ErrorClass.CONTENT, words="no")


def claimed(one: World) -> list[Any]:
    """What is due for the desk."""
    now = one.line.clock.now()
    return one.line.store.claim_deliveries(now, timedelta(minutes=1), Claimable(exclude=["ops"], limit_per_receiver=9))


def settle(one: World, item: Any, state: DeliveryState = DeliveryState.DELIVERED) -> None:
    """Try *item* once, with this end."""
    now, store = one.line.clock.now(), one.line.store
    assert store.begin_attempt(item, Message(kind=MessageKind.TEXT, subject="", text="x", thread=item.thread), now)
    outcome = OK if state is DeliveryState.DELIVERED else FAILED
    due = now + timedelta(minutes=5)
    assert store.settle(
        item, outcome, lambda _: Consequence(settlement=Settlement(state=state, due_at=due, reason=NO_REASON)), now
    )


def send(one: World, state: DeliveryState = DeliveryState.DELIVERED) -> list[Any]:
    """Send all that is due; the deliveries as they were claimed."""
    found = claimed(one)
    for item in found:
        settle(one, item, state)
    one.line.clock.move(minutes=10)
    return found


def test_updates_belong_to_the_thread_of_the_first_message(world: Any) -> None:
    """A mail program shows one happening as one conversation, and each message of it says what is new."""
    one = world(RULE)
    one.news(FIRST)
    (first,) = send(one)
    one.news(LOUDER, feed="post")
    (second,) = send(one)
    one.news(WIDER, feed="times")
    (third,) = send(one)
    assert [item.kind for item in (first, second, third)] == [DeliveryKind.ALERT, *[DeliveryKind.UPDATE] * 2]
    assert [item.thread for item in (first, second, third)] == ["", first.id, first.id]
    assert [item.content[0].news for item in (first, second, third)] == [
        (),
        ("medium became critical",),
        ("new: tin",),
    ]
    assert (third.content[0].first.title, third.content[0].lead.title) == (FIRST, WIDER)
    assert third.content[0].alert.origins == 2  # the third has the text of the first


def test_a_retry_keeps_its_thread(world: Any) -> None:
    """The octets of a retry are those of the first try."""
    one = world(RULE)
    one.news(FIRST)
    (first,) = send(one)
    one.news(LOUDER, feed="post")
    send(one, DeliveryState.RETRY)
    (again,) = claimed(one)
    assert (again.message.thread, again.thread) == (first.id, "")


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.SUPPRESSED], ids=["dead", "suppressed"])
def test_who_was_never_told_gets_no_update(world: Any, state: DeliveryState) -> None:
    """After a message that reached nobody the next one is the first: it is an alert, and opens the thread."""
    one = world(RULE)
    one.news(FIRST)
    send(one, state)
    one.news(LOUDER, feed="post")
    (item,) = send(one)
    assert (item.kind, item.thread, item.content[0].news) == (DeliveryKind.ALERT, "", ())


def test_who_may_have_been_told_gets_an_update(world: Any) -> None:
    """A message under way is as good as told: it says nothing of what grew meanwhile."""
    one = world(RULE)
    one.news(FIRST)
    (first,) = claimed(one)
    one.news(LOUDER, feed="post")
    (view, _) = one.line.store.read.deliveries()
    assert view.kind is DeliveryKind.UPDATE
    settle(one, first)
    assert [item.thread for item in claimed(one)] == [first.id]


def test_what_grows_twice_is_one_update_with_all_that_is_new(world: Any) -> None:
    """The rows of a message that waits take it in, and a copy of the message says the same."""
    one = world(RULE)
    one.news(FIRST)
    send(one)
    one.news(LOUDER, feed="post")
    one.news(WIDER, feed="times")
    (item,) = send(one)
    news = ("medium became critical", "new: tin")
    assert item.content[0].news == news
    one.line.store.act.resend(item.id, one.line.clock.now())
    (copy,) = claimed(one)
    assert copy.content[0].news == news


def test_coverage_before_the_message_left_is_in_it_and_later_coverage_rings_nobody(world: Any) -> None:
    """Twenty outlets write the same: one message, with those that were there in time."""
    one = world(RULE)
    one.news(FIRST)
    assert one.news(FIRST, feed="post") == [("cut", MatchOutcome.JOINED)]
    (item,) = send(one)
    assert [other.publisher for other in item.content[0].related] == ["Post"]
    assert one.news(FIRST, feed="times") == [("cut", MatchOutcome.JOINED)]
    assert claimed(one) == []


def test_what_is_known_of_an_alert_survives_a_restart(world: Any) -> None:
    """Who was told, and how many report it, stand in the rows."""
    one = world(RULE)
    one.news(FIRST)
    (first,) = send(one)
    one.restart()
    one.news(LOUDER, feed="post")
    (item,) = send(one)
    assert (item.kind, item.thread) == (DeliveryKind.UPDATE, first.id)


def test_mails_about_one_happening_are_one_conversation(world: Any) -> None:
    """Some mail programs look at the subject too; a higher severity begins one of its own, that later mails answer."""
    one = world(RULE)
    people = (ReceiverInfo(name="desk", recipients=("",)),)
    desk = one.line.list_receiver("desk", [OK], kind=MessageKind.MAIL)
    policy = Policy(routes=(Route(to=("desk",)),), receivers=people)
    out = one.line.dispatcher(policy.decide, desk, people=people)
    for title, feed in ((FIRST, "wire"), (WIDER, "times"), (LOUDER, "post"), (WIDEST, "herald")):
        one.news(title, feed=feed)
        asyncio.run(out.run_due())
        one.line.clock.move(minutes=10)
    messages = [message for _, message in desk.sent if "tocsin" not in message.subject]
    assert [message.subject for message in messages] == [
        f"[MEDIUM] cobalt: cut - {FIRST}",
        f"Re: [MEDIUM] cobalt: cut - {FIRST}",
        f"[CRITICAL] Update: cobalt, tin: cut - {LOUDER}",
        f"Re: [CRITICAL] Update: cobalt, tin: cut - {LOUDER}",
    ]
    first = desk.sent[0][0]
    assert [message.thread for message in messages] == ["", first, first, first]
    assert [message.text.splitlines()[0] for message in messages[1:]] == [
        "New: tin",
        "Medium became critical",
        "New: gallium",
    ]
    assert f"New: gallium · {WIDEST}" in messages[-1].html


@pytest.mark.parametrize("kind", [DeliveryKind.DIGEST, DeliveryKind.ALERT])
def test_no_conversation_is_called_by_the_subject_of_a_digest(world: Any, kind: DeliveryKind) -> None:
    """It is about something else first."""
    one = world(RULE)
    one.news(FIRST)
    (first,) = claimed(one)
    message = Message(kind=MessageKind.TEXT, subject="Called so", text="x")
    store, now = one.line.store, one.line.clock.now()
    assert store.begin_attempt(first, message, now)
    assert store.settle(
        first, OK, lambda _: Consequence(settlement=Settlement(state=DeliveryState.DELIVERED, due_at=now)), now
    )
    with store.database.write() as session:
        session.exec(update(DeliveryRow).values(kind=kind.value))
    one.news(WIDER, feed="times")
    (item,) = claimed(one)
    assert (item.thread, item.subjects) == (first.id, () if kind is DeliveryKind.DIGEST else ("Called so",))


def test_a_digest_belongs_to_no_conversation(world: Any) -> None:
    """It would hide in that of one of its many alerts."""
    one = world(RULE)
    one.news(FIRST)
    (first,) = send(one)
    one.news(WIDER, feed="times")
    with one.line.store.database.write() as session:
        waits = update(DeliveryRow).where(DeliveryRow.id != first.id, DeliveryRow.receiver == "desk")
        session.exec(waits.values(kind=DeliveryKind.DIGEST.value))
    (item,) = claimed(one)
    assert (item.content[0].news, item.thread, item.subjects) == (("new: tin",), "", ())
