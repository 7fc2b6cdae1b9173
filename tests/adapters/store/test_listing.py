"""What the commands show."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from tocsin.model.alerts import AnswerKind, MatchOutcome
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.retry import Consequence, Settlement
from tocsin.render.objects import plain
from tocsin.render.reasons import in_words
from tocsin.store.values import Claimable
from tocsin.store.views import Counts, Place

HOUR = timedelta(hours=1)


def test_an_empty_store_lists_nothing(hands, store):
    """The first command of a new user meets empty lists, not errors."""
    assert (store.read.sources(), store.read.alerts(), store.read.deliveries(), store.read.matches()) == (
        (),
        (),
        (),
        (),
    )
    assert (store.read.alert(1), store.read.delivery("d"), store.read.entry(1), store.read.find_entries("x")) == (
        None,
        None,
        None,
        (),
    )
    assert store.read.counts() == Counts(
        polled=0,
        entries=0,
        matches=dict.fromkeys(MatchOutcome, 0),
        stories=0,
        alerts=0,
        deliveries=dict.fromkeys(DeliveryState, 0),
    )


def test_sources_are_listed_by_name_with_their_state(hands, store):
    """The listing explains silence: when each source last answered, and how many entries it gave."""
    hands.tell(store)
    store.sync_sources([("wire", "x", "feed"), ("alpha", "x", "feed")], hands.now + HOUR)
    views = store.read.sources()
    assert [(view.name, view.kind, view.entries, view.polls, view.last_success) for view in views] == [
        ("alpha", "feed", 0, 0, None),
        ("wire", "feed", 1, 1, None),
    ]


def test_alerts_are_listed_the_newest_first(hands, store):
    """The latest alert is at hand, and a period can be looked at."""
    for n, name in enumerate(("one", "two", "three")):
        entry = hands.entry(name)
        hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller(), now=hands.now + n * HOUR)
    assert [alert.id for alert in store.read.alerts()] == [3, 2, 1]
    assert [alert.id for alert in store.read.alerts(limit=1)] == [3]
    assert [alert.id for alert in store.read.alerts(since=hands.now + HOUR)] == [3, 2]


@pytest.mark.everywhere
def test_an_alert_shows_its_proof_its_entries_and_who_was_told(hands, store):
    """`why` is answered from the record, not from memory."""
    hands.tell(store, "one", hands.teller(to=(("a", "x"), ("b", ""))))
    detail = store.read.alert(1)
    assert detail.content.evidence == hands.evidence()
    [member] = detail.members
    assert (member.rule, member.fate, in_words(member.reason), member.source) == (
        "minerals/ban",
        MatchOutcome.ALERTED,
        "a new story",
        "wire",
    )
    assert (member.title, member.link) == (hands.entry("one").title, hands.entry("one").link)
    assert [(delivery.receiver, delivery.recipient) for delivery in detail.deliveries] == [("a", "x"), ("b", "")]


def test_deliveries_are_listed_by_state(hands, store):
    """Stuck messages are listed with their alerts."""
    hands.tell(store, "one", hands.teller(held=Reason(cause=Cause.OTHER, words="cooldown"), wait=HOUR))
    hands.tell(store, "two")
    assert [(view.id, view.state.value, view.attempts) for view in store.read.deliveries()] == [
        ("d0002", "ready", 0),
        ("d0001", "held", 0),
    ]
    [held] = store.read.deliveries(DeliveryState.HELD)
    assert (held.title, held.alert_ids, held.severity) == (store.read.alert(1).content.alert.title, (1,), "high")
    assert store.read.deliveries(limit=1)[0].id == "d0002"


def test_matches_are_found_by_entry_and_by_rule(hands, store):
    """Both are answered: the outcome of an entry, and the recent matches of a rule."""
    other = hands.rule(id="minerals/other")
    for name in ("one", "two"):
        entry = hands.entry(name)
        hands.poll(store, hands.batch(entry), [hands.judged(entry, hands.rule(), other)], hands.teller())
    store.tell([hands.match(detail="own")], hands.teller(), hands.now)
    assert [match.id for match in store.read.matches(entry_id=2)] == [3, 4]
    assert [(match.id, match.title.split()[-1]) for match in store.read.matches(rule="minerals/other")] == [
        (4, "two"),
        (2, "one"),
    ]
    own = store.read.matches(limit=1)[0]
    assert (own.entry_id, own.source, own.title, own.detail) == (None, "", "", "own")


def test_everything_listed_can_be_written_as_json(hands, store):
    """Every listing takes --json: its values hold nothing that JSON does not know."""
    hands.tell(store)
    for value in (
        store.read.sources(),
        store.read.alert(1),
        store.read.delivery("d0001"),
        store.read.counts(),
        store.read.find_entries("1"),
    ):
        assert plain(value)


def test_an_entry_is_found_by_nothing_else(hands, store):
    """A number that no row can have, or digits of another script, is a text to look for and not an error."""
    hands.tell(store)
    assert store.read.find_entries("9" * 40) == ()
    assert store.read.find_entries("¹") == ()


def test_what_each_rule_made_is_counted_from_the_first_poll_on(hands, store):
    """`check` can name rules that never match, and rules that match too much."""
    assert store.read.tally(hands.now - HOUR, hands.now).length == timedelta(0)
    hands.tell(store)
    later = hands.now + 5 * HOUR
    tally = store.read.tally(hands.now - HOUR, later)
    assert (dict(tally.matches), dict(tally.alerts)) == ({"minerals/ban": 1}, {"minerals/ban": 1})
    assert timedelta(0) < tally.length <= 6 * HOUR
    assert store.read.tally(later, later).matches == {}


def test_the_error_of_a_rule_on_an_entry_is_at_hand(hands, store):
    """`why-not` shows that a rule failed, and its error."""
    assert store.read.record(1, "minerals/ban") is None
    hands.tell(store)
    assert store.read.record(1, "minerals/ban")[0].failure == ""


def test_queries_together_see_one_state(hands, store):
    """A page that reads twice must not show an alert that its second half does not know, or the other way round."""
    hands.tell(store)
    with store.read.together() as read:
        before = (read.alerts(), read.answered([1]))
        store.act.answer([1], AnswerKind.ACK, hands.now)
        hands.tell(store, "two", title="Another happening")
        assert (read.alerts(), read.answered([1])) == before
    assert (len(store.read.alerts()), list(store.read.answered([1]))) == (2, [1])


@pytest.mark.sqlite
def test_deliveries_are_read_no_more_than_they_are_shown(hands, store):
    """Messages are kept for years: neither the newest, nor copies, nor the last one sent are found by looking at all."""
    hands.tell(store)
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, *_):
        if statement.startswith(("SELECT", "WITH")) and "FROM delivery" in statement and "count(" not in statement:
            found = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in found)

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        found = store.read.outbox((DeliveryState.READY,), Place(at=hands.now + HOUR, id="0"))
        store.read.last_sent()
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    assert len(found.deliveries) == 1
    assert plans
    assert not [plan for plan in plans if plan.startswith("SCAN delivery") or "ORDER BY" in plan]


def test_the_last_message_to_each_receiver_is_known(hands, store):
    """A receiver that gets nothing any more is noticed; one that never got anything has no such time."""
    sent = Consequence(settlement=Settlement(state=DeliveryState.DELIVERED, due_at=hands.now))
    for hour, name in enumerate(("one", "two")):
        now = hands.now + hour * HOUR
        hands.tell(store, name, hands.teller(to=(("desk", ""), ("ops", ""))), title=name)
        for delivery in store.claim_deliveries(now, HOUR, Claimable()):
            if delivery.receiver == "desk" or hour == 0:
                store.settle(delivery, AttemptResult(error_class=ErrorClass.OK), lambda _: sent, now)
    hands.tell(store, "three", hands.teller(to=(("boss", ""),)), title="three")
    assert store.read.last_sent() == {"desk": hands.now + HOUR, "ops": hands.now}
