"""The severity of a message in the terms of services: a priority, headers of a mail, apprise's type and its colours.

What the address of a receiver asks for wins: it is the operator's own word.
"""

from __future__ import annotations

from collections.abc import Mapping

from apprise import NotifyType
from apprise.plugins.base import NotifyBase

from tocsin.model.rules import Severity
from tocsin.render.severity import COLOURS

#: Priorities from info to critical by the schemes of services, whose plugins are not imported for that. None hides a message.
#: Pushover's 2 is not among them: it repeats a message until it is acknowledged there, which nobody asked for and no answer to
#: us would end.
_PRIORITIES: Mapping[str, tuple[str, str, str, str, str]] = {
    "ntfys": ("2", "2", "3", "4", "5"),
    "gotifys": ("3", "3", "5", "8", "10"),
    "pover": ("-1", "-1", "0", "1", "1"),
}
#: Types of apprise from info to critical: a sign, or the severity at services for incidents.
_TYPES = (NotifyType.INFO, NotifyType.INFO, NotifyType.WARNING, NotifyType.WARNING, NotifyType.FAILURE)
#: X-Priority from info to critical, as mail programs read it, and Importance (RFC 2156). A medium mail is like any other.
_MAIL = (("5", "low"), ("5", "low"), None, ("2", "high"), ("1", "high"))


def priority(plugin: NotifyBase, severity: Severity | None) -> dict[str, str]:
    """Return the field of the service of *plugin* that has its priority; empty if it has none."""
    levels = _PRIORITIES.get(str(plugin.secure_protocol))
    return {"priority": levels[severity.rank]} if levels and severity else {}


def type_of(severity: Severity | None) -> NotifyType:
    """Return apprise's type for a message of *severity*."""
    return _TYPES[severity.rank] if severity else NotifyType.INFO


def paint(plugin: NotifyBase, severity: Severity | None) -> None:
    """Make *plugin*, whose settings are its own, show the colour of *severity* where its service shows one."""
    if severity:
        plugin.asset.html_notify_map = dict.fromkeys(NotifyType, COLOURS[severity])


def mail_headers(severity: Severity | None) -> dict[str, str]:
    """Return the headers of a mail that say how urgent it is."""
    level = _MAIL[severity.rank] if severity else None
    # Filters of spam distrust a priority that no program is named for.
    return {"X-Priority": level[0], "Importance": level[1], "X-Mailer": "tocsin"} if level else {}
