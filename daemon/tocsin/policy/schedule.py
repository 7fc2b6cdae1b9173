"""When a source is polled next: a plain interval with jitter, and back-off after a failure."""

from __future__ import annotations

from datetime import timedelta

from tocsin.errors import Fault

_LEAST = timedelta(minutes=5)
_MOST = timedelta(hours=24)
_RATE_LIMITED = timedelta(minutes=15)
_GONE_PROBE = timedelta(days=7)
#: Doubling ends here; with five minutes it is far beyond the most.
_DOUBLINGS = 9


def next_poll(interval: timedelta, random: float) -> timedelta:
    """*interval* less or more 5 %, by *random* in [0, 1): sources that began together drift apart."""
    return interval * (0.95 + 0.1 * random)


def back_off(
    *, errors: int, interval: timedelta, fault: Fault, retry_after: timedelta | None, gone: bool, jitter: float
) -> timedelta:
    """How long to leave a source alone after the *errors*-th failure in a row.

    max(interval, 5 min) doubles with every failure up to 24 h, less or more 20 % by *jitter* in [0, 1). What the
    server asks for is honoured up to 24 h; one that limits our rate without saying for how long gets 15 minutes; one
    that says 410 is asked again after a day, and once a week when it is *gone*.
    """
    if gone:
        return _GONE_PROBE
    if fault is Fault.GONE:
        return _MOST
    factor: int = 2 ** min(errors - 1, _DOUBLINGS)
    delay = min(max(interval, _LEAST) * factor, _MOST) * (0.8 + 0.4 * jitter)
    if retry_after is not None:
        return max(delay, min(retry_after, _MOST))
    return max(delay, _RATE_LIMITED) if fault is Fault.RATE_LIMITED else delay
