"""Everything that outlives the process: SQLModel tables, sessions, migrations."""

from tocsin.store.store import Store
from tocsin.store.values import (
    AlertDetail,
    AttemptView,
    Committed,
    Counts,
    DeliveryDetail,
    DeliveryView,
    EntryView,
    History,
    MatchView,
    Reopened,
    Rest,
    SourceLease,
    SourceView,
    TransitionView,
    Voided,
)

__all__ = [
    "AlertDetail",
    "AttemptView",
    "Committed",
    "Counts",
    "DeliveryDetail",
    "DeliveryView",
    "EntryView",
    "History",
    "MatchView",
    "Reopened",
    "Rest",
    "SourceLease",
    "SourceView",
    "Store",
    "TransitionView",
    "Voided",
]
