"""What people who were told of an alert hear about it later, and what they are spared."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tocsin.model.alerts import Answered, MatchOutcome
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route, Selection
from tocsin.render.reasons import in_words

World = Any
BAN = "China bans exports of gallium to the United States"
ELSE = "Beijing widens its gallium licence list to wafers"


@pytest.fixture
def wide(world: World) -> World:
    """A desk that is told everything, a boss of what is critical, and a wire room that asks for three origins."""
    routes = (
        Route(to=("desk",)),
        Route(to=("boss",), which=Selection(severity=(">=", Severity.CRITICAL))),
        Route(to=("room",), origins=3),
        Route(to=("quick",), which=Selection(severity=("<=", Severity.HIGH))),
    )
    names = ("desk", "boss", "room", "quick")
    world.policy = Policy(routes=routes, receivers=[ReceiverInfo(name=name, recipients=("",)) for name in names])
    return world


def report(world: World, publisher: str, **fields: Any) -> Any:
    """The same happening in the words of *publisher*, five minutes later; its messages leave."""
    world.later(minutes=5)
    words = {
        "Herald": f"{BAN}",
        "Post": "China bans gallium exports to United States, ministry says in notice",
        "Times": "Ministry: exports of gallium to the United States banned by China from today",
        "Echo": f"{BAN} - Echo",
    }
    decision = world.decide(world.match(words[publisher], publisher=publisher, **fields))
    world.send(decision)
    return decision


def planned(decision: Any) -> dict[str, tuple[DeliveryKind, tuple[str, ...]]]:
    """By receiver the kind of its message and what it says is new."""
    return {
        plan.receiver: (plan.kind, tuple(w for words in plan.news.values() for w in words)) for plan in decision.planned
    }


def test_who_was_told_gets_an_update_and_who_hears_first_an_alert(wide: World) -> None:
    """To the boss it is no update: nobody told them what it updates. Who was told hears, even off their route."""
    report(wide, "Herald")
    decision = report(wide, "Post", severity=Severity.CRITICAL)
    news = ("high became critical",)
    assert planned(decision) == {
        "desk": (DeliveryKind.UPDATE, news),
        "room": (DeliveryKind.UPDATE, news),
        "quick": (DeliveryKind.UPDATE, news),
        "boss": (DeliveryKind.ALERT, ()),
    }


def test_a_receiver_that_was_taken_out_is_not_told(wide: World) -> None:
    """A message for nobody would only die."""
    wide.notified = {1: [("gone", "")]}
    report(wide, "Herald")
    wide.notified[1].append(("gone", ""))
    assert "gone" not in planned(report(wide, "Post", severity=Severity.CRITICAL))


def test_the_third_independent_origin_is_told_to_who_asks_for_it_and_once(wide: World) -> None:
    """Copies of one report are one origin, the cooldown of the rule holds no confirmation, a fourth is only coverage."""
    report(wide, "Herald")
    assert [report(wide, name).decided[0].outcome for name in ("Echo", "Post")] == [MatchOutcome.JOINED] * 2
    decision = report(wide, "Times")
    assert decision.decided[0].outcome is MatchOutcome.UPDATED
    assert planned(decision) == {"room": (DeliveryKind.UPDATE, ("3 independent origins, now also Times",))}
    assert decision.planned[0].due_at == wide.now
    assert decision.alerts[0].origins == 3
    again = wide.decide(wide.match(BAN, source="other", publisher="Gazette", summary="(Reuters) - Beijing"))
    assert (again.decided[0].outcome, again.planned, again.alerts[0].origins) == (MatchOutcome.JOINED, (), 4)


def test_a_confirmation_that_says_more_is_one_update_with_both(wide: World) -> None:
    """One entry, one message."""
    report(wide, "Herald")
    report(wide, "Post")
    decision = report(wide, "Times", labels={"mineral": ("gallium", "germanium")})
    news = ("new: germanium", "3 independent origins, now also Times")
    assert planned(decision)["room"] == (DeliveryKind.UPDATE, news)
    assert len(decision.planned) == 3


def test_an_override_of_the_receivers_asks_for_no_confirmation(wide: World) -> None:
    """Whom the rule names is not told by a route, and so not by what a route asks."""
    info = replace(wide.rule(), to=("desk",))
    for name in ("Herald", "Post", "Times"):
        decision = report(wide, name, info=info)
    assert (decision.decided[0].outcome, decision.planned) == (MatchOutcome.JOINED, ())


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({}, MatchOutcome.JOINED), ({"severity": Severity.CRITICAL}, MatchOutcome.UPDATED)],
    ids=["a third origin", "a higher severity"],
)
def test_an_alert_that_somebody_has_seen_is_not_confirmed_but_grows(
    wide: World, fields: dict[str, Any], outcome: MatchOutcome
) -> None:
    """To have seen it is to know that it is true, not that it became worse."""
    report(wide, "Herald")
    report(wide, "Post")
    match = wide.match("Ministry: exports of gallium to the United States banned by China", publisher="Times", **fields)
    decision = wide.decide(match, answered={1: Answered(acked_at=wide.now)})
    assert decision.decided[0].outcome is outcome


def test_a_snoozed_alert_says_what_is_new_at_the_end(wide: World) -> None:
    """Quiet was asked for, and nothing is lost; another story of the same key is not held by it."""
    report(wide, "Herald")
    until = wide.now + timedelta(hours=30)
    answered = {1: Answered(snoozed_until=until)}
    louder = wide.match(BAN, severity=Severity.CRITICAL)
    wide.notified[1].append(("boss", ""))
    decision = wide.decide(louder, answered=answered)
    assert {plan.due_at for plan in decision.planned} == {until}
    assert {in_words(plan.held) for plan in decision.planned} == {"held until 2026-03-03 18:05 UTC: alert 1 is snoozed"}
    assert in_words(decision.decided[0].reason).startswith(
        "held until 2026-03-03 18:05 UTC: alert 1 is snoozed: alert 1 grew"
    )
    wide.later(hours=13)
    assert wide.decide(wide.match(ELSE)).decided[0].outcome is MatchOutcome.ALERTED


def test_who_does_not_know_a_snoozed_alert_is_told_at_once(wide: World) -> None:
    """The boss has not asked for quiet, and what became critical is theirs."""
    report(wide, "Herald")
    answered = {1: Answered(snoozed_until=wide.now + timedelta(hours=4))}
    decision = wide.decide(wide.match(BAN, severity=Severity.CRITICAL), answered=answered)
    assert {plan.receiver: plan.due_at > wide.now for plan in decision.planned} == {
        "desk": True,
        "room": True,
        "quick": True,
        "boss": False,
    }
    assert in_words(decision.decided[0].reason).startswith("planned for 4 recipients")


def test_a_snoozed_alert_is_confirmed_at_the_end(wide: World) -> None:
    """A confirmation rests as any update does."""
    report(wide, "Herald")
    report(wide, "Post")
    until = wide.now + timedelta(hours=4)
    match = wide.match("Ministry: exports of gallium to the United States banned by China", publisher="Times")
    (plan,) = wide.decide(match, answered={1: Answered(snoozed_until=until)}).planned
    assert (plan.receiver, plan.due_at) == ("room", until)


def test_a_snooze_that_is_over_holds_nothing(wide: World) -> None:
    """It ends by itself."""
    report(wide, "Herald")
    answered = {1: Answered(snoozed_until=wide.now - timedelta(hours=1))}
    decision = wide.decide(wide.match(BAN, severity=Severity.CRITICAL), answered=answered)
    assert {plan.due_at for plan in decision.planned} == {wide.now}


def test_what_grows_twice_before_it_leaves_is_one_message_that_says_both(world: World) -> None:
    """A receiver that is down for ten minutes is told once, and of everything."""
    world.send(world.decide(world.match(BAN)))
    first = world.decide(world.match(BAN, labels={"mineral": ("gallium", "germanium")}))
    world.keep(first)
    second = world.decide(world.match(BAN, severity=Severity.CRITICAL))
    assert second.planned == ()
    assert second.news == {("d0", 1): ("high became critical",)}


def test_what_grows_before_it_was_told_is_told_as_it_is_then(world: World) -> None:
    """The message that waits shows it: a second one, even a held one, would say it twice."""
    world.keep(world.decide(world.match(BAN)))
    decision = world.decide(world.match(BAN, labels={"mineral": ("gallium", "germanium")}))
    assert decision.decided[0].outcome is MatchOutcome.UPDATED
    assert (decision.planned, decision.news) == ((), {})


@pytest.mark.parametrize(
    ("distinguish", "outcome"),
    [(("country",), MatchOutcome.UPDATED), (("company",), MatchOutcome.JOINED), ((), MatchOutcome.JOINED)],
)
def test_a_label_beside_the_key_is_news_where_the_pack_distinguishes_by_it(
    world: World, distinguish: tuple[str, ...], outcome: MatchOutcome
) -> None:
    """Only the pack knows which labels tell two reports of like words apart."""
    info = replace(world.rule(), distinguish=distinguish)
    world.keep(world.decide(world.match(BAN, info=info)))
    decision = world.decide(world.match(BAN, info=info, labels={"mineral": ("gallium",), "country": ("us",)}))
    assert decision.decided[0].outcome is outcome


def test_two_entries_of_one_poll_that_bring_news_are_one_update(world: World) -> None:
    """One decision, one message, and all that is new in it."""
    world.send(world.decide(world.match(BAN)))
    more = [
        world.match(BAN, labels={"mineral": ("gallium", "germanium")}),
        world.match(BAN, labels={"mineral": ("gallium", "antimony")}),
    ]
    (plan,) = world.decide(*more).planned
    assert plan.news == {1: ("new: germanium", "new: antimony")}


def test_an_update_and_a_new_alert_of_the_story_are_one_message(world: World) -> None:
    """One happening, one message: the other rule's alert joins the update that waits."""
    world.send(world.decide(world.match(BAN)))
    world.keep(world.decide(world.match(BAN, severity=Severity.CRITICAL)))
    other = replace(world.rule("quota"), event="trade.export")
    decision = world.decide(world.match(BAN, info=other, labels={"mineral": ("gallium", "germanium")}))
    assert decision.joined == (("d0", (2,)),)


def test_an_update_joins_a_message_about_the_same_story(world: World) -> None:
    """The other way round: who knows the one and not the other gets both at once."""
    other = replace(world.rule("quota"), event="trade.export")
    world.send(world.decide(world.match(BAN)))
    world.keep(world.decide(world.match(BAN, info=other)))
    decision = world.decide(world.match(BAN, severity=Severity.CRITICAL))
    assert decision.joined == (("d0", (1,)),)
    assert decision.news == {("d0", 1): ("high became critical",)}
