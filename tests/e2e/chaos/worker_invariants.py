"""What must hold of several daemons on one database, too: pure functions of the evidence, each with a name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import time
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from chaos.evidence import Evidence, Lease, Row, Tables, moment
from tocsin.market import series as market
from tocsin.market.series import Series
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.notifying.walltime import next_occurrence

UNSETTLED = frozenset({"held", "ready", "sending", "retry"})
#: Real seconds after the end of a worker in which others void its leases.
_TAKEN_OVER = 15.0
#: The part of a gap that may be missing where it is measured, at the server of a busy machine.
_JITTER = 0.3
#: When a report is due unless it is configured: Mondays at nine, in the zone of the script.
_REPORT = (time(9), frozenset({0}), ZoneInfo("Europe/London"))
#: The point of a cut at which all daemons were killed, and one more had to go on alone.
ALL_ENDED = "all at once"


def numbers_are_never_rewritten(run: Evidence) -> Iterator[str]:
    """An alert or story keeps its number, the number its alert or story, and a later one has a higher number."""
    moments = [*((cut.point, cut.tables) for cut in run.cuts), ("the end", run.tables)]
    for table, identities in {"alert": _alerts, "story": _stories}.items():
        known: dict[int, tuple[object, ...]] = {}
        for point, tables in moments:
            here = identities(tables)
            for number, identity in known.items():
                if here.get(number) != identity:
                    yield f"{point}: {table} {number} was {identity}, and is {here.get(number)}"
            highest = max(known, default=0)
            yield from (
                f"{point}: a later {table} has the number {number}, and {highest} was there before"
                for number in here.keys() - known.keys()
                if number < highest
            )
            known |= here


def _alerts(tables: Tables) -> dict[int, tuple[object, ...]]:
    """What the number of an alert stands for."""
    return {row["id"]: (row["rule"], row["event"], row["opened_at"]) for row in tables.get("alert", ())}


def _stories(tables: Tables) -> dict[int, tuple[object, ...]]:
    """What the number of a story stands for: its first entry. It opens earlier when an earlier report joins it."""
    first: dict[int, int] = {}
    for row in tables.get("story_entry", ()):
        first[row["story_id"]] = min(row["entry_id"], first.get(row["story_id"], row["entry_id"]))
    return {row["id"]: (row["event"], first.get(row["id"])) for row in tables.get("story", ())}


def tries_of_a_receiver_take_turns(run: Evidence) -> Iterator[str]:
    """A receiver is sent one message at a time, but where the outcome of a try is on record as unknown."""
    doubtful = {row["delivery_id"] for row in run.tables["attempt"] if row["outcome"] == "ambiguous"}
    calls = defaultdict(list)
    for call in run.calls:
        if call.key not in doubtful:
            calls[call.receiver].append(call)
    for receiver, some in calls.items():
        for one, other in pairwise(sorted(some, key=lambda call: call.began)):
            if other.began < one.ended:
                yield f"{receiver} was sent {other.key} while it took {one.key}"


def gaps_of_a_host_are_kept(run: Evidence) -> Iterator[str]:
    """A host is asked by one worker at a time, and left alone for its gap in between."""
    if run.zombies:  # who was stopped in a poll may come back while another asks
        return
    by_host = defaultdict(list)
    for poll in run.polls:
        if poll.host:
            by_host[poll.host].append(poll)
    for host, polls in by_host.items():
        for one, other in pairwise(sorted(polls, key=lambda poll: poll.began)):
            if other.began < one.ended and one.status and other.status:
                yield f"{host} was asked for {one.source} and {other.source} at a time"
            elif other.began - one.began < run.gap * (1 - _JITTER):
                yield f"{host} was asked for {other.source} {other.began - one.began:.2f} s after {one.source}"


def the_dead_leave_no_lease(run: Evidence) -> Iterator[str]:
    """A lease of a worker that is gone is void within 15 s, however long it would have lasted."""
    since: dict[Lease, float] = {}
    said: set[Lease] = set()
    for look in run.looks:
        dead = {lease for lease in look.leases if lease.worker not in look.alive}
        since = {lease: since.get(lease, look.real) for lease in dead}
        for lease, first in since.items():
            if look.real - first > _TAKEN_OVER and lease not in said:
                said.add(lease)
                yield f"{lease.table} {lease.row} was leased to worker {lease.worker} {_TAKEN_OVER:g} s after its end"


def a_period_has_one_report(run: Evidence) -> Iterator[str]:
    """The daemon reports on itself once a period, whatever the number of workers."""
    reports = sorted(moment(row["opened_at"]) for row in run.tables["alert"] if row["rule"] == "tocsin/self-report")
    for one, other in pairwise(reports):
        if other < next_occurrence(*_REPORT, one):
            yield f"a report at {one} was followed by one at {other}"


def prices_are_those_of_one_worker(run: Evidence) -> Iterator[str]:
    """The series that was learned is the one that a single worker learns from the same quotes."""
    quotes = defaultdict(list)
    for row in sorted(run.tables["quote"], key=lambda row: str(row["at"])):
        quotes[row["instrument"]].append(row)
    closes = defaultdict(dict)
    for row in run.tables.get("close", ()):
        closes[row["instrument"]][row["day"]] = (row["price"], row["sigma"])
    rows = {row["instrument"]: row for row in run.tables.get("series", ())}
    for name, some in quotes.items():
        learned = _learned(name, some)
        expected = {f"{one.day}": (f"{one.price}", one.sigma) for one in learned.closes}
        if closes[name] != expected:
            yield f"the closes of {name} are {closes[name]}, and should be {expected}"
        if name not in rows:
            yield f"{name} has quotes and no series"
            continue
        newest = json.loads(rows[name]["progress"]).get("newest", {})
        found = (rows[name]["variance"], rows[name]["moves"], newest.get("price"))
        wanted = (learned.sigma.variance, learned.sigma.moves, f"{learned.newest.price}" if learned.newest else None)
        if found != wanted:
            yield f"the series of {name} is {found}, and should be {wanted}"


def _learned(name: str, rows: list[Row]) -> Series:
    series = market.begin(Instrument(id=name, kind="metal", currency="USD"))
    for row in rows:
        at = moment(row["at"])
        series = market.close_before(series, at)
        series = market.append(series, Quote(instrument=name, price=Decimal(row["price"]), at=at, first_seen=at))
    return series


def one_more_settles_what_all_left(run: Evidence) -> Iterator[str]:
    """What was due when every worker was killed at once is settled by the next one."""
    states = {row["id"]: row["state"] for row in run.tables["delivery"]}
    for cut in run.cuts:
        if cut.point == ALL_ENDED:
            for row in cut.tables.get("delivery", ()):
                if row["state"] in UNSETTLED - {"held"} and states.get(row["id"]) in {*UNSETTLED, None}:
                    yield f"delivery {row['id']} was {row['state']} when all had ended, and is {states.get(row['id'])}"


def one_configuration_decides(run: Evidence) -> Iterator[str]:
    """No rule of a configuration is met while another one is active."""
    active = defaultdict(set)
    for row in run.tables.get("chaos_decision", ()):
        if not row["rule"].startswith("tocsin/"):  # the same in all of them
            active[row["rule"], row["rule_hash"]].add(row["generation"])
    for (rule, digest), numbers in active.items():
        if len(numbers) > 1:
            yield f"{rule} in the form {digest[:8]} decided while the configurations {sorted(numbers)} were active"


CHECKS: Mapping[str, Callable[[Evidence], Iterator[str]]] = {
    "15 numbers are never rewritten": numbers_are_never_rewritten,
    "16 tries of a receiver take turns": tries_of_a_receiver_take_turns,
    "17 gaps of a host are kept": gaps_of_a_host_are_kept,
    "18 the dead leave no lease": the_dead_leave_no_lease,
    "19 a period has one report": a_period_has_one_report,
    "20 prices are those of one worker": prices_are_those_of_one_worker,
    "21 one more settles what all left": one_more_settles_what_all_left,
    "22 one configuration decides": one_configuration_decides,
}
