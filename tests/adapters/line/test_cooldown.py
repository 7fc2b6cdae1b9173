"""What was told and when stands on disk: through restarts, reloads, edits and clocks that step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.model.alerts import MatchOutcome

LOUD = """\
  - id: cut
    title: "{mineral}: cut"
    event: supply.cut
    news:
      match: $mineral NEAR/8 cut~
      severity_if: [{critical: total NEAR/3 cut~}]
    key: [mineral]
    cooldown: 12h
"""
HOUR = timedelta(hours=1)


def due(one):
    """(hours from now, titles) of each message, the oldest first."""
    now = one.line.clock.now()
    views = reversed(one.line.store.read.deliveries(limit=100))
    return [
        ((view.due_at - now) / HOUR, [item.alert.title for item in one.line.store.read.delivery(view.id).content])
        for view in views
    ]


def test_a_cooldown_goes_on_after_a_restart_and_holds_together_what_comes(world):
    """Two more stories within it are told in one message at its end, whoever was restarted in between."""
    one = world(LOUD)
    assert one.news("Congo cuts cobalt quotas") == [("cut", MatchOutcome.ALERTED)]
    one.restart()
    one.line.clock.move(hours=2)
    assert one.news("Glencore to cut its cobalt output in Katanga") == [("cut", MatchOutcome.HELD)]
    one.restart()
    one.line.clock.move(hours=3)
    assert one.news("Finnish refinery cuts cobalt sales to Europe") == [("cut", MatchOutcome.HELD)]
    assert [hours for hours, _ in due(one)] == [-5, 7]
    assert len(due(one)[1][1]) == 2


def test_what_is_louder_breaks_through_a_restart_too(world):
    """The severity that was told stands beside the time."""
    one = world(LOUD)
    one.news("Congo cuts cobalt quotas")
    one.restart()
    one.line.clock.move(hours=1)
    assert one.news("Glencore makes a total cut of cobalt output in Katanga") == [("cut", MatchOutcome.ALERTED)]
    one.restart()
    assert one.news("Total cut of cobalt deliveries by Umicore of Belgium") == [("cut", MatchOutcome.HELD)]


def test_an_edited_cooldown_holds_from_now_on_and_forgets_nothing(world):
    """What is stored is when it was told, never until when it is quiet."""
    one = world(LOUD)
    one.news("Congo cuts cobalt quotas")
    one.line.clock.move(hours=4)
    one.use(LOUD.replace("12h", "3h"))
    assert one.news("Glencore to cut its cobalt output in Katanga") == [("cut", MatchOutcome.ALERTED)]
    one.line.clock.move(hours=4)
    one.use(LOUD.replace("12h", "1d"))
    assert one.news("Finnish refinery cuts cobalt sales to Europe") == [("cut", MatchOutcome.HELD)]
    assert due(one)[-1][0] == 20


def test_a_rule_that_was_gone_for_a_while_remembers_what_it_told(world):
    """Taking a rule out and putting it back is no way to be told twice."""
    one = world(LOUD)
    one.news("Congo cuts cobalt quotas")
    one.use()
    assert one.news("Umicore cuts cobalt purchases") == []
    one.use(LOUD)
    one.line.clock.move(hours=2)
    assert one.news("Glencore to cut its cobalt output in Katanga") == [("cut", MatchOutcome.HELD)]


@pytest.mark.parametrize("days", [-400, 400], ids=["backwards", "forwards"])
def test_a_clock_that_steps_holds_nothing_back_for_longer_than_a_cooldown(world, days):
    """What a wrong clock told does not silence the right one for a year."""
    one = world(LOUD)
    one.news("Congo cuts cobalt quotas")
    one.line.clock.move(days=days)
    one.feeds.clear()
    assert one.news("Glencore to cut its cobalt output in Katanga", feed="other") == [("cut", MatchOutcome.ALERTED)]
    one.line.clock.move(hours=1)
    assert one.news("Finnish refinery cuts cobalt sales to Europe", feed="other") == [("cut", MatchOutcome.HELD)]
    assert 11 in [hours for hours, _ in due(one)]


def test_a_small_step_back_holds_at_most_a_cooldown(world):
    """A clock that is put right by minutes neither tells twice nor waits twice."""
    one = world(LOUD)
    one.news("Congo cuts cobalt quotas", feed="a")
    one.line.clock.move(minutes=-20)
    assert one.news("Glencore to cut its cobalt output in Katanga", feed="b") == [("cut", MatchOutcome.HELD)]
    assert 0 < due(one)[-1][0] <= 12.5
