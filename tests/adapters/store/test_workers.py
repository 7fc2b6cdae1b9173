"""Several workers on one database: nothing is decided twice, no row has two holders, and nobody waits for the dead."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import event

from adapters.postgres import beside
from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import ConflictError, LeaseLostError, LockedError, OvertakenError, StoreError
from tocsin.market import series as market
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.notifying.retry import Consequence
from tocsin.policy.polling.history import PollHistory
from tocsin.protocols import Runtime
from tocsin.rules.prices.observation import observe
from tocsin.store.db import schema
from tocsin.store.db.lock import Running
from tocsin.store.db.opening import running, upgrade_tables
from tocsin.store.inbound.results import PollResult
from tocsin.store.programs import Pushed, RequestAnswer
from tocsin.store.values import Claimable, Committed, Deferral, Fetch, JudgedBatch, PollRecord, Rest

pytest.importorskip("psycopg")
pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
TEXT = Message(kind=MessageKind.TEXT, subject="ban", text="a ban")
OK = AttemptResult(error_class=ErrorClass.OK)


@pytest.fixture
def pair(hands, store):
    """Two workers."""
    other = hands.open()
    store.lock(hands.now)
    other.lock(hands.now)
    return store, other


def _claim(hands, store, **which):
    return store.claim_deliveries(hands.now, MINUTE, Claimable(**which))


def _delivered(hands):
    settlement = Settlement(state=DeliveryState.DELIVERED, due_at=hands.now)
    return lambda before: Consequence(settlement=settlement, status=before, own=())


def _end_lock(postgres, store):
    """End the session that holds the lock of a worker, as a network does that loses it."""
    postgres.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks "
        f"WHERE locktype = 'advisory' AND objid = {store.database.worker}"
    )


def test_workers_share_a_database_and_are_seen(hands, pair):
    """Each has a number and notes of its own; a program that wants to be alone is told who is there."""
    one, other = pair
    one.note(Running(pid=os.getpid(), name="one", started=hands.now))
    other.note(Running(pid=os.getpid(), name="two", started=hands.now))
    found = running(hands.url)
    assert [worker.name for worker in found] == ["one", "two"]
    assert [worker.worker for worker in found] == [one.database.worker, other.database.worker]
    where = rf"one, process {os.getpid()} on {socket.gethostname()}, two, process"
    with pytest.raises(LockedError, match=where):
        hands.open().lock(hands.now, alone=True)


def test_two_that_decide_at_once_decide_one_after_the_other(hands, pair):
    """Without a lock, both take the same number for their alerts, and one of them is lost."""
    each, failed = 20, []

    def work(store, name):
        try:
            for n in range(each):
                store.tell([hands.match(detail=f"{name} {n}")], hands.teller(), hands.now)
        except BaseException as error:  # noqa: BLE001 (a thread would hide it)
            failed.append(error)

    threads = [threading.Thread(target=work, args=args) for args in zip(pair, ("one", "other"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    alerts = pair[0].read.alerts()
    assert len(alerts) == 2 * each
    assert len({alert.title for alert in alerts}) == 2 * each
    assert len(pair[0].read.deliveries()) == 2 * each


def test_a_source_is_claimed_by_one(hands, pair):
    """Both ask at once, and each source is polled once."""
    pair[0].sync_sources([(f"s{n}", f"https://s{n}.example/feed", "feed") for n in range(40)], hands.now)
    found: list[str] = []

    def claim(store):
        while leases := store.claim_sources(hands.now, MINUTE, 3):
            found.extend(lease.name for lease in leases)

    threads = [threading.Thread(target=claim, args=(store,)) for store in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == sorted(f"s{n}" for n in range(40))


@pytest.mark.parametrize("news", [False, True])
def test_results_of_polls_and_a_reload_wait_for_each_other_in_one_order(hands, pair, caplog, news):
    """Two transactions that have locked what the other one needs wait until the server undoes one of them."""
    one, other = pair
    caplog.set_level(logging.DEBUG, "tocsin.store")
    one.sync_sources([(name, f"https://{name}.example/feed", "feed") for name in "ab"], hands.now)
    leases = sorted(other.claim_sources(hands.now, MINUTE, 9), key=lambda lease: lease.name)
    record, results = PollRecord(due_at=hands.now + MINUTE), []

    def end_polls():
        if news:
            found = [JudgedBatch(batch=hands.batch(source=lease.name)) for lease in leases]
            polls = [
                PollResult(lease=lease, found=batch, decide=hands.teller(), now=hands.now, record=record)
                for lease, batch in zip(leases, found, strict=True)
            ]
            while len(results) < len(polls):
                results.extend(map(type, other.commit_together(polls[len(results) :])))
        else:
            rests = [Rest(lease=lease, cursor=lease.cursor, record=record) for lease in leases]
            results.append(other.complete_unchanged(rests, hands.now))

    ending, updates = threading.Thread(target=end_polls, daemon=True), count()

    def in_between(_connection, _cursor, statement, *_):
        if statement.startswith("UPDATE source ") and next(updates):
            beside(hands.url, ending)

    event.listen(one.database._engine, "before_cursor_execute", in_between)
    changed = [("b", "https://b.example/feed", "feed"), ("a", "https://a.example/new", "feed")]
    one.sync_sources(changed, hands.now, {"b": "b.example"})
    ending.join(30)
    assert results == ([LeaseLostError, Committed] if news else [1])
    assert "deadlock" not in caplog.text


def test_a_server_is_asked_by_one_worker_at_a_time(hands, pair):
    """The gap between two requests is kept by one process; the next one is told when its server was asked last."""
    one, other = pair
    sources = [(name, f"https://e.com/{name}", "feed") for name in ("a", "b", "own")]
    one.sync_sources(sources, hands.now, {"a": "e.com", "b": "e.com"})
    [first] = one.claim_sources(hands.now, MINUTE, 1)
    assert (first.name, first.idle) == ("a", None)
    assert [lease.name for lease in other.claim_sources(hands.now, MINUTE, 9)] == ["own"]
    rest = Rest(lease=first, cursor=first.cursor, record=PollRecord(due_at=hands.now + MINUTE))
    one.complete_unchanged([rest], hands.now, hosts_left=["e.com"])
    hands.real.pass_by(SECOND / 4)
    [second] = other.claim_sources(hands.now, MINUTE, 9)
    assert (second.name, second.idle) == ("b", SECOND / 4)
    assert one.claim_sources(hands.now + MINUTE, MINUTE, 9) == []


def test_a_receiver_gets_one_message_at_a_time(hands, pair):
    """Two workers would send twice as fast as a receiver allows."""
    one, other = pair
    hands.tell(one, "first")
    hands.tell(one, "second")
    [delivery] = _claim(hands, one)
    assert _claim(hands, other) == []
    assert one.begin_attempt(delivery, TEXT, hands.now)
    assert one.settle(delivery, OK, _delivered(hands), hands.now)
    assert len(_claim(hands, other)) == 1


@pytest.mark.parametrize("noticed", [False, True])
def test_an_answer_that_comes_while_another_worker_claims_counts_or_is_void(hands, pair, noticed):
    """A message that had arrived was sent again if its answer was written between two statements of a claim."""
    one, other = pair
    hands.tell(one, "first")
    [delivery] = _claim(hands, one)
    assert one.begin_attempt(delivery, TEXT, hands.now)
    hands.real.pass_by(2 * MINUTE)
    if noticed:
        assert _claim(hands, other, exclude=frozenset([delivery.receiver])) == []
    settled: list[Settlement | None] = []
    answer = threading.Thread(
        target=lambda: settled.append(one.settle(delivery, OK, _delivered(hands), hands.now)), daemon=True
    )

    def in_between(_connection, _cursor, statement, *_):
        if statement.startswith("UPDATE delivery ") and not answer.ident:
            beside(hands.url, answer)

    event.listen(other.database._engine, "before_cursor_execute", in_between)
    claimed = _claim(hands, other)
    answer.join(30)
    assert answer.ident
    assert (settled == [None]) is bool(claimed)


def test_a_look_for_messages_waits_for_nobody(hands, pair):
    """Every worker looks after every message; if each look took a turn, workers would only wait for each other."""
    one, other = pair
    with one.database.write():
        assert _claim(hands, other) == []
        assert other.expire(hands.now) == ()
    hands.tell(one, "first")
    assert len(_claim(hands, other)) == 1


def test_the_dead_hold_nothing(hands, store, postgres):
    """What a killed worker had claimed is taken over as soon as its server noticed; its open try is in doubt."""
    store.lock(hands.now)
    hands.tell(store, "one")
    store.sync_sources([("wire", "https://example.org/feed", "feed")], hands.now, {"wire": "example.org"})
    script = f"""
