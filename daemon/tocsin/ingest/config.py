"""A poll: the configuration that it goes by, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.model.prices import Instrument
from tocsin.model.rules import Match
from tocsin.model.sources import Batch
from tocsin.policy.decide import Policy
from tocsin.policy.polling.aftermath import AfterSuccess, HealthEvent
from tocsin.policy.polling.health import SourceStatus
from tocsin.policy.polling.history import PollHistory
from tocsin.policy.polling.schedule import Terms
from tocsin.rules import builtin
from tocsin.rules.ruleset import RuleSet
from tocsin.sources import Source
from tocsin.store import Fetch, PollRecord, Rest, SourceLease


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll that began at *now*, under *config* and the claim *lease*."""

    config: IngestConfig
    lease: SourceLease
    now: datetime

    @property
    def terms(self) -> Terms:
        """The terms on which its source is polled."""
        return self.config.terms.get(self.lease.name, Terms())

    @property
    def host(self) -> str:
        """The server that it asks, by the name of its group where it has one."""
        return self.terms.group or self.lease.name

    @property
    def before(self) -> SourceStatus:
        """The source as it stood when it was claimed."""
        lease = self.lease
        return SourceStatus(
            name=lease.name,
            terms=self.terms,
            habits=lease.habits,
            first_polled=lease.first_polled or lease.due_at,
            last_success=lease.last_success,
            errors=lease.errors,
            last_fault=lease.last_fault,
            unhealthy=lease.unhealthy,
            gone=lease.gone,
            dead=lease.dead,
        )

    def changed(self, habits: PollHistory) -> PollHistory | None:
        """Return *habits* where they are others than before.

        Unchanged ones stay as they are: a part of a document may have been taken in since they were read.
        """
        return habits if habits != self.lease.habits else None

    def events(self, found: Iterable[HealthEvent], now: datetime) -> list[Match]:
        """Return what there is to notify of its source, as events of the daemon."""
        return [builtin.about_source(item.news, self.lease.name, item.detail, now) for item in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A poll that was answered, and what that makes of its source."""

    poll: Poll
    batch: Batch
    fetch: Fetch
    after: AfterSuccess

    @property
    def record(self) -> PollRecord:
        """What is kept of the poll."""
        plan = self.after.plan
        return PollRecord(
            due_at=plan.due_at, reasons=plan.reasons, habits=self.poll.changed(self.after.habits), fetch=self.fetch
        )

    @property
    def rest(self) -> Rest:
        """The end of a poll that brought nothing."""
        return Rest(lease=self.poll.lease, cursor=self.batch.cursor, record=self.record)
