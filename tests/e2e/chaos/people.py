"""What people say to a daemon, each in a process of its own that only writes rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.model.alerts import AnswerKind
from tocsin.model.dates import DateState
from tocsin.policy.notifying.silence import parse
from tocsin.store import Store

#: The alert of a headline was seen, the announced date of a day is right, what passes a matcher is silenced, or no longer.
ACK, CONFIRM, SILENCE, SPEAK = "ack", "confirm", "silence", "speak"
#: How a person finds the number of what they speak of.
NUMBERS = {
    ACK: "select distinct alert_id from match join entry on entry.id = entry_id where title = :of",
    CONFIRM: "select id from announced_date where day = :of",
    SPEAK: "select max(id) from silence",
}
_LASTS = timedelta(days=3)


def say(store: Store, what: str, of: str, numbers: list[int], now: datetime) -> None:
    """Say *what* of something; *numbers* are what a query of `NUMBERS` found for it."""
    if what == ACK:
        store.act.answer(numbers, AnswerKind.ACK, now, by="ann")
    elif what == CONFIRM:
        store.act.judge_dates(numbers, DateState.CONFIRMED, now, by="ann")
    elif what == SILENCE:
        store.act.silence([parse(of)], now, now + _LASTS, by="ann")
    else:
        store.act.end_silence(numbers[0], now)
