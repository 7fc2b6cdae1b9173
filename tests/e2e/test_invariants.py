"""Every invariant of the fault injection fails where it should: one that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chaos.evidence import Accepted, Call, Cut, Evidence, Lease, Look, Poll, Told
from chaos.invariants import CHECKS, COMPARISONS, judge

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TITLE = "China bans exports of gallium"
Tables = dict[str, list[dict[str, Any]]]


def at(seconds: float = 0) -> str:
    """A time as the database writes it."""
    return f"{NOW + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S.%f}"


def tables() -> Tables:
    """A story that was told to a mail recipient in a second try, for the life that made the first was killed."""
    return {
        "source": [{"id": 1, "name": "wire", "etag": '"1"', "lease_until": None}],
        "entry": [{"id": 1, "source_id": 1, "ident": "g1", "title": TITLE}],
        "revision": [],
        "entry_key": [{"source_id": 1, "value": "v", "kind": "id", "title": ""}],
        "match": [
            {"entry_id": 1, "rule": "metals/ban", "fate": "alerted", "reason": "told 1", "alert_id": 1, "labels": "{}"}
        ],
        "alert": [alert(1)],
        "story": [{"id": 1, "event": "trade.export.restrict", "opened_at": at()}],
        "delivery": [
            {
                "id": "d1", "receiver": "mail", "recipient": "desk", "kind": "alert", "state": "delivered", "reason": "",
                "created_at": at(), "due_at": at(), "expires_at": at(86400), "lease_until": None, "fence": 2, "attempts": 2,
                "stands_for": None,
            }
        ],
        "delivery_alert": [
            {"delivery_id": "d1", "alert_id": 1, "receiver": "mail", "recipient": "desk", "telling": 1, "resend": 0}
        ],
        "attempt": [attempt(1, 0, "ambiguous", words="ended unseen"), attempt(2, 10, "ok")],
        "answer": [],
        "chaos_decision": [{"rule": "metals/ban", "rule_hash": "a", "generation": 1}],
        "transition": [{"delivery_id": "d1", "at": at(), "state": "ready"}],
        "quote": [{"instrument": "tin", "at": at(day * 86400), "price": price} for day, price in enumerate(("100", "104"))],
        "close": [{"instrument": "tin", "day": "2026-03-02", "price": "100", "sigma": 0.015}],
        "series": [{"instrument": "tin", "variance": 0.000225, "moves": 0, "progress": '{"newest": {"price": "104"}}'}],
    }  # fmt: skip


def alert(number: int, **more: Any) -> dict[str, Any]:
    """An alert of a story."""
    return {
        "id": number, "rule": "metals/ban", "severity": "high", "title": "gallium: ban", "labels": "{}",
        "event": "trade.export.restrict", "opened_at": at(), **more,
    }  # fmt: skip


def report(opened: datetime) -> dict[str, Any]:
    """A report of the daemon on itself."""
    return alert(int(opened.timestamp()), rule="tocsin/self-report", opened_at=f"{opened:%Y-%m-%d %H:%M:%S.%f}")


def attempt(n: int, started: float, outcome: str | None, **more: Any) -> dict[str, Any]:
    """The *n*-th try, a second long."""
    return {
        "delivery_id": "d1", "n": n, "fence": n, "started_at": at(started),
        "ended_at": at(started + 1) if outcome else None, "outcome": outcome, "words": "", "retry_after": None, **more,
    }  # fmt: skip


def message(key: str = "d1", body: bytes = b"Subject: ban\r\n\r\ngallium", **more: Any) -> Accepted:
    """A mail that was taken."""
    fields = {"receiver": "mail", "recipient": "desk", "at": NOW + timedelta(seconds=10), "real": 1.0}
    return Accepted(key=key, body=body, **{**fields, **more})


def call(key: str, began: float) -> Call:
    """A try that takes a second."""
    return Call(receiver="mail", key=key, began=began, ended=began + 1)


def poll(source: str, began: float) -> Poll:
    """A poll of a public host."""
    return Poll(source=source, began=began, ended=began + 0.1, status=200, host="wires.example")


def look(real: float, *leases: tuple[str, int], alive: tuple[int, ...] = (7,)) -> Look:
    """A look at sources that are leased to workers."""
    held = (Lease(table="source", row=row, fence=1, worker=worker) for row, worker in leases)
    return Look(real=real, alive=frozenset(alive), leases=frozenset(held))


def run() -> Evidence:
    """A run that holds every invariant."""
    cut_off = tables()
    cut_off["attempt"] = [attempt(1, 0, None)]
    cut_off["delivery"][0]["state"] = "sending"
    return Evidence(
        tables=tables(),  # type: ignore[arg-type]
        accepted=(message(), message()),
        published=(Told(feed="wire", title=TITLE, rule="metals/ban"),),
        polls=(
            Poll(source="wire", began=0.0, ended=1.0, status=200),
            Poll(source="wire", began=2.0, ended=3.0, status=304),
        ),
        cuts=(
            Cut(point="after receiver.send", tables=cut_off, at=NOW),
            Cut(point="all at once", tables=cut_off, at=NOW),
        ),  # type: ignore[arg-type]
        recipients=frozenset({("mail", "desk")}),
        versions={'"1"': (TITLE,)},
        late=0,
        log="INFO started",
        canaries=("c4nary",),
        sound="ok",
        # A try whose outcome nobody knows may be repeated before it ends.
        calls=(call("d1", 0), call("d1", 0.5), call("d2", 2), call("d3", 3.1)),
        # A worker that is gone leaves a lease for a moment, and one that lives may keep one for long.
        looks=tuple(look(second, ("wire", 7), *[("ministry", 8)] * (second < 10)) for second in range(60)),
    )


def rows(**changes: Callable[[list[dict[str, Any]]], object]) -> Callable[[Evidence], Evidence]:
    """A doctor who changes tables."""

    def doctor(good: Evidence) -> Evidence:
        found = deepcopy(dict(good.tables))
        for table, change in changes.items():
            change(found[table])  # type: ignore[arg-type]
        return replace(good, tables=found)

    return doctor


def fields(**changes: Any) -> Callable[[Evidence], Evidence]:
    """A doctor who changes all else."""
    return lambda good: replace(good, **changes)


def first(**changes: Any) -> Callable[[list[dict[str, Any]]], object]:
    """Change the first row."""
    return lambda found: found[0].update(changes)


def last(**changes: Any) -> Callable[[list[dict[str, Any]]], object]:
    """Change the last row."""
    return lambda found: found[-1].update(changes)


def told_of(delivery: str, receiver: str = "mail", resend: int = 0) -> dict[str, Any]:
    """An alert in another message to the same recipient, or to another receiver."""
    return {
        "delivery_id": delivery, "alert_id": 1, "receiver": receiver, "recipient": "desk", "telling": 1, "resend": resend
    }  # fmt: skip


def sent(*others: tuple[str, str, str]) -> Callable[[Evidence], Evidence]:
    """A doctor who adds deliveries (id, kind, receiver) about the alert."""
    return rows(
        delivery=lambda found: found.extend(
            {**found[0], "id": name, "kind": kind, "receiver": receiver} for name, kind, receiver in others
        ),
        delivery_alert=lambda found: found.extend(
            told_of(name, receiver, number) for number, (name, _, receiver) in enumerate(others, 1)
        ),
    )


def double(found: list[dict[str, Any]]) -> None:
    """Write the first row twice."""
    found.append(dict(found[0]))


_LATER = timedelta(seconds=40)
DOCTORED = [
    ("1 nothing is lost", rows(match=list.clear), "has 0 matches"),
    ("1 nothing is lost", fields(accepted=()), "never reached mail desk"),
    ("1 nothing is lost", rows(match=first(fate="old", reason="")), "no reason is given"),
    ("2 nothing is ahead of its events", rows(entry=list.clear), "the end: the cursor of wire knows"),
    ("2 nothing is ahead of its events", rows(alert=list.clear), "alert 1, which is not there"),
    ("2 nothing is ahead of its events", rows(delivery_alert=list.clear), "is about nothing"),
    ("2 nothing is ahead of its events", fields(accepted=(message("d9"),)), "d9 that no delivery knows"),
    ("3 every copy is on record", fields(accepted=(message(),) * 3), "d1 came 3 times, with 1 ambiguous"),
    ("4 copies are identical", fields(accepted=(message(), message(body=b"Subject: ban\r\n\r\ntin"))), "2 different"),
    ("4 copies are identical", fields(accepted=(message(), message(recipient="other"))), "went to 2 recipients"),
    ("5 only open attempts double", fields(cuts=()), "d1 came 2 times, though only 0"),
    (
        "5 only open attempts double",
        fields(cuts=(Cut(point="anywhere", tables={}, at=NOW - timedelta(seconds=9)),)),
        "d1 came 2 times, though only 0",
    ),
    ("5 a restart sends nothing", fields(late=1), "1 messages came after a restart"),
    ("6 keys are unique", rows(quote=double), "quote holds"),
    ("6 keys are unique", rows(delivery_alert=double), "delivery_alert holds"),
    ("7 delivered means received", fields(accepted=()), "mail desk never took it"),
    ("7 delivered means received", rows(attempt=lambda found: found.pop(0)), "says 2 tries, on record are [2]"),
    ("7 delivered means received", rows(attempt=last(outcome="transient")), "without one good attempt"),
    ("8 nothing hangs", rows(delivery=first(state="sending")), "delivery d1 is still sending"),
    ("8 nothing hangs", rows(attempt=last(ended_at=None)), "attempt 2 of d1 is still open"),
    ("8 nothing hangs", rows(source=first(lease_until=at())), "source wire is still leased"),
    ("9 a late holder changes nothing", rows(attempt=last(fence=1)), "under the fences [1, 1]"),
    ("9 a late holder changes nothing", rows(attempt=last(fence=3)), "a fence that its delivery never had"),
    (
        "9 a late holder changes nothing",
        fields(
            polls=(Poll(source="wire", began=0, ended=2, status=200), Poll(source="wire", began=1, ended=3, status=200))
        ),
        "asked twice at a time",
    ),
    (
        "10 nothing comes too early or too late",
        rows(attempt=lambda found: (found[0].update(outcome="transient"), found[1].update(started_at=at(2)))),
        "try 2 of d1 came",
    ),
    (
        "10 nothing comes too early or too late",
        rows(delivery=first(expires_at=at(5))),
        "after the delivery had expired",
    ),
    (
        "10 nothing comes too early or too late",
        rows(attempt=first(outcome="rate_limited", retry_after=60.0)),
        "mail asked for quiet until",
    ),
    (
        "11 quiet hours are kept",
        fields(quiet=(("mail", NOW, NOW + timedelta(hours=1)),)),
        "mail was told at",
    ),
    (
        "11 quiet hours are kept",
        rows(delivery=first(state="held", due_at=at(-1)), transition=lambda found: found[0].update(state="held")),
        "is held still",
    ),
    ("12 news precedes its updates", rows(delivery=first(kind="update")), "got a update of alert 1 first"),
    ("14 the database is sound and keeps no secret", fields(sound="row 3 missing"), "row 3 missing"),
    ("14 the database is sound and keeps no secret", fields(log="url=c4nary"), "a secret stands in the log"),
    ("14 the database is sound and keeps no secret", rows(delivery=first(reason="c4nary")), "stands in delivery"),
    ("14 the database is sound and keeps no secret", fields(log="Traceback (most"), "an exception nobody expected"),
    ("6 it is as if nothing had happened", rows(match=first(fate="joined")), "matches: 1 x"),
    ("6 it is as if nothing had happened", rows(alert=first(severity="low")), "alerts: 1 x"),
    ("6 it is as if nothing had happened", rows(delivery_alert=list.clear), "tellings: 1 x"),
    ("15 numbers are never rewritten", rows(alert=first(rule="metals/jump")), "the end: alert 1 was"),
    ("15 numbers are never rewritten", rows(story=list.clear), "the end: story 1 was"),
    (
        "15 numbers are never rewritten",
        rows(alert=lambda found: found.append(alert(0))),
        "a later alert has the number 0",
    ),
    (
        "16 tries of a receiver take turns",
        fields(calls=(call("d2", 0), call("d3", 0.5))),
        "was sent d3 while it took d2",
    ),
    ("17 gaps of a host are kept", fields(polls=(poll("wire", 0), poll("flaky", 0.2))), "0.20 s after wire"),
    ("17 gaps of a host are kept", fields(polls=(poll("wire", 0), poll("flaky", 0.05))), "wire and flaky at a time"),
    (
        "18 the dead leave no lease",
        fields(looks=tuple(look(second, ("wire", 8)) for second in range(17))),
        "source wire was leased to worker 8",
    ),
    (
        "19 a period has one report",
        rows(alert=lambda found: found.extend((report(NOW), report(NOW + timedelta(days=3))))),
        "was followed by one at 2026-03-05",
    ),
    ("20 prices are those of one worker", rows(close=list.clear), "the closes of tin are {}"),
    ("20 prices are those of one worker", rows(series=first(moves=1)), "the series of tin is"),
    ("20 prices are those of one worker", rows(quote=last(price="103")), "should be"),
    ("20 prices are those of one worker", rows(series=list.clear), "tin has quotes and no series"),
    ("21 one more settles what all left", rows(delivery=first(state="ready")), "d1 was sending when all had ended"),
    (
        "22 one configuration decides",
        rows(chaos_decision=lambda found: found.append({**found[0], "generation": 2})),
        "metals/ban in the form a decided while the configurations [1, 2] were active",
    ),
    (
        "23 nobody is told too often",
        sent(*((f"r{number}", "reminder", "mail") for number in range(3))),
        "mail desk has 3 messages of the kind reminder of alert 1",
    ),
    ("23 nobody is told too often", sent(("e1", "escalation", "mail"), ("e2", "escalation", "mail")), "escalation"),
    (
        "24 an answer is the end",
        rows(
            delivery=first(kind="reminder"),
            answer=lambda found: found.append({"alert_id": 1, "at": at(5)}),
        ),
        "mail was sent a reminder of [1] at 2026-03-02 09:00:10",
    ),
    ("25 an end is told to those who were told", rows(delivery=first(kind="recovery")), "and nothing before"),
    (
        "26 a person is told once",
        sent(("p1", "alert", "phone"), ("p2", "alert", "paper")),
        "one person is told of alert 1 over paper and phone",
    ),
    (
        "27 what is suppressed is not sent",
        rows(delivery=first(state="suppressed", reason="silence 1"), attempt=lambda found: found.pop(0)),
        "mail took d1, which is suppressed: silence 1",
    ),
    (
        "13 one that hangs delays nobody",
        lambda good: replace(
            rows(delivery=first(attempts=1))(good),
            hung=((NOW, NOW + timedelta(minutes=1)),),
            accepted=(message(at=NOW + _LATER),),
        ),
        "the others waited 0:00:40",
    ),
]


def test_a_good_run_holds_every_invariant() -> None:
    """A duplicate whose doubt is on record is no fault."""
    assert {name: found for name, found in judge(run(), run()).items() if found} == {}


@pytest.mark.parametrize(("name", "doctor", "words"), DOCTORED, ids=[f"{row[0]}: {row[2]}" for row in DOCTORED])
def test_a_doctored_log_is_found_out(name: str, doctor: Callable[[Evidence], Evidence], words: str) -> None:
    """Each kind of violation is seen, and said in words that lead to it."""
    found = judge(doctor(run()), run())[name]
    assert any(words in violation for violation in found), found


def test_no_invariant_is_without_its_doctored_log() -> None:
    """Who adds an invariant shows that it can fail."""
    assert {row[0] for row in DOCTORED} == {*CHECKS, *COMPARISONS}
