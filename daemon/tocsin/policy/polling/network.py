"""Detect that our own network is down: when no host can be reached, no source is to blame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: The wait between two polls while no server can be reached.
PROBE = timedelta(seconds=60)
_WINDOW = timedelta(seconds=60)
_MEMORY = timedelta(hours=1)
_HOSTS = 5
_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The results of polls of public hosts in the last hour: *tries* are (time, host, whether it was reached).

    While it is offline, *probed_at* is the time of the last poll.
    """

    tries: tuple[tuple[datetime, str, bool], ...] = ()
    offline_since: datetime | None = None
    probed_at: datetime | None = None


def ask(network: Network, now: datetime) -> Network | None:
    """Return *network* if a host may be polled at *now*, else None: offline, one poll a minute is tried."""
    if network.offline_since is None:
        return network
    if network.probed_at is not None and now - network.probed_at < PROBE:
        return None
    return replace(network, probed_at=now)


def after(network: Network, host: str, *, reached: bool, hosts: int, now: datetime) -> Network:
    """Return *network* after *host*, one of so many *hosts*, was *reached* or not.

    Offline: of at least five hosts (or all, if there are fewer; two at least) four fifths could not be reached within
    a minute, or none at all within an hour. Reaching one host ends it.
    """
    if network.offline_since is not None:
        return Network(tries=((now, host, True),)) if reached else network
    kept = [item for item in network.tries if now - item[0] <= _MEMORY and item[1] != host]
    tries = (*kept, (now, host, reached))
    if reached:
        return replace(network, tries=tries)
    needed = max(2, min(_HOSTS, hosts))
    last_minute = [ok for time, _, ok in tries if now - time <= _WINDOW]
    most_fail = len(last_minute) >= needed and last_minute.count(False) >= _SHARE * len(last_minute)
    all_fail = len(tries) >= needed and not any(ok for _, _, ok in tries)
    return replace(network, tries=tries, offline_since=now if most_fail or all_fail else None, probed_at=now)
