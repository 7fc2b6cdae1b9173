"""A report about a source from one poll of it, and what to do where it failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from tocsin.errors import Fault, SourceError
from tocsin.model.entries import Batch
from tocsin.model.rules import Judged
from tocsin.units import counted

#: Remedies for faults whose message does not name one.
_REMEDIES = {
    Fault.NETWORK: "check the spelling of the name, and whether the server is up",
    Fault.UNREACHABLE: "check the spelling of the name, and whether the server is up and this machine is online",
    Fault.CHALLENGE: "the site demands a browser: look for another feed of it, or for its news elsewhere",
    Fault.STATUS: "open the address in a browser",
    Fault.RATE_LIMITED: "wait, and poll less often: every: 1h",
    Fault.AUTH: "give the credentials or the key that it asks for, such as headers: {Authorization: ...}",
    Fault.GONE: "the feed is gone for good: remove the source, or look for its successor",
    Fault.TOO_LARGE: "ask the site for a shorter feed",
    Fault.NOT_A_FEED: "give the address of a feed, not of a page",
    Fault.NOT_FOUND: "look the symbol up at the provider",
    Fault.NOT_DATA: "look at what the address shows, and correct rows, symbol, price or time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of one poll. *rhythm* is the median time between two entries, None for fewer than three entries."""

    address: str
    form: str
    size: int
    newest: datetime | None
    rhythm: timedelta | None
    problems: tuple[str, ...]


def report(address: str, batch: Batch) -> Report:
    """Return the report on *batch*."""
    times = sorted(entry.published for entry in batch.entries if entry.published)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return Report(
        address=address,
        form=batch.form,
        size=batch.size,
        newest=times[-1] if times else None,
        rhythm=timedelta(seconds=median(gaps)) if len(gaps) > 1 else None,
        problems=(*batch.notes, *_problems(batch)),
    )


def _problems(batch: Batch) -> list[str]:
    if not batch.entries:
        return ["there are no entries: the feed is new, or it is the wrong one"]
    problems = [] if batch.has_ids else ["entries have no ids: they are identified by link, or by title and day"]
    undated = [entry for entry in batch.entries if not entry.published]
    if undated:
        said = next((entry.published_raw for entry in undated if entry.published_raw), "")
        problems.append(
            f"{len(undated)} of {counted(len(batch.entries), 'entry')} {'has' if len(undated) == 1 else 'have'} no credible time"
            + (f", such as {said!r}" if said else "")
            + ": the time when they were first seen is used"
        )
    if nameless := sum(not entry.title for entry in batch.entries):
        problems.append(f"{counted(nameless, 'entry')} {'has' if nameless == 1 else 'have'} neither title nor text")
    return problems


def remedy_of(error: SourceError, *, page: bool = False) -> str:
    """Return what to do about *error*, of a *page* or of a feed; empty if its own words say it."""
    if error.instead or (page and error.fault is Fault.NOT_A_FEED):
        return ""
    return error.remedy or _REMEDIES.get(error.fault, "")


def judged_object(judged: Judged) -> dict[str, object]:
    """Return an entry and its matches as an object of JSON; *published* is None where no time was believed."""
    entry, names = judged.entry, ("id", "title", "link", "published", "published_raw")
    matches = [
        {
            "rule": match.rule.id,
            "event": match.rule.event,
            "severity": match.severity,
            "labels": match.labels,
            "spans": match.spans,
        }
        for match in judged.matches
    ]
    return {name: getattr(entry, name) for name in names} | {"dropped": entry.dropped, "matches": matches}
