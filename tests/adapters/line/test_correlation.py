"""Correlations through the line, on a real database and by a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import DeliveryKind, MessageKind
from tocsin.render.message import render

MOVE = """\
  - id: move
    title: "{mineral}: ban and move"
    all_of: [ban, level]
    by: [mineral]
    within: 48h
"""
SURE = """\
  - id: sure
    title: "{mineral}: confirmed"
    count: {rule: ban, distinct: origin, at_least: 3}
    by: [mineral]
    within: 6h
"""
HOUR = timedelta(hours=1)


def fired(found: Sequence[tuple[str, MatchOutcome]]) -> list[str]:
    """The rules that alerted."""
    return [rule for rule, fate in found if fate is MatchOutcome.ALERTED]


def test_news_then_a_price_is_one_message_with_the_price(world):
    """Whoever is told that the price moved is told in the same message that there had been a ban."""
    one = world(MOVE)
    assert fired(one.news("China bans exports of tin")) == ["ban"]
    one.line.clock.move(hours=3)
    assert fired(one.price("149", "151")) == ["level", "move"]
    assert one.told() == [["tin: ban"], ["tin: over 150", "tin: ban and move"]]
    [match] = one.line.store.read.matches(rule="p/move")
    assert match.labels == {"mineral": ("tin",), "instrument": ("tin",)}
    ban, level = match.evidence.witnesses
    assert ban.title == "China bans exports of tin"
    assert level.title.startswith("tin 151 USD/t")
    assert match.detail == "ban and level within 48 h"


def test_a_price_then_news_is_one_message_with_the_news(world):
    """The other way round, too: the news that explains the move leads."""
    one = world(MOVE)
    assert fired(one.price("149", "151")) == ["level"]
    one.line.clock.move(hours=3)
    assert fired(one.news("China bans exports of tin")) == ["ban", "move"]
    assert one.told() == [["tin: over 150"], ["tin: ban", "tin: ban and move"]]


def test_a_message_says_what_it_rests_on_with_times_and_links(world):
    """In plain text, mail and Slack, and never as markup of a stranger."""
    one = world(SURE)
    one.news("China bans exports of <b>cobalt</b>", feed="a")
    one.line.clock.move(minutes=90)
    one.news("Beijing halts all shipments of cobalt today", feed="b")
    one.news("Ministry orders halt of cobalt trade with Europe", feed="c")
    [delivery] = [view for view in one.line.store.read.deliveries() if "confirmed" in str(one.told()[-1])][:1]
    content = one.line.store.read.delivery(delivery.id).content
    made = {
        kind: render(content, kind=kind, delivery_id="d", delivery_kind=DeliveryKind.ALERT, zone=ZoneInfo("Asia/Tokyo"))
        for kind in MessageKind
    }
    for kind in (MessageKind.MAIL, MessageKind.CONSOLE):
        block = made[kind].text.partition("Because\n")[2].partition("\n\n")[0]
        assert "China bans exports of <b>cobalt</b>" in block
        assert "A · a.test · 2026-03-02 21:00 JST (12:00 UTC) · p/ban" in block
        assert block.count("https://") == 3
    assert made[MessageKind.MAIL].html.count("https://a.test/1") == 1
    assert "exports of &lt;b&gt;cobalt" in made[MessageKind.MAIL].html
    assert "*Because*" in made[MessageKind.SLACK].payload
    assert "<https://a.test/1|China bans exports of &lt;b&gt;cobalt" in made[MessageKind.SLACK].payload


@pytest.mark.parametrize(
    ("apart", "expected"),
    [(timedelta(hours=48), ["level", "move"]), (timedelta(hours=48, seconds=1), ["level"])],
    ids=["on the edge", "a second later"],
)
def test_both_ends_of_a_window_belong_to_it(world, apart, expected):
    """48 hours are 48 hours."""
    one = world(MOVE)
    one.news("China bans exports of tin")
    one.line.clock.time += apart - timedelta(seconds=1)  # the second quote is a second younger
    assert fired(one.price("149", "151")) == expected


@pytest.mark.parametrize(
    ("late", "expected"), [(13, ["ban", "move"]), (11, ["ban"])], ids=["in the window", "behind it"]
)
def test_a_late_member_completes_one_by_its_event_time(world, late, expected):
    """A feed that is slow is no reason to miss what happened, and its lateness does not widen the window."""
    one = world(MOVE)
    one.price("149", "151")
    one.line.clock.move(hours=60)
    assert fired(one.news("China bans exports of tin", late=late * HOUR)) == expected


def test_it_fires_once_and_again_when_its_window_has_emptied(world):
    """More of the same is no new happening; the next one is."""
    one = world(SURE)
    titles = iter(
        [
            "China bans cobalt exports to Japan",
            "Officials in Beijing halt shipments of cobalt",
            "New ban on cobalt, ministry says in statement",
            "Traders confirm cobalt sales were halted overnight",
            "Carmakers alarmed by cobalt ban of Monday",
            "Congo bans artisanal cobalt mining",
            "Kinshasa minister signs decree: cobalt exports halted",
            "Glencore told of Congolese halt to cobalt",
        ]
    )
    seen = []
    for name, wait in zip("abcdefgh", [0, 1, 1, 5, 5, 7, 1, 1], strict=True):
        one.line.clock.move(hours=wait)
        seen.append("sure" in dict(one.news(next(titles), feed=name)))
    assert seen == [False, False, True, False, False, False, False, True]


def test_copies_of_one_report_are_one_origin(world):
    """Twenty feeds with one agency's text, in one tick, confirm nothing; two more voices do, once."""
    one = world(SURE)
    copies = [one.entry("China bans cobalt exports", feed=f"f{n}", summary="(Reuters) - x") for n in range(20)]
    assert "sure" not in dict(one.poll(*copies))
    voices = [
        one.entry("Beijing halts cobalt sales abroad", feed="g1"),
        one.entry("No more cobalt: ministry orders halt", feed="g2"),
        one.entry("Cobalt ban worries carmakers in Europe", feed="g3"),
    ]
    found = one.poll(*voices)
    assert [rule for rule, _ in found].count("sure") == 1
    [match] = one.line.store.read.matches(rule="p/sure")
    assert len(match.evidence.witnesses) == 3
    assert match.evidence.witnesses[0].title == "China bans cobalt exports"


