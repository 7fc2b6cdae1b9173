"""What becomes of a match: the promises that a reader of alerts would miss."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tocsin.errors import Position
from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON, Cause
from tocsin.model.rules import Evidence, Match, RuleInfo, Severity
from tocsin.policy.alerting.facts import Arrival
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route, Selection
from tocsin.render.reasons import in_words

World = Any
BAN = "China bans exports of gallium to the United States"


def outcomes(decision: Any) -> list[MatchOutcome]:
    """The outcomes in the order of the matches."""
    return [item.outcome for item in decision.decided]


def test_a_match_opens_an_alert_and_plans_a_message(world: World) -> None:
    """The plain case: one match, one alert with its title filled in, one message for the desk, and nothing for ops."""
    decision = world.decide(world.match(BAN))
    (alert,), (plan,) = decision.alerts, decision.planned
    assert outcomes(decision) == [MatchOutcome.ALERTED]
    assert (alert.title, alert.key, alert.severity) == ("gallium: export", ("gallium",), Severity.HIGH)
    assert (plan.receiver, plan.recipient, plan.kind, plan.due_at) == ("desk", "a", DeliveryKind.ALERT, world.now)
    assert plan.expires_at == world.now + timedelta(hours=24)


def test_twenty_copies_of_one_headline_make_one_alert(world: World) -> None:
    """Syndication is not news: nineteen copies join the first as coverage."""
    titles = [f"{BAN} - Outlet {n}" for n in range(20)]
    decision = world.decide(*(world.match(title) for title in titles))
    assert outcomes(decision) == [MatchOutcome.ALERTED] + [MatchOutcome.JOINED] * 19
    assert len(decision.planned) == len(decision.alerts) == len(decision.stories) == 1
    assert len(decision.stories[0].entries) == 20


def test_the_earliest_report_opens_the_story_whatever_the_order_of_the_feed(world: World) -> None:
    """Feeds list the newest first; the origin is whoever was first."""
    late = world.match(BAN + " - Copycat News", publisher="Copycat")
    early = world.match(BAN, publisher="Herald", published=world.now - timedelta(hours=1))
    decision = world.decide(late, early)
    assert [item.outcome for item in decision.decided] == [MatchOutcome.ALERTED, MatchOutcome.JOINED]
    assert decision.decided[0].match is early
    assert [item.origin for item in decision.decided] == ["Herald", "Herald"]


def test_a_new_key_value_in_the_story_is_told_as_an_update(world: World) -> None:
    """Gallium was told; that germanium is meant too must not be folded away."""
    world.send(world.decide(world.match(BAN)))
    world.later(minutes=20)
    decision = world.decide(world.match(BAN, labels={"mineral": ("gallium", "germanium")}))
    (alert,) = decision.alerts
    assert outcomes(decision) == [MatchOutcome.UPDATED]
    assert alert.labels == {"mineral": ("gallium", "germanium")}
    assert alert.title == "gallium, germanium: export"
    assert [plan.kind for plan in decision.planned] == [DeliveryKind.UPDATE]
    assert decision.planned[0].due_at == world.now


def test_a_higher_severity_breaks_through_the_cooldown(world: World) -> None:
    """A rumour that becomes official is told at once."""
    world.decide(world.match(BAN, severity=Severity.MEDIUM))
    world.later(minutes=5)
    decision = world.decide(world.match(BAN, severity=Severity.CRITICAL))
    assert outcomes(decision) == [MatchOutcome.UPDATED]
    assert decision.alerts[0].severity is Severity.CRITICAL
    assert decision.planned[0].due_at == world.now


def test_another_story_within_the_cooldown_is_held_until_its_end(world: World) -> None:
    """Cooldown holds, it never discards, and what ends together is told together."""
    start = world.now
    world.decide(world.match(BAN))
    world.later(hours=1)
    held = world.decide(world.match("Beijing widens its gallium licence list to wafers"))
    world.keep(held)
    world.later(hours=1)
    third = world.decide(world.match("Customs offices refuse several shipments of gallium at the border"))
    assert outcomes(held) == outcomes(third) == [MatchOutcome.HELD]
    assert held.planned[0].due_at == start + timedelta(hours=12)
    assert held.planned[0].held.cause is Cause.COOLDOWN
    assert third.planned == ()
    assert third.joined == (("d0", (third.alerts[0].id,)),)


def test_a_held_alert_that_grows_louder_leaves_at_once_and_only_once(world: World) -> None:
    """The held message is released instead of being followed by a second one about the same alert."""
    world.decide(world.match(BAN))
    world.later(hours=1)
    title = "Beijing widens its gallium licence list to wafers"
    world.keep(world.decide(world.match(title)))
    world.later(hours=1)
    decision = world.decide(world.match(title, severity=Severity.CRITICAL))
    assert decision.planned == ()
    assert decision.released == ("d0",)


def test_after_the_cooldown_another_story_is_told_at_once(world: World) -> None:
    """A cooldown ends."""
    world.decide(world.match(BAN))
    world.later(hours=13)
    decision = world.decide(world.match("Beijing widens its gallium licence list to wafers"))
    assert outcomes(decision) == [MatchOutcome.ALERTED]
    assert decision.planned[0].due_at == world.now


def test_another_mineral_is_not_held_by_the_cooldown_of_the_first(world: World) -> None:
    """A cooldown stands by key value, not by rule."""
    world.decide(world.match(BAN))
    decision = world.decide(world.match("Congo halts cobalt shipments", labels={"mineral": ("cobalt",)}))
    assert outcomes(decision) == [MatchOutcome.ALERTED]


def test_the_first_fetch_of_a_source_is_silent(world: World) -> None:
    """A new feed brings its archive; nobody is told about it."""
    decision = world.decide(world.match(BAN), baseline=True)
    assert outcomes(decision) == [MatchOutcome.BASELINE]
    assert (decision.alerts, decision.planned) == ((), ())


def test_an_old_entry_does_not_alert(world: World) -> None:
    """A feed that repeats its archive must not ring."""
    old = world.match(BAN, published=world.now - timedelta(hours=49))
    decision = world.decide(old, last_success=world.now - timedelta(minutes=5))
    assert outcomes(decision) == [MatchOutcome.OLD]
    assert decision.planned == ()


def test_what_was_published_while_a_source_was_out_of_reach_goes_into_one_catch_up(world: World) -> None:
    """After three days of outage the two old items come in one message of their own."""
    matches = [
        world.match(BAN, published=world.now - timedelta(hours=60)),
        world.match(
            "Congo halts cobalt shipments", labels={"mineral": ("cobalt",)}, published=world.now - timedelta(hours=55)
        ),
    ]
    decision = world.decide(*matches, last_success=world.now - timedelta(hours=72))
    assert outcomes(decision) == [MatchOutcome.CATCH_UP, MatchOutcome.CATCH_UP]
    (plan,) = decision.planned
    assert (plan.kind, len(plan.alert_ids)) == (DeliveryKind.CATCH_UP, 2)


def test_two_rules_on_one_entry_leave_as_one_message(world: World) -> None:
    """One happening, one message for a recipient."""
    first, second = world.match(BAN), world.match(BAN, info=world.rule("price"))
    second = replace(second, entry=first.entry)
    decision = world.judge(Arrival(entry_id=1, matches=(first, second)))
    assert outcomes(decision) == [MatchOutcome.ALERTED, MatchOutcome.ALERTED]
    (plan,) = decision.planned
    assert len(plan.alert_ids) == 2


def test_an_alert_joins_an_untried_message_about_the_same_story(world: World) -> None:
    """What was committed a moment ago and not sent yet takes in the update."""
    world.keep(world.decide(world.match(BAN)))
    decision = world.decide(world.match(BAN, labels={"mineral": ("gallium", "germanium")}))
    assert outcomes(decision) == [MatchOutcome.UPDATED]
    assert (decision.planned, decision.joined) == ((), ())


def test_a_match_without_its_key_label_is_keyed_by_its_story(world: World) -> None:
    """Nothing is lost for want of a label, and two such stories do not hold each other back."""
    one = world.decide(world.match(BAN, labels={}))
    other = world.decide(world.match("Congo halts shipments of ore to smelters", labels={}))
    assert outcomes(one) == outcomes(other) == [MatchOutcome.ALERTED]
    assert one.alerts[0].key == ("story:1",)
    assert one.alerts[0].title == "export"


def test_the_daemons_own_events_go_to_operators_only(world: World) -> None:
    """The desk does not hear that a feed is down; ops does."""
    info = RuleInfo(
        id="tocsin/source-unhealthy",
        hash="",
        title="Source unhealthy: {source}",
        severity=Severity.MEDIUM,
        event="tocsin.source.unhealthy",
        key=("source",),
        cooldown=timedelta(0),
        position=Position(file="x", line=1, column=1),
    )
    match = Match(
        rule=info,
        severity=info.severity,
        labels={"source": ("wire",)},
        proof=Evidence(op="tocsin", text="", holds=True),
        event_time=world.now,
        detail="no answer",
    )
    decision = world.decide(match)
    assert [(plan.receiver, plan.kind) for plan in decision.planned] == [("ops", DeliveryKind.OPERATOR)]
    assert decision.alerts[0].title == "Source unhealthy: wire"
    assert decision.alerts[0].detail == "no answer"


def test_an_alert_that_no_route_wants_says_so(world: World) -> None:
    """Silence has a reason that can be read."""
    world.policy = Policy(routes=(), receivers=(ReceiverInfo(name="desk", recipients=("a",)),))
    decision = world.decide(world.match(BAN))
    assert in_words(decision.decided[0].reason) == "no route leads to a receiver"
    assert decision.planned == ()


@pytest.mark.parametrize(
    ("route", "told"),
    [
        (Route(to=("desk",), which=Selection(severity=(">=", Severity.HIGH))), True),
        (Route(to=("desk",), which=Selection(severity=(">", Severity.HIGH))), False),
        (Route(to=("desk",), which=Selection(severity=("<", Severity.HIGH))), False),
        (Route(to=("desk",), which=Selection(severity=("=", Severity.HIGH))), True),
        (Route(to=("desk",), which=Selection(labels={"mineral": "gallium"})), True),
        (Route(to=("desk",), which=Selection(labels={"mineral": "cobalt"})), False),
        (Route(to=("desk",), which=Selection(event="trade")), True),
        (Route(to=("desk",), which=Selection(event="tra")), False),
        (Route(to=("desk",), which=Selection(rule="export")), True),
        (Route(to=("desk",), which=Selection(rule="p/export")), True),
        (Route(to=("desk",), which=Selection(rule="p")), True),
        (Route(to=("desk",), which=Selection(rule="q")), False),
    ],
    ids=str,
)
def test_a_route_selects_by_everything_it_names(world: World, route: Route, told: bool) -> None:
    """Routes only select receivers, and every test of a route must fit."""
    world.policy = Policy(routes=(route,), receivers=(ReceiverInfo(name="desk", recipients=("a",)),))
    assert bool(world.decide(world.match(BAN)).planned) is told


def test_the_union_of_routes_tells_everybody_once(world: World) -> None:
    """Two routes to one receiver are one message for each of its recipients."""
    receivers = (ReceiverInfo(name="desk", recipients=("a", "b")),)
    world.policy = Policy(
        routes=(Route(to=("desk",)), Route(to=("desk",), which=Selection(event="trade"))), receivers=receivers
    )
    decision = world.decide(world.match(BAN))
    assert [(plan.receiver, plan.recipient) for plan in decision.planned] == [("desk", "a"), ("desk", "b")]


def test_a_route_with_several_key_values_tells_when_one_is_free(world: World) -> None:
    """Gallium is cooling down, germanium is not: the alert about both goes out."""
    world.decide(world.match(BAN))
    world.later(hours=1)
    both = {"mineral": ("gallium", "germanium")}
    decision = world.decide(world.match("Beijing widens its licence list to further metals", labels=both))
    assert outcomes(decision) == [MatchOutcome.ALERTED]


def test_one_decision_tells_nobody_twice_of_one_alert(world: World) -> None:
    """An alert that opens and grows within one poll leaves in one message, at the earlier of the two times."""
    world.decide(world.match("China curbs gallium exports to Japan"))
    world.later(hours=1)
    found = world.decide(
        world.match(BAN, published=world.now - timedelta(minutes=2)),
        world.match(BAN, labels={"mineral": ("gallium", "germanium")}),
    )
    assert outcomes(found) == [MatchOutcome.HELD, MatchOutcome.UPDATED]
    (plan,) = found.planned
    assert (plan.due_at, plan.held, plan.kind) == (world.now, NO_REASON, DeliveryKind.ALERT)


def test_an_alert_that_joined_a_held_message_and_grew_leaves_with_it_at_once(world: World) -> None:
    """What waits already takes the alert in; a louder report in the same poll sets the whole message free."""
    world.decide(world.match("China curbs gallium exports to Japan", severity=Severity.MEDIUM))
    world.later(hours=1)
    world.keep(world.decide(world.match("Ministry mulls limits on gallium for Korea", severity=Severity.MEDIUM)))
    found = world.decide(
        world.match(BAN, severity=Severity.MEDIUM, published=world.now - timedelta(minutes=2)),
        world.match(BAN, severity=Severity.HIGH),
    )
    assert outcomes(found) == [MatchOutcome.HELD, MatchOutcome.UPDATED]
    assert (found.planned, [ids for _, ids in found.joined], found.released) == ((), [(3,)], ("d0",))


@pytest.mark.no_cover
def test_four_times_the_alerts_for_as_many_people_take_four_times_as_long(world: World) -> None:
    """A thousand messages of one decision are not each compared with all the others."""
    people = tuple(f"p{number}" for number in range(20))
    world.policy = Policy(
        routes=(Route(to=people),), receivers=[ReceiverInfo(name=n, recipients=("",)) for n in people]
    )

    def cost(count: int) -> float:
        numbers = range(world.entries, world.entries + count)
        news = [world.match(f"{n} {n * 7919} bans {n * 104729}", info=world.rule(key=("story",))) for n in numbers]
        began = time.process_time()
        decision = world.decide(*news)
        assert len(decision.planned) == count * len(people)
        return time.process_time() - began

    few, many = (min(cost(count) for _ in range(3)) for count in (25, 100))  # the least: garbage is collected in others
    assert many < 10 * few
