"""The network of the daemon itself: while it is down no source is blamed, and one try a minute is made."""

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
    """What became of asking other people's servers; private ones, which have no group, say nothing of the network.

    *since* is when it went down in an earlier life of the daemon, which did not see it come back.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self._network = Network(offline_since=since)

    @property
    def lasts(self) -> bool:
        """Whether the network is down."""
        return self._network.offline_since is not None

    def may_ask(self, source: Terms, now: datetime) -> bool:
        """Whether a source may be asked at *now*."""
        if not source.group:
            return True
        allowed = network.ask(self._network, now)
        self._network = allowed or self._network
        return allowed is not None

    def note(self, source: Terms, everybody: Iterable[Terms], *, reached: bool, now: datetime) -> Match | None:
        """Remember whether the server of *source*, one of *everybody*, was reached; what of that is to be told."""
        if not source.group:
            return None
        # Only a failure asks for it, and nearly every poll is a success.
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