def test_folded_cooling_and_old_matches_count(world):
    """It is matches that count, never alerts."""
    one = world(SURE.replace("distinct: origin, at_least: 3", "at_least: 4"))
    assert one.news("China bans cobalt exports") == [("ban", MatchOutcome.ALERTED)]
    assert one.news("China bans cobalt exports", feed="daily") == [("ban", MatchOutcome.JOINED)]
    assert one.news("Kinshasa halts trucks laden with cobalt", feed="daily") == [("ban", MatchOutcome.HELD)]
    one.line.clock.move(hours=47)
    old = timedelta(hours=48, minutes=30)
    assert one.news("Zambia halts cobalt", late=old) == [("ban", MatchOutcome.OLD)]
    assert "sure" in dict(one.news("Finland halts its cobalt refinery", late=timedelta(hours=42)))


def test_what_does_not_alert_counts_but_completes_nothing(world):
    """A first fetch is silent; what it found is known when the next report comes."""
    one = world(SURE)
    titles = ["China bans cobalt exports", "Beijing halts all cobalt sales", "Ministry: halt of cobalt trade ordered"]
    first = [one.entry(title, feed=name) for name, title in zip("abc", titles, strict=True)]
    assert {fate for _, fate in one.poll(*first, first=True)} == {MatchOutcome.BASELINE}
    assert one.line.store.read.matches(rule="p/sure") == ()
    assert fired(one.news("Carmakers fear cobalt ban", feed="d")) == ["ban", "sure"]


def test_each_value_of_a_label_is_joined_on_its_own(world):
    """A report about two minerals counts for both, and one message tells of both."""
    one = world(SURE)
    one.news("China bans cobalt and gallium exports", feed="a")
    one.news("Beijing halts cobalt shipments, say traders", feed="b")
    one.news("Exports of gallium halted by customs in Shanghai", feed="c")
    assert one.line.store.read.matches(rule="p/sure") == ()
    one.news("Ministry confirms ban on gallium, cobalt", feed="d")
    [match] = one.line.store.read.matches(rule="p/sure")
    assert set(match.labels["mineral"]) == {"cobalt", "gallium"}
    assert one.told()[-1][-1] in ("cobalt, gallium: confirmed", "gallium, cobalt: confirmed")


ORDER = """\
  - id: then
    all_of: [ban, strike]
    order: true
    by: [mineral]
    within: 24h
"""


