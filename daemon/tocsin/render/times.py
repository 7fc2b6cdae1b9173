"""Times as people read them: in their zone, with UTC beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin import units

#: A message is late if it is sent more than this after it was planned.
LATE = timedelta(seconds=90)


def local(time: datetime, zone: ZoneInfo) -> str:
    """Return `2026-03-02 20:00 CST (12:00 UTC)`. The UTC part has a date if that differs."""
    there, universal = time.astimezone(zone), time.astimezone(UTC)
    if not there.utcoffset():
        return units.utc(time)
    shown = f"{units.local(time, zone)} {there.tzname()}"
    same_day = there.date() == universal.date()
    return f"{shown} ({universal:%H:%M} UTC)" if same_day else f"{shown} ({units.utc(time)})"


def late_line(created: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a line that says how late a message planned for *created* is. Empty up to 90 s."""
    if now - created <= LATE:
        return ""
    return f"Late by {length(now - created)}: this was to be sent at {local(created, zone)}."


def held_line(created: datetime, due: datetime, zone: ZoneInfo) -> str:
    """Return a line that says since when a message due at *due* was held. Empty for less than a minute."""
    return f"Held since {local(created, zone)}." if due - created >= timedelta(minutes=1) else ""


def length(span: timedelta) -> str:
    """Return `3 h 20 min`: the two largest units that are not zero, down to minutes. Below half a minute, in seconds."""
    if span < timedelta(seconds=30):
        return f"{span.total_seconds():.0f} s"
    minutes = round(span.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts[:2])
