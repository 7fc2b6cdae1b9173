"""Warnings, each at its place, about what is allowed in a pack and most likely a mistake. Pure.

The analysis of expressions is in `tocsin.rules.news.coverage`, tests that are never true are in `tocsin.rules.never`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, pairwise

from tocsin.errors import Problem
from tocsin.model.prices import Instrument
from tocsin.model.rules import Located
from tocsin.rules import never
from tocsin.rules.compile import OWN_LABELS
from tocsin.rules.examples import grounds
from tocsin.rules.never import Given
from tocsin.rules.news.coverage import (
    alone,
    contains,
    fields,
    has_one_value,
    same,
    sure_labels,
    takes,
)
from tocsin.rules.news.evaluate import CompiledRule, labels_of
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.nodes import (
    ORDERED,
    SUBTRACTING,
    All,
    Bare,
    Condition,
    Field,
    LabelTest,
    Leaf,
    Named,
    Near,
    Pair,
    Union,
)
from tocsin.rules.news.openness import most_open, shares
from tocsin.rules.news.rarity import COMMON
from tocsin.rules.news.terms import Term, TermError, compile_term
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.scope import names_in
from tocsin.rules.spec import ListSpec, PackSpec, RuleSpec, with_used
from tocsin.units import counted

#: Capitals of this length are a word that is shouted, not an acronym.
_SHOUTED = 6
#: Branches of one OR that are compared with each other: longer ones are written by programs.
_MOST_BRANCHES = 100
#: From so many days of history on it says something that a rule never fired.
ENOUGH_DAYS = 7
MOST_A_DAY = 20
#: The share of ordinary titles from which on a rule costs something with every title.
MOST_OPEN = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The stored past: *days* of it, and by rule how many matches and how many alerts."""

    days: float
    matches: Mapping[str, int]
    alerts: Mapping[str, int]


def lint(
    packs: Sequence[PackSpec],
    rules: RuleSet,
    *,
    poll: timedelta | None = None,
    given: Given | None = None,
    instruments: Collection[Instrument] = (),
    clean: Sequence[PackSpec] = (),
) -> tuple[Problem, ...]:
    """Return the warnings about *packs*, which are without fault. Those in *clean* are known to have no warning themselves.

    *poll* is the shortest interval of any source, and *given* the labels that sources give; None where neither is known.
    *instruments* are those that are known.
    """
    found: list[Problem] = []
    for pack in with_used(packs):
        if not any(pack is one for one in clean):
            found += _pack(pack, rules)
        for rule in pack.rules:
            if compiled := _compiled(rules, pack, rule):
                found += _often(rule, poll)
                found += never.news(rule, compiled, given)
            if price := rules.prices.get(f"{pack.id}/{rule.id.text}"):
                found += never.prices(rule, price, instruments)
    return tuple(found)


def _pack(pack: PackSpec, rules: RuleSet) -> Iterator[Problem]:
    """Yield the warnings about *pack* that no configuration changes."""
    for spec in pack.lists:
        yield from _list(spec)
    yield from _expressions(pack, rules)
    seen: dict[str, RuleSpec] = {}
    about = [(rule, compiled) for rule in pack.rules if (compiled := _compiled(rules, pack, rule))]
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


def lint_history(packs: Sequence[PackSpec], rules: RuleSet, history: History) -> tuple[Problem, ...]:
    """Return the rules in force that never fired, or that fire too often to be read."""
    found: list[Problem] = []
    for pack in packs:
        for rule in pack.rules:
            name = f"{pack.id}/{rule.id.text}"
            if name not in rules.infos:
                continue
            alerts = history.alerts.get(name, 0)
            if history.days >= ENOUGH_DAYS and not history.matches.get(name, 0):
                words = f"in {counted(round(history.days), 'day')} of history this rule never fired; try it with tocsin why-not"
                found.append(rule.id.warning(words))
            elif history.days >= 1 and alerts > MOST_A_DAY * history.days:
                rate = alerts / history.days
                words = f"this rule raises {counted(round(rate), 'alert')} a day; nobody reads more than {MOST_A_DAY}: narrow it"
                found.append(rule.id.warning(words))
    return tuple(found)


