"""Severities as people see them: a sign and a colour of each, and the severity of a whole message."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.model.alerts import AlertContent
from tocsin.model.rules import Severity

SIGNS = {
    Severity.INFO: "⚪",
    Severity.LOW: "🔵",
    Severity.MEDIUM: "🟡",
    Severity.HIGH: "🟠",
    Severity.CRITICAL: "🔴",
}
#: Colours of bars beside a message, readable on white and on black.
COLOURS = {
    Severity.INFO: "#9aa4b5",
    Severity.LOW: "#4b83ee",
    Severity.MEDIUM: "#d9a514",
    Severity.HIGH: "#e2661a",
    Severity.CRITICAL: "#b3261e",
}


def loudest(contents: Iterable[AlertContent]) -> Severity | None:
    """Return the highest severity of the alerts *contents*; None without any."""
    return max((one.alert.severity for one in contents), key=lambda one: one.rank, default=None)
