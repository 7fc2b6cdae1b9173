"""One poll, one transaction."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.errors import Fault, LeaseLostError
from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import DeliveryState
from tocsin.model.entries import Cursor
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity, Unevaluated
from tocsin.policy.alerting.facts import Decided, Decision
from tocsin.store.values import JudgedBatch, PollFailure, PollRecord

HOUR = timedelta(hours=1)


@pytest.mark.everywhere
def test_a_commit_writes_all_that_a_poll_found(hands, store):
    """Entries, cursor, matches, story, alert, cooldown and delivery are there together, and the source is due later."""
    one, two = hands.entry("gallium"), hands.entry("silver")
    lease = hands.lease(store)
    due = hands.now + HOUR
    committed = store.commit(
        lease,
        JudgedBatch(batch=hands.batch(one, two), judged=[hands.judged(one), hands.quiet(two)]),
        hands.teller(),
        hands.now,
        PollRecord(due_at=due),
    )
    assert committed.entries == 2
    assert committed.delivery_ids == ("d0001",)
    counts = store.read.counts()
    assert (counts.polled, counts.entries, counts.stories, counts.alerts) == (1, 2, 1, 1)
    assert counts.matches[MatchOutcome.ALERTED] == 1
    assert counts.deliveries[DeliveryState.READY] == 1
    assert store.claim_sources(due - timedelta(microseconds=1), HOUR, 9) == []
    again = store.claim_sources(due, HOUR, 9)[0]
    assert again.cursor == hands.batch().cursor
    assert (again.last_success, again.baseline, again.errors) == (hands.now, False, 0)


def test_a_thousand_deliveries_take_as_many_statements_as_forty(hands, store, statements):
    """A poll with news for many people must not run a statement for each of them."""

    def poll(name, people):
        entries = [hands.entry(f"{name} {number}") for number in range(40)]
        decide = hands.teller(to=tuple((f"r{number}", "") for number in range(people)))
        judged = [hands.judged(entry) for entry in entries]
        return statements(lambda: hands.poll(store, hands.batch(*entries), judged, decide))

    poll("first", 1)
    assert poll("many", 25) <= poll("one", 1)
    assert store.read.counts().deliveries[DeliveryState.READY] == 1080


def test_an_entry_comes_back_as_it_went_in(hands, store):
    """Later evaluations and commands see exactly the entry that the source gave."""
    entry = hands.entry("镓", language="zh", published=None, labels={"tier": ("primary", "state")})
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller())
    assert store.read.entry(1) == entry
    assert store.read.entry(2) is None
    assert [view.entry for view in store.read.find_entries(entry.link)] == [entry]
    assert [view.id for view in store.read.find_entries(entry.id)] == [1]
    assert [view.id for view in store.read.find_entries("1")] == [1]


@pytest.mark.everywhere
def test_hostile_characters_neither_stop_a_commit_nor_move_the_text(hands, store):
    """A NUL or a lone surrogate from a feed becomes one replacement character, so that spans still fit."""
    entry = hands.entry("x", title="bans\0 \ud800export", published_raw="\udfff")
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller())
    assert store.read.entry(1).title == "bans\ufffd \ufffdexport"


def test_what_raises_while_deciding_leaves_nothing_behind(hands, store):
    """A fault of the policy must not mark entries as seen: nobody would be notified of them."""
    entry = hands.entry()
    lease = hands.lease(store)

    def fails(facts):
        raise RuntimeError("no decision")

    with pytest.raises(RuntimeError, match="no decision"):
        store.commit(
            lease,
            JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)]),
            fails,
            hands.now,
            PollRecord(due_at=hands.now),
        )
    assert (store.read.counts().entries, store.read.counts().polled) == (0, 0)
    assert store.unseen(hands.batch(entry)).new == (entry,)
    committed = store.commit(
        lease,
        JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)]),
        hands.teller(),
        hands.now,
        PollRecord(due_at=hands.now),
    )
    assert committed.entries == 1


def test_a_decision_that_contradicts_the_database_leaves_nothing_behind(hands, store):
    """A decision that breaks a key is refused as a whole: half of it would be worse than none."""
    entry = hands.entry()
    lease = hands.lease(store)

    def doubles(facts):
        decision = hands.teller()(facts)
        return replace(decision, planned=decision.planned * 2)

    with pytest.raises(Exception, match="contradict") as caught:
        store.commit(
            lease,
            JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)]),
            doubles,
            hands.now,
            PollRecord(due_at=hands.now),
        )
    assert "UNIQUE" in str(caught.value).upper()
    assert (store.read.counts().entries, store.read.counts().alerts) == (0, 0)
    assert store.read.deliveries() == ()


@pytest.mark.everywhere
def test_polls_in_parallel_see_each_others_stories(hands, store):
    """Twenty feeds with one headline in one tick are one alert: each decision knows what the others wrote."""
    names = [f"wire{n:02}" for n in range(20)]
    store.sync_sources([(name, name, "feed") for name in names], hands.now)
    for lease in store.claim_sources(hands.now, HOUR, 99):
        store.commit(
            lease,
            JudgedBatch(batch=hands.batch(source=lease.name)),
            hands.teller(),
            hands.now,
            PollRecord(due_at=hands.now),
        )
    leases = store.claim_sources(hands.now, HOUR, 99)
    seen = []

    def folds(facts):
        seen.append(len(facts.stories))
        if not facts.stories:
            return hands.teller()(facts)
        story, [arrival] = facts.stories[0], facts.arrivals
        match = arrival.matches[0]
        member = replace(story.entries[0], entry_id=arrival.entry_id)
        joined = Decided(
            entry_id=arrival.entry_id,
            match=match,
            outcome=MatchOutcome.JOINED,
            reason=Reason(cause=Cause.OTHER, words="the same story"),
            story_id=story.id,
            alert_id=facts.alerts[0].id,
        )
        return Decision(decided=(joined,), stories=(replace(story, entries=(*story.entries, member)),))

    def poll(lease):
        entry = hands.entry("gallium", source=lease.name)
        batch = hands.batch(entry, source=lease.name)
        assert store.unseen(batch).new == (entry,)
        store.commit(
            lease,
            JudgedBatch(batch=batch, judged=[hands.judged(entry)]),
            folds,
            hands.now,
            PollRecord(due_at=hands.now + HOUR),
        )

    threads = [threading.Thread(target=poll, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0] + [1] * 19
    counts = store.read.counts()
    assert (counts.entries, counts.stories, counts.alerts) == (20, 1, 1)
    assert counts.matches[MatchOutcome.JOINED] == 19
    assert len(store.read.deliveries()) == 1
    assert len(store.read.alert(1).members) == 20
    assert len(store.read.alert(1).content.related) == 19


def test_an_entry_that_was_committed_meanwhile_is_not_decided_twice(hands, store):
    """The check before judging and the check in the transaction may differ; the second one counts."""
    entry, other = hands.entry("gallium"), hands.entry("silver")
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], hands.teller())
    decide = hands.teller()
    committed = hands.poll(store, hands.batch(entry, other), [hands.judged(entry), hands.judged(other)], decide)
    assert committed.entries == 1
    assert [arrival.entry_id for arrival in decide.seen[0].arrivals] == [2]


def test_a_late_holder_writes_nothing(hands, store):
    """A poll that took longer than its lease must not overwrite the result of the next one."""
    entry = hands.entry()
    late = hands.lease(store)
    hands.real.pass_by(timedelta(minutes=6))
    fresh = hands.lease(store)
    assert fresh.fence == late.fence + 1
    with pytest.raises(LeaseLostError, match="wire"):
        store.commit(
            late,
            JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)]),
            hands.teller(),
            hands.now,
            PollRecord(due_at=hands.now),
        )
    with pytest.raises(LeaseLostError):
        store.fail(
            late,
            PollFailure(
                error="gone",
                fault=Fault.GONE,
                record=PollRecord(due_at=hands.now),
                unhealthy=True,
                gone=True,
                own=[hands.match()],
            ),
            hands.teller(),
            hands.now,
        )
    assert (store.read.counts().entries, store.read.counts().polled, store.read.counts().alerts) == (0, 0, 0)
    store.commit(
        fresh,
        JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)]),
        hands.teller(),
        hands.now,
        PollRecord(due_at=hands.now),
    )
    with pytest.raises(LeaseLostError):
        store.commit(
            fresh, JudgedBatch(batch=hands.batch(entry)), hands.teller(), hands.now, PollRecord(due_at=hands.now)
        )


def test_a_failed_poll_keeps_the_cursor_and_counts(hands, store):
    """After a failure the next poll has the same cursor, is later, and knows the number of failures."""
    hands.poll(store, hands.batch(), [], hands.teller())
    lease = hands.lease(store)
    own = hands.match(rule=hands.rule(id="tocsin/source-unhealthy", event="tocsin.source.unhealthy"), detail="503")
    committed = store.fail(
        lease,
        PollFailure(
            error="503 Service Unavailable",
            fault=Fault.STATUS,
            record=PollRecord(due_at=hands.now + HOUR),
            unhealthy=True,
            gone=True,
            own=[own],
        ),
        hands.teller(),
        hands.now,
    )
    assert committed.delivery_ids == ("d0001",)
    assert store.claim_sources(hands.now, HOUR, 9) == []
    [again] = store.claim_sources(hands.now + HOUR, HOUR, 9)
    assert again.cursor == hands.batch().cursor
    assert (again.errors, again.unhealthy, again.gone, again.last_fault) == (1, True, True, Fault.STATUS)
    assert again.last_success == hands.now
    [view] = store.read.sources()
    assert (view.last_error, view.last_fault, view.polls) == ("503 Service Unavailable", Fault.STATUS, 2)
    assert store.read.alert(1).content.alert.detail == "503"
    assert store.read.alert(1).content.lead is None
    store.commit(
        again, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now + HOUR, PollRecord(due_at=hands.now)
    )
    [healed] = store.read.sources()
    assert (healed.errors, healed.unhealthy, healed.gone, healed.last_error) == (0, False, False, "")


def test_the_daemons_own_events_are_told_without_a_poll(hands, store):
    """A pack that was kept back at the start reaches the operator like any alert."""
    decide = hands.teller()
    committed = store.tell([hands.match(detail="a"), hands.match(detail="b")], decide, hands.now)
    assert len(committed.delivery_ids) == 2
    assert [len(arrival.matches) for arrival in decide.seen[0].arrivals] == [1, 1]
    assert store.tell([], decide, hands.now).delivery_ids == ()
    assert len(decide.seen) == 1


def test_a_baseline_silences_entries_but_not_the_daemon(hands, store):
    """The first fetch is a baseline, but the event that a source recovered alerts even then."""
    decide = hands.teller()
    entry = hands.entry()
    hands.poll(store, hands.batch(entry), [hands.judged(entry)], decide, own=[hands.match(detail="recovered")])
    assert [facts.baseline for facts in decide.seen] == [True, False]
    other = hands.entry("two")
    hands.poll(store, hands.batch(entry, other), [hands.judged(other)], decide)
    assert (decide.seen[2].baseline, decide.seen[2].last_success) == (False, hands.now)


def test_a_rule_that_failed_is_told_once_and_its_entries_wait(hands, store):
    """A rule that raises on every entry of every feed is one message, and no entry is lost to it."""
    failure = Unevaluated(rule="minerals/bad", rule_hash="h1", error="ValueError: no")
    once = {("minerals/bad", "h1"): hands.match(rule=hands.rule(id="tocsin/unevaluated"), detail="minerals/bad")}
    one, two = hands.entry("one"), hands.entry("two")
    first = hands.poll(
        store, hands.batch(one), [replace(hands.judged(one), unevaluated=(failure,))], hands.teller(), once=once
    )
    second = hands.poll(
        store, hands.batch(two), [replace(hands.judged(two), unevaluated=(failure,))], hands.teller(), once=once
    )
    details = [[item.match.detail for item in committed.decision.decided] for committed in (first, second)]
    assert details == [["", "minerals/bad"], [""]]
    assert store.unevaluated({"minerals/bad": "h1"}, "1.0") == ()
    assert store.unevaluated({}, "1.0") == ()
    waiting = store.unevaluated({"minerals/bad": "h2"}, "1.0")
    assert [(item.entry_id, item.entry, item.rules) for item in waiting] == [
        (1, one, {"minerals/bad"}),
        (2, two, {"minerals/bad"}),
    ]
    assert len(store.unevaluated({"minerals/bad": "h1"}, "1.1")) == 2
    assert len(store.unevaluated({"minerals/bad": "h2"}, "1.0", limit=1)) == 1


def test_judging_again_adds_only_what_was_missing(hands, store):
    """After the rule is repaired its alert is sent; rules that were evaluated before do not alert a second time."""
    failure = Unevaluated(rule="minerals/bad", rule_hash="h1", error="ValueError: no")
    entry, fails_again = hands.entry("one"), hands.entry("two")
    hands.poll(store, hands.batch(), [], hands.teller())
    hands.poll(
        store,
        hands.batch(entry, fails_again),
        [replace(hands.judged(item), unevaluated=(failure,)) for item in (entry, fails_again)],
        hands.teller(),
    )
    before = store.read.counts().matches[MatchOutcome.ALERTED]
    one, two = store.unevaluated({"minerals/bad": "h2"}, "1.0")
    assert store.read.record(one.entry_id, "minerals/bad")[0].failure == "ValueError: no"
    mended = hands.rule(id="minerals/bad", hash="h2", severity=Severity.LOW)
    still = Unevaluated(rule="minerals/bad", rule_hash="h2", error="KeyError: still")
    decide = hands.teller()
    once = {("minerals/bad", "h2"): hands.match(rule=hands.rule(id="tocsin/unevaluated"), detail="again")}
    again = [
        (one, hands.judged(entry, hands.rule(), mended)),
        (two, replace(hands.quiet(fails_again), unevaluated=(still,))),
    ]
    committed = store.rejudge(again, decide, now=hands.now, once=once)
    assert [item.match.rule.id for item in committed.decision.decided] == ["tocsin/unevaluated", "minerals/bad"]
    assert (decide.seen[-1].baseline, decide.seen[-1].last_success) == (False, hands.now)
    assert store.read.counts().matches[MatchOutcome.ALERTED] == before + 2
    assert store.unevaluated({"minerals/bad": "h2"}, "1.0") == ()
    assert [item.entry_id for item in store.unevaluated({"minerals/bad": "h3"}, "1.0")] == [2]
    assert store.rejudge([(one, hands.judged(entry, mended))], decide, now=hands.now).delivery_ids == ()


def test_judging_again_remembers_what_was_a_baseline(hands, store):
    """An old entry of a first fetch does not alert because its rule was repaired a week later."""
    failure = Unevaluated(rule="minerals/bad", rule_hash="h1", error="ValueError: no")
    old, new = hands.entry("old"), hands.entry("new")
    for entry in (old, new):
        judged = [replace(hands.quiet(entry), unevaluated=(failure,))]
        hands.poll(store, hands.batch(entry), judged, hands.teller())
    waiting = store.unevaluated({"minerals/bad": "h2"}, "1.0")
    mended = hands.rule(id="minerals/bad", hash="h2")
    decide = hands.teller()
    store.rejudge([(item, hands.judged(item.entry, mended)) for item in waiting], decide, now=hands.now)
    assert [(facts.baseline, facts.arrivals[0].entry_id) for facts in decide.seen] == [(True, 1), (False, 2)]


def test_nothing_new_still_moves_the_cursor(hands, store):
    """A 304 may carry new validators: the next poll sends those."""
    hands.poll(store, hands.batch(hands.entry()), [], hands.teller())
    cursor = Cursor(etag='"2"', body_hash="ab", validated_at=hands.now)
    decide = hands.teller()
    hands.poll(store, hands.batch(cursor=cursor, changed=False), [], decide)
    assert hands.lease(store).cursor == cursor
    assert decide.seen == []
