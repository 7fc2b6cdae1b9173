"""The daemon's own network: while it is down, no source is blamed, and one poll a minute is tried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tocsin.model.rules import Match
from tocsin.policy.polling import network
from tocsin.policy.polling.network import Network
from tocsin.policy.polling.schedule import Terms
from tocsin.rules import builtin
from tocsin.units import duration

_LABELS = {"network": ("the internet",)}


class Outage:
    """Outages of the network, as polls of public servers show them; private ones, which have no group, do not count.

    *since* is when the network went down, if it was still down at the end of the last run.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self._network = Network(offline_since=since)

    @property
    def lasts(self) -> bool:
        """Return whether the network is down."""
        return self._network.offline_since is not None

    def may_ask(self, source: Terms, now: datetime) -> bool:
        """Return whether a source may be polled at *now*."""
        if not source.group:
            return True
        allowed = network.ask(self._network, now)
        self._network = allowed or self._network
        return allowed is not None

    def note(self, source: Terms, everybody: Iterable[Terms], *, reached: bool, now: datetime) -> Match | None:
        """Note whether the server of *source*, one of *everybody*, was reached; return an event if the network changed."""
        if not source.group:
            return None
        # Needed only after a failure, and nearly every poll succeeds.
        hosts = 0 if reached else len({terms.group for terms in everybody if terms.group})
        before = self._network.offline_since
        self._network = network.after(self._network, source.group, reached=reached, hosts=hosts, now=now)
        since = self._network.offline_since
        if before is None and since is not None:
            detail = "Not one server of many could be reached. It is tried once a minute; no source is blamed."
            return builtin.own_match(builtin.OFFLINE, _LABELS, detail, now)
        if before is not None and since is None:
            detail = f"Servers can be reached again, after {duration(now - before)}."
            return builtin.own_match(builtin.ONLINE, _LABELS, detail, now)
        return None