import os, signal
from datetime import datetime, timedelta
from tocsin.model.deliveries import Message, MessageKind
from tocsin.store import Store
now = datetime.fromisoformat({hands.now.isoformat()!r})
store = Store.open({hands.url!r}, real_now=lambda: datetime.fromisoformat({hands.real().isoformat()!r}))
store.lock(now)
assert store.claim_sources(now, timedelta(minutes=5), 9)
[delivery] = store.claim_deliveries(now, timedelta(minutes=5))
assert store.begin_attempt(delivery, Message(kind=MessageKind.TEXT, subject="s", text="t"), now)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    end = time.monotonic() + 10
    while len(running(hands.url)) > 1 and time.monotonic() < end:
        time.sleep(0.01)  # its server is about to notice
    voided = store.take_over(hands.now)
    assert (voided.sources, voided.deliveries, voided.doubtful) == (1, 1, 1)
    assert store.take_over(hands.now).deliveries == 0
    assert [lease.name for lease in store.claim_sources(hands.now, MINUTE, 9)] == ["wire"]
    [delivery] = _claim(hands, store)
    assert delivery.attempt == 2


def test_the_living_keep_what_they_hold(hands, pair):
    """A worker that starts, and one that looks for the dead, takes nothing from the others."""
    one, other = pair
    hands.tell(one, "first")
    [lease] = one.claim_sources(hands.now, MINUTE, 9)
    [delivery] = _claim(hands, one)
    assert other.take_over(hands.now) == hands.open().lock(hands.now)
    assert one.begin_attempt(delivery, TEXT, hands.now)
    one.commit(lease, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now, PollRecord(due_at=hands.now))


