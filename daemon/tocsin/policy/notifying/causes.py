"""What keeps a message back, told from the words that are kept with it."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a message waits, or is never sent."""

    COOLDOWN = "cooldown"
    SNOOZE = "snooze"
    CORRECTION = "correction"  # of what was corrected a short while ago
    GROUP = "group wait"
    DIGEST = "digest"
    QUIET = "quiet hours"
    LIMIT = "limit"  # of messages an hour
    SILENCE = "silence"
    OTHER = "other"


_PHRASES = {
    "by silence ": Cause.SILENCE,
    " by the quiet hours of ": Cause.QUIET,
    "over the limit of ": Cause.LIMIT,
    " by the digest of ": Cause.DIGEST,
    " by the cooldown of ": Cause.COOLDOWN,
    " is snoozed": Cause.SNOOZE,
    ": others may join it": Cause.GROUP,
    ": it was corrected before": Cause.CORRECTION,
}


def cause(reason: str) -> Cause:
    """The cause that the words *reason* of a delivery or a match name."""
    return next((found for phrase, found in _PHRASES.items() if phrase in reason), Cause.OTHER)