def _compiled(rules: RuleSet, pack: PackSpec, rule: RuleSpec) -> CompiledRule | None:
    name = f"{pack.id}/{rule.id.text}"
    found = rules.rules.get(name) or rules.disabled.get(name)
    return found if isinstance(found, CompiledRule) else None


# ---- lists --------------------------------------------------------------------------------------------------------


def _list(spec: ListSpec) -> Iterator[Problem]:
    """Yield the terms that are too common, written twice, or taken out by the list itself."""
    excluded: list[tuple[Located, Term]] = []
    kept: list[tuple[Located, Term, str]] = []
    for value, texts in spec.groups:
        for text in texts:
            try:
                term = compile_term(text.text.removeprefix("-").strip())
            except TermError:
                continue  # a fault, which the compiler reports
            if text.text.startswith("-"):
                excluded.append((text, term))
            else:
                kept.append((text, term, value))
    seen: dict[tuple[object, ...], Located] = {}
    minus = TermList("", tuple((term, "") for _, term in excluded))
    for text, term, value in kept:
        yield from _common(text, term, 0)
        if takes(minus, term):
            killer = next(less for less, other in excluded if takes(TermList("", ((other, ""),)), term))
            yield text.warning(f"{text.text} never matches: {killer.text} of the same list takes it out")
        key = (value, term.words, term.cased, term.text if term.pattern is not None else "")
        first = seen.setdefault(key, text)
        if first is not text:
            yield text.warning(f"{text.text} finds nothing that {first.text}, line {first.at().line}, does not")


def _common(place: Located, term: Term, offset: int) -> Iterator[Problem]:
    """Warn of a term of one word that is a letter, is everywhere, or is shouted."""
    length = len(term.text)
    written = " ".join(term.cased)
    if words := never.regex(term.text):
        yield place.warning(words, offset, length)
    if len(term.words) == 1 and term.pattern is None:
        (word,) = term.words
        bare = term.text.strip("=~*")
        if len(bare) == 1 and bare.isascii() and bare.isalpha():
            yield place.warning(f"{bare} is one letter: it matches initials and list marks", offset, length)
        elif bare.casefold() in COMMON and term.text[0] != "=" and term.text[-1] != "~":
            words = (
                f"{bare} is in nearly every text and narrows nothing; write ={bare} if it is meant beside another word"
            )
            yield place.warning(words, offset, length)
        elif "us" in word.forms and not term.cased:
            yield place.warning("us is a pronoun too: write =US for the country", offset, length)
    if written.isupper() and written.isascii() and any(len(word) >= _SHOUTED for word in term.cased):
        words = f"={written} is found only in capitals; without = it is found in any case"
        yield place.warning(words, offset, length)


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
        if condition.place:
            yield from _condition(condition, condition.place, "")
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
            words = f"`{_short(part.text)}`{where} gives no label {name.text}: its matches are keyed by their story"
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
    words = f"rule {spec.id.text} is looked at for about {part:.0%} of ordinary titles because of the branch"
    yield spec.id.warning(f"{words} `{_short(branch)}` ({at.file}:{at.line}): give it a rarer word")


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
        yield from _near(body, spec.match, "", paired=True)
        first = seen.setdefault(" ".join(spec.match.text.split()), spec.name)
        if first is not spec.name:
            yield spec.name.warning(f"@{spec.name.text} is the same as @{first.text}, line {first.at().line}")


# ---- expressions --------------------------------------------------------------------------------------------------


def _condition(condition: Condition, place: Located, scope: str, *, paired: bool = False) -> Iterator[Problem]:
    yield from _branches(condition.parts, place, whole=paired)
    for part in condition.parts:
        yield from _all(part, place, scope, paired)


def _all(part: All, place: Located, scope: str, paired: bool) -> Iterator[Problem]:
    wanted = [test for negated, test in part.tests if not negated]
    for negated, test in part.tests:
        if negated and any(same(test, other) for other in wanted):
            words = f"{_short(test.text)} is asked for and excluded: this can never match"
            yield place.warning(words, test.start, len(test.text))
        if isinstance(test, Near):
            yield from _near(test, place, scope, paired=paired)
    sources = [test for test in wanted if isinstance(test, LabelTest) and test.name == "source"]
    for one, other in pairwise(sources):
        if one.value != other.value:
            words = f"no entry comes from {one.value} and from {other.value}: this can never match"
            yield place.warning(words, other.start, len(other.text))