def test_a_worker_whose_lock_is_lost_gets_another_number_and_its_old_leases_end(hands, pair, postgres):
    """Others may have taken over what it had claimed: its results are void, and its next claims are its own."""
    one, other = pair
    hands.tell(one, "first")
    [lease] = one.claim_sources(hands.now, MINUTE, 9)
    [delivery] = _claim(hands, one)
    before = one.database.worker
    _end_lock(postgres, one)
    assert other.take_over(hands.now).deliveries == 1
    assert not one.begin_attempt(delivery, TEXT, hands.now)
    with pytest.raises(LeaseLostError):
        one.commit(lease, JudgedBatch(batch=hands.batch()), hands.teller(), hands.now, PollRecord(due_at=hands.now))
    assert one.database.worker != before
    assert len(_claim(hands, other)) == 1
    assert other.take_over(hands.now).sources == 0


TIN = Instrument(id="tin", kind="metal", currency="USD")


def _quote(hands, price, minutes=0):
    at = hands.now + timedelta(minutes=minutes)
    return Quote(instrument="tin", at=at, price=Decimal(price), currency="USD", first_seen=at)


def _seen(store, hands, quote):
    series, states, versions = store.read.market([TIN])
    return [(series["tin"], observe((), {"tin": [quote]}, series, states, quote.at)["tin"])], versions


def test_prices_are_judged_on_what_others_wrote(hands, pair):
    """A series that another worker changed meanwhile is read and judged again, so that no quote replaces another."""
    one, other = pair
    nobody = hands.teller()
    late, known = _seen(other, hands, _quote(hands, 11, 5))
    for minutes in (0, 10):  # a new series, and one with a row
        first, versions = _seen(one, hands, _quote(hands, 10, minutes))
        one.observe(first, versions, nobody, now=hands.now)
        with pytest.raises(OvertakenError, match="prices of tin"):
            other.observe(late, known, nobody, now=hands.now)
        late, known = _seen(other, hands, _quote(hands, 11, minutes + 5))
        other.observe(late, known, nobody, now=hands.now)
        late, known = _seen(other, hands, _quote(hands, 12, minutes + 7))
    assert len(market.of(one.read.market([TIN])[0]["tin"], TIN).quotes) == 4


def test_whoever_plans_a_delivery_wakes_the_others(hands, pair):
    """The other worker may have the free lane, and looks only every few seconds by itself."""
    one, other = pair
    heard = threading.Semaphore(0)
    other.listen(heard.release)
    assert heard.acquire(timeout=20)  # it listens
    one.sync_sources([("wire", "https://example.org/feed", "feed")], hands.now)
    hands.tell(one, "one")
    assert heard.acquire(timeout=20)
    assert not heard.acquire(blocking=False)


def test_one_report_a_period(hands, pair):
    """Two workers look for a due report at once."""
    one, other = pair
    rule = replace(hands.rule(), id="tocsin/self-report", key=())
    own = hands.match(None, rule=rule, labels={})
    hands.tell(one, "one")
    since = one.read.reported(rule.id)
    assert one.report(own, since, hands.teller(), hands.now + MINUTE).decision.alerts
    assert not other.report(own, since, hands.teller(), hands.now + MINUTE).decision.alerts


