"""What earlier polls taught about a source: its rhythm, its server's wishes, its moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.hints import PollHints, ResponseHints
from tocsin.model.entries import KeyKind
from tocsin.policy.polling.found import Found
from tocsin.policy.polling.moves import Moved

#: Gaps between arrivals that count.
_GAPS = 20
#: A longest silence is believed for so long; then a half of it.
_REMEMBERED = timedelta(days=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHistory:
    """A source as its earlier polls showed it.

    *arrivals* are the times of polls that found new entries, ascending, the last 21. *longest* is the longest silence
    between two of them, *longest_at* when it ended. *fresh* and *validators* are those of the last answer, *wishes*
    those of the last document. *empty* counts polls in a row whose document had no entry, *lulls* the times that this
    ended by itself. *silent* and *hollow* say that it was told that the source is silent, or suddenly empty;
    *volatile* are the kinds of key that were others from one poll to the next. *shown* is how its last document began, see
    `tocsin.policy.polling.lateness`; *begun* is what was found in a document of which only a part is taken in yet.
    """

    arrivals: tuple[datetime, ...] = ()
    longest: timedelta = timedelta(0)
    longest_at: datetime | None = None
    fresh: timedelta | None = None
    validators: bool = False
    wishes: PollHints = PollHints()  # noqa: RUF009 (frozen)
    empty: int = 0
    lulls: int = 0
    silent: bool = False
    hollow: bool = False
    volatile: frozenset[KeyKind] = frozenset()
    shown: str = ""
    moved: Moved | None = None
    begun: Found | None = None

    @property
    def gaps(self) -> tuple[timedelta, ...]:
        """The times between arrivals, the oldest first."""
        return tuple(later - earlier for earlier, later in pairwise(self.arrivals))


def learn(habits: PollHistory, answer: ResponseHints, *, held: int | None, new: int, now: datetime) -> PollHistory:
    """*habits* after a good answer at *now*.

    *held* is how many entries its document has, None when it is the one of before; *new* how many of them are new.
    """
    wishes = answer.wishes or habits.wishes
    # Most polls teach nothing, and a copy costs more than a look.
    if (habits.fresh, habits.validators, habits.wishes) != (answer.fresh, answer.validators, wishes):
        habits = replace(habits, fresh=answer.fresh, validators=answer.validators, wishes=wishes)
    if held is None:
        return replace(habits, empty=habits.empty + 1) if habits.empty else habits
    if held == 0:
        return replace(habits, empty=habits.empty + 1)
    if habits.empty:
        habits = replace(habits, empty=0, lulls=habits.lulls + 1)
    return _arrive(habits, now) if new else habits


def _arrive(habits: PollHistory, now: datetime) -> PollHistory:
    arrivals = (*habits.arrivals, now)[-_GAPS - 1 :]
    if not habits.arrivals:
        return replace(habits, arrivals=arrivals)
    gap = now - habits.arrivals[-1]
    known = habits.longest
    if habits.longest_at is not None and now - habits.longest_at > _REMEMBERED:
        known, habits = known / 2, replace(habits, longest=known / 2, longest_at=now)
    if gap >= known:
        habits = replace(habits, longest=gap, longest_at=now)
    return replace(habits, arrivals=arrivals)
