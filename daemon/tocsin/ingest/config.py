"""A poll: its configuration and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.hints import Hub
from tocsin.model.entries import Batch
from tocsin.model.prices import Instrument
from tocsin.model.rules import Match
from tocsin.policy.decide import Policy
from tocsin.policy.polling.aftermath import AfterFailure, AfterSuccess, HealthEvent
from tocsin.policy.polling.health import SourceStatus
from tocsin.policy.polling.schedule import Terms
from tocsin.rules import builtin
from tocsin.rules.filters import Filters
from tocsin.rules.ruleset import RuleSet
from tocsin.sources import ArticleFetcher, Source
from tocsin.store.values import Fetch, PollRecord, SourceLease


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestConfig:
    """A valid configuration of the pipeline. A poll keeps the one that it began with.

    The entries of sources in *articles* are judged once more with the article that they link to.
    A source without *terms* is a private one without an interval of its own. *asked_elsewhere* is told the host group that
    another worker asked, and how long ago. *offered* is told a source and the hub that its document names.
    """

    rules: RuleSet
    policy: Policy
    sources: Mapping[str, Source]
    terms: Mapping[str, Terms] = field(default_factory=dict)
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    articles: Mapping[str, ArticleFetcher] = field(default_factory=dict)
    filters: Filters = field(default_factory=dict)
    asked_elsewhere: Callable[[str, timedelta], None] = lambda *_: None
    offered: Callable[[str, Hub, datetime], None] = lambda *_: None


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
        """The server of its source: the name of its group, if it has one, or else of the source."""
        return self.terms.group or self.lease.name

    @property
    def before(self) -> SourceStatus:
        """The state of the source when it was claimed."""
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

    def record(self, after: AfterSuccess | AfterFailure, fetch: Fetch) -> PollRecord:
        """Return the record of the poll.

        Unchanged habits are not written, because a part of the document may have been committed since they were read.
        """
        habits = after.habits if after.habits != self.lease.habits else None
        return PollRecord(due_at=after.plan.due_at, reasons=after.plan.reasons, habits=habits, fetch=fetch)

    def events(self, found: Iterable[HealthEvent], now: datetime) -> list[Match]:
        """Return *found* as events of the daemon about its source."""
        return [builtin.about_source(item.news, self.lease.name, item.detail, now) for item in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answered poll, and the state of its source after it."""

    poll: Poll
    batch: Batch
    fetch: Fetch
    after: AfterSuccess

    @property
    def record(self) -> PollRecord:
        """The record of the poll."""
        return self.poll.record(self.after, self.fetch)
