"""What the store hands out beside the values of the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from tocsin.errors import Fault
from tocsin.model.alerts import AlertContent, MatchOutcome, Revised
from tocsin.model.deliveries import DeliveryState, ErrorClass, Message
from tocsin.model.entries import Entry, KeyKind
from tocsin.model.reasons import Reason
from tocsin.model.records import DeliveryView
from tocsin.model.rules import Judged, Match, Severity
from tocsin.model.sources import Batch, Cursor
from tocsin.policy.alerting.facts import Decision
from tocsin.policy.notifying.limit import Limit
from tocsin.policy.polling.history import PollHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLease:
    """A source claimed for one poll; *fence* says whose claim it is."""

    name: str
    cursor: Cursor
    fence: int
    due_at: datetime
    errors: int = 0  # in a row, before this poll
    baseline: bool = False  # it never had a success at this address
    last_success: datetime | None = None
    first_polled: datetime | None = None
    last_fault: Fault | None = None  # of the poll before, None when that went well
    unhealthy: bool = False  # that was told
    gone: bool = False  # as the last failure left it
    dead: bool = False
    habits: PollHistory = PollHistory()  # noqa: RUF009 (frozen)
    fetches: str = ""  # as they stand in the row: only the store reads them


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What of a document is *new*, or known and *rewritten*; *volatile* are the kinds of key that were others than before."""

    new: tuple[Entry, ...] = ()
    rewritten: tuple[Entry, ...] = ()
    volatile: frozenset[KeyKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One poll as it is remembered; *status* is 0 when there was no answer, *error* empty when all went well."""

    at: datetime
    status: int = 0
    size: int = 0  # octets of the decoded body
    new: int = 0
    took: timedelta = timedelta(0)
    fault: Fault | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRecord:
    """When the next poll is due and why, and what was learned from this one; None for nothing new."""

    due_at: datetime
    reasons: tuple[str, ...] = ()
    habits: PollHistory | None = None
    fetch: Fetch | None = None


#: What to tell, by (rule, rule hash), if that rule could be evaluated on everything so far.
Once = Mapping[tuple[str, str], Match]
NOTHING: Once = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBatch:
    """What one poll found: entries of *batch*, and what the rules say of them.

    *judged* are new entries, *rewritten* known ones with other headlines. The entries with the ids of *flood* are kept,
    and not told. *own* are events of the daemon to be decided with them, *once* failures of rules.
    """

    batch: Batch
    judged: Sequence[Judged] = ()
    rewritten: Sequence[Judged] = ()
    flood: Collection[str] = ()
    own: Sequence[Match] = ()
    once: Once = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailure:
    """A poll that failed, how its source stands now, and the events of the daemon that come of it; *hold* puts off others."""

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
    """A good poll that brought nothing: its lease, and the cursor and the record that it leaves."""

    lease: SourceLease
    cursor: Cursor
    record: PollRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A claim that is given back without a poll, until *due_at*, and why."""

    lease: SourceLease
    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHold:
    """Leave the sources of a host group alone *until* then, and why."""

    group: str
    until: datetime
    reason: str


#: A receiver and a recipient there.
To = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimable:
    """The deliveries that may be claimed: at most *limit_per_receiver* of a receiver, and none of those in *exclude*.

    None of a receiver that had as many tries within a minute as *rates* says, no news over one of *limits*; a test goes out
    all the same. With *only* none but those with these ids; with *present* none but those for one of these.
    """

    exclude: Collection[str] = ()
    rates: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    limit_per_receiver: int = 1
    only: Collection[str] | None = None
    present: Collection[To] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What one transaction wrote; *entries* counts the new ones."""

    entries: int
    decision: Decision
    delivery_ids: tuple[str, ...] = ()


class DamagedKind(StrEnum):
    """What a damaged row was."""

    SOURCE = "source"
    DELIVERY = "delivery"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A row that cannot be read and is out of use since; *words* say what is wrong with it."""

    kind: DamagedKind
    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    """The leases that an earlier life left behind; *doubtful* counts deliveries that may have arrived.

    *checked*: all pages of the database were looked at, and are sound.
    """

    sources: int
    deliveries: int
    doubtful: int
    checked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """An entry to judge again by *rules*, which could not be evaluated on it before."""

    entry_id: int
    entry: Entry
    rules: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Everything in one line: how often was polled, and how many there are of each."""

    polled: int
    entries: int
    matches: Mapping[MatchOutcome, int]
    stories: int
    alerts: int
    deliveries: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a backtest can run on: how many entries have their text, when the last was first seen.

    *baselines* says of sources when their first fetch was, as far as that is still known.
    """

    entries: int
    last: datetime | None
    baselines: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many matches and alerts each rule made in *length* of history; a rule that made none is not named."""

    length: timedelta
    matches: Mapping[str, int]
    alerts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """A source as a listing shows it."""

    name: str
    kind: str
    disabled: bool
    due_at: datetime
    polls: int
    entries: int
    errors: int
    unhealthy: bool
    gone: bool
    last_error: str
    last_fault: Fault | None
    first_polled: datetime | None
    last_success: datetime | None
    dead: bool = False
    reasons: tuple[str, ...] = ()  # why it is due then
    habits: PollHistory = PollHistory()  # noqa: RUF009 (frozen)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDetail:
    """A source with its last fetches, the newest first."""

    source: SourceView
    fetches: tuple[Fetch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry as it was first seen, and its number; *revised* is what it says since, the earliest first.

    A *pruned* one has lost its text.
    """

    id: int
    entry: Entry
    pruned: bool
    revised: tuple[Revised, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStatistics:
    """What the daemon did in a time, and how things stand at its end; *size* is that of the database in bytes.

    *read* of the *sources* were read within a day. Messages that wait are *overdue* an hour after their time; *doubtful*
    are tries of which nobody saw the end. *ailing*, *blocked* and *unevaluated* name sources, receivers and rules.
    """

    sources: int
    read: int
    ailing: tuple[str, ...]
    entries: int
    instruments: int
    matches: int
    alerts: int
    delivered: int
    suppressed: int
    dead: int
    waiting: int
    overdue: int
    doubtful: int
    blocked: tuple[str, ...]
    unevaluated: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """An alert that *recipient* of *receiver* is not told of *until* then, or never (None), and the *reason*.

    Where nobody at all is told there is no receiver, and of a match that opened no alert no *alert_id*.
    """

    alert_id: int | None
    title: str
    rule: str
    severity: Severity
    receiver: str
    recipient: str
    state: str  # held, suppressed, dead; or the fate of a match
    reason: Reason
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One try; *outcome* is None while it is under way."""

    n: int
    fence: int
    started_at: datetime
    ended_at: datetime | None
    outcome: ErrorClass | None
    code: int | None
    words: str
    retry_after: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionView:
    """A change of state."""

    at: datetime
    state: DeliveryState
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The alerts that a listing means: of *rule* (full id, bare id or pack), with all of *labels*, that nobody has seen."""

    rule: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    unseen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStats:
    """What came of a rule: its *alerts*, how many of them somebody was *told*, and what people called them."""

    rule: str
    alerts: int = 0
    told: int = 0
    useful: int = 0
    noise: int = 0

    @property
    def precision(self) -> float | None:
        """The share of useful ones of those that were judged, None where none was."""
        judged = self.useful + self.noise
        return self.useful / judged if judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """A delivery with what it says, every try and every change of state, the oldest first."""

    delivery: DeliveryView
    tidings: tuple[AlertContent, ...]
    message: Message | None
    attempts: tuple[AttemptView, ...]
    transitions: tuple[TransitionView, ...]
