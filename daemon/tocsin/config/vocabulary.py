"""Vocabulary of alerts: the rules, events and labels of a configuration, to check matchers that people write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tocsin.config.config import Config
from tocsin.config.pushes import AnyValue
from tocsin.config.yaml.nodes import said
from tocsin.errors import Problem, meant
from tocsin.model.alerts import Alert
from tocsin.model.prices import Labels
from tocsin.model.rules import Severity
from tocsin.policy.notifying.route import Selection
from tocsin.rules import builtin
from tocsin.rules.news.coverage import labelled
from tocsin.rules.ruleset import RuleSet

#: Events and labels of the daemon itself begin with this. They are defined in code.
_OWN = "tocsin"
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The *rules* (full and bare ids, and packs), the *events* with all their prefixes, and the values of *labels*."""

    rules: Collection[str]
    events: Collection[str]
    labels: Mapping[str, Collection[str]]

    def fault(self, name: str, value: str) -> str:
        """Return why no alert can match `name=value`, with a suggestion. Empty if one can."""
        if name == "severity":
            return (
                "" if value in list(Severity) else f"there is no severity {said(value)}{meant(value, list(Severity))}"
            )
        if value.startswith("~"):
            return f"{name}=~ is not supported: there are no patterns; write one silence or route for each value"
        if name in ("rule", "event"):
            known = self.rules if name == "rule" else self.events
            own = value == _OWN or value.startswith((f"{_OWN}/", f"{_OWN}."))
            return "" if own or value in known else f"there is no {name} {said(value)}{meant(value, known)}"
        if name not in self.labels and name in builtin.LABELS:
            return (
                f"only tocsin's own events have the label {name}: add rule=tocsin to mean those, or give sources labels"
            )
        if name not in self.labels:
            names = ", ".join(sorted(self.labels)[:_SHOWN]) or "none"
            return f"no rule, source or instrument gives a label {said(name)}{meant(name, self.labels)}; there are: {names}"
        if value not in self.labels[name]:
            return f"nothing gives the label {name} the value {said(value)}{meant(value, self.labels[name])}"
        return ""


def vocabulary(config: Config, rules: RuleSet, alerts: Collection[Alert] = ()) -> Vocabulary:
    """Return the vocabulary of *rules* and *config*. *alerts* were raised earlier, perhaps by other rules."""
    infos = rules.infos
    ids = {alert.rule for alert in alerts} | rules.every.keys()
    events = {info.event for info in infos.values()} | {alert.event for alert in alerts}
    labels: dict[str, set[str]] = defaultdict(set)
    given: list[Labels] = [alert.labels for alert in alerts]
    given += [*(source.labels for source in config.sources), *(source.labels for source in config.pushes)]
    for instrument in config.instruments:
        given += [instrument.labels, {"instrument": (instrument.id,)}]
    for rule in rules.rules.values():
        given += [{name: tuple(terms.labels)} for name, terms in labelled(rule.match)]
    for found in given:
        for name, values in found.items():
            labels[name].update(values)
    accepted = {name: AnyValue() for source in config.pushes for name in source.accept_labels}
    accepted |= {one.label: AnyValue() for source in config.sources for one in source.find}
    return Vocabulary(
        rules={part for name in ids for part in (name, *name.split("/"))},
        events={event[:end] for event in events for end in _ends(event)},
        labels={**labels, **accepted},
    )


def _ends(event: str) -> Iterator[int]:
    """Yield the end of each prefix of an event: `trade.export.restrict` has the prefix `trade`."""
    yield from (place for place, letter in enumerate(event) if letter == ".")
    yield len(event)


def check_routes(config: Config, rules: RuleSet) -> Iterator[Problem]:
    """Yield warnings about routes that no alert can take, and about inhibitions that can never suppress an alert."""
    known = vocabulary(config, rules)
    for route in config.routes:
        yield from check_selection(route.which, f"the route to {', '.join(route.to) or 'nobody'}", config, known)
    for escalation in config.escalations:
        owner = f"the escalation to {', '.join(escalation.to) or 'nobody'}"
        yield from check_selection(escalation.which, owner, config, known)
    for one in config.inhibitions:
        yield from check_selection(one.by, "inhibit: by", config, known)
        yield from check_selection(one.silences, "inhibit: silences", config, known)
        if one.by.covers(one.silences):
            words = "inhibit suppresses nothing: every alert that passes silences passes by, too, and is sent"
            yield Problem(message=f"{config.path}: {words}", warning=True)
        for name in one.same:
            if name not in known.labels:
                words = f"inhibit: no alert has the label {said(name)} of same{meant(name, known.labels)}"
                yield Problem(message=f"{config.path}: {words}", warning=True)


def check_selection(which: Selection, owner: str, config: Config, known: Vocabulary) -> Iterator[Problem]:
    """Yield a warning for each test of *which*, in a part of *config* that *owner* names, that no alert can pass."""
    tests = [("rule", which.rule), ("event", which.event), *which.labels.items()]
    for name, value in tests:
        if value and (fault := known.fault(name, value)):
            words = f"{owner} with {name}: {value} fits no alert: {fault}"
            yield Problem(message=f"{config.path}: {words}", warning=True)
