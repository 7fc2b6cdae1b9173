"""What must hold whatever was done to the daemon: pure functions of the evidence, each with a name.

Every function yields the violations in words, nothing when its invariant holds.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from chaos import message_invariants, worker_invariants
from chaos.clock import FACTOR
from chaos.evidence import Evidence, Row, moment
from chaos.worker_invariants import UNSETTLED
from tocsin.policy.notifying.retry import FIRST_REST, LAST_WAIT, WAITS

Check = Callable[[Evidence], Iterator[str]]
Comparison = Callable[[Evidence, Evidence], Iterator[str]]

#: Fates of a match of which somebody is told.
_TOLD = frozenset({"alerted", "updated", "held", "catch-up"})
#: Events of the daemon of which there may be one a life.
_EACH_LIFE = frozenset({"tocsin/pack-kept-back"})
#: What is about the daemon's life, and differs with it.
_OF_LIFE = _EACH_LIFE | {"tocsin/self-report"}
#: What must be there once: the columns of each table that UNIQUE keys name, and those that ought to be unique.
_ONCE = {
    "source": ("name",),
    "entry": ("source_id", "ident"),
    "entry_key": ("source_id", "value", "kind", "title"),
    "match": ("entry_id", "rule"),
    "delivery": ("id",),
    "delivery_alert": ("alert_id", "receiver", "recipient", "telling", "resend"),
    "attempt": ("delivery_id", "n"),
    "quote": ("instrument", "at"),
}
#: How far clocks that are read one after the other may differ, in world time.
_SLACK = timedelta(seconds=1)
#: From the end of a life to the look at what it left, 3 s of real time.
_TAKING_OVER = timedelta(seconds=3 * FACTOR)
#: What a receiver that hangs may cost the others: 2 s of real time.
_PATIENCE = timedelta(seconds=2 * FACTOR)


def nothing_is_lost(run: Evidence) -> Iterator[str]:
    """Whatever was published and meets a rule reached everybody, or one row says why not."""
    yield from unheard(run)


def unheard(run: Evidence) -> list[str]:
    """What was published and did not reach somebody, for no reason that a row gives."""
    matches = defaultdict(list)
    entries = {row["id"]: row for row in run.tables["entry"]}
    for row in run.tables["match"]:
        entry = entries.get(row["entry_id"])
        if entry:
            matches[_source(run, entry), entry["title"], row["rule"]].append(row)
    reached = _reached(run)
    missed: list[str] = []
    for item in run.published:
        if not item.rule:
            continue
        found = matches[item.feed, item.title, item.rule]
        if len(found) != 1:
            missed.append(f"{item.title!r} of {item.feed} has {len(found)} matches of {item.rule}")
        else:
            missed += _unheard(run, found[0], reached, f"{item.title!r} of {item.feed}")
    return missed


def _unheard(run: Evidence, match: Row, reached: Mapping[int, set[tuple[str, str]]], what: str) -> Iterator[str]:
    """Who neither heard of *match* nor has a row that says why not."""
    if match["fate"] not in _TOLD:
        if not match["reason"]:
            yield f"{what} was not told ({match['fate']}), and no reason is given"
        return
    excused = {
        (row["receiver"], row["recipient"])
        for row in _deliveries_of(run, match["alert_id"])
        if row["state"] in UNSETTLED | {"dead", "suppressed"} and row["reason"]
    }
    for who in sorted(run.recipients - reached[match["alert_id"]] - excused):
        yield f"{what} never reached {who[0]} {who[1]}, and no row says why"


def nothing_is_ahead_of_its_events(run: Evidence) -> Iterator[str]:
    """No cursor knows a document whose entries are not there; no message speaks of an alert that is not."""
    for point, tables in (*((cut.point, cut.tables) for cut in run.cuts), ("the end", run.tables)):
        titles = defaultdict(set)
        rewritten = {row["title"] for row in tables.get("revision", ())}
        names = {row["id"]: row["name"] for row in tables.get("source", ())}
        for row in tables.get("entry", ()):
            titles[names[row["source_id"]]].add(row["title"])
        for source in tables.get("source", ()):
            for title in run.versions.get(source["etag"], ()):
                if title not in titles[source["name"]] | rewritten:
                    yield f"{point}: the cursor of {source['name']} knows {title!r}, which is not there"
        alerts = {row["id"] for row in tables.get("alert", ())}
        members = {row["delivery_id"] for row in tables.get("delivery_alert", ())}
        for row in tables.get("delivery_alert", ()):
            if row["alert_id"] not in alerts:
                yield f"{point}: delivery {row['delivery_id']} is about alert {row['alert_id']}, which is not there"
        for row in tables.get("delivery", ()):
            # A digest that is told without news, too, waits ahead of its time.
            if row["id"] not in members and row["kind"] != "digest":
                yield f"{point}: delivery {row['id']} is about nothing"
    known = {row["id"] for row in run.tables["delivery"]}
    for message in run.accepted:
        if message.key not in known:
            yield f"{message.receiver} took a message {message.key or 'without a key'} that no delivery knows"


def every_copy_is_on_record(run: Evidence) -> Iterator[str]:
    """A message that came more than once has an ambiguous attempt for each copy."""
    doubtful = Counter(row["delivery_id"] for row in run.tables["attempt"] if row["outcome"] == "ambiguous")
    for key, copies in Counter(message.key for message in run.accepted).items():
        if copies > 1 + doubtful[key]:
            yield f"{key} came {copies} times, with {doubtful[key]} ambiguous attempts on record"


def copies_are_identical(run: Evidence) -> Iterator[str]:
    """All copies of a message are the same, byte for byte."""
    said = defaultdict(set)
    for message in run.accepted:
        said[message.key, message.receiver, message.recipient].add(message.body)
    for (key, receiver, _), texts in said.items():
        if len(texts) > 1:
            yield f"{receiver} got {len(texts)} different texts of {key}"
    where = defaultdict(set)
    for message in run.accepted:
        where[message.key].add((message.receiver, message.recipient))
    for key, whom in where.items():
        if len(whom) > 1:
            yield f"{key} went to {len(whom)} recipients"


def only_open_attempts_double(run: Evidence) -> Iterator[str]:
    """A cut in a try may double its message, and so may a server that takes one and does not say so; nothing else."""
    doubtful: set[tuple[str, int]] = set()
    for cut in run.cuts:
        doubtful.update((row["delivery_id"], row["n"]) for row in cut.tables.get("attempt", ()) if not row["ended_at"])
    for row in run.tables["attempt"]:
        # The receiver's own doubt: it sent, and heard no good answer. And a stop may fall between the writing of a try
        # and its commit, where no look at the database shows it.
        unseen = "ended unseen" in row["words"]
        excused = run.zombies or (run.looks and _is_cut_off(row, run))
        if row["outcome"] in {"ambiguous", "transient"} and (not unseen or excused):
            doubtful.add((row["delivery_id"], row["n"]))
    allowed = Counter(key for key, _ in doubtful)
    for key, copies in Counter(message.key for message in run.accepted).items():
        if copies > 1 + allowed[key]:
            yield f"{key} came {copies} times, though only {allowed[key]} tries of it were cut off or doubtful"


def _is_cut_off(attempt: Row, run: Evidence) -> bool:
    """Whether a life was cut off in *attempt*; others that share the database may have closed it before anybody looked."""
    if not attempt["ended_at"]:
        return False
    began, ended = moment(attempt["started_at"]), moment(attempt["ended_at"])
    return any(began <= cut.at <= ended + _TAKING_OVER for cut in run.cuts)


def a_restart_sends_nothing(run: Evidence) -> Iterator[str]:
    """Starting again with nothing new in the world tells nobody anything."""
    if run.late:
        yield f"{run.late} messages came after a restart without news"


def keys_are_unique(run: Evidence) -> Iterator[str]:
    """What may be there once is there once."""
    for table, columns in _ONCE.items():
        seen = Counter(
            values for row in run.tables.get(table, ()) if None not in (values := tuple(row[name] for name in columns))
        )
        yield from (f"{table} holds {values} {count} times" for values, count in seen.items() if count > 1)


def delivered_means_received(run: Evidence) -> Iterator[str]:
    """A delivery that is called delivered was taken by its server; tries are numbered without a gap."""
    taken = {(message.key, message.receiver, message.recipient) for message in run.accepted}
    tries = defaultdict(list)
    for row in run.tables["attempt"]:
        tries[row["delivery_id"]].append(row)
    for row in run.tables["delivery"]:
        numbers = sorted(attempt["n"] for attempt in tries[row["id"]])
        if numbers != list(range(1, row["attempts"] + 1)):
            yield f"{row['id']} says {row['attempts']} tries, on record are {numbers}"
        if row["state"] != "delivered":
            continue
        if (row["id"], row["receiver"], row["recipient"]) not in taken:
            yield f"{row['id']} is delivered, but {row['receiver']} {row['recipient']} never took it"
        if sum(attempt["outcome"] == "ok" for attempt in tries[row["id"]]) != 1:
            yield f"{row['id']} is delivered without one good attempt"


def nothing_hangs(run: Evidence) -> Iterator[str]:
    """When all is quiet no delivery is on its way, no attempt open, no lease held."""
    for row in run.tables["delivery"]:
        if row["state"] in {"sending", "ready", "retry"} or row["lease_until"] is not None:
            yield f"delivery {row['id']} is still {row['state']}"
    for row in run.tables["attempt"]:
        if row["ended_at"] is None:
            yield f"attempt {row['n']} of {row['delivery_id']} is still open"
    for row in run.tables["source"]:
        if row["lease_until"] is not None:
            yield f"source {row['name']} is still leased"


def a_late_holder_changes_nothing(run: Evidence) -> Iterator[str]:
    """Every attempt stands under a fence of its own, in order; no source was asked twice at a time."""
    tries = defaultdict(list)
    for row in run.tables["attempt"]:
        tries[row["delivery_id"]].append(row)
    for key, rows in tries.items():
        fences = [row["fence"] for row in sorted(rows, key=lambda row: row["n"])]
        if any(later <= earlier for earlier, later in pairwise(fences)):
            yield f"the attempts of {key} stand under the fences {fences}"
    fences_of = {row["id"]: row["fence"] for row in run.tables["delivery"]}
    for key, rows in tries.items():
        if any(row["fence"] > fences_of.get(key, 0) for row in rows):
            yield f"an attempt of {key} stands under a fence that its delivery never had"
    if run.zombies:  # who was stopped in a poll may come back while another asks
        return
    by_source = defaultdict(list)
    for poll in run.polls:
        by_source[poll.source].append(poll)
    for source, polls in by_source.items():
        for one, other in pairwise(sorted(polls, key=lambda poll: poll.began)):
            if other.began < one.ended and one.status and other.status:
                yield f"{source} was asked twice at a time"


def nothing_comes_too_early_or_too_late(run: Evidence) -> Iterator[str]:
    """No try before its wait is over or a receiver wanted it, none after the delivery expired."""
    deliveries = {row["id"]: row for row in run.tables["delivery"]}
    tries = defaultdict(list)
    for row in run.tables["attempt"]:
        tries[row["delivery_id"]].append(row)
    rests = []
    for key, rows in tries.items():
        ordered = sorted(rows, key=lambda row: row["n"])
        delivery = deliveries[key]
        for row in ordered:
            if moment(row["started_at"]) > moment(delivery["expires_at"]) + _SLACK:
                yield f"try {row['n']} of {key} began after the delivery had expired"
            if row["outcome"] == "rate_limited":
                asked = timedelta(seconds=row["retry_after"] or 0)
                rests.append((delivery["receiver"], moment(row["ended_at"]), moment(row["ended_at"]) + asked))
        for one, other in pairwise(ordered):
            if moment(other["started_at"]) + _SLACK < moment(one["ended_at"]) + _wait(one):
                yield f"try {other['n']} of {key} came {other['started_at']}, too soon after {one['ended_at']}"
    for receiver, first, last in rests:
        for row in run.tables["attempt"]:
            if (
                deliveries[row["delivery_id"]]["receiver"] == receiver
                and first < moment(row["started_at"]) < last - _SLACK
            ):
                yield f"{receiver} asked for quiet until {last}, and was sent {row['delivery_id']} at {row['started_at']}"


def _wait(row: Row) -> timedelta:
    """How long to wait at least after a try: nothing after one that was cut off with its life."""
    if row["outcome"] == "ambiguous" and "ended unseen" in row["words"]:
        return timedelta(0)
    if row["retry_after"]:
        return timedelta(seconds=min(row["retry_after"], 3600))
    if row["outcome"] == "transient":  # it goes with its receiver, which may be tried again so soon
        return FIRST_REST * 0.8
    planned = WAITS[row["n"] - 1] if row["n"] <= len(WAITS) else LAST_WAIT
    return planned * 0.8


def quiet_hours_are_kept(run: Evidence) -> Iterator[str]:
    """Nobody is told in quiet hours; what was held is sent, once."""
    for receiver, first, last in run.quiet:
        for message in run.accepted:
            if message.receiver == receiver and first < message.at < last:
                yield f"{receiver} was told at {message.at}, between {first} and {last}"
    held = {row["delivery_id"] for row in run.tables["transition"] if row["state"] == "held"}
    for row in run.tables["delivery"]:
        if row["id"] in held and row["state"] == "held" and moment(row["due_at"]) < _end(run):
            yield f"{row['id']} was held until {row['due_at']}, and is held still"


def _end(run: Evidence) -> datetime:
    return max((moment(row["at"]) for row in run.tables["transition"]), default=datetime.min.replace(tzinfo=UTC))


def news_precedes_its_updates(run: Evidence) -> Iterator[str]:
    """Who gets an update or a correction was told of the alert before."""
    first: dict[tuple[int, str, str], str] = {}
    deliveries = {row["id"]: row for row in run.tables["delivery"]}
    for row in sorted(run.tables["delivery_alert"], key=lambda row: int(row["telling"])):
        delivery = deliveries[row["delivery_id"]]
        whom = (row["alert_id"], row["receiver"], row["recipient"])
        if delivery["kind"] in {"update", "correction"} and whom not in first:
            yield f"{row['receiver']} {row['recipient']} got a {delivery['kind']} of alert {row['alert_id']} first"
        first.setdefault(whom, delivery["id"])


def the_database_is_sound_and_keeps_no_secret(run: Evidence) -> Iterator[str]:
    """SQLite finds no fault, and no secret stands in a table, in a message or in what was printed."""
    if run.sound != "ok":
        yield f"integrity check: {run.sound}"
    places = {name: json.dumps(rows, default=str) for name, rows in run.tables.items()}
    places["the log"] = run.log
    places["a message"] = " ".join(message.body.decode(errors="replace") for message in run.accepted)
    for canary in run.canaries:
        yield from (f"a secret stands in {place}" for place, text in places.items() if canary in text)
    if "Traceback" in run.log:
        yield "an exception nobody expected: " + _first_traceback(run.log)


def _first_traceback(log: str) -> str:
    """The first exception of *log* with those that it came from, below the line that announces it."""
    lines = log.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("Traceback"))
    stamped = (n for n in range(begin, len(lines)) if lines[n][:2] == "20")
    return "\n".join(lines[max(0, begin - 2) : min(next(stamped, len(lines)), begin + 120)])


def it_is_as_if_nothing_had_happened(run: Evidence, reference: Evidence) -> Iterator[str]:
    """The same alerts, matches, fates and tellings as in an undisturbed run."""
    for name, count in {"matches": _matches, "alerts": _alerts, "tellings": _tellings}.items():
        mine, theirs = count(run), count(reference)
        yield from (f"{name}: {number} x {item} too many" for item, number in (mine - theirs).items())
        yield from (f"{name}: {number} x {item} missing" for item, number in (theirs - mine).items())


def one_that_hangs_delays_nobody(run: Evidence, reference: Evidence) -> Iterator[str]:
    """While one receiver hangs, the others are told as fast as in an undisturbed run, or 2 s later."""
    told = [wait for wait in _waits(run) if any(first <= wait[0] <= last for first, last in run.hung)]
    slow, usual = _slowest(told), _slowest(_waits(reference))
    if slow > usual + _PATIENCE:
        yield f"while the webhook hung the others waited {slow}, else {usual}"


def _waits(run: Evidence) -> list[tuple[datetime, timedelta]]:
    """When each message to others than the webhook was planned, and how long it took from there to its receipt.

    Of what was told at the first try, and not held.
    """
    planned = {row["id"]: moment(row["created_at"]) for row in run.tables["delivery"] if row["attempts"] == 1}
    held = {row["delivery_id"] for row in run.tables["transition"] if row["state"] == "held"}
    return [
        (planned[message.key], message.at - planned[message.key])
        for message in run.accepted
        if message.receiver != "hook" and message.key in planned and message.key not in held
    ]


def _slowest(waits: Sequence[tuple[datetime, timedelta]]) -> timedelta:
    """The 99th percentile."""
    spans = sorted(span for _, span in waits)
    return spans[min(len(spans) - 1, len(spans) * 99 // 100)] if spans else timedelta(0)


#: The invariants of the design by number and name; the sixth has two sides.
CHECKS: Mapping[str, Check] = {
    "1 nothing is lost": nothing_is_lost,
    "2 nothing is ahead of its events": nothing_is_ahead_of_its_events,
    "3 every copy is on record": every_copy_is_on_record,
    "4 copies are identical": copies_are_identical,
    "5 only open attempts double": only_open_attempts_double,
    "5 a restart sends nothing": a_restart_sends_nothing,
    "6 keys are unique": keys_are_unique,
    "7 delivered means received": delivered_means_received,
    "8 nothing hangs": nothing_hangs,
    "9 a late holder changes nothing": a_late_holder_changes_nothing,
    "10 nothing comes too early or too late": nothing_comes_too_early_or_too_late,
    "11 quiet hours are kept": quiet_hours_are_kept,
    "12 news precedes its updates": news_precedes_its_updates,
    "14 the database is sound and keeps no secret": the_database_is_sound_and_keeps_no_secret,
    **worker_invariants.CHECKS,
    **message_invariants.CHECKS,
}
#: Those that compare with an undisturbed run.
COMPARISONS: Mapping[str, Comparison] = {
    "6 it is as if nothing had happened": it_is_as_if_nothing_had_happened,
    "13 one that hangs delays nobody": one_that_hangs_delays_nobody,
}


def judge(run: Evidence, reference: Evidence | None = None) -> dict[str, tuple[str, ...]]:
    """The violations of every invariant, by its name; with a *reference* of those that compare, too."""
    found = {name: tuple(check(run)) for name, check in CHECKS.items()}
    if reference is not None:
        found |= {name: tuple(compare(run, reference)) for name, compare in COMPARISONS.items()}
    return found


def _source(run: Evidence, entry: Row) -> str:
    names = {row["id"]: row["name"] for row in run.tables["source"]}
    return str(names[entry["source_id"]])


def _deliveries_of(run: Evidence, alert: int) -> list[Row]:
    about = {row["delivery_id"] for row in run.tables["delivery_alert"] if row["alert_id"] == alert}
    return [row for row in run.tables["delivery"] if row["id"] in about]


def _reached(run: Evidence) -> Mapping[int, set[tuple[str, str]]]:
    """Who took a message about each alert."""
    about = defaultdict(list)
    for row in run.tables["delivery_alert"]:
        about[row["delivery_id"]].append(row["alert_id"])
    reached = defaultdict(set)
    for message in run.accepted:
        for alert in about[message.key]:
            reached[alert].add((message.receiver, message.recipient))
    return reached


def _matches(run: Evidence) -> Counter[tuple[Any, ...]]:
    # Not by source: which of three that publish at once is asked first is nobody's decision.
    titles = {row["id"]: row["title"] for row in run.tables["entry"]}
    return Counter(
        (row["rule"], titles.get(row["entry_id"], ""), row["fate"], row["labels"])
        for row in run.tables["match"]
        if row["rule"] not in _OF_LIFE
    )


def _alerts(run: Evidence) -> Counter[tuple[Any, ...]]:
    return Counter(_names(run).values())


def _tellings(run: Evidence) -> Counter[tuple[Any, ...]]:
    names = _names(run)
    kinds = {row["id"]: row["kind"] for row in run.tables["delivery"]}
    return Counter(
        (row["receiver"], row["recipient"], kinds[row["delivery_id"]], *names[row["alert_id"]])
        for row in run.tables["delivery_alert"]
        if row["alert_id"] in names
    )


def _names(run: Evidence) -> dict[int, tuple[Any, ...]]:
    """What an alert is known by in every run: its numbers may differ."""
    members = defaultdict(list)
    titles = {row["id"]: row["title"] for row in run.tables["entry"]}
    for row in run.tables["match"]:
        members[row["alert_id"]].append(titles.get(row["entry_id"], ""))
    return {
        row["id"]: (row["rule"], row["severity"], row["title"], row["labels"], tuple(sorted(members[row["id"]])))
        for row in run.tables["alert"]
        if row["rule"] not in _OF_LIFE
    }
