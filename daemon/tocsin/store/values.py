"""Values that the steps of the line give to the store and get from it, beside those of the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from tocsin.errors import Fault
from tocsin.model.entries import Batch, Cursor, Entry, KeyKind
from tocsin.model.rules import Judged, Match
from tocsin.policy.alerting.facts import Decision
from tocsin.policy.notifying.timing import Limit
from tocsin.policy.polling.history import PollHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLease:
    """A source claimed for one poll; *fence* identifies the claim."""

    name: str
    cursor: Cursor
    fence: int
    due_at: datetime
    errors: int = 0  # in a row, before this poll
    baseline: bool = False  # no poll of this address has succeeded yet
    last_success: datetime | None = None
    first_polled: datetime | None = None
    last_fault: Fault | None = None  # of the poll before, None if that succeeded
    unhealthy: bool = False  # and reported as such
    gone: bool = False  # as the last failure left it
    dead: bool = False
    habits: PollHistory = PollHistory()  # noqa: RUF009 (frozen)
    fetches: str = ""  # the text of the row; only the store reads it
    document_at: datetime | None = None  # when its document last changed
    idle: timedelta | None = None  # since another worker last asked its server, None if none did


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """The entries of a document that are *new*, or known and *rewritten*; keys of *volatile* kinds change on every poll."""

    new: tuple[Entry, ...] = ()
    rewritten: tuple[Entry, ...] = ()
    volatile: frozenset[KeyKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """The record of one poll; *status* is 0 if there was no response, *error* is empty if it succeeded."""

    at: datetime
    status: int = 0
    size: int = 0  # octets of the decoded body
    new: int = 0
    took: timedelta = timedelta(0)
    fault: Fault | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRecord:
    """The time and reasons of the next poll, and the results of this one; None leaves the row as it is."""

    due_at: datetime
    reasons: tuple[str, ...] = ()
    habits: PollHistory | None = None
    fetch: Fetch | None = None


#: Events to report, by (rule, rule hash), at the first failure of that rule.
Once = Mapping[tuple[str, str], Match]
NOTHING: Once = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBatch:
    """The result of one poll: entries of *batch* and the matches of the rules.

    *judged* are new entries, *rewritten* are known ones with other headlines. Entries with the ids in *flood* are kept
    without a notification, those of *articles* have an article that is to be fetched. *own* are events of the daemon to be decided with them, *once* are failures of rules.
    """

    batch: Batch
    judged: Sequence[Judged] = ()
    rewritten: Sequence[Judged] = ()
    flood: Collection[str] = ()
    articles: Collection[str] = ()
    own: Sequence[Match] = ()
    once: Once = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailure:
    """A failed poll, the new status of its source, and the daemon's own events about it; *hold* postpones other sources."""

    error: str
    fault: Fault
    record: PollRecord
    unhealthy: bool
    gone: bool
    dead: bool = False
    hold: GroupHold | None = None
    own: Sequence[Match] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A successful poll without news: its lease, and its new cursor and record.

    *document_at* is when its document changed, None if it did not.
    """

    lease: SourceLease
    cursor: Cursor
    record: PollRecord
    document_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A claim that is returned without a poll: the next due time and the reason."""

    lease: SourceLease
    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHold:
    """A pause of the sources of a host group: its end and its reason."""

    group: str
    until: datetime
    reason: str


#: A receiver and a recipient there.
To = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimable:
    """The deliveries that may be claimed: at most *limit_per_receiver* for a receiver, and none for those in *exclude*.

    A receiver that is well and has no limit an hour may get more, its number in *batches*. It gets at most as many attempts
    a minute as *rates* allows, and no news over its limit in *limits*; tests are exempt. *only* restricts the claim to
    these ids, *present* to these recipients. With *fair*, receivers that other workers may serve at the same time are left to these.
    """

    exclude: Collection[str] = ()
    rates: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    limit_per_receiver: int = 1
    batches: Mapping[str, int] = field(default_factory=dict)
    only: Collection[str] | None = None
    present: Collection[To] | None = None
    fair: bool = False

    def most(self, receiver: str) -> int:
        """Return how many may be claimed for *receiver* if nothing is wrong with it."""
        return max(self.limit_per_receiver, self.batches.get(receiver, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The result of one transaction; *entries* counts the new entries, *dropped* those of them that filters dropped."""

    entries: int
    dropped: int = 0
    decision: Decision
    delivery_ids: tuple[str, ...] = ()


NOTHING_NEW = Committed(entries=0, decision=Decision())


class DamagedKind(StrEnum):
    """The kind of a damaged row."""

    SOURCE = "source"
    DELIVERY = "delivery"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A row that cannot be read and was taken out of use; *words* is the error."""

    kind: DamagedKind
    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    """The leases that an earlier run left open; *doubtful* counts deliveries that may have arrived.

    *checked* is true if all pages of the database were checked in time.
    """

    sources: int
    deliveries: int
    doubtful: int
    checked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleLease:
    """An article claimed to be fetched for *entry*, which has its present wording; *fence* identifies the claim.

    *tries* counts earlier ones.
    """

    entry_id: int
    entry: Entry
    fence: int
    tries: int
    promised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """An entry to evaluate again with *rules*, which could not be evaluated on it before."""

    entry_id: int
    entry: Entry
    rules: frozenset[str]
