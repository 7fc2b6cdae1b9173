"""What must hold of messages that tell nothing new, or of which one must be enough: pure functions of the evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

from chaos.evidence import Evidence, Row, moment
from chaos.script import ANN, REMINDERS

#: How often somebody is told of an alert by messages of a kind.
_MOST = {"reminder": REMINDERS, "escalation": 1, "date": 1, "recovery": 1, "alert": 1}


def nobody_is_told_too_often(run: Evidence) -> Iterator[str]:
    """Of an alert there are at most so many reminders, and one escalation, end and reminder of its date to each."""
    kinds = {row["id"]: row["kind"] for row in run.tables["delivery"] if not row["stands_for"]}
    counts = Counter(
        (row["alert_id"], row["receiver"], row["recipient"], kinds[row["delivery_id"]])
        for row in run.tables["delivery_alert"]
        if row["delivery_id"] in kinds
    )
    for (alert, receiver, recipient, kind), count in counts.items():
        if count > _MOST.get(kind, count):
            yield f"{receiver} {recipient} has {count} messages of the kind {kind} of alert {alert}"


def an_answer_is_the_end(run: Evidence) -> Iterator[str]:
    """When somebody has answered an alert, no reminder and no escalation of it is tried any more."""
    answered: dict[int, str] = {}
    for row in sorted(run.tables["answer"], key=lambda row: str(row["at"]), reverse=True):
        answered[row["alert_id"]] = row["at"]
    alerts, tries = _alerts(run), defaultdict(list)
    for row in run.tables["attempt"]:
        tries[row["delivery_id"]].append(row["started_at"])
    for row in run.tables["delivery"]:
        about = alerts[row["id"]]
        if row["kind"] not in {"reminder", "escalation"} or not about <= answered.keys():
            continue
        last = max(answered[alert] for alert in about)
        yield from (
            f"{row['receiver']} was sent a {row['kind']} of {sorted(about)} at {at}, answered at {last}"
            for at in tries[row["id"]]
            if moment(at) > moment(last)
        )


def an_end_is_told_to_those_who_were_told(run: Evidence) -> Iterator[str]:
    """Who gets the end of an alert has got a message about it before."""
    alerts, deliveries = _alerts(run), {row["id"]: row for row in run.tables["delivery"]}
    heard: set[tuple[int, str, str]] = set()
    for message in sorted(run.accepted, key=lambda message: message.real):
        row = deliveries.get(message.key)
        for alert in alerts[message.key] if row else ():
            who = (alert, message.receiver, message.recipient)
            if row and row["kind"] == "recovery" and who not in heard:
                yield f"{message.receiver} {message.recipient} got the end of alert {alert}, and nothing before"
            heard.add(who)


def a_person_is_told_once(run: Evidence) -> Iterator[str]:
    """Of each alert one person hears over one of their receivers."""
    over = defaultdict(set)
    kinds = {row["id"]: row["kind"] for row in run.tables["delivery"]}
    for row in run.tables["delivery_alert"]:
        if row["receiver"] in ANN and kinds[row["delivery_id"]] == "alert":
            over[row["alert_id"]].add(row["receiver"])
    for alert, receivers in over.items():
        if len(receivers) > 1:
            yield f"one person is told of alert {alert} over {' and '.join(sorted(receivers))}"


def what_is_suppressed_is_not_sent(run: Evidence) -> Iterator[str]:
    """What a silence, an open alert or an answer suppressed was taken by nobody, but in a try whose outcome is unknown."""
    doubtful = {row["delivery_id"] for row in run.tables["attempt"] if row["outcome"] == "ambiguous"}
    suppressed = {row["id"]: row for row in run.tables["delivery"] if row["state"] == "suppressed"}
    for message in run.accepted:
        if message.key in suppressed.keys() - doubtful:
            yield f"{message.receiver} took {message.key}, which is suppressed: {_why(suppressed[message.key])}"


def _why(row: Row) -> str:
    return str(row["reason"])[:100]


def _alerts(run: Evidence) -> Mapping[str, set[int]]:
    """The alerts that each delivery is about."""
    found: dict[str, set[int]] = defaultdict(set)
    for row in run.tables["delivery_alert"]:
        found[row["delivery_id"]].add(row["alert_id"])
    return found


CHECKS: Mapping[str, Callable[[Evidence], Iterator[str]]] = {
    "23 nobody is told too often": nobody_is_told_too_often,
    "24 an answer is the end": an_answer_is_the_end,
    "25 an end is told to those who were told": an_end_is_told_to_those_who_were_told,
    "26 a person is told once": a_person_is_told_once,
    "27 what is suppressed is not sent": what_is_suppressed_is_not_sent,
}
