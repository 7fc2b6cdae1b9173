"""What the log and the service manager are told about a configuration that was loaded or refused, and about one cycle."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tocsin.config.config import Config
from tocsin.config.loading import LoadedRules
from tocsin.errors import ConfigError, Problem, warned_once
from tocsin.log import line
from tocsin.model.counters import Counted, Counters
from tocsin.model.deliveries import DeliveryState
from tocsin.units import counted

log = logging.getLogger(__name__)

#: Warnings that a start or reload logs: a large pack may have thousands.
MOST_WARNINGS = 20


def log_warnings(warnings: Sequence[Problem]) -> None:
    """Log the first *warnings*, those in the same words once, and how many more there are."""
    each = warned_once(warnings)
    for problem, others in each[:MOST_WARNINGS]:
        log.warning(_logged(problem, others))
    if len(each) > MOST_WARNINGS:
        log.warning(line("more warnings, all shown by tocsin check", count=len(each) - MOST_WARNINGS))


def log_refusal(error: ConfigError, number: int) -> tuple[str, str]:
    """Log that reload *number* was refused. Return its first fault on one line, and the status of a daemon that goes on."""
    faults = [problem for problem in error.problems if not problem.warning]
    first = str(faults[0]).partition("\n")[0]
    log.error(line("reload refused", problems=len(faults), first=first, number=number))
    for problem in error.problems:
        log.log(logging.WARNING if problem.warning else logging.ERROR, _logged(problem))
    return first, f"running on the last good configuration; {counted(len(faults), 'problem')} in the new one"


def facts(config: Config, loaded: LoadedRules) -> dict[str, object]:
    """Return what a start or reload logs of what it loaded."""
    return {
        "sources": len(config.names),
        "rules": len(loaded.rules.infos),
        "idle_rules": loaded.idle or None,
        "receivers": ",".join(r.name for r in config.receivers),
    }


def status(config: Config, loaded: LoadedRules) -> str:
    """Return the line that `systemctl status` shows."""
    return f"watching {counted(len(config.names), 'source')} with {loaded}"


def _logged(problem: Problem, others: int = 0) -> str:
    """Return *problem*, which *others* like it have, on one line; `tocsin check` shows its place in the file."""
    event = f"{'warning' if problem.warning else 'fault'} in the configuration"
    return line(event, at=problem.position, words=problem.sentence, other_places=others or None)


def log_cycle(counters: Counters) -> bool:
    """Log what one cycle did, and return False if sources were polled and none could be read."""
    polls = counters.totals(Counted.POLLS, "outcome")
    failed, read = polls.pop("failed", 0), sum(polls.values())
    sent = counters.totals(Counted.DELIVERIES, "outcome").get(DeliveryState.DELIVERED, 0)
    if failed and not read:
        log.warning(line("no source could be read", failed=failed, see="tocsin doctor"))
    log.info(line("cycle done", read=read, failed=failed, delivered=sent))
    return bool(read or not failed)