@pytest.mark.parametrize(
    ("first", "second", "ordered", "expected"),
    [
        ("China bans cobalt exports", "Strike at cobalt mine", True, True),
        ("Strike at cobalt mine", "China bans cobalt exports", True, False),
        ("Strike at cobalt mine", "China bans cobalt exports", False, True),
    ],
    ids=["as listed", "the other way round", "without order"],
)
def test_order_asks_for_the_order_listed(world, first, second, ordered, expected):
    """A strike that follows a ban is another thing than one before it."""
    one = world(ORDER if ordered else ORDER.replace("    order: true\n", ""))
    one.news(first)
    one.line.clock.move(hours=2)
    assert ("then" in dict(one.news(second))) is expected


def test_a_late_first_member_completes_an_order(world):
    """What counts is when things happened, not when they were heard of."""
    one = world(ORDER)
    one.news("Strike at cobalt mine")
    one.line.clock.move(hours=2)
    assert "then" in dict(one.news("China bans cobalt exports", late=3 * HOUR))


def test_a_correlation_of_correlations(world):
    """What is confirmed and moves the price is a happening of its own, in the same message."""
    one = world(
        SURE.replace("cobalt", "tin"),
        MOVE,
        "  - id: both\n    all_of: [sure, move]\n    by: [mineral]\n    within: 1d\n",
    )
    one.price("149", "151")
    one.news("China bans tin exports", feed="a")
    one.news("Jakarta halts tin shipments, say traders", feed="b")
    found = one.news("Smelters: tin sales halted everywhere", feed="c")
    assert set(fired(found)) == {"sure", "both"}
    assert set(one.told()[-1]) >= {"tin: confirmed", "Both"}


def test_a_restart_changes_nothing(world):
    """Neither what was counted nor that it was told is forgotten."""
    one = world(SURE)
    for name, title in zip("ab", ["China bans cobalt exports", "Beijing halts cobalt, say traders"], strict=True):
        one.news(title, feed=name)
        one.restart()
    assert fired(one.news("Ministry orders cobalt halt", feed="c"))[-1:] == ["sure"]
    one.restart()
    assert "sure" not in dict(one.news("Carmakers fear cobalt ban in Europe", feed="d"))


def test_a_rule_that_was_edited_or_gone_for_a_while_goes_on_where_it_was(world):
    """State stands by the rule's id and its key: an edit is no reason to tell a happening again."""
    one = world(SURE)
    for name, title in zip(
        "abc", ["China bans cobalt", "Beijing halts cobalt sales", "Cobalt ban: it is real"], strict=True
    ):
        found = one.news(title, feed=name)
    assert "sure" in dict(found)
    one.use(SURE.replace("at_least: 3", "at_least: 2").replace("confirmed", "known"))
    assert "sure" not in dict(one.news("Carmakers fear a cobalt ban", feed="d"))
    one.use()
    one.line.clock.move(hours=1)
    one.news("Traders in London say cobalt is halted", feed="e")
    one.use(SURE)
    one.line.clock.move(hours=1)
    assert "sure" not in dict(one.news("Korea warns of ban on cobalt", feed="f"))


def test_a_new_rule_counts_what_was_there_before_it(world):
    """A rule added after the second report fires with the third."""
    one = world()
    one.news("China bans cobalt exports", feed="a")
    one.news("Beijing halts cobalt, say traders", feed="b")
    one.use(SURE)
    assert "sure" in dict(one.news("Ministry orders cobalt halt", feed="c"))


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(days=400)], ids=["backwards", "forwards"])
def test_a_step_of_the_clock_silences_nothing(world, step):
    """What was told by a wrong clock does not swallow what happens by the right one."""
    one = world(SURE)
    first = ["China bans cobalt", "Beijing halts cobalt sales", "Cobalt ban: it is real"]
    then = ["Congo bans artisanal cobalt", "Kinshasa decree: halt to cobalt trucks", "Glencore fears new cobalt ban"]
    assert "sure" in dict([one.news(title, feed=name) for name, title in zip("abc", first, strict=True)][-1])
    for feed in one.feeds.values():
        feed.waiting.clear()
    one.line.clock.time += step
    one.feeds.clear()  # sources under other names: those of before are due in a year
    found = [one.news(title, feed=name) for name, title in zip("def", then, strict=True)]
    assert "sure" in dict(found[-1])
    one.line.clock.move(hours=30)
    later = [
        "Zambia bans cobalt smuggling",
        "Lusaka decree: halt to cobalt convoys",
        "Jinchuan fears Zambian cobalt ban",
    ]
    found = [one.news(title, feed=name) for name, title in zip("ghi", later, strict=True)]
    assert "sure" in dict(found[-1])


