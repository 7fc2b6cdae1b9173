"""What alerts can be called: the rules, events and labels that a configuration gives, for tests that people write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tocsin.config.config import Config
from tocsin.config.yaml.nodes import said
from tocsin.errors import Problem, meant
from tocsin.model.alerts import Alert
from tocsin.model.prices import Labels
from tocsin.model.rules import Severity
from tocsin.rules import builtin
from tocsin.rules.news.coverage import leaves
from tocsin.rules.ruleset import RuleSet

#: The daemon's own events are named in code, and their labels by what they are about.
_OWN = "tocsin"
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The *rules* (full and bare ids, and packs), *events* with what they stand below, and the values of *labels*."""

    rules: Collection[str]
    events: Collection[str]
    labels: Mapping[str, Collection[str]]

    def fault(self, name: str, value: str) -> str:
        """Why no alert passes `name=value`, with what may have been meant; empty where one can."""
        if name == "severity":
            return (
                "" if value in list(Severity) else f"there is no severity {said(value)}{meant(value, list(Severity))}"
            )
        if value.startswith("~"):
            return f"{name}=~ is no test: patterns are not known here; give each value a silence or route of its own"
        if name in ("rule", "event"):
            known = self.rules if name == "rule" else self.events
            own = value == _OWN or value.startswith((f"{_OWN}/", f"{_OWN}."))
            return "" if own or value in known else f"there is no {name} {said(value)}{meant(value, known)}"
        if name not in self.labels and name in builtin.LABELS:
            return (
                f"only tocsin's own events have the label {name}: with rule=tocsin it means those; give sources labels"
            )
        if name not in self.labels:
            names = ", ".join(sorted(self.labels)[:_SHOWN]) or "none"
            return f"no rule, source or instrument gives a label {said(name)}{meant(name, self.labels)}; there are: {names}"
        if value not in self.labels[name]:
            return f"nothing gives the label {name} the value {said(value)}{meant(value, self.labels[name])}"
        return ""


def vocabulary(config: Config, rules: RuleSet, alerts: Collection[Alert] = ()) -> Vocabulary:
    """What alerts of *rules* can be called in *config*; *alerts* were raised before, perhaps by other ones."""
    infos = rules.infos
    ids = {alert.rule for alert in alerts} | infos.keys() | rules.disabled.keys()
    events = {info.event for info in infos.values()} | {alert.event for alert in alerts}
    labels: dict[str, set[str]] = defaultdict(set)
    given: list[Labels] = [alert.labels for alert in alerts]
    given += [source.labels for source in config.sources]
    for instrument in config.instruments:
        given += [instrument.labels, {"instrument": (instrument.id,)}]
    for rule in rules.rules.values():
        given += [{leaf.terms.name: tuple(leaf.terms.labels)} for leaf in leaves(rule.match) if leaf.terms.labelled]
    for found in given:
        for name, values in found.items():
            labels[name].update(values)
    return Vocabulary(
        rules={part for name in ids for part in (name, *name.split("/"))},
        events={event[:end] for event in events for end in _ends(event)},
        labels=labels,
    )


def _ends(event: str) -> Iterator[int]:
    """Where an event and each that it stands below end: `trade.export.restrict` stands below `trade`."""
    yield from (place for place, letter in enumerate(event) if letter == ".")
    yield len(event)


def check_routes(config: Config, rules: RuleSet) -> Iterator[Problem]:
    """Warnings about routes that no alert can take."""
    known = vocabulary(config, rules)
    for route in config.routes:
        tests = [("rule", route.rule), ("event", route.event), *route.labels.items()]
        for name, value in tests:
            if value and (fault := known.fault(name, value)):
                words = f"the route to {', '.join(route.to) or 'nobody'} with {name}: {value} fits no alert: {fault}"
                yield Problem(message=f"{config.path}: {words}", warning=True)
