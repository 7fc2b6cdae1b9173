"""Warnings, each at its place, about what is allowed in a pack and most likely a mistake. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from tocsin.errors import Problem
from tocsin.model.prices import Instrument
from tocsin.model.rules import Located
from tocsin.rules.compile import OWN_LABELS
from tocsin.rules.examples import grounds
from tocsin.rules.lint import never
from tocsin.rules.lint.conditions import lint_body, lint_condition, short
from tocsin.rules.lint.lists import lint_list
from tocsin.rules.lint.never import Given
from tocsin.rules.news.coverage import contains, sure_labels
from tocsin.rules.news.evaluate import CompiledRule, labels_of
from tocsin.rules.news.nodes import LabelTest, Named
from tocsin.rules.news.openness import most_open, shares
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.scope import names_in
from tocsin.rules.spec import PackSpec, RuleSpec, with_used

#: The share of ordinary titles from which on a rule costs something with every title.
MOST_OPEN = 0.25


def lint(
    packs: Sequence[PackSpec],
    rules: RuleSet,
    *,
    poll: timedelta | None = None,
    given: Given | None = None,
    instruments: Collection[Instrument] = (),
    clean: Sequence[PackSpec] = (),
    shipped: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Return the warnings about *packs*, which are without fault. Those in *clean* are known to have no warning themselves.

    *poll* is the shortest interval of any source, and *given* the labels that sources give; None where neither is known.
    *instruments* are those that are known. *shipped* are the ids of the packs that came with the program.
    """
    found: list[Problem] = []
    for pack in with_used(packs):
        if not any(pack is one for one in clean):
            found += _pack(pack, rules)
        for rule in pack.rules:
            name = f"{pack.id}/{rule.id.text}"
            if compiled := rules.news_rule(name):
                found += _often(rule, poll)
                found += never.news(rule, compiled, given, shipped=pack.id in shipped)
            if price := rules.prices.get(name):
                found += never.prices(rule, price, instruments)
    return tuple(found)


def _pack(pack: PackSpec, rules: RuleSet) -> Iterator[Problem]:
    """Yield the warnings about *pack* that no configuration changes."""
    for spec in pack.lists:
        yield from lint_list(spec)
    yield from _expressions(pack, rules)
    seen: dict[str, RuleSpec] = {}
    about = [(rule, compiled) for rule in pack.rules if (compiled := rules.news_rule(f"{pack.id}/{rule.id.text}"))]
    opened = shares([compiled.match for _, compiled in about])
    for (rule, compiled), part in zip(about, opened, strict=True):
        yield from _rule(rule, compiled)
        yield from _too_open(rule, compiled, part)
        yield from _twice(rule, seen)


def lint_names(packs: Sequence[PackSpec]) -> Iterator[Problem]:
    """Yield the lists and expressions of *packs* that none of them names; those of a library are for others."""
    every = with_used(packs)
    named = set().union(*(names_in(_texts(pack), pack.id) for pack in every))
    for pack in every:
        if pack.library:
            continue
        for spec in pack.lists:
            if f"${pack.id}/{spec.name.text}" not in named:
                yield spec.name.warning(f"no rule uses the list ${spec.name.text}")
        for one in pack.expressions:
            if f"@{pack.id}/{one.name.text}" not in named:
                yield one.name.warning(f"no rule uses the expression @{one.name.text}")


def _texts(pack: PackSpec) -> Iterator[str]:
    """Yield the texts of *pack* that can name a list or an expression."""
    yield from (spec.match.text for spec in pack.expressions)
    for rule in pack.rules:
        if rule.news:
            unless = (rule.news.unless, rule.override.unless if rule.override else None)
            yield from (text.text for text in (rule.news.match, *unless) if text)
            yield from (text.text for _, text in rule.news.severity_if)


# ---- rules --------------------------------------------------------------------------------------------------------