def test_late_coverage_of_an_earlier_happening_does_not_tell_it_again(world):
    """Two happenings within the reach of late news each keep their own memory."""
    one = world(SURE)
    first = ["China bans cobalt", "Beijing halts cobalt sales", "Cobalt ban: it is real"]
    then = ["Congo bans artisanal cobalt", "Kinshasa decree: halt to cobalt trucks", "Glencore fears new cobalt ban"]
    for name, title in zip("abc", first, strict=True):
        found = one.news(title, feed=name)
    assert "sure" in dict(found)
    one.line.clock.move(hours=20)
    for name, title in zip("def", then, strict=True):
        found = one.news(title, feed=name)
    assert "sure" in dict(found)
    late = one.news("Analysts weigh what a cobalt ban means for Japan", feed="g", late=19 * HOUR)
    assert "sure" not in dict(late)
    assert len(one.line.store.read.matches(rule="p/sure")) == 2


def test_a_happening_between_two_others_is_told_when_it_is_heard_of(world):
    """A feed that was slow for a day tells of a third happening; what was told before and after does not hide it."""
    one = world(SURE)
    first = ["China bans cobalt", "Beijing halts cobalt sales", "Cobalt ban: it is real"]
    then = ["Congo bans artisanal cobalt", "Kinshasa decree: halt to cobalt trucks", "Glencore fears new cobalt ban"]
    between = [
        "Zambia bans cobalt smuggling",
        "Lusaka decree: halt to cobalt convoys",
        "Jinchuan fears Zambian cobalt ban",
    ]
    for name, title in zip("abc", first, strict=True):
        one.news(title, feed=name)
    one.line.clock.move(hours=30)
    for name, title in zip("def", then, strict=True):
        one.news(title, feed=name)
    found = [one.news(title, feed=name, late=15 * HOUR) for name, title in zip("ghi", between, strict=True)]
    assert ["sure" in dict(item) for item in found] == [False, False, True]


def test_copies_that_a_first_fetch_found_are_one_origin_too(world):
    """What does not alert is not folded, but an agency's credit is read there as well."""
    one = world(SURE)
    copies = [one.entry("China bans cobalt exports", feed=f"f{n}", summary="(Reuters) - x") for n in range(4)]
    one.poll(*copies, first=True)
    assert "sure" not in dict(one.news("China bans cobalt exports", feed="g", summary="(Reuters) - x"))


def statements(one, *titles):
    """How many statements a poll with *titles* runs."""
    engine = one.line.store.database._engine
    seen = []
    listen = lambda *args: seen.append(args[2])  # noqa: E731 (the library keeps a reference to it)
    event.listen(engine, "before_cursor_execute", listen)
    try:
        one.poll(*(one.entry(title) for title in titles))
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return len(seen)


def test_only_matches_that_are_counted_cost_more_and_all_of_them_together(world):
    """Two reads a commit, however many matches; where nothing is counted, none."""
    one = world()
    one.news("Strike at the copper mine")
    titles = [f"Smelter {n} in region {n} halts cobalt line {n}" for n in range(12)]
    strikes = [f"Strike at the tin mine, day {n}" for n in range(4)]
    for title in (titles[0], titles[1], strikes[0], strikes[1]):
        one.news(title)
    plain = statements(one, *titles[2:7]), statements(one, strikes[2])
    one.use(SURE.replace("at_least: 3", "at_least: 100"))
    assert statements(one, strikes[3]) == plain[1]
    assert statements(one, *titles[7:]) == plain[0] + 2


def test_a_message_of_two_alerts_goes_to_whom_an_override_names(world):
    """A correlation has receivers of its own."""
    one = world(SURE.replace("distinct: origin, at_least: 3", "at_least: 1"))
    rule = one.rules.rules["p/ban"]
    [sure] = rule.info.joins
    elsewhere = replace(sure, info=replace(sure.info, to=("ops",)))
    one.rules.rules["p/ban"] = replace(rule, info=replace(rule.info, joins=(elsewhere,)))
    one.rules._ordered = tuple(one.rules.rules.values())
    one.news("China bans cobalt")
    assert {(view.receiver, view.title) for view in one.line.store.read.deliveries()} == {
        ("desk", "cobalt: ban"),
        ("ops", "cobalt: confirmed"),
    }


