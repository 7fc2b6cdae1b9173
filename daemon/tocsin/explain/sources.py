"""How a source brings its news, in words: its rhythm, and what its server asks for."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from tocsin.model.entries import KeyKind
from tocsin.policy.polling.history import PollHistory
from tocsin.units import counted, duration, local

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def rhythm(habits: PollHistory, zone: ZoneInfo) -> Iterator[str]:
    """Yield what was learned of the news of a source, with times in *zone*."""
    if habits.arrivals:
        longest = f", longest silence {duration(habits.longest)}" if habits.longest else ""
        yield f"last news {local(habits.arrivals[-1], zone)}{longest}"
    if habits.volatile:
        what, apart = ("ids and links", "") if KeyKind.LINK in habits.volatile else ("ids", "link, or ")
        yield f"its {what} change from poll to poll: {apart}headline and day identify entries"
    if habits.silent:
        yield "silent for far longer than ever before"
    if habits.empty:
        yield f"its document was empty at the last {counted(habits.empty, 'poll')}"


def server_hints(habits: PollHistory) -> Iterator[str]:
    """Yield what a server says of when it wants to be asked."""
    hints = habits.poll_hints
    spans = (("Cache-Control or Expires", habits.fresh), ("ttl", hints.ttl), ("sy:updatePeriod", hints.period))
    said = [f"{name} {duration(span)}" for name, span in spans if span]
    if hints.skip_hours:
        said.append(f"not in the hours {', '.join(map(str, sorted(hints.skip_hours)))} GMT")
    if hints.skip_days:
        said.append(f"not on {', '.join(_DAYS[day] for day in sorted(hints.skip_days))}")
    if said:
        yield "; ".join(said)
    if habits.validators:
        yield "it can answer that nothing is new (ETag or Last-Modified)"
