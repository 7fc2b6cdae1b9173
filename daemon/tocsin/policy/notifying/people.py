"""One person over several receivers: an alert reaches them over one of these, the one that leads there first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.timing import Timing

#: (receiver, recipient)
To = tuple[str, str]


def winners(timings: Mapping[To, Timing], persons: Mapping[str, str]) -> dict[To, To]:
    """Return over which recipient each of *timings* is told: itself, unless another one of the same person wins.

    *persons* are those of receivers by name. The message that is sent first wins, one that is dropped never; of those that
    are sent at one time the first in the order of *timings* does.
    """
    if not persons:  # one decision may plan ten thousand messages
        return {to: to for to in timings}
    groups: dict[object, list[To]] = defaultdict(list)
    for to in timings:
        groups[persons.get(to[0], to)].append(to)
    best = {key: min(group, key=lambda to: _turn(timings[to])) for key, group in groups.items()}
    return {to: best[key] for key, group in groups.items() for to in group}


def reason(timings: Mapping[To, Timing], over: Mapping[To, To], persons: Mapping[str, str]) -> Reason | None:
    """Return who is told over which receiver, and why that one, by the result *over* of `winners`; None without a choice."""
    found: Reason | None = None
    for winner in reversed(dict.fromkeys(over.values())):
        others = [to for to in over if over[to] == winner != to]
        if others:
            sooner = all(_turn(timings[winner]) < _turn(timings[to]) for to in others)
            cause = Cause.SOONEST if sooner else Cause.FIRST
            found = Reason(cause=cause, by=winner[0], words=persons[winner[0]], because=found)
    return found


def _turn(timing: Timing) -> tuple[bool, datetime]:
    return bool(timing.dropped), timing.due_at
