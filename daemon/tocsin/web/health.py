"""The health of the daemon, as the page is given it, and what it means to a monitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.config.loading import LoadedRules
from tocsin.store.db.lock import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of a running daemon.

    It is *alive* while its claims run; *claims* are the seconds since each ended. *words* say why the configuration was
    *refused*, and *kept_back* names packs of which the last good version runs.
    """

    version: str
    started: datetime | None
    loaded: datetime | None
    alive: bool
    rules: int
    claims: Mapping[str, float] = field(default_factory=dict)
    refused: datetime | None = None
    words: str = ""
    kept_back: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the daemon is not ready; empty if it is."""
        return (*("claims stand still",) * (not self.alive), *("no rules are loaded",) * (not self.rules))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a person should look at, although the daemon works."""
        return tuple(self._cautions())

    def _cautions(self) -> Iterator[str]:
        if self.refused:
            yield "the changed configuration was refused"
        if self.kept_back:
            yield "a rule pack was kept back"


def health_of(running: Running, loaded: LoadedRules, *, alive: bool, claims: Mapping[str, float]) -> Health:
    """Return the health of the daemon that *running* describes, with the rules that it *loaded*."""
    return Health(
        version=running.version,
        started=running.started,
        loaded=running.loaded,
        alive=alive,
        rules=len(loaded.rules.infos),
        claims=claims,
        refused=running.refused,
        words=running.words,
        kept_back=tuple(pack.folder for pack in loaded.packs if pack.kept_back),
    )
