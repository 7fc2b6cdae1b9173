"""The cause of a hold is told from the words that the decision and the outbox really write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.policy.notifying.causes import Cause, cause
from tocsin.policy.notifying.limit import Limit
from tocsin.policy.notifying.silence import Silence, parse

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SILENCE = Silence(id=3, matchers=(parse("rule=ban"),), starts=NOON, ends=NOON + timedelta(hours=1), why="known")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (SILENCE.words, Cause.SILENCE),
        ("held until 2026-03-02 08:00 UTC by the quiet hours of desk", Cause.QUIET),
        ("suppressed by the quiet hours of desk", Cause.QUIET),
        ("held until 2026-03-02 08:00 UTC by the digest of desk", Cause.DIGEST),
        ("held until 2026-03-02 12:00 UTC by the cooldown of p/ban", Cause.COOLDOWN),
        ("held until 2026-03-02 12:00 UTC: alert 3 is snoozed", Cause.SNOOZE),
        ("held until 2026-03-02 12:00:30 UTC: others may join it", Cause.GROUP),
        ("held until 2026-03-02 12:00 UTC: it was corrected before", Cause.CORRECTION),
        (Limit(most=20).words("desk"), Cause.LIMIT),
        ("gone 404", Cause.OTHER),
    ],
)
def test_the_words_of_a_hold_name_its_cause(reason: str, expected: Cause) -> None:
    """Machines that read a listing want a word, people a sentence."""
    assert cause(reason) is expected
