"""Is a source well? Unhealthy is told once, recovery once, and that it is gone once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.errors import Fault

_FAILURES = 3
_SILENCE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a failure makes of a source, and what of it is news."""

    unhealthy: bool
    gone: bool
    tell_unhealthy: bool
    tell_gone: bool


def after_failure(
    *,
    errors: int,
    fault: Fault,
    last_fault: Fault | None,
    unhealthy: bool,
    gone: bool,
    since: datetime,
    now: datetime,
) -> Verdict:
    """The state after the *errors*-th failure in a row, *since* being the last success (or the first poll).

    Unhealthy: three failures or more, and six hours without a success. Gone: two answers of 410 in a row.
    """
    is_gone = fault is Fault.GONE and (gone or last_fault is Fault.GONE)
    is_unhealthy = unhealthy or is_gone or (errors >= _FAILURES and now - since >= _SILENCE)
    return Verdict(
        unhealthy=is_unhealthy,
        gone=is_gone,
        tell_unhealthy=is_unhealthy and not unhealthy and not is_gone,
        tell_gone=is_gone and not gone,
    )


def recovered(*, unhealthy: bool) -> bool:
    """Whether a success is worth telling: it was told that the source is unhealthy or gone."""
    return unhealthy
