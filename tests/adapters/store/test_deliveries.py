"""The outbox: claimed by lease and fence, tried on record, settled or dead with a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.errors import StoreError
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
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import Decided, Decision
from tocsin.policy.notifying.quiet import QuietRule
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.policy.notifying.timing import Limit
from tocsin.render.reasons import in_words
from tocsin.store.values import Claimable, JudgedBatch, PollRecord, Voided

DESK = ("desk", "")
MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=2)
MESSAGE = Message(kind=MessageKind.MAIL, subject="镓: ban", text="a\r\nb", html="<b>x</b>", payload='{"a": 1}')
OK = AttemptResult(error_class=ErrorClass.OK, code=200, words="ok")
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy", retry_after=MINUTE)


def _claim(hands, store, at=None, **options):
    return store.claim_deliveries(at or hands.now, LEASE, Claimable(**options))


def _delivered(hands):
    return Settlement(state=DeliveryState.DELIVERED, due_at=hands.now)


def _retry(hands, wait=MINUTE):
    return Settlement(
        state=DeliveryState.RETRY, due_at=hands.now + wait, reason=Reason(cause=Cause.OTHER, words="503 busy")
    )


def _states(store, delivery_id):
    return [transition.state.value for transition in store.read.delivery(delivery_id).transitions]


@pytest.mark.everywhere
def test_a_claim_brings_all_that_a_message_shows(hands, store):
    """A message is made of the claim alone: the alert, its evidence, the leading entry, and further coverage."""
    hands.tell(store, "gallium")
    entry = hands.entry("twin", source="other")
    joined = hands.match(entry)

    def joins(facts):
        item = facts.arrivals[0]
        return Decision(
            decided=(
                Decided(
                    entry_id=item.entry_id,
                    match=joined,
                    outcome=MatchOutcome.JOINED,
                    reason=Reason(cause=Cause.OTHER, words="same"),
                    story_id=1,
                    alert_id=1,
                ),
            )
        )

    hands.poll(store, hands.batch(entry, source="other"), [hands.judged(entry)], joins)
    [delivery] = _claim(hands, store)
    assert (delivery.id, delivery.receiver, delivery.recipient, delivery.kind) == ("d0001", "desk", "", "alert")
    assert (delivery.attempt, delivery.message, delivery.created_at) == (1, None, hands.now)
    [content] = delivery.content
    assert content.alert == store.read.alerts()[0]
    assert content.evidence == hands.evidence()
    lead = hands.entry("gallium")
    assert (content.lead.title, content.lead.body, content.lead.source) == (lead.title, lead.body, "wire")
    [related] = content.related
    assert (related.title, related.source, related.body) == (entry.title, "other", "")


def test_the_loudest_goes_first_then_the_oldest(hands, store):
    """When many wait, the most severe one leaves first, and none waits for ever."""
    to = hands.teller(to=(("a", ""), ("b", "")))
    for name, severity in (("low", "low"), ("high", "high"), ("later", "high"), ("critical", "critical")):
        hands.tell(store, name, to, hands.rule(severity=Severity(severity)))
    titles = [
        delivery.content[0].alert.title for delivery in _claim(hands, store, exclude=("b",), limit_per_receiver=9)
    ]
    assert [title.split()[-1] for title in titles] == ["critical)", "high)", "later)", "low)"]
    both = _claim(hands, store, exclude=("a",), limit_per_receiver=2)
    assert [(delivery.receiver, delivery.content[0].alert.severity.value) for delivery in both] == [
        ("b", "critical"),
        ("b", "high"),
    ]


def test_a_receiver_gets_no_more_than_its_lane_takes(hands, store):
    """A busy or slow receiver gets no second message meanwhile, and does not delay the others."""
    hands.tell(store, "one", hands.teller(to=(("a", ""), ("b", ""), ("b", "x"), ("c", ""))))
    assert [delivery.receiver for delivery in _claim(hands, store, exclude=("c",))] == ["a", "b"]
    assert [delivery.receiver for delivery in _claim(hands, store, exclude=("a", "b"))] == ["c"]
    assert [delivery.recipient for delivery in _claim(hands, store)] == ["x"]
    assert _claim(hands, store) == []


def test_a_held_delivery_leaves_when_its_time_has_come(hands, store):
    """A cooldown holds, it never discards."""
    hands.tell(
        store, "one", hands.teller(held=Reason(cause=Cause.OTHER, words="cooldown of minerals/ban"), wait=MINUTE)
    )
    assert store.read.counts().deliveries[DeliveryState.HELD] == 1
    assert in_words(store.read.deliveries()[0].reason) == "cooldown of minerals/ban"
    assert _claim(hands, store, hands.now + MINUTE - timedelta(microseconds=1)) == []
    assert len(_claim(hands, store, hands.now + MINUTE)) == 1


@pytest.mark.everywhere
def test_a_retry_sends_the_same_message(hands, store):
    """Every attempt sends the same message, even if rules or templates have changed."""
    hands.tell(store)
    [first] = _claim(hands, store)
    assert store.begin_attempt(first, MESSAGE, hands.now)
    assert store.settle(first, DOWN, lambda _: Consequence(settlement=_retry(hands)), hands.now)
    assert _claim(hands, store) == []
    [second] = _claim(hands, store, hands.now + MINUTE)
    assert (second.message, second.attempt, second.fence) == (MESSAGE, 2, first.fence + 1)
    assert store.begin_attempt(second, second.message, hands.now)
    assert store.settle(second, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    detail = store.read.delivery(first.id)
    assert detail.message == MESSAGE
    assert [(a.n, a.outcome, a.code, a.words, a.retry_after) for a in detail.attempts] == [
        (1, ErrorClass.TRANSIENT, 503, "busy", MINUTE),
        (2, ErrorClass.OK, 200, "ok", None),
    ]
    assert (detail.delivery.state, detail.delivery.delivered_at, detail.delivery.attempts) == (
        DeliveryState.DELIVERED,
        hands.now,
        2,
    )
    assert _states(store, first.id) == ["ready", "sending", "retry", "sending", "delivered"]
    assert [in_words(transition.reason) for transition in detail.transitions][2] == "503 busy"
    assert _claim(hands, store, hands.now + timedelta(days=9)) == []


def test_what_expired_is_dead_and_says_so(hands, store):
    """Old news is not sent late, and not dropped in silence either: each expired delivery is returned once."""
    hands.tell(store, "one", hands.teller(lasts=MINUTE, to=(("a", ""), ("b", ""))))
    assert _claim(hands, store, hands.now + MINUTE) == []
    given_up = store.expire(hands.now + MINUTE)
    assert [(delivery.receiver, len(delivery.content)) for delivery in given_up] == [("a", 1), ("b", 1)]
    assert store.expire(hands.now + MINUTE) == ()
    assert store.read.counts().deliveries[DeliveryState.DEAD] == 2
    assert {in_words(delivery.reason) for delivery in store.read.deliveries(DeliveryState.DEAD)} == {
        "expired: not delivered by 2026-03-02 12:01 UTC after 0 tries"
    }
    assert _states(store, "d0001") == ["ready", "dead"]


def test_the_last_words_of_a_receiver_stay_with_what_expired(hands, store):
    """A dead message shows why it never arrived."""
    hands.tell(store, "one", hands.teller(lasts=MINUTE))
    [delivery] = _claim(hands, store)
    store.begin_attempt(delivery, MESSAGE, hands.now)
    store.settle(delivery, DOWN, lambda _: Consequence(settlement=_retry(hands)), hands.now)
    store.expire(hands.now + MINUTE)
    assert in_words(store.read.delivery(delivery.id).delivery.reason).endswith("after 1 try; last: 503 busy")


@pytest.mark.everywhere
def test_a_send_that_hangs_is_doubtful_and_handed_out_again(hands, store):
    """A lost answer must not lose the message; the possible duplicate is on record."""
    hands.tell(store)
    [hung] = _claim(hands, store)
    store.begin_attempt(hung, MESSAGE, hands.now)
    hands.real.pass_by(LEASE)
    assert _claim(hands, store) == []
    hands.real.pass_by(timedelta(seconds=1))
    [again] = _claim(hands, store)
    assert (again.id, again.fence, again.attempt, again.message) == (hung.id, hung.fence + 1, 2, MESSAGE)
    [attempt] = store.read.delivery(hung.id).attempts
    assert (attempt.outcome, attempt.ended_at) == (ErrorClass.AMBIGUOUS, hands.now)
    assert not store.settle(hung, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    assert not store.begin_attempt(hung, MESSAGE, hands.now)
    assert store.settle(again, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    assert not store.settle(again, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    assert _states(store, hung.id) == ["ready", "sending", "retry", "sending", "delivered"]


@pytest.mark.everywhere
def test_a_start_voids_every_older_lease(hands, store):
    """After a kill nothing waits for a lease: an attempt is doubtful, a claim without an attempt is not."""
    hands.tell(store, "one", hands.teller(to=(("a", ""), ("b", ""), ("c", ""))))
    tried, claimed, done = _claim(hands, store)
    for delivery in (tried, done):
        store.begin_attempt(delivery, MESSAGE, hands.now)
    store.settle(done, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    lease = hands.lease(store)
    fresh = hands.open()
    hands.real.pass_by(timedelta(minutes=10))
    assert fresh.lock(hands.now) == Voided(sources=1, deliveries=2, doubtful=1)
    with pytest.raises(StoreError):
        fresh.commit(lease, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now, PollRecord(due_at=hands.now))
    again = {delivery.id: delivery for delivery in _claim(hands, fresh)}
    assert set(again) == {tried.id, claimed.id}
    assert not fresh.settle(tried, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    assert (again[tried.id].attempt, again[claimed.id].attempt) == (2, 1)
    [attempt] = fresh.read.delivery(tried.id).attempts
    assert (attempt.outcome, attempt.ended_at) == (ErrorClass.AMBIGUOUS, hands.now)
    assert fresh.read.delivery(claimed.id).attempts == ()
    assert _states(fresh, tried.id) == ["ready", "sending", "retry", "sending"]
    assert _states(fresh, claimed.id) == ["ready", "sending", "ready", "sending"]
    assert len(fresh.claim_sources(hands.now, LEASE, 9)) == 1


@pytest.mark.everywhere
def test_a_late_answer_ends_the_doubt_before_another_try(hands, store):
    """The lease of a worker is void when a server restarts; its answer still counts if nobody has claimed the message since."""
    hands.tell(store)
    [delivery] = _claim(hands, store)
    store.begin_attempt(delivery, MESSAGE, hands.now)
    assert hands.open().lock(hands.now).doubtful == 1
    assert store.settle(delivery, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    [attempt] = store.read.delivery(delivery.id).attempts
    assert attempt.outcome is ErrorClass.OK
    assert _claim(hands, store) == []


@pytest.mark.everywhere
def test_one_transaction_settles_a_message_and_begins_the_next(hands, store):
    """All of it is written, or nothing where it needs a decision."""
    for name in ("one", "two", "three"):
        hands.tell(store, name)
    first, second, third = _claim(hands, store, batches={"desk": 3})
    store.begin_attempt(first, MESSAGE, hands.now)
    delivered, dead = _delivered(hands), Settlement(state=DeliveryState.DEAD, due_at=hands.now)
    after = store.go_on(first, OK, lambda _: Consequence(settlement=delivered), hands.now, (second, MESSAGE))
    assert after == (delivered, True)
    assert _states(store, first.id)[-1] == "delivered"
    assert len(store.read.delivery(second.id).attempts) == 1
    assert store.go_on(second, DOWN, lambda _: Consequence(settlement=dead), hands.now, (third, MESSAGE)) is None
    assert _states(store, second.id)[-1] == "sending"
    assert not store.read.delivery(third.id).attempts


@pytest.mark.everywhere
def test_a_receiver_gets_a_batch_only_while_it_is_well_and_has_room(hands, store):
    """After a failure, near its rate and with a limit an hour, messages are looked at one by one."""
    for name in ("one", "two", "three"):
        hands.tell(store, name)
    limits = {"desk": Limit(most=9)}
    assert len(_claim(hands, store, batches={"desk": 9}, limits=limits)) == 1
    assert len(_claim(hands, store, batches={"desk": 9}, rates={"desk": 1})) == 1
    [last] = _claim(hands, store, batches={"desk": 9})
    store.begin_attempt(last, MESSAGE, hands.now)
    failing = Consequence(settlement=_retry(hands), status=ReceiverStatus(failures=1))
    store.settle(last, DOWN, lambda _: failing, hands.now)
    for name in ("four", "five"):
        hands.tell(store, name)
    assert len(_claim(hands, store, batches={"desk": 9})) == 1


def test_a_message_that_cannot_be_made_is_dead_without_a_try(hands, store):
    """A delivery whose rendering fails for good ends with its reason and no attempt."""
    hands.tell(store)
    [delivery] = _claim(hands, store)
    dead = Settlement(
        state=DeliveryState.DEAD, due_at=hands.now, reason=Reason(cause=Cause.OTHER, words="cannot be rendered")
    )
    assert store.settle(
        delivery, AttemptResult(error_class=ErrorClass.CONTENT), lambda _: Consequence(settlement=dead), hands.now
    )
    detail = store.read.delivery(delivery.id)
    assert (detail.delivery.state, in_words(detail.delivery.reason), detail.attempts) == (
        DeliveryState.DEAD,
        "cannot be rendered",
        (),
    )


@pytest.mark.everywhere
def test_alerts_join_a_message_that_was_never_tried(hands, store):
    """Two alerts of one story leave as one message, the more severe first; a claimed message takes in none."""
    hands.tell(store, "one", hands.teller(held=Reason(cause=Cause.OTHER, words="waits"), wait=MINUTE))
    seen = []

    def joins(facts):
        seen.append(facts.pending([DESK])[DESK])
        decision = hands.teller()(facts)
        return replace(decision, planned=(), joined=(("d0001", (decision.alerts[0].id,)),))

    critical = hands.rule(id="minerals/war", severity=Severity.CRITICAL)
    hands.tell(store, "two", joins, critical, title=hands.entry().title)
    [pending] = seen[0]
    assert (pending.delivery_id, pending.receiver, pending.recipient, pending.kind) == ("d0001", "desk", "", "alert")
    assert (pending.due_at, pending.alert_ids) == (hands.now + MINUTE, (1,))
    assert pending.story_ids == frozenset({1})
    [delivery] = _claim(hands, store, hands.now + MINUTE)
    assert [item.alert.id for item in delivery.content] == [2, 1]
    assert store.read.deliveries()[0].severity is Severity.CRITICAL
    decide = hands.teller()
    hands.tell(store, "three", decide)
    assert decide.seen[0].pending([DESK])[DESK] == []
    store.begin_attempt(delivery, MESSAGE, hands.now)
    store.settle(delivery, DOWN, lambda _: Consequence(settlement=_retry(hands)), hands.now)
    decide = hands.teller()
    hands.tell(store, "four", decide, title=hands.entry("three").title)
    assert [item.delivery_id for item in decide.seen[0].pending([DESK])[DESK]] == ["d0002"]


def grows(hands, kind, joined=()):
    """A decision that notifies of the first alert again."""

    def decide(facts):
        match = facts.arrivals[0].matches[0]
        alert = replace(facts.alerts[0], severity=Severity.CRITICAL)
        item = Decided(
            entry_id=facts.arrivals[0].entry_id,
            match=match,
            outcome=MatchOutcome.UPDATED,
            reason=Reason(cause=Cause.OTHER, words="louder"),
            story_id=1,
            alert_id=1,
        )
        planned = () if joined else (hands.teller(kind=kind).plan(facts.now, 1, "desk", ""),)
        return Decision(decided=(item,), alerts=(alert,), planned=planned, joined=joined)

    return decide


def test_an_update_is_led_by_what_is_new(hands, store):
    """An update shows at once why it was sent: the entry with the news leads, the first one is coverage."""
    hands.tell(store, "first")
    [delivery] = _claim(hands, store)
    store.begin_attempt(delivery, MESSAGE, hands.now)
    store.settle(delivery, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    hands.tell(store, "second", grows(hands, DeliveryKind.UPDATE), title=hands.entry("first").title)
    [update] = _claim(hands, store)
    assert update.kind is DeliveryKind.UPDATE
    [content] = update.content
    assert content.alert.severity is Severity.CRITICAL
    assert (content.lead.link.split("/")[-1][:6], content.related[0].link.split("/")[-1][:5]) == ("second", "first")


def test_an_update_may_join_the_message_that_waits(hands, store):
    """An alert that grows before its message has left is sent once, with all of it."""
    hands.tell(store, "first")
    grown = grows(hands, DeliveryKind.UPDATE, joined=(("d0001", (1,)),))
    hands.tell(store, "second", grown, title=hands.entry("first").title)
    [delivery] = _claim(hands, store)
    assert [item.alert.severity for item in delivery.content] == [Severity.CRITICAL]
    assert [view.id for view in store.read.deliveries()] == ["d0001"]


@pytest.mark.everywhere
def test_an_alert_cannot_be_planned_twice_without_news(hands, store):
    """The database itself refuses a duplicate that a decision plans by mistake."""
    hands.tell(store, "first")

    def again(facts):
        return Decision(planned=(hands.teller().plan(facts.now, 1, "desk", ""),))

    with pytest.raises(StoreError, match=r"(?i)unique"):
        hands.tell(store, "second", again)
    assert store.read.counts().entries == 1


def test_a_message_may_be_about_no_alert(hands, store):
    """A test message takes the way of all messages, so it proves that this way works."""
    trial = replace(hands.teller(kind=DeliveryKind.TEST).plan(hands.now, 0, "desk", ""), alert_ids=())
    store.tell([hands.match()], lambda facts: Decision(planned=(trial,)), hands.now)
    [delivery] = _claim(hands, store)
    assert (delivery.kind, delivery.content) == (DeliveryKind.TEST, ())


def test_a_copy_is_sent_on_demand_under_an_id_of_its_own(hands, store):
    """A dead message can be sent again after its receiver was repaired, as often as somebody asks."""
    hands.tell(store)
    with pytest.raises(StoreError, match="still under way"):
        store.act.resend("d0001", hands.now)
    with pytest.raises(StoreError, match="no delivery nope"):
        store.act.resend("nope", hands.now)
    [delivery] = _claim(hands, store)
    dead = Settlement(state=DeliveryState.DEAD, due_at=hands.now, reason=Reason(cause=Cause.OTHER, words="404"))
    store.begin_attempt(delivery, MESSAGE, hands.now)
    store.settle(
        delivery,
        AttemptResult(error_class=ErrorClass.GONE, code=404),
        lambda _: Consequence(settlement=dead),
        hands.now,
    )
    first = store.act.resend("d0001", hands.now + MINUTE)
    [copy] = _claim(hands, store, hands.now + MINUTE)
    assert (copy.id, copy.message, copy.attempt) == (first, None, 1)
    assert copy.content == delivery.content
    assert copy.expires_at - copy.created_at == delivery.expires_at - delivery.created_at
    store.settle(copy, OK, lambda _: Consequence(settlement=_delivered(hands)), hands.now)
    second = store.act.resend(first, hands.now)
    assert store.read.delivery(second).delivery.resend_of == "d0001"
    assert len(store.read.alert(1).deliveries) == 3


@pytest.mark.parametrize("gives_up", ["a last try", "the end of its time"])
def test_giving_up_and_saying_so_are_one(hands, store, gives_up):
    """A crash between the two would lose the alert: it would be sent to nobody, and no operator would be notified."""
    hands.tell(store, "one", hands.teller(lasts=MINUTE))
    [delivery] = _claim(hands, store)
    own = replace(hands.match(hands.entry("own")), entry=None)
    dead = Settlement(state=DeliveryState.DEAD, due_at=hands.now, reason=Reason(cause=Cause.OTHER, words="400 refused"))

    def crashes(_):
        raise KeyboardInterrupt

    def give_up(decide):
        if gives_up == "a last try":
            store.settle(
                delivery,
                AttemptResult(error_class=ErrorClass.CONTENT),
                lambda _: Consequence(settlement=dead, own=[own]),
                hands.now,
                decide=decide,
            )
        else:
            store.lock(hands.now)
            store.expire(hands.now + MINUTE, lambda _: [own], decide)

    store.begin_attempt(delivery, MESSAGE, hands.now)
    with pytest.raises(KeyboardInterrupt):
        give_up(crashes)
    assert store.read.counts().deliveries.get(DeliveryState.DEAD, 0) == 0
    give_up(hands.teller(to=(("ops", ""),)))
    assert {item.receiver: item.state for item in store.read.deliveries()} == {
        "desk": DeliveryState.DEAD,
        "ops": DeliveryState.READY,
    }


def test_who_slept_past_its_lease_does_not_begin(hands, store):
    """A machine that was suspended between claim and send would send what the next claim sends, too."""
    hands.tell(store)
    [slept] = _claim(hands, store)
    hands.real.pass_by(LEASE + timedelta(seconds=1))
    assert not store.begin_attempt(slept, MESSAGE, hands.now)
    [again] = _claim(hands, store)
    assert (again.id, again.attempt) == (slept.id, 1)
    assert store.begin_attempt(again, MESSAGE, hands.now)


def test_holding_back_a_hundred_messages_takes_as_many_statements_as_ten(hands, store, statements):
    """When quiet hours begin, or a limit is reached, thousands may be due: they become one digest in a moment."""
    ends = hands.now + 8 * timedelta(hours=1)

    def hushed(name, count):
        entries = [hands.entry(f"{name} {number}") for number in range(count)]
        decide = hands.teller(to=((name, ""),))
        hands.poll(store, hands.batch(*entries), [hands.judged(entry) for entry in entries], decide)
        return statements(
            lambda: store.apply_quiet_hours(
                {name: [QuietRule(ends=ends, severities=tuple(Severity), drop=False)]}, hands.now
            )
        )

    hushed("first", 2)
    assert hushed("many", 100) == hushed("few", 10)
    digests = {view.receiver: view for view in store.read.deliveries(DeliveryState.HELD)}
    assert [len(digests[name].alert_ids) for name in ("first", "few", "many")] == [2, 10, 100]


def test_what_expires_is_given_up_a_piece_at_a_time(hands, store):
    """A receiver that was down for a day leaves thousands: each transaction gives up a few, and the last returns none."""
    entries = [hands.entry(str(number)) for number in range(60)]
    decide = hands.teller(lasts=MINUTE)
    hands.poll(store, hands.batch(*entries), [hands.judged(entry) for entry in entries], decide)
    pieces = []
    while piece := store.expire(hands.now + MINUTE):
        pieces.append({delivery.id for delivery in piece})
    assert max(map(len, pieces)) <= 25
    assert len(set.union(*pieces)) == sum(map(len, pieces)) == 60
