"""What entries say after they were rewritten: on record, proved, and all or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.model.deliveries import (
    AttemptResult,
    DeliveryKind,
    DeliveryState,
    ErrorClass,
    Message,
    MessageKind,
    Settlement,
)
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Unevaluated
from tocsin.policy.alerting.facts import Decision
from tocsin.policy.notifying.retry import Consequence
from tocsin.store import claims, sending
from tocsin.store.values import Claimable, JudgedBatch, PollRecord

HOUR = timedelta(hours=1)


class Corrector:
    """Plans one message for each correction, and an alert for each arrival."""

    def __init__(self, teller):
        self.teller = teller

    def __call__(self, facts):
        """Decide."""
        made = self.teller(facts)
        planned = [
            replace(
                self.teller.plan(facts.now, item.alert.id, *item.to), kind=DeliveryKind.CORRECTION, due_at=item.due_at
            )
            for item in facts.corrections
        ]
        return replace(made, planned=(*made.planned, *planned))


def _send(store, now):
    """Deliver everything that is due; the kind and the lead of each message."""
    sent = []
    for item in store.claim_deliveries(now, HOUR, Claimable(limit_per_receiver=9)):
        store.begin_attempt(item, Message(kind=MessageKind.TEXT, subject="", text=""), now)
        settled = Settlement(state=DeliveryState.DELIVERED, due_at=now)
        store.settle(
            item,
            AttemptResult(error_class=ErrorClass.OK),
            lambda _, settled=settled: Consequence(settlement=settled),
            now,
        )
        sent += [(item.kind, one.lead) for one in item.content]
    return sent


@pytest.fixture
def told(hands, store):
    """A store with one entry, whose alert was sent an hour ago."""
    hands.tell(store)
    _send(store, hands.now)
    hands.now += HOUR
    return store


def test_a_rewritten_entry_keeps_both_wordings(hands, told):
    """The entry has its present wording, its history the earlier ones."""
    after = hands.entry(title="Else", summary="Other.", body="")
    hands.poll(told, hands.batch(after), [], Corrector(hands.teller()), rewritten=[hands.quiet(after)])
    (view,) = told.read.find_entries("1")
    assert view.entry.title == "China bans exports of one"
    assert [(one.title, one.summary, one.at) for one in view.revised] == [("Else", "Other.", hands.now)]
    assert (told.read.entry(1).title, told.read.entry(1, hands.now - HOUR).title) == (
        "Else",
        "China bans exports of one",
    )
    [(kind, lead)] = _send(told, hands.now)
    assert kind is DeliveryKind.CORRECTION
    assert (lead.title, lead.revised.title) == ("China bans exports of one", "Else")


def test_a_commit_that_fails_leaves_no_wording_behind(hands, told):
    """A wording on record without its correction would never be sent."""
    after = hands.entry(title="Else")

    def fail(_):
        raise RuntimeError("power cut")

    lease = hands.lease(told)
    with pytest.raises(RuntimeError, match="power cut"):
        told.commit(
            lease,
            JudgedBatch(batch=hands.batch(after), rewritten=[hands.quiet(after)]),
            fail,
            hands.now,
            PollRecord(due_at=hands.now),
        )
    assert told.read.find_entries("1")[0].revised == ()
    found = JudgedBatch(batch=hands.batch(after), rewritten=[hands.quiet(after)])
    told.commit(lease, found, Corrector(hands.teller()), hands.now, PollRecord(due_at=hands.now))
    assert [kind for kind, _ in _send(told, hands.now)] == [DeliveryKind.CORRECTION]


@pytest.mark.everywhere
def test_a_wording_that_came_between_claim_and_try_is_corrected(hands, store):
    """The message was written with the old one, whatever the clocks say."""
    hands.tell(store)
    [claimed] = store.claim_deliveries(hands.now, HOUR)
    after = hands.entry(title="Else")
    lease = hands.lease(store)
    early = hands.now - HOUR  # when its poll began
    store.commit(
        lease,
        JudgedBatch(batch=hands.batch(after), rewritten=[hands.quiet(after)]),
        Corrector(hands.teller()),
        early,
        PollRecord(due_at=early),
    )
    store.begin_attempt(claimed, Message(kind=MessageKind.TEXT, subject="", text=""), hands.now)
    settled = Settlement(state=DeliveryState.DELIVERED, due_at=hands.now)
    store.settle(
        claimed,
        AttemptResult(error_class=ErrorClass.OK),
        lambda _, settled=settled: Consequence(settlement=settled),
        hands.now,
    )
    other = hands.entry(title="Quite else")
    hands.poll(store, hands.batch(other), [], Corrector(hands.teller()), rewritten=[hands.quiet(other)])
    assert [kind for kind, _ in _send(store, hands.now)] == [DeliveryKind.CORRECTION]


def test_nothing_is_corrected_for_who_was_not_told(hands, store):
    """The message that waits says both."""
    hands.tell(store)
    hands.now += HOUR
    after = hands.entry(title="Else")
    hands.poll(store, hands.batch(after), [], Corrector(hands.teller()), rewritten=[hands.quiet(after)])
    [(kind, lead)] = _send(store, hands.now)
    assert (kind, lead.revised.title) == (DeliveryKind.ALERT, "Else")


def test_a_correction_is_taken_out_of_a_message_about_others_too(hands, store):
    """One alert is right again as it was sent; the other is still wrong."""
    one, two = hands.entry("one"), hands.entry("two")
    hands.poll(store, hands.batch(one, two), [hands.judged(one), hands.judged(two)], hands.teller())
    _send(store, hands.now)
    hands.now += HOUR

    def together(facts):
        made = Corrector(hands.teller(wait=HOUR, held=Reason(cause=Cause.OTHER, words="held")))(facts)
        ids = tuple(number for plan in made.planned for number in plan.alert_ids)
        return Decision(planned=(replace(made.planned[0], alert_ids=ids, due_at=facts.now + HOUR),) if ids else ())

    wrong = [hands.quiet(replace(entry, title="Else")) for entry in (one, two)]
    hands.poll(store, hands.batch(one, two), [], together, rewritten=wrong)
    again = [hands.judged(one)]
    hands.poll(store, hands.batch(one, two), [], together, rewritten=again, now=hands.now + HOUR / 2)
    [held] = [item for item in store.read.deliveries() if item.kind is DeliveryKind.CORRECTION]
    assert (held.state, held.alert_ids) == (DeliveryState.HELD, (2,))
    hands.poll(store, hands.batch(one, two), [], together, rewritten=[hands.judged(two)], now=hands.now + HOUR / 2)
    [held] = [item for item in store.read.deliveries() if item.kind is DeliveryKind.CORRECTION]
    assert (held.state, held.reason.cause) == (DeliveryState.SUPPRESSED, Cause.UNCHANGED)


def test_a_rule_that_fails_on_the_new_wording_is_tried_on_it_again(hands, told):
    """Neither the entry nor its new words are lost to a fault in a rule."""
    after = hands.entry(title="Else", summary="Other.")
    raised = Unevaluated(rule="minerals/other", rule_hash="h", error="boom")
    judged = replace(hands.quiet(after), unevaluated=(raised,))
    hands.poll(told, hands.batch(after), [], Corrector(hands.teller()), rewritten=[judged])
    (again,) = told.unevaluated({"minerals/other": "h2"}, "1.0")
    assert (again.entry.title, again.entry.summary) == ("Else", "Other.")


def test_wordings_go_with_the_text_of_their_entry(hands, told):
    """Later wordings are deleted with their entry."""
    after = hands.entry(title="Else")
    hands.poll(told, hands.batch(after), [], Corrector(hands.teller()), rewritten=[hands.quiet(after)])
    while told.sweep(hands.now + timedelta(days=60), timedelta(days=30)):
        pass
    (view,) = told.read.find_entries("1")
    assert (view.pruned, view.revised) == (True, ())
    assert told.read.alert(1).content.lead.revised is None


def test_withdrawn_ids_that_nobody_knows_are_nothing(hands, told):
    """A feed may list what was deleted before it was ever polled, at every poll."""
    batch = hands.batch(deleted=("https://example.org/other", "https://example.org/one"))
    for _ in range(2):
        hands.poll(told, batch, [], Corrector(hands.teller()))
    [(_, lead)] = _send(told, hands.now)
    assert lead.revised.withdrawn
    assert len(told.read.find_entries("1")[0].revised) == 1


@pytest.mark.everywhere
def test_a_wording_between_claim_and_reading_is_left_to_a_correction(hands, store):
    """Content is read when others may write again, so a reader is sent the wording that decisions believe that he knows."""
    hands.tell(store)
    with store.database.write() as session:
        alone = {"worker": store.database.worker, "workers": store.database.deliverers}
        claimed = claims.claim(session, hands.now, hands.now, HOUR, Claimable(), **alone)
    hands.now += HOUR
    after = hands.entry(title="Else", summary="Other.", body="")
    hands.poll(store, hands.batch(after), [], Corrector(hands.teller()), rewritten=[hands.quiet(after)])
    with store.database.read() as session:
        [delivery] = claims.read(session, claimed)
        [present] = sending.deliveries(session, claimed.rows)
    assert delivery.content[0].lead.revised is None
    assert present.content[0].lead.revised.title == "Else"