def test_two_configurations_never_decide_side_by_side(hands, pair):
    """The worker with the newest files works, the other claims nothing until it has them too, or a person says so."""
    one, other = pair
    one.sync_sources([("wire", "https://example.org/feed", "feed")], hands.now)
    assert one.enter_generation("old", hands.now)
    assert other.enter_generation("new", hands.now)
    hands.tell(other, "first")
    assert one.claim_sources(hands.now, MINUTE, 9) == []
    assert _claim(hands, one) == []
    assert one.standing_by
    assert not one.enter_generation("old", hands.now)
    one.act.activate("old")
    assert other.claim_sources(hands.now, MINUTE, 9) == []
    assert _claim(hands, one)
    assert not one.standing_by
    assert other.enter_generation("new", hands.now, wanted=True)
    with pytest.raises(ConflictError, match="no worker has had this configuration"):
        one.act.activate("never")


def test_what_a_replaced_configuration_has_begun_is_left_to_the_active_one(hands, pair):
    """A poll that takes long would otherwise alert by rules that nobody asks for any more; it is done again at once."""
    one, other = pair
    one.enter_generation("old", hands.now)
    lease = hands.lease(one)
    entry = hands.entry()
    found = JudgedBatch(batch=hands.batch(entry), judged=[hands.judged(entry)])
    other.enter_generation("new", hands.now)
    with pytest.raises(OvertakenError, match="another configuration"):
        one.commit(lease, found, hands.teller(), hands.now, PollRecord(due_at=hands.now))
    assert other.read.alerts() == ()
    assert not one.complete_unchanged([], hands.now, [Deferral(lease=lease, due_at=hands.now, reason="left")])
    hands.tell(other)
    assert len(other.read.alerts()) == 1


def test_the_only_worker_works_by_whatever_it_has(hands, store):
    """Whoever undoes a change and starts again must not be left without an alarm."""
    store.lock(hands.now)
    assert all(store.enter_generation(digest, hands.now) for digest in ("first", "second", "first"))


@pytest.mark.parametrize("adds", [True, False], ids=["it only adds", "it changes"])
def test_tables_are_upgraded_beside_workers_only_if_something_is_added(hands, store, tmp_path, monkeypatch, adds):
    """Workers of the version before go on while one after the other is replaced; a step that they cannot bear waits."""
    store.lock(hands.now)
    store.note(Running(pid=os.getpid(), name="one", started=hands.now))
    shutil.copytree(schema._MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "_MIGRATIONS", tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / "v9999_more.py").write_text(
        f"""from alembic import op\nimport sqlalchemy as sa\n
revision = "9999_more"\ndown_revision = "{schema._known()[-1]}"\n{"additive = True" if adds else ""}\n
def upgrade():\n    op.add_column("source", sa.Column("more", sa.Text(), nullable=True))\n"""
    )
    if not adds:
        with pytest.raises(LockedError, match="one, process"):
            upgrade_tables(hands.url, hands.now)
        return
    assert upgrade_tables(hands.url, hands.now)
    hands.tell(store, "first")
    assert len(_claim(hands, store)) == 1


async def _at_once(call, /, *args, **kwargs):
    return call(*args, **kwargs)


def test_a_worker_that_stands_by_moves_no_message_and_takes_none(hands, pair):
    """With the receivers and rules of before it would send to others, and alert of what nobody asks for any more."""
    one, other = pair
    hands.tell(one, "first")
    assert one.enter_generation("old", hands.now)
    assert other.enter_generation("new", hands.now)
    moved = DeliveryConfig(receivers={}, zone=UTC, decide=hands.teller(), routed=lambda _: [("else", "")])
    clock = type("Clock", (), {"now": lambda _: hands.now})()
    runtime = Runtime(clock=clock, write=_at_once, work=_at_once, random=lambda: 0.5)
    asyncio.run(Dispatcher(one, moved, runtime).tick())
    assert [(view.receiver, view.state) for view in one.read.deliveries()] == [("desk", DeliveryState.READY)]
    handed = Pushed(
        found=JudgedBatch(batch=hands.batch(hands.entry())),
        fetch=Fetch(at=hands.now),
        habits=PollHistory(),
        answer=lambda _: RequestAnswer(status=202, text=""),
    )
    with pytest.raises(StoreError, match=r"another configuration is active.* hand it in to another one"):
        one.push(handed, hands.teller(), hands.now)
