"""When there is room for one more message, and where the next digest leaves that takes in what is over a limit."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.timing import Limit, begins, limits, room
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

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
    assert in_words(Limit(most=20).reason("desk")) == "over the limit of 20 messages an hour of desk"
    assert in_words(Limit(most=1).reason("desk")) == "over the limit of 1 message an hour of desk"


def test_only_receivers_with_a_limit_have_one() -> None:
    """The others get all that there is."""
    assert limits([ReceiverInfo(name="desk", recipients=("",))], NOON) == {}


NIGHT = {"window": Window(start=time(22), end=time(8))}
ROOM = datetime(2026, 3, 2, 22, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("digest", "quiet", "loudest", "until"),
    [
        (None, (), Severity.HIGH, "02 22:40"),
        (DigestTimes(at=(time(21),)), (), Severity.HIGH, "02 21:00"),
        (None, (QuietHours(**NIGHT),), Severity.HIGH, "03 08:00"),
        (None, (QuietHours(**NIGHT, drop=True),), Severity.HIGH, "03 08:00"),
        (None, (QuietHours(**NIGHT, breaks=Severity.HIGH),), Severity.HIGH, "02 22:40"),
        (None, (QuietHours(**NIGHT, breaks=Severity.HIGH),), Severity.MEDIUM, "03 08:00"),
        (DigestTimes(at=(time(7),)), (QuietHours(**NIGHT),), Severity.INFO, "03 08:00"),
    ],
    ids=["room", "digest", "asleep", "asleep, and drops", "breaks through", "does not", "a digest in the night"],
)
def test_what_is_over_a_limit_leaves_with_the_digest_or_with_the_next_free_hour(
    digest: DigestTimes | None, quiet: tuple[QuietHours, ...], loudest: Severity, until: str
) -> None:
    """By no means in the night that follows, nor is it dropped because it had to wait until then."""
    desk = ReceiverInfo(name="desk", recipients=("",), digest=digest, quiet_hours=quiet, max_per_hour=20)
    limit = limits([desk], NOON)["desk"]
    assert limit.most == 20
    assert f"{limit.until(ROOM, loudest):%d %H:%M}" == until
