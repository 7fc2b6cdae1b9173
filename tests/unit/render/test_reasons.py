"""Why something is as it is, in one sentence, and the one cause that machines read."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.policy.notifying.silence import Silence, parse
from tocsin.policy.notifying.timing import Limit
from tocsin.render.reasons import in_words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUIET = Reason(cause=Cause.QUIET, until=NOON, by="desk")
FAILED = Reason(cause=Cause.FAILED, words="transient 503: busy")
SILENCE = Silence(id=3, matchers=(parse("rule=ban"),), starts=NOON, ends=NOON, why="known").reason
OVER = Limit(most=20).reason("desk")
GREW = Reason(cause=Cause.GROWTH, by="3", words="new: tin")


@pytest.mark.parametrize(
    ("reason", "words", "main"),
    [
        (NO_REASON, "", Cause.NONE),
        (SILENCE, "suppressed by silence 3 (rule=ban): known", Cause.SILENCE),
        (QUIET, "held until 2026-03-02 12:00 UTC by the quiet hours of desk", Cause.QUIET),
        (Reason(cause=Cause.QUIET, by="desk"), "suppressed by the quiet hours of desk", Cause.QUIET),
        (OVER, "over the limit of 20 messages an hour of desk", Cause.LIMIT),
        (
            Limit(most=1).reason("desk", NOON),
            "held until 2026-03-02 12:00 UTC: over the limit of 1 message an hour of desk",
            Cause.LIMIT,
        ),
        (
            Reason(cause=Cause.COOLDOWN, until=NOON, by="p/ban", because=GREW),
            "held until 2026-03-02 12:00 UTC by the cooldown of p/ban: alert 3 grew (new: tin)",
            Cause.COOLDOWN,
        ),
        (
            Reason(cause=Cause.COOLDOWN, until=NOON, by="p/ban", because=Reason(cause=Cause.RELEASED)),
            "held until 2026-03-02 12:00 UTC by the cooldown of p/ban; released: an alert in it grew past its cooldown",
            Cause.COOLDOWN,
        ),
        (Reason(cause=Cause.GROUP, until=NOON), "held until 2026-03-02 12:00:00 UTC: others may join it", Cause.GROUP),
        (
            Reason(cause=Cause.NOTIFIED, count=2, because=GREW),
            "planned for 2 recipients: alert 3 grew (new: tin)",
            Cause.NOTIFIED,
        ),
        (
            Reason(cause=Cause.MERGED, by="d1", because=QUIET),
            "merged into delivery d1: held until 2026-03-02 12:00 UTC by the quiet hours of desk",
            Cause.QUIET,
        ),
        (
            Reason(cause=Cause.GATHERED, by="digest", because=OVER),
            "sent in a digest: over the limit of 20 messages an hour of desk",
            Cause.LIMIT,
        ),
        (
            Reason(cause=Cause.EXPIRED, at=NOON, count=1, because=FAILED),
            "expired: not delivered by 2026-03-02 12:00 UTC after 1 try; last: transient 503: busy",
            Cause.EXPIRED,
        ),
        (
            Reason(cause=Cause.OTHER, words="the mailbox is over the limit of {count} MB by silence"),
            "the mailbox is over the limit of {count} MB by silence",
            Cause.OTHER,
        ),
    ],
)
def test_a_reason_is_one_sentence_and_has_one_cause(reason: Reason, words: str, main: Cause) -> None:
    """People read the sentence, machines the cause, which does not depend on what a server wrote."""
    assert (in_words(reason), reason.main) == (words, main)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words(cause: Cause) -> None:
    """No listing shows an empty cell, nor a placeholder, for something that happened."""
    words = in_words(Reason(cause=cause, at=NOON, by="desk", count=2, words="busy"))
    assert bool(words) is bool(cause)
    assert "{" not in words


def test_the_times_of_a_reason_are_those_of_its_screen() -> None:
    """A screen has one clock: a reason and the column beside it name the same time."""
    words = in_words(QUIET, ZoneInfo("Asia/Shanghai"))
    assert words == "held until 2026-03-02 20:00 by the quiet hours of desk"
