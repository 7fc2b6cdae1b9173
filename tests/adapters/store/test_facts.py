"""What a decision is told: the open stories of its events, their alerts, cooldowns, and what waits to leave."""

import contextlib
import random
from datetime import timedelta
from functools import partial

import pytest

from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import LastNotified
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.store import Store

HOUR = timedelta(hours=1)
DESK = ("desk", "")
POLICY = Policy(routes=(Route(to=("desk",)),), receivers=(ReceiverInfo(name="desk", recipients=("",)),))


def _facts(hands, store, entry, *rules):
    decide = hands.teller()
    hands.poll(store, hands.batch(entry), [hands.judged(entry, *rules)], decide)
    return decide.seen[0]


def test_nothing_is_known_at_first(hands, store):
    """The first decision numbers its first story and alert 1."""
    facts = _facts(hands, store, hands.entry())
    assert (facts.stories, facts.alerts, facts.last_notified, facts.pending([DESK])) == ((), (), {}, {DESK: []})
    assert (facts.next_story, facts.next_alert, facts.now) == (1, 1, hands.now)


@pytest.mark.everywhere
def test_a_story_and_its_alert_come_back_as_they_were_decided(hands, store):
    """The next decision is based on what was decided, to the microsecond."""
    decide = hands.teller()
    one = hands.entry("one")
    decision = hands.poll(store, hands.batch(one), [hands.judged(one)], decide).decision
    facts = _facts(hands, store, hands.entry("two", title=one.title))
    assert facts.stories == decision.stories
    assert facts.alerts == decision.alerts
    assert facts.last_notified == {("minerals/ban", "gallium"): LastNotified(at=hands.now, severity=Severity.HIGH)}
    assert (facts.next_story, facts.next_alert) == (2, 2)


@pytest.mark.parametrize(
    ("age", "known"),
    [
        pytest.param(72 * HOUR, 1, id="at the edge"),
        pytest.param(72 * HOUR + timedelta(microseconds=1), 0, id="just too old"),
    ],
)
def test_a_story_is_open_for_three_days(hands, store, age, known):
    """Coverage that comes days later joins its story; last week's is another one."""
    old = hands.entry("old", first_seen=hands.now - age, published=None)
    hands.poll(store, hands.batch(old), [hands.judged(old)], hands.teller())
    facts = _facts(hands, store, hands.entry("new", published=None, title=old.title))
    assert (len(facts.stories), len(facts.alerts)) == (known, known)


def test_stories_of_other_events_are_not_compared(hands, store):
    """A ban and its lifting are two events, however alike their headlines are."""
    one, two = hands.entry("one"), hands.entry("two")
    hands.poll(store, hands.batch(one), [hands.judged(one)], hands.teller())
    lifted = hands.rule(id="minerals/lift", event="trade.export.lift")
    facts = _facts(hands, store, two, lifted)
    assert (facts.stories, facts.alerts, facts.last_notified, facts.pending([DESK])) == ((), (), {}, {DESK: []})


def test_only_what_may_change_is_read_of_alerts_and_messages(hands, store):
    """A flood leaves thousands of stories and waiting messages: the next poll has its own, and held messages."""
    hands.poll(store, hands.batch(), [], hands.teller())
    for name in ("one", "two"):
        hands.tell(store, name, title=f"{name * 3} bans {name * 5}")
    hands.tell(
        store,
        "held",
        hands.teller(held=Reason(cause=Cause.OTHER, words="cooldown"), wait=HOUR),
        title="Chile halts lithium",
    )
    facts = _facts(hands, store, hands.entry("again", title="twotwotwo bans twotwotwotwotwo"))
    assert [story.id for story in facts.stories] == [2]
    assert [alert.id for alert in facts.alerts] == [2]
    assert [(one.delivery_id, one.alert_ids) for one in facts.pending([DESK])[DESK]] == [("d0002", (2,)), ("d0003", ())]


def test_messages_that_wait_for_others_are_not_read(hands, store):
    """A thousand may be held for a hundred people: a decision reads those of whom it notifies."""
    others = hands.teller(held=Reason(cause=Cause.OTHER, words="cooldown"), wait=HOUR, to=(("home", ""), ("boss", "b")))
    hands.tell(store, "one", others)
    decide = hands.teller(to=(("desk", ""), ("boss", "a"), ("boss", "b")))
    hands.tell(store, "two", decide, title="Chile halts lithium")
    found = {to: [one.delivery_id for one in waiting] for to, waiting in decide.seen[0].pending(decide.to).items()}
    assert found == {("desk", ""): [], ("boss", "a"): [], ("boss", "b"): ["d0002"]}


class NothingWrittenError(Exception):
    """The end of a decision that leaves no trace."""


def test_what_is_remembered_of_stories_is_what_is_on_record(hands, store):
    """Whoever wrote them, in whatever order and with whatever undone, a decision has the stories that a new process reads."""
    chance = random.Random(3)
    fresh = partial(Store, store.database, real_now=hands.real)  # nothing is remembered yet
    stores = [store, fresh()]
    rules = [hands.rule(), hands.rule(id="minerals/lift", event="trade.export.lift")]
    own = [hands.match(rule=hands.rule(id="tocsin/flood", event="ops.source.flood"))]
    seen, reached = [], 0

    def look(facts):
        seen.append((facts.stories, facts.alerts, facts.next_story, facts.next_alert))
        raise NothingWrittenError

    def decide(facts):
        seen.append((facts.stories, facts.alerts, facts.next_story, facts.next_alert))
        if chance.random() < 0.15:  # before anything is written, or when the own event is decided, after the news
            raise NothingWrittenError
        return POLICY.decide(facts)

    hands.poll(store, hands.batch(), [], decide)
    for number in range(60):
        at = hands.now - timedelta(hours=chance.choice((0, 10, 60, 100, 140)))
        place = chance.choice(("Chile", "Peru", "Gabon", "Ghana"))
        title = f"{place} bans exports of gallium to America, says paper {chr(97 + number % 26)}"
        entry = hands.entry(f"n{number}", title=title, published=None, first_seen=at)
        found = [hands.judged(entry, chance.choice(rules))]
        seen.clear()
        for one, how in ((fresh(), look), (chance.choice(stores), decide)):
            with contextlib.suppress(NothingWrittenError):
                hands.poll(one, hands.batch(entry), found, how, own=own)
            hands.real.pass_by(HOUR)  # the lease of a poll that failed
        assert seen[1] == seen[0]
        reached += len(seen[0][0])
    assert reached > 5


def test_members_of_a_story_come_the_earliest_first(hands, store):
    """The origin of a story is its earliest entry, in whatever order the feeds brought it."""
    title = "China bans exports of gallium to America {}"
    late = hands.entry("late", title=title.format("late"))
    early = hands.entry("early", title=title.format("early"), published=hands.now - HOUR)

    def folds(facts):
        decision = hands.teller()(facts)
        if not facts.stories:
            return decision
        story = facts.stories[0]
        member = decision.stories[0].entries[0]
        grown = type(story)(
            id=story.id,
            event=story.event,
            opened_at=story.opened_at,
            last_at=story.last_at,
            entries=(*story.entries, member),
        )
        return type(decision)(stories=(grown,))

    for entry in (late, early):
        hands.poll(store, hands.batch(entry), [hands.judged(entry)], folds)
    facts = _facts(hands, store, hands.entry("third", title=title.format("third")))
    assert [member.title.split()[-1] for member in facts.stories[0].entries] == ["early", "late"]