def _often(spec: RuleSpec, poll: timedelta | None) -> Iterator[Problem]:
    """Warn of a cooldown that no *poll* can be within."""
    if poll and timedelta(0) < spec.cooldown < poll:
        words = "the cooldown is shorter than the interval of every source: it never delays an alert"
        yield spec.id.warning(words)


def _rule(spec: RuleSpec, rule: CompiledRule) -> Iterator[Problem]:
    for name, examples in (("fires", spec.fires), ("quiet", spec.quiet)):
        if not examples:
            what = "should fire" if name == "fires" else "should not fire"
            yield spec.id.warning(f"no example says what {what} this rule: give it `{name}:`")
    for condition in (rule.match, *rule.cancels, *(node for _, node in rule.severity_if)):
        yield from lint_condition(condition)
    yield from _keys(spec, rule)
    yield from _self_cancelled(rule)


def _twice(rule: RuleSpec, seen: dict[str, RuleSpec]) -> Iterator[Problem]:
    """Warn of a rule that matches the same as an earlier one of its pack."""
    if rule.news is None:
        return
    written = (rule.news.match, *([rule.news.unless] if rule.news.unless else []))
    key = "\n".join(" ".join(text.text.split()) for text in written)
    first = seen.setdefault(key, rule)
    if first is not rule:
        words = f"this rule matches the same as {first.id.text}, line {first.id.at().line}: one event would raise two alerts; take one out"
        yield rule.id.warning(words)


def _keys(spec: RuleSpec, rule: CompiledRule) -> Iterator[Problem]:
    """Yield the labels of the key that some branch of the match does not give."""
    place = rule.match.place
    for name in spec.key:
        if name.text in OWN_LABELS or name.text not in rule.match.gives:
            continue
        part = next((part for part in rule.match.parts if name.text not in sure_labels(part)), None)
        if part and not _is_meant(rule, name.text):
            where = f", line {place.at(part.start).line}," if place else ""
            words = f"`{short(part.text)}`{where} gives no label {name.text}: its matches are keyed by their story"
            yield name.warning(f"{words}; if that is meant, show one under fires")


def _is_meant(rule: CompiledRule, label: str) -> bool:
    """Return whether an example that fires has no such label, so that the author knows."""
    shown = (grounds(rule.match, example.text) for example in rule.fires)
    return any(found and label not in labels_of(found) for found in shown)


def _too_open(spec: RuleSpec, rule: CompiledRule, part: float) -> Iterator[Problem]:
    """Warn of a rule that is looked at for a large *part* of ordinary titles, at the branch that makes it so."""
    if part < MOST_OPEN or not rule.match.place:
        return
    place = rule.match.place
    for node in most_open(rule.match):
        at, branch = place.at(node.start), node.text
        if isinstance(node, Named):
            place = node.expression.place
    if isinstance(node, LabelTest) and node.name == "source":
        return  # all that a source brings is meant, as of a page that is watched
    words = f"rule {spec.id.text} is looked at for about {part:.0%} of ordinary titles because of the branch"
    yield spec.id.warning(f"{words} `{short(branch)}` ({at.file}:{at.line}): give it a rarer word")


def _self_cancelled(rule: CompiledRule) -> Iterator[Problem]:
    for condition in rule.cancels:
        if condition.place and contains(condition, rule.match):
            words = "this cancels whatever the rule matches, so that it can never fire: narrow it"
            yield condition.place.warning(words, condition.start, len(condition.text))


def _expressions(pack: PackSpec, rules: RuleSet) -> Iterator[Problem]:
    """Yield the warnings about the named expressions of *pack*; of two with one body about the later."""
    seen: dict[str, Located] = {}
    for spec in pack.expressions:
        body = rules.expressions[f"{pack.id}/{spec.name.text}"].body
        yield from lint_body(body, spec.match)
        first = seen.setdefault(" ".join(spec.match.text.split()), spec.name)
        if first is not spec.name:
            yield spec.name.warning(f"@{spec.name.text} is the same as @{first.text}, line {first.at().line}")
