"""The scope of a pack: its lists and named expressions, each compiled once and shared by all that name it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from tocsin.errors import Position, Problem, meant
from tocsin.model.rules import OWN, Located
from tocsin.rules.news.built_in import BUILT_IN
from tocsin.rules.news.coverage import fields, labelled, levels, made_of, size
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.nodes import Condition, Expression, Near
from tocsin.rules.news.query import BadNameError, compile_literal, parse, parse_body
from tocsin.rules.news.terms import Term, TermError, compile_term
from tocsin.rules.pieces import QueryError
from tocsin.rules.spec import ExpressionSpec, ListSpec, PackSpec, with_used

#: How deep names may be nested; two brackets count as one name.
DEEPEST = 40
#: Terms and lists of an expression in which every name is written out.
LARGEST = 5000
_NAME = re.compile(r"[$@](?:[\w.-]+/)?[\w-]+")
#: The scopes of packs that were compiled, by the identity of their spec.
Scopes = dict[int, "Scope"]


class Scope:
    """The names of one pack; *used* are the scopes of the packs whose names it may write in full."""

    def __init__(self, pack: PackSpec, used: Mapping[str, Scope]) -> None:
        self.literal = cache(compile_literal)
        self.expressions: dict[str, Expression] = {}
        self._pack = pack
        self._used = used
        self._specs = {spec.name.text: spec for spec in pack.expressions}
        self._faults: list[tuple[str, Problem]] = []  # with the expression that has it
        self._uses: dict[str, set[Position]] = {}  # of expressions that have a fault
        self._lists = {spec.name.text: self._list(spec) for spec in pack.lists}
        self._texts = {
            spec.name.text: repr([(v, [t.text for t in ts]) for v, ts in spec.groups]) for spec in pack.lists
        }
        for spec in self._in_order():
            if expression := self._expression(spec):
                self.expressions[spec.name.text] = expression

    @property
    def labels(self) -> frozenset[str]:
        """The labels that its lists give."""
        return frozenset(name for name, terms in self._lists.items() if terms.labelled)

    def problems(self) -> Iterator[Problem]:
        """Yield the faults of lists and expressions, each once, with the places that use the expression."""
        for name, problem in self._faults:
            yield replace(problem, uses=tuple(sorted(self._uses.get(name, ()))))

    def parse(self, text: Located) -> Condition | None:
        """Return the condition in *text*; None where it names an expression that has a fault.

        Raises:
            QueryError: it has a fault itself.
        """
        names = _Names(self, text)
        found = parse(text.text, names)
        _check_extent(found)
        return None if names.faulty else replace(found, place=text)

    def contents(self, texts: Iterable[str]) -> list[str]:
        """Return the content of every name in *texts*: the text of the list, or the digest of the expression."""
        return [self._content(name) for name in sorted({name for text in texts for name in _NAME.findall(text)})]

    def find(self, written: str, at: Position) -> TermList | Expression | None:
        """Return what is *written* at this place as `$name` or `@name`; None for an expression that has a fault.

        Raises:
            BadNameError: there is none.
        """
        pack, _, bare = written[1:].rpartition("/")
        if written[0] == "@" and pack == OWN:
            if bare not in BUILT_IN:
                every = ", ".join(f"@{OWN}/{name}" for name in sorted(BUILT_IN))
                raise BadNameError(f"there is no {written}: the built-in terms are {every}")
            return BUILT_IN[bare]
        scope = self._of(pack)
        if scope is None:
            remedy = meant(pack, [*self._used, self._pack.id]) or f": write use: [{pack}] beside its id"
            raise BadNameError(f"this pack does not use {pack}{remedy}")
        return scope._own(written, bare, at)

    def _of(self, pack: str) -> Scope | None:
        """Return the scope of *pack*, which is empty in a name of its own."""
        # It is not among the others: in a circle it would stay with all its texts until garbage is collected.
        return self if pack in {"", self._pack.id} else self._used.get(pack)

    def _own(self, written: str, bare: str, at: Position) -> TermList | Expression | None:
        if written[0] == "$" and bare in self._lists:
            return self._lists[bare]
        if written[0] == "@" and bare in self._specs:
            if bare not in self.expressions:
                self._uses.setdefault(bare, set()).add(at)
            return self.expressions.get(bare)
        if bare in self._lists or bare in self._specs:
            what, sigil = ("a list", "$") if bare in self._lists else ("an expression", "@")
            raise BadNameError(f"{bare} is {what}: write {sigil}{written[1:]}")
        what, known = ("list", self._lists) if written[0] == "$" else ("expression", self._specs)
        likely = meant(bare, known, sigil=written.removesuffix(bare))
        raise BadNameError(f"unknown {what} {written}{likely}")

    def _content(self, written: str) -> str:
        pack, _, bare = written[1:].rpartition("/")
        scope = self._of(pack)
        if scope is None:
            return ""
        if written[0] == "$":
            return scope._texts.get(bare, "")
        return scope.expressions[bare].digest if bare in scope.expressions else ""

    def _list(self, spec: ListSpec) -> TermList:
        members: list[tuple[Term, str]] = []
        excluded: list[Term] = []
        for value, texts in spec.groups:
            for text in texts:
                minus = text.text.startswith("-")
                try:
                    term = compile_term(text.text[1:].strip() if minus else text.text)
                except TermError as error:
                    self._faults.append(("", text.problem(str(error))))
                    continue
                if minus:
                    excluded.append(term)
                else:
                    members.append((term, value))
        return TermList(f"{self._pack.id}/{spec.name.text}", tuple(members), tuple(excluded), spec.labelled)

    # ---- expressions -----------------------------------------------------------------------------------------------

    def _in_order(self) -> Iterator[ExpressionSpec]:
        """Yield the expressions, each behind those that it names; those that name themselves in a circle are faults."""
        inner = {name: list(self._inner(spec)) for name, spec in self._specs.items()}
        while True:
            order = TopologicalSorter(inner)
            try:
                yield from (self._specs[name] for name in order.static_order())
            except CycleError as error:
                circle = error.args[1][:0:-1]
                self._faults.append(self._circular(circle))
                inner = {
                    name: [other for other in names if other not in circle]
                    for name, names in inner.items()
                    if name not in circle
                }
            else:
                return

    def _inner(self, spec: ExpressionSpec) -> dict[str, int]:
        """Return the expressions of this pack that *spec* names, and where it does first."""
        found: dict[str, int] = {}
        for name in _NAME.finditer(spec.match.text):
            pack, _, bare = name[0][1:].rpartition("/")
            if name[0][0] == "@" and pack in ("", self._pack.id) and bare in self._specs:
                found.setdefault(bare, name.start())
        return found

    def _circular(self, circle: Sequence[str]) -> tuple[str, Problem]:
        """Return the fault of names of which each uses the next and the last the first; it is that of the first in the file."""
        first = min(circle, key=list(self._specs).index)
        start = circle.index(first)
        names = (*circle[start:], *circle[:start], first)
        steps = ", ".join(f"@{one} uses @{other}" for one, other in pairwise(names))
        spec, words = self._specs[first], f"@{first} is made of itself: {steps}; take one of these names out"
        return first, spec.match.problem(words, offset=self._inner(spec)[names[1]], length=len(names[1]) + 1)

    def _expression(self, spec: ExpressionSpec) -> Expression | None:
        name, text = spec.name.text, spec.match
        names = _Names(self, text)
        try:
            body = parse_body(text.text, names)
            _check_extent(body)
        except QueryError as error:
            self._faults.append((name, text.problem(str(error), offset=error.start, length=error.length)))
            return None
        if names.faulty or not self._check_labels(spec, body):
            return None
        labels = None if spec.labels is None else tuple((out.text, own.text) for out, own in spec.labels)
        expression = Expression(
            name=f"{self._pack.id}/{name}",
            body=body,
            place=text,
            labels=labels,
            fields=fields(body),
            made_of=made_of(body),
            levels=levels(body),
            size=size(body),
            digest=digest([text.text, labels, self.contents([text.text])]),
            fires=spec.fires,
            quiet=spec.quiet,
        )
        given = {
            (outside, terms.name): (outside, terms)
            for label, terms in labelled(body)
            for outside in expression.leaving(label)
        }
        return replace(expression, given=tuple(given.values()))

    def _check_labels(self, spec: ExpressionSpec, body: Near) -> bool:
        """Check that an expression passes on only labels that its body gives."""
        given = body.gives
        unknown = [own for _, own in spec.labels or () if own.text not in given]
        for own in unknown:
            words = f"the body of @{spec.name.text} gives no label {own.text}{meant(own.text, given)}"
            self._faults.append((spec.name.text, own.problem(words)))
        return not unknown


def scope_of(pack: PackSpec, scopes: Scopes) -> Scope:
    """Return the scope of *pack*; a new one, and those of what it uses, are added to *scopes*."""
    for one in with_used([pack]):
        if id(one) not in scopes:
            scopes[id(one)] = Scope(one, {used.id: scopes[id(used)] for used in one.used})
    return scopes[id(pack)]


def names_in(texts: Iterable[str], pack: str) -> set[str]:
    """Return the lists and expressions that *texts* of a *pack* name, as `$pack/name` and `@pack/name`."""
    found = {name for text in texts for name in _NAME.findall(text)}
    return {name if "/" in name else f"{name[0]}{pack}/{name[1:]}" for name in found}


class _Names:
    """The names that stand in one text. *faulty*: one of them is an expression that has a fault."""

    def __init__(self, scope: Scope, text: Located) -> None:
        self.faulty = False
        self.literal = scope.literal
        self._scope = scope
        self._text = text

    def find(self, written: str, start: int) -> TermList | Expression:
        """Return what is *written*, and a list without members in place of an expression that has a fault."""
        found = self._scope.find(written, self._text.at(start))
        if found is None:
            self.faulty = True
            return TermList(written, ())
        return found


def _check_extent(node: Condition | Near) -> None:
    """Check that what *node* is when every name is written out can be judged in reasonable time and depth."""
    if levels(node) > 2 * DEEPEST:
        words = f"names are nested more than {DEEPEST} deep (two brackets count as one): name fewer in each other"
        raise QueryError(words, node.start, len(node.text))
    if size(node) > LARGEST:
        raise QueryError(
            f"more than {LARGEST:,} terms if every name is written out: make two rules of it",
            node.start,
            len(node.text),
        )


def digest(parts: Sequence[object]) -> str:
    """Return a short hash of *parts*, which changes with any of them."""
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:16]
