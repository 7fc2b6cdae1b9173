"""Folding across languages: reports without a word in common are one story by rule, key values and particulars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tocsin.model.alerts import MatchOutcome
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import Arrival, Decided, Decision
from tocsin.render.reasons import in_words

World = Any

CHINA = {"mineral": ("gallium",), "actor": ("cn",)}
NOTICE = "中国商务部对镓相关物项实施出口管制"
WIRE = "Beijing puts chip metal under licence in new blow to makers"


def _both(
    world: World,
    notice: Mapping[str, tuple[str, ...]],
    wire: Mapping[str, tuple[str, ...]],
    *,
    texts: tuple[str, str] = ("", ""),
    hours: float = 1,
) -> Decided:
    """A Chinese notice and, some hours later, an English wire report with these labels and texts: what becomes of it."""
    world.send(world.decide(world.match(NOTICE, labels=notice, summary=texts[0])))
    world.later(hours=hours)
    return world.decide(world.match(WIRE, labels=wire, summary=texts[1], language="en")).decided[0]


@pytest.mark.parametrize(
    ("hours", "outcome"), [(1, MatchOutcome.JOINED), (6, MatchOutcome.JOINED), (6.1, MatchOutcome.HELD)]
)
def test_reports_in_two_languages_are_one_story_for_six_hours(
    world: World, hours: float, outcome: MatchOutcome
) -> None:
    """The notice rings, the wire report of it does not; what comes a day later may be something new."""
    assert _both(world, CHINA, CHINA, hours=hours).outcome is outcome


@pytest.mark.parametrize(
    ("notice", "wire", "texts", "joined"),
    [
        (CHINA, CHINA, ("", ""), True),
        (CHINA, {**CHINA, "actor": ("us",)}, ("", ""), False),
        (CHINA, {**CHINA, "actor": ("us",)}, ("增长30%", "by 30%"), False),
        (CHINA, {**CHINA, "actor": ("cn", "us")}, ("", ""), False),
        ({"mineral": ("gallium",)}, {"mineral": ("gallium",)}, ("", ""), False),
        ({"mineral": ("gallium",)}, CHINA, ("", ""), False),
        ({"mineral": ("gallium",)}, {"mineral": ("gallium",)}, ("下降30%", "down 30 percent"), True),
        ({"mineral": ("gallium",)}, CHINA, ("下降30%", "down 30 percent"), True),
        (CHINA, {"mineral": ("gallium",)}, ("5月9日起施行", "as of May 9"), True),
        (
            {"mineral": ("gallium",)},
            {"mineral": ("gallium",)},
            ("公告2026年第9号", "in Announcement No. 9 of 2026"),
            True,
        ),
        ({"mineral": ("gallium",)}, {"mineral": ("gallium",)}, ("公告2026年第9号", "in Notice 2026/123"), False),
        (
            {"mineral": ("gallium",), "company": ("acme",)},
            {"mineral": ("gallium",), "company": ("acme",)},
            ("", ""),
            True,
        ),
        (
            {"mineral": ("gallium",), "company": ("acme",)},
            {"mineral": ("gallium",), "company": ("umbra",)},
            ("", ""),
            False,
        ),
        (CHINA, {**CHINA, "mineral": ("tin",)}, ("", ""), False),
        (CHINA, {**CHINA, "mineral": ("gallium", "tin")}, ("", ""), False),
        ({"actor": ("cn",)}, {"actor": ("cn",)}, ("", ""), False),
    ],
    ids=[
        "same actor",
        "other actor",
        "other actor, same figure",
        "one actor more",
        "nothing shared",
        "one names the actor",
        "figure",
        "figure, one names the actor",
        "date",
        "document",
        "another document",
        "company",
        "another company",
        "other key value",
        "one key value more",
        "no key value",
    ],
)
def test_reports_in_two_languages_share_rule_key_and_a_particular(
    world: World,
    notice: Mapping[str, tuple[str, ...]],
    wire: Mapping[str, tuple[str, ...]],
    texts: tuple[str, str],
    joined: bool,
) -> None:
    """What is folded wrongly is an alert lost; what is folded too little rings twice."""
    assert (_both(world, notice, wire, texts=texts).outcome is MatchOutcome.JOINED) is joined


def test_reports_in_one_language_are_compared_by_their_words(world: World) -> None:
    """Two moves of one actor against one mineral on one morning are two alerts."""
    world.decide(world.match(WIRE, labels=CHINA, language="en"))
    other = world.match("Customs seize shipments of smuggled metal in port", labels=CHINA, language="en-us")
    unknown = world.match("Smelters told to register sales abroad from now on", labels=CHINA)
    assert [item.outcome for item in world.decide(other, unknown).decided] == [MatchOutcome.HELD] * 2


def test_another_rule_is_another_story(world: World) -> None:
    """Only alerts of one rule are the same kind of news."""
    world.decide(world.match(NOTICE, labels=CHINA))
    info = replace(world.rule("quota"), event="trade.export")
    assert world.decide(world.match(WIRE, labels=CHINA, info=info)).decided[0].story_id == 2


def test_any_rule_that_both_meet_ties_them(world: World) -> None:
    """An entry that meets several rules of an event is compared by each of them."""
    quota = replace(world.rule("quota"), event="trade.export")
    both = (world.match(NOTICE, labels=CHINA), world.match(NOTICE, labels=CHINA, info=quota))
    world.entries = 1
    world.judge(Arrival(entry_id=1, matches=both))
    assert world.decide(world.match(WIRE, labels=CHINA, info=quota)).decided[0].outcome is MatchOutcome.JOINED


def test_three_languages_are_one_story_in_one_poll(world: World) -> None:
    """A press review that carries all of them at once rings once."""
    titles = (NOTICE, WIRE, "中国がガリウムの輸出規制を発表", "중국, 갈륨 수출 통제 발표")
    decision = world.decide(*(world.match(title, labels=CHINA) for title in titles))
    assert len(decision.alerts) == len(decision.planned) == 1
    assert decision.alerts[0].origins == 1


@pytest.mark.parametrize(
    ("notice", "later", "outcome"),
    [
        ("", "", MatchOutcome.HELD),
        ("公告2026年第9号", "in Announcement No. 9", MatchOutcome.JOINED),
        ("5月9日起施行", "as of 9 May", MatchOutcome.JOINED),
    ],
    ids=["actor", "document", "date"],
)
def test_a_notice_ties_two_stories_of_one_language_only_by_more_than_the_actor(
    world: World, notice: str, later: str, outcome: MatchOutcome
) -> None:
    """What a state does in the afternoon must not vanish in the story of the morning because that has a notice, too."""
    world.decide(world.match(NOTICE, labels=CHINA, summary=notice))
    world.decide(world.match(WIRE, labels=CHINA, language="en"))
    other = world.match("Customs seize smuggled shipments in port", labels=CHINA, language="en", summary=later)
    assert world.decide(other).decided[0].outcome is outcome


@pytest.mark.parametrize(
    ("key", "outcome"), [(("actor",), MatchOutcome.HELD), (("actor", "mineral"), MatchOutcome.JOINED)]
)
def test_an_actor_that_is_the_whole_key_ties_nothing(world: World, key: tuple[str, ...], outcome: MatchOutcome) -> None:
    """A state that imposes sanctions twice a day is one key value, and not one story."""
    info = world.rule(key=key)
    world.decide(world.match(NOTICE, labels=CHINA, info=info))
    assert world.decide(world.match(WIRE, labels=CHINA, info=info)).decided[0].outcome is outcome


def test_the_story_that_shares_what_tells_most_is_joined(world: World) -> None:
    """One actor may do two things to one mineral: the number of the document says which."""
    world.decide(world.match(NOTICE, labels=CHINA, summary="公告2026年第9号"))
    world.later(minutes=5)
    world.decide(world.match("镓产品加征出口关税", labels=CHINA, summary="公告2026年第12号"))
    wire = world.match(WIRE, labels=CHINA, summary="The ministry said so in Announcement No. 9.")
    assert world.decide(wire).decided[0].story_id == 1


def test_the_words_go_before_the_particulars(world: World) -> None:
    """A copy belongs to its own story, whatever else happened."""
    world.decide(world.match(WIRE, labels={"mineral": ("gallium",)}))
    world.decide(world.match(NOTICE, labels=CHINA))
    assert world.decide(world.match(WIRE, labels=CHINA)).decided[0].story_id == 1


def test_a_corrected_report_stays_in_its_story(world: World) -> None:
    """An entry that is rewritten is judged again, and is not news of its own."""
    first = world.match(NOTICE, labels=CHINA)
    world.send(world.judge(Arrival(entry_id=1, matches=(first,))))
    world.send(world.judge(Arrival(entry_id=2, matches=(world.match(WIRE, labels=CHINA),))))
    again = world.match("Correction: licence is for germanium", labels={**CHINA, "mineral": ("germanium",)})
    decided = world.judge(Arrival(entry_id=2, matches=(again,))).decided[0]
    assert (decided.outcome, decided.story_id) == (MatchOutcome.UPDATED, 1)


def test_why_names_what_two_languages_share(world: World) -> None:
    """A fold that no word explains must say what it rests on."""
    decided = _both(world, CHINA, CHINA, texts=("公告2026年第9号", "in Announcement No. 9"))
    words = "more coverage of alert 1: in another language, with the same actor cn, document 9/2026"
    assert in_words(decided.reason) == words


def test_why_names_it_behind_an_update_too(world: World) -> None:
    """An update that the other language brought says both."""
    world.send(world.decide(world.match(NOTICE, labels=CHINA)))
    wire = world.match(WIRE, labels=CHINA, severity=Severity.CRITICAL)
    words = "alert 1 grew (high became critical): in another language, with the same actor cn"
    assert words in in_words(world.decide(wire).decided[0].reason)


def _acting(world: World, *labels: Mapping[str, tuple[str, ...]], titles: tuple[str, str]) -> Decision:
    info = replace(world.rule(), distinguish=("actor",))
    first, second = (world.match(t, info=info, labels=found) for t, found in zip(titles, labels, strict=True))
    world.send(world.decide(first))
    return world.decide(second)


@pytest.mark.parametrize(
    ("titles", "first", "second", "outcome"),
    [
        ((WIRE, f"{WIRE} - Herald"), (), ("cn",), MatchOutcome.JOINED),
        ((WIRE, f"{WIRE} - Herald"), ("cn",), (), MatchOutcome.JOINED),
        ((WIRE, f"{WIRE} - Herald"), ("us",), ("cn",), MatchOutcome.UPDATED),
        ((WIRE, "Makers fear new blow as chip metal under licence"), (), ("cn",), MatchOutcome.UPDATED),
    ],
    ids=["named later", "not named again", "another one", "only alike"],
)
def test_an_actor_that_one_copy_does_not_name_is_no_news(
    world: World, titles: tuple[str, str], first: tuple[str, ...], second: tuple[str, ...], outcome: MatchOutcome
) -> None:
    """A longer copy of the same text names who acts: nobody is notified again of that."""
    labels = [{"mineral": ("gallium",)} | ({"actor": found} if found else {}) for found in (first, second)]
    decision = _acting(world, *labels, titles=titles)
    assert decision.decided[0].outcome is outcome
    assert bool(decision.planned) is (outcome is MatchOutcome.UPDATED)
    assert {"us", "cn"} & set(world.alerts[1].labels.get("actor", ())) >= {*first, *second}


def test_the_actor_that_another_language_names_is_known_from_then_on(world: World) -> None:
    """The next report by somebody else is an update of its own."""
    decided = _both(world, {"mineral": ("gallium",)}, CHINA, texts=("下降30%", "down 30%"))
    assert decided.outcome is MatchOutcome.JOINED
    assert world.alerts[1].labels["actor"] == ("cn",)


def test_alerts_in_two_languages_that_are_due_together_are_one_message(world: World) -> None:
    """Nothing ties them but rule and key: both are alerts, and the phone rings once."""
    gallium = {"mineral": ("gallium",)}
    decision = world.decide(
        world.match(NOTICE, labels=gallium), world.match(WIRE, labels=gallium, severity=Severity.CRITICAL)
    )
    assert [item.outcome for item in decision.decided] == [MatchOutcome.ALERTED] * 2
    (message,) = decision.planned
    assert message.alert_ids == (1, 2)


def test_the_day_of_the_report_ties_nothing(world: World) -> None:
    """Every dateline of a day has that day in it."""
    gallium = {"mineral": ("gallium",)}
    day = f"{world.now:%B} {world.now.day}"
    texts = (f"新华社北京{world.now.month}月{world.now.day}日电", f"BEIJING, {day} (Wire) -")
    assert _both(world, gallium, gallium, texts=texts).outcome is MatchOutcome.HELD
