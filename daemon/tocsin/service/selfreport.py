"""Report of the daemon on itself: what was checked, what failed, and what was lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from tocsin.model.rules import Match
from tocsin.policy.notifying.walltime import WeeklyTime, next_occurrence
from tocsin.rules import builtin
from tocsin.store import Store
from tocsin.store.views import PeriodStatistics
from tocsin.units import counted, local, size

#: Names shown of many.
_MOST = 5

#: Octets of free disk below which a database has too little.
NO_ROOM = 100 * 10**6


def self_report(store: Store, times: WeeklyTime, now: datetime, *, free: int | None) -> tuple[Match, datetime] | None:
    """Return the report that is due at *now*, and the time of the last one, since which it is about; None if none is due.

    Reports are due at *times*, and once after down-time. *free* is the free space on the disk of the database, in bytes, None on a server.

    Raises:
        StoreError: the database cannot be read.
    """
    since = store.read.reported(builtin.SELF_REPORT.id)
    if not times.days or since is None or next_occurrence(times.at, times.days, times.zone, since) > now:
        return None
    period = store.read.statistics(since, now)
    verdict = "; ".join(troubles(period)) or "all is well"
    detail = f"From {_shown(since, times.zone)} to {_shown(now, times.zone)}."
    report = builtin.own_match(builtin.SELF_REPORT, {"verdict": (verdict,)}, detail, now, rows=rows(period, free))
    return report, since


def troubles(period: PeriodStatistics) -> list[str]:
    """Return the problems, in words."""
    return [
        words
        for count, words in (
            (len(period.ailing), f"{counted(len(period.ailing), 'source')} cannot be read"),
            (period.dead, f"{counted(period.dead, 'message')} given up"),
            (period.overdue, f"{counted(period.overdue, 'message')} more than an hour late"),
            (len(period.blocked), f"{counted(len(period.blocked), 'receiver')} blocked"),
            (len(period.unevaluated), f"{counted(len(period.unevaluated), 'rule')} could not be evaluated"),
        )
        if count
    ]


def rows(period: PeriodStatistics, free: int | None) -> tuple[tuple[str, str], ...]:
    """Return the report as (name, words)."""
    failed = [
        *(f"source {name}" for name in _some(period.ailing)),
        *(f"receiver {name}" for name in _some(period.blocked)),
        *(f"rule {name}" for name in _some(period.unevaluated)),
    ]
    lost = [f"{counted(period.dead, 'message')} given up, see: tocsin deliveries dead"] if period.dead else []
    lost += [f"{counted(period.doubtful, 'try')} with an unknown outcome"] if period.doubtful else []
    unread = f", {counted(period.unfetched, 'article')} not fetched" if period.unfetched else ""
    dropped = f" ({period.dropped:,} dropped by filters)" if period.dropped else ""
    checked = (
        f"{period.read:,} of {counted(period.sources, 'source')} read within a day, "
        f"{counted(period.entries, 'new entry')}{dropped}{unread}, {counted(period.instruments, 'instrument')} with a price"
    )
    return (
        ("Checked", checked),
        ("Found", f"{counted(period.matches, 'match')}, {counted(period.alerts, 'alert')}"),
        (
            "Sent",
            f"{counted(period.delivered, 'message')}, {period.suppressed:,} suppressed, {period.waiting:,} waiting",
        ),
        ("Failed", ", ".join(failed) or "nothing"),
        ("Lost", "; ".join(lost) or "nothing"),
        ("Stored", f"{size(period.size)}" if free is None else f"{size(period.size)}, {size(free)} free on its disk"),
    )


def _some(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST], *[f"and {len(names) - _MOST} more"] * (len(names) > _MOST)]


def _shown(at: datetime, zone: tzinfo) -> str:
    return f"{local(at, zone)} {at.astimezone(zone):%Z}"
