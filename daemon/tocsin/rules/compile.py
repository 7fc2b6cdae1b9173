"""Packs to a RuleSet: every fault of every pack at once, each at its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from tocsin.errors import Problem, each_once, meant
from tocsin.model.rules import Correlation, Located, RuleInfo
from tocsin.rules.joining import Joint, join, parts_of_hash, with_correlations
from tocsin.rules.news.coverage import is_anchored, is_textual, labelled
from tocsin.rules.news.evaluate import CompiledRule, stands_alone
from tocsin.rules.news.nodes import Condition
from tocsin.rules.pieces import QueryError
from tocsin.rules.prices.condition import CROSS, Node, parse_price
from tocsin.rules.prices.condition import parts as nodes_of
from tocsin.rules.prices.edge import PriceRule
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.scope import Scope, Scopes, digest, scope_of
from tocsin.rules.spec import CorrelationSpec, NewsSpec, PackSpec, PriceSpec, RuleSpec, with_used

#: Names that are no list but can stand in a key.
OWN_LABELS = frozenset(["story", "source"])
Joinable = TypeVar("Joinable", CompiledRule, PriceRule, Correlation)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def compile_packs(
    packs: Sequence[PackSpec], *, others: Collection[str] | None = (), scopes: Scopes | None = None
) -> tuple[RuleSet, tuple[Problem, ...]]:
    """Return the rules of *packs* that are without fault, and every problem (warnings too) of all of them.

    *others* are the full ids of rules in packs beside them, which correlations may name; None: they are not known.
    *scopes* are those of packs that were compiled before; new ones are added to it.
    """
    scopes = {} if scopes is None else scopes
    rules: dict[str, CompiledRule] = {}
    prices: dict[str, PriceRule] = {}
    joints: list[Joint] = []
    off: dict[str, CompiledRule | PriceRule | Joint] = {}
    problems: list[Problem] = []
    known: set[str] = set()
    for pack in packs:
        if pack.id in known:
            words = f"two packs have the id {pack.id}; give one of them another"
            problems.append(Problem(message=words, position=pack.position))
            continue
        known.add(pack.id)
        compiler = _Compiler(pack, scope_of(pack, scopes))
        for spec, rule in compiler.rules():
            if spec.override and spec.override.disable:
                off[rule.info.id] = rule
            elif isinstance(rule, Joint):
                joints.append(rule)
            elif isinstance(rule, PriceRule):
                prices[rule.info.id] = rule
            else:
                rules[rule.info.id] = rule
        problems += compiler.problems
    compiled = [scopes[id(pack)] for pack in with_used(packs) if id(pack) in scopes]
    problems = each_once([*(fault for scope in compiled for fault in scope.problems()), *problems])
    given = {name: labels_of_matches(rule) for name, rule in (rules | prices | off).items()}
    found, faults = join(joints, given, off, others)
    problems += faults
    correlations = {} if any(not item.warning for item in faults) else found
    ruleset = RuleSet(
        _joined(rules, correlations),
        _joined(prices, correlations),
        correlations=_joined(correlations, correlations),
        disabled={name: rule for name, rule in off.items() if not isinstance(rule, Joint)},
        expressions={one.name: one for scope in compiled for one in scope.expressions.values()},
    )
    return ruleset, tuple(problems)


def _joined(rules: Mapping[str, Joinable], correlations: Mapping[str, Correlation]) -> dict[str, Joinable]:
    """Return *rules* with the correlations that their matches count for."""
    if not correlations:
        return dict(rules)
    return {name: replace(rule, info=with_correlations(rule.info, correlations)) for name, rule in rules.items()}


def labels_of_matches(rule: CompiledRule | PriceRule | Joint) -> Collection[str] | None:
    """Return the labels that matches of *rule* can have from its own words; None where others give them."""
    return rule.match.gives if isinstance(rule, CompiledRule) else None


class _Compiler:
    """The rules of one pack, compiled one after the other; their faults are gathered in *problems*."""

    def __init__(self, pack: PackSpec, scope: Scope) -> None:
        self.problems: list[Problem] = []
        self._pack = pack
        self._scope = scope
        self._labels = set(scope.labels)
        self._faulty = False  # an expression of the rule has a fault, or names one that has

    def rules(self) -> Iterator[tuple[RuleSpec, CompiledRule | PriceRule | Joint]]:
        """Yield the rules without fault."""
        seen: dict[str, RuleSpec] = {}
        for spec in self._pack.rules:
            name = spec.id.text
            if name in seen:
                first = seen[name].id.at()
                self.problems.append(
                    spec.id.problem(f"the rule {name} is defined twice, first at {first.file}:{first.line}")
                )
                continue
            seen[name] = spec
            if spec.correlation is not None:
                yield spec, self._joint(spec, spec.correlation)
            elif spec.price is not None:
                if price := self._price(spec, spec.price):
                    yield spec, price
            elif spec.news is None:
                self.problems.append(
                    spec.id.problem(f"the rule {name} has no condition: say under news what it matches")
                )
            elif rule := self._rule(spec, spec.news):
                yield spec, rule
        self._check_distinguish()

    def _rule(self, spec: RuleSpec, news: NewsSpec) -> CompiledRule | None:
        before = len(self.problems)
        self._faulty = False
        match = self._parse(news.match)
        unless = self._parse(news.unless) if news.unless else None
        severity_if = [(level, self._parse(text)) for level, text in news.severity_if]
        override = spec.override
        also_unless = self._parse(override.unless) if override and override.unless else None
        if match:
            self._check_labels(spec, match)
            self._check_origins(news.match, match)
        if match is None or self._faulty or any(not problem.warning for problem in self.problems[before:]):
            return None
        if override and override.severity:
            severity_if = []
        return CompiledRule(
            info=self._info(spec, self._hash(spec, news)),
            match=match,
            unless=unless,
            also_unless=also_unless,
            severity_if=tuple((level, condition) for level, condition in severity_if if condition),
            fires=spec.fires,
            quiet=spec.quiet,
        )

    def _info(self, spec: RuleSpec, rule_hash: str) -> RuleInfo:
        override = spec.override
        return RuleInfo(
            id=f"{self._pack.id}/{spec.id.text}",
            hash=rule_hash,
            title=spec.title,
            severity=(override and override.severity) or spec.severity,
            event=spec.event,
            key=tuple(name.text for name in spec.key),
            distinguish=tuple(name.text for name in self._pack.distinguish),
            cooldown=spec.cooldown,
            note=spec.note,
            references=spec.references,
            position=spec.id.at(),
            override=str(override) if override else "",
            to=override.to if override else (),
        )

    def _price(self, spec: RuleSpec, price: PriceSpec) -> PriceRule | None:
        """Compile a price rule; only the configuration says which labels its instruments have."""
        before = len(self.problems)
        when = self._parse_price(price.when)
        clear = self._parse_price(price.clear) if price.clear else None
        for example in (*spec.fires, *spec.quiet):
            self.problems.append(example.problem("fires and quiet are examples of news; a price rule has none"))
        if spec.override and (unless := spec.override.unless):
            self.problems.append(unless.problem(f"{spec.id.text} is a rule about prices: unless cancels news only"))
        if len(self.problems) > before or when is None:
            return None
        if price.recovered and any(node.op == CROSS for node in nodes_of(when)):
            words = "a crossing is over at once, so recovered would follow each alert; compare with < or > instead"
            self.problems.append(price.when.problem(words))
            return None
        parts = [
            price.when.text,
            price.clear.text if price.clear else None,
            price.kind,
            [name.text for name in price.instruments],
            [price.stale_after.total_seconds(), price.min_obs, price.confirm],
            *([True] if price.recovered else []),
            *self._parts_of_hash(spec),
        ]
        return PriceRule(
            info=self._info(spec, digest(parts)),
            when=when,
            clear=clear,
            stale_after=price.stale_after,
            min_obs=price.min_obs,
            confirm=price.confirm,
            recovered=price.recovered,
            kind=price.kind,
            instruments=frozenset(name.text for name in price.instruments),
        )

    def _joint(self, spec: RuleSpec, correlation: CorrelationSpec) -> Joint:
        if spec.override and (unless := spec.override.unless):
            self.problems.append(unless.problem(f"{spec.id.text} is a correlation: unless cancels news only"))
        info = self._info(spec, digest([*parts_of_hash(correlation), *self._parts_of_hash(spec)]))
        return Joint(pack=self._pack, rule=spec, spec=correlation, info=info)

    def _parse_price(self, text: Located) -> Node | None:
        try:
            return parse_price(text.text, meant)
        except QueryError as error:
            self.problems.append(text.problem(str(error), offset=error.start, length=error.length))
            return None

    def _parse(self, text: Located) -> Condition | None:
        try:
            condition = self._scope.parse(text)
        except QueryError as error:
            self.problems.append(text.problem(str(error), offset=error.start, length=error.length))
            return None
        if condition:
            self._check_words(text, condition)
        self._faulty |= condition is None
        return condition

    def _check_words(self, text: Located, condition: Condition) -> None:
        """Check that a regular expression or a built-in term has a word beside it, by which the index finds the rule."""
        for part in condition.parts:
            if is_textual(part) and not is_anchored(part):
                words = "a regular expression without a word of its own, and @tocsin/..., need a word beside them, such as NEAR/8 gallium"
                self.problems.append(text.problem(words, offset=part.start, length=len(part.text)))

    def _check_labels(self, spec: RuleSpec, match: Condition) -> None:
        """Check that the key and the title name only labels that the match gives."""
        given = match.gives
        self._labels |= given
        alone = {
            label: test.text
            for part in match.parts
            for negated, test in part.tests
            if not negated and stands_alone(part, test)
            for label in test.gives
        }
        for name in spec.key:
            if name.text not in given | OWN_LABELS:
                words = f"the match of this rule gives no label {name.text}{meant(name.text, given | OWN_LABELS)}"
                self.problems.append(name.problem(words))
            elif name.text in alone:
                words = (
                    f"{alone[name.text]} is joined by AND alone, so only its first hit gives the label {name.text}; "
                    "pair it with NEAR or SENT to say which one is meant"
                )
                self.problems.append(name.warning(words))
        for label in _PLACEHOLDER.findall(spec.title):
            if label not in given:
                self.problems.append(
                    spec.id.problem(
                        f"the title names {{{label}}}, a label that the match does not give{meant(label, given)}"
                    )
                )

    def _check_origins(self, text: Located, match: Condition) -> None:
        """Check that no label comes from lists of one name in two packs: their values would be mixed."""
        lists: dict[tuple[str, str], str] = {}
        for label, terms in labelled(match):
            first = lists.setdefault((label, terms.label), terms.name)
            if first != terms.name:
                words = (
                    f"${first} and ${terms.name} both give the label {label}: rename one by `labels:` of an expression"
                )
                self.problems.append(text.problem(words))
                return

    def _check_distinguish(self) -> None:
        """Check that the pack distinguishes by labels of its lists and rules only."""
        for name in self._pack.distinguish:
            if name.text not in self._labels:
                words = f"no list of this pack gives the label {name.text}{meant(name.text, self._labels)}"
                self.problems.append(name.problem(words))

    def _hash(self, spec: RuleSpec, news: NewsSpec) -> str:
        """Return the hash of a rule: of its expressions, of what they name, and of what its alerts say."""
        conditions = [news.match, *([news.unless] if news.unless else []), *(text for _, text in news.severity_if)]
        parts: list[object] = [
            [text.text for text in conditions],
            news.unless is not None,
            [level.value for level, _ in news.severity_if],
            self._scope.contents(text.text for text in conditions),
            *self._parts_of_hash(spec),
        ]
        if override := spec.override:
            unless = override.unless.text if override.unless else ""
            parts.append([unless, self._scope.contents([unless])])
        return digest(parts)

    def _parts_of_hash(self, spec: RuleSpec) -> list[object]:
        """Return what the hash of every rule is made of, whatever its condition."""
        parts: list[object] = [
            [name.text for name in spec.key],
            spec.severity.value,
            spec.event,
            spec.cooldown.total_seconds(),
        ]
        if self._pack.distinguish:
            parts.append([name.text for name in self._pack.distinguish])
        if override := spec.override:
            parts.append([override.disable, override.severity, override.to])
        return parts