def test_when_it_was_true_is_forgotten_after_half_a_year(world):
    """No window is as long."""
    one = world(SURE.replace("distinct: origin, at_least: 3", "at_least: 1"))
    one.news("China bans cobalt")
    now, month = one.line.clock.now(), timedelta(days=30)
    count = lambda: _rows(one, "standing")  # noqa: E731 (asked three times)
    while one.line.store.sweep(now + 5 * month, month):
        pass
    assert count() == 1
    while one.line.store.sweep(now + 7 * month, month):
        pass
    assert count() == 0


def _rows(one, table):
    with one.line.store.database.read() as session:
        return session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


FLOOD = """\
  - id: flood
    title: "{mineral}: far more bans than usual"
    count: {rule: ban, more_than: 3x usual, at_least: 3}
    by: [mineral]
    within: 24h
"""


def test_more_news_than_usual_fires_after_four_weeks_of_history(world):
    """A quiet month, then a flood; a restart in its middle and the reload that removes the rule lose nothing."""
    one = world(FLOOD)
    places = ["Peru", "Chile", "Japan", "Congo", "India", "Brazil", "Kenya", "Spain"]
    for place in places[:5]:
        assert "flood" not in fired(one.news(f"{place} bans exports of tin ore by decree"))
        one.line.clock.move(hours=7 * 24)
    assert fired(one.news("Norway bans tin")) == ["ban"]
    one.line.clock.move(hours=1)
    one.news("Sweden halts all tin trade with its neighbours")
    one.restart()
    one.use()
    one.line.clock.move(hours=1)
    one.news("Ghana orders halt of tin mining for safety")
    one.use(FLOOD)
    one.line.clock.move(hours=1)
    assert "flood" in [rule for rule, _ in one.news("Tin halt in Vietnam as mines are flooded")]
    [match] = one.line.store.read.matches(rule="p/flood")
    assert "usual at this time: 1 (median of 4 weeks)" in match.detail
    assert "flood" not in [rule for rule, _ in one.news("Turkey bans tin exports")]


NEW = """\
  - id: new
    title: "{mineral}: never banned before"
    count: {rule: ban, new: mineral}
"""


def test_a_value_that_no_match_had_before_fires_once(world):
    """All that was matched is known, also from before the rule was there, and over a restart."""
    one = world()
    one.news("Peru bans exports of gallium")
    one.line.clock.move(hours=29 * 24)
    one.use(NEW)
    assert fired(one.news("Chile halts gallium trade at once")) == ["ban"]
    assert fired(one.news("Congo bans cobalt and gallium sales")) == ["ban", "new"]
    [match] = one.line.store.read.matches(rule="p/new")
    assert match.labels["mineral"] == ("cobalt",)
    assert match.detail == "cobalt: a mineral that no match of ban had before"
    one.restart()
    one.line.clock.move(hours=24)
    assert fired(one.news("Zambia orders cobalt halt")) == ["ban"]


MISSED = """\
  - id: missed
    title: No ban today
    count: {rule: ban, none_within: 24h}
"""


def test_news_that_does_not_come_is_told_once_until_it_came(world):
    """By the tick of the clock: after a restart not before the sources were read, and not after a reload removed it."""
    one = world(MISSED)

    def look() -> list[str]:
        pipeline = one.line.pipeline(*one.feeds.values(), ruleset=one.rules)
        before = len(one.matches())
        asyncio.run(pipeline.look_for_absences())
        return [view.rule for view in one.matches()[before:]]

    assert look() == []
    assert fired(one.news("Peru bans exports of gallium")) == ["ban"]
    one.line.clock.move(hours=25)
    assert look() == []  # nobody has read the source since
    one.restart()
    one.use()
    one.poll(one.entry("Weather in Lima"))
    assert look() == []
    one.use(MISSED)
    assert look() == ["p/missed"]
    assert one.told()[-1] == ["No ban today"]
    one.line.clock.move(hours=25)
    one.poll(one.entry("Weather in Quito"))
    assert look() == []
    assert fired(one.news("Chile bans cobalt trade")) == ["ban"]
    one.line.clock.move(hours=25)
    one.poll(one.entry("Weather in Bern"))
    assert look() == ["p/missed"]
    [match] = [view for view in one.matches() if view.rule == "p/missed"][1:]
    assert match.detail == "no match of ban since 2026-03-04 14:00 UTC"
