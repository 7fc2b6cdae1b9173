"""When there is room for one more message, and where the next digest leaves that takes in what is over a limit."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from tocsin.policy.limit import Limit, begins, room
from tocsin.policy.receiver import DigestTimes, QuietHours, ReceiverInfo
from tocsin.policy.timing import limits

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(*minutes: int) -> list[datetime]:
    """So many minutes before noon."""
    return [NOON - timedelta(minutes=number) for number in minutes]


@pytest.mark.parametrize(
    ("sent", "most", "free"),
    [
        ((), 1, None),
        ((5,), 2, None),
        ((5,), 1, NOON + timedelta(minutes=55)),
        ((50, 10, 30), 3, NOON + timedelta(minutes=10)),
        ((50, 10, 30), 2, NOON + timedelta(minutes=30)),
    ],
    ids=["nothing sent", "below", "one", "the oldest of three", "a limit that was lowered"],
)
def test_there_is_room_when_the_hour_holds_less_than_the_limit(
    sent: tuple[int, ...], most: int, free: datetime | None
) -> None:
    """Any sixty minutes hold no more than the limit, not only those that a clock counts."""
    assert room(ago(*sent), most) == free


@pytest.mark.parametrize(
    ("last", "new"),
    [(None, True), (NOON - timedelta(minutes=59), False), (NOON - HOUR, True)],
    ids=["never before", "it goes on", "an hour of calm"],
)
def test_a_storm_ends_with_an_hour_in_which_nothing_was_over_the_limit(last: datetime | None, new: bool) -> None:
    """One that goes on all night is told once."""
    assert begins(last, NOON) is new


def test_a_limit_says_whose_it_is() -> None:
    """The reason stands alone in listings."""
    assert Limit(most=20).words("desk") == "over the limit of 20 messages an hour of desk"
    assert Limit(most=1).words("desk") == "over the limit of 1 message an hour of desk"


def test_only_receivers_with_a_limit_have_one() -> None:
    """The others get all that there is."""
    assert limits([ReceiverInfo(name="desk", recipients=("",))], NOON) == {}


@pytest.mark.parametrize(
    ("digest", "quiet", "leaves"),
    [
        (None, None, None),
        (DigestTimes(at=time(7)), None, datetime(2026, 3, 3, 7, tzinfo=UTC)),
        (DigestTimes(at=time(7)), QuietHours(start=time(22), end=time(8)), datetime(2026, 3, 3, 8, tzinfo=UTC)),
    ],
    ids=["no digest", "the next one", "one that waits for the end of quiet hours"],
)
def test_what_is_over_a_limit_leaves_with_the_next_digest(
    digest: DigestTimes | None, quiet: QuietHours | None, leaves: datetime | None
) -> None:
    """Who has a digest gets no other message of that kind."""
    desk = ReceiverInfo(name="desk", recipients=("",), digest=digest, quiet_hours=quiet, max_per_hour=20)
    assert limits([desk], NOON) == {"desk": Limit(most=20, leaves=leaves)}