def _near(node: Near, place: Located, scope: str, *, paired: bool = False) -> Iterator[Problem]:
    """Yield the warnings about *node*. With *paired* its hits are one side of another pair, so it matters which they are."""
    if isinstance(node, Leaf):
        if not node.text.startswith(("$", "@")):
            yield from _common(place, node.terms.members[0][0], node.start)
    elif isinstance(node, Named):
        if not fields(node, scope):
            words = f"{node.text} looks in other fields than {scope}(...): it can never match here"
            yield place.warning(words, node.start, len(node.text))
    elif isinstance(node, Field):
        if not fields(node, scope):
            words = f"{node.field}(...) is within {scope}(...): it can never match"
            yield place.warning(words, node.start, len(node.text))
        yield from _condition(node.inner, place, node.field, paired=paired)
    elif isinstance(node, Union):
        yield from _branches(node.parts, place, whole=paired)
        for branch in node.parts:
            yield from _near(branch, place, scope, paired=paired)
    elif isinstance(node, Bare):
        yield from _near(node.inner, place, scope, paired=paired)
    else:
        yield from _pair(node, place, scope)
        yield from _near(node.left, place, scope, paired=True)
        yield from _near(node.right, place, scope, paired=True)


def _pair(node: Pair, place: Located, scope: str) -> Iterator[Problem]:
    part: Near = node
    if fields(node.left, scope) & fields(node.right, scope):
        words = _odd(node)
    elif node.op in SUBTRACTING:
        part = node.right
        words = f"{_short(part.text)} is never in one sentence with {_short(node.left.text)}: it takes nothing away"
    else:
        words = f"both sides of {node.op} are never in one sentence: this can never match; join them by AND"
    if words:
        yield place.warning(words, part.start, len(part.text))


def _odd(node: Pair) -> str:
    """Return why *node* does not do what it seems to, in words; empty where it does."""
    left, twice = _short(node.left.text), same(node.left, node.right)
    if node.within == 0 and node.op in ("BEFORE", "NOT BEFORE", "NOT AFTER"):
        what = "takes nothing away" if node.op in SUBTRACTING else "can never match"
        return f"no word ends before itself: {node.op}/0 {what}; write {node.op}/1"
    if node.within == 0 and node.op == "NEAR" and isinstance(node.left, Leaf) and isinstance(node.right, Leaf):
        return "NEAR/0 is true only where both sides overlap; words side by side are NEAR/1"
    if twice and node.op == "NOT NEAR":
        return f"{left} takes itself away: this can never match"
    if node.distinct and has_one_value(node.left):
        return f"both sides of {node.op} are {left}, which has no two values: this can never match"
    if shared := _pairs_with_itself(node):
        return f"a word of {shared} pairs with itself here: write the same on both sides of {node.op} for two different ones"
    if twice and node.op == "NEAR" and not node.distinct:
        return f"both sides of {node.op}/0 are the same: {left} alone says as much"
    return ""


def _pairs_with_itself(node: Pair) -> str:
    """Return a list of which one word is a hit of both sides, though they are not the same; empty if there is none."""
    if node.distinct or node.op in (*ORDERED, *SUBTRACTING) or (node.op, node.within) == ("NEAR", 0):
        return ""
    left, right = alone(node.left), alone(node.right)
    return next((text for key, text in left.items() if key in right), "")


def _branches(parts: Sequence[Near] | Sequence[All], place: Located, *, whole: bool) -> Iterator[Problem]:
    """Yield the branches of an OR that others contain; of two that are the same, the later."""
    if len(parts) > _MOST_BRANCHES:
        return
    warned: set[int] = set()
    for (i, one), (j, other) in combinations(enumerate(parts), 2):
        inner, outer = (j, one) if contains(one, other, whole=whole) else (i, other)
        branch = parts[inner]
        if inner in warned or not contains(outer, branch, whole=whole):
            continue
        warned.add(inner)
        twice = outer.text.split() == branch.text.split()
        why = "it is in this OR twice" if twice else f"{_short(outer.text)} matches wherever it does"
        yield place.warning(f"{_short(branch.text)} adds nothing: {why}", branch.start, len(branch.text))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else f"{flat[:57]}..."
