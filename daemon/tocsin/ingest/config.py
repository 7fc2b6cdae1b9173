"""One good configuration as whoever polls sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.model.prices import Instrument
from tocsin.policy.decide import Policy
from tocsin.policy.polling.aftermath import SourceStatus
from tocsin.policy.polling.schedule import Terms
from tocsin.rules.ruleset import RuleSet
from tocsin.sources import Source
from tocsin.store import SourceLease


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestConfig:
    """One good configuration as the pipeline sees it; a poll uses the one it began with.

    A source without *terms* is a private one without an interval of its own.
    """

    rules: RuleSet
    policy: Policy
    sources: Mapping[str, Source]
    terms: Mapping[str, Terms] = field(default_factory=dict)
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def standing(self, lease: SourceLease) -> SourceStatus:
        """How the source of *lease* stood when it was claimed."""
        return SourceStatus(
            name=lease.name,
            terms=self.terms.get(lease.name, Terms()),
            habits=lease.habits,
            first_polled=lease.first_polled or lease.due_at,
            last_success=lease.last_success,
            errors=lease.errors,
            last_fault=lease.last_fault,
            unhealthy=lease.unhealthy,
            gone=lease.gone,
            dead=lease.dead,
        )
