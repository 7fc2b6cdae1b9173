"""Rule packs: a folder of YAML files is read into a PackSpec, with every fault at its position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema
from pydantic.config import JsonDict

from tocsin.config.conditions import check_conditions
from tocsin.config.yaml.file import read, read_text, shown_path
from tocsin.config.yaml.nodes import Items, Node, Pairs, Scalar, children, entries, member, problem, scalars
from tocsin.config.yaml.shape import TEXTS, Duration, Shape, Texts, tag
from tocsin.errors import Position, Problem
from tocsin.model.rules import CorrelationKind, Located, Severity
from tocsin.rules.spec import CorrelationSpec, ExpressionSpec, ListSpec, NewsSpec, PackSpec, PriceSpec, RuleSpec

COOLDOWN = timedelta(hours=12)
#: A quote older than this in market time is not judged, and neither is a move before so many closes are known.
STALE_AFTER = timedelta(hours=48)
MIN_OBS = 10
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

_Number = Annotated[int, Field(ge=1, le=1000)]

_TERMS = {"type": "array", "minItems": 1, "items": {"type": ["string", "number"], "minLength": 1}}
_LISTS = {"anyOf": [_TERMS, {"type": "object", "minProperties": 1, "additionalProperties": _TERMS}]}
#: Names of lists and expressions.
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NAMES: JsonDict = {"propertyNames": {"pattern": f"^{_NAME.pattern}$"}}
#: The content of a list is checked on the nodes, because they have the position of each term.
_Lists = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "additionalProperties": _LISTS, **_NAMES})]

_CLASS = {
    "type": "object",
    "properties": {"class": {"type": "string", "description": "The class of the instruments."}},
    "required": ["class"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
}
_LEAVING = {"anyOf": [*TEXTS["anyOf"], {"type": "object", "additionalProperties": {"type": "string"}}]}

_IDS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
#: The choice between the two forms is checked on the nodes.
_Which = Annotated[Any, WithJsonSchema({"anyOf": [_CLASS, {"type": "string"}, _IDS]})]

#: (path, text) of every file of a pack.
Files = tuple[tuple[str, str], ...]


class _Pack(Shape):
    id: _Id
    """The name of the pack: pack/rule names a rule in full."""
    version: str = ""
    """The version of the pack, for people."""
    title: str = ""
    """The subject of the pack."""
    distinguish: Texts = ()
    """Labels that tell stories with similar headlines apart, in addition to the labels of a rule's key.

    A report with a new value of such a label updates the alert that it joins.
    """
    note: str = ""
    """A note for readers of the pack."""


class _Expression(Shape):
    match: str
    """The expression. It means what it would in brackets, wherever @name stands."""
    fires: tuple[str, ...] = ()
    """Headlines that must meet it. Checked by check, test and every reload."""
    quiet: tuple[str, ...] = ()
    """Headlines that must not meet it."""
    labels: Annotated[Any, WithJsonSchema(_LEAVING)] = None
    """The labels that leave it: [mineral], [] for none, or {actor: country} for country under the name actor. Default: all."""
    note: str = ""
    """A note for readers of the pack."""


def _form(value: Any) -> str:
    """Return the tag of an expression: a map, or a text that is its `match`."""
    return tag("map" if isinstance(value, Mapping) else "text")


_Expressions = dict[
    str, Annotated[Annotated[str, Tag(tag("text"))] | Annotated[_Expression, Tag(tag("map"))], Discriminator(_form)]
]


class _News(Shape):
    match: str
    """The expression that an entry must meet. Write it after `match: |`, since YAML eats leading quotes."""
    unless: str | None = None
    """An expression that cancels the match."""
    severity_if: tuple[dict[Severity, str], ...] = ()
    """Severities with an expression each. The first that is true, within the sentences of the match, is used."""


class _Price(Shape):
    instruments: _Which
    """The instruments: a class such as {class: equity}, or ids such as [copper, tin]."""
    when: str
    """The comparison that makes the rule fire when it becomes true, such as abs(z(20d)) >= 4."""
    clear: str | None = None
    """The comparison that re-arms the rule. Needed if it cannot be derived from `when`."""
    stale_after: Duration = STALE_AFTER
    """Quotes older than this in market time are not judged."""
    min_obs: Annotated[int, Field(ge=0, le=300)] = MIN_OBS
    """Number of closes that must be known before the rule is evaluated."""
    confirm: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of quotes in a row that must agree before the rule fires."""


class _Count(Shape):
    rule: str
    """The rule whose matches are counted: its id, or pack/id."""
    at_least: _Number
    """Number of distinct matches that make it true."""
    distinct: str = "entry"
    """Property that distinguishes the matches that are counted: origin, source, entry or a label."""


class _Rule(Shape):
    id: _Id
    """The name of the rule, unique in its pack. Never change it: state and history refer to it."""
    news: _News | None = None
    """A condition on the text of entries."""
    price: _Price | None = None
    """A condition on the prices of instruments. A rule has one condition."""
    all_of: Texts = ()
    """Rules that must all have matched: their ids, or pack/id."""
    any_of: Texts = ()
    """Rules of which some must have matched. at_least says how many."""
    at_least: _Number | None = None
    """Number of rules of any_of that must match."""
    count: _Count | None = None
    """A count of the matches of one rule."""
    by: Texts = ()
    """Labels for which the matches of a correlation must share a value."""
    within: Duration | None = None
    """The longest time between the matches of a correlation."""
    order: bool = False
    """True if the rules of all_of must match in this order."""
    title: str | None = None
    """The title of an alert. {label} is filled in. Default: made from the id."""
    severity: Severity = Severity.MEDIUM
    """The severity: info < low < medium < high < critical."""
    event: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] | None = None
    """The event as topic.group.type. Stories are folded within one event. Default: custom.<id>."""
    key: Texts | None = None
    """The labels whose values tell alerts apart. Default: story (instrument for a price, `by` for a correlation)."""
    cooldown: Duration | None = None
    """The least time between messages about one key value, such as 12h. Further messages are held, never dropped.

    Default: 12h, or the `within` of a correlation.
    """
    fires: tuple[str, ...] = ()
    """Headlines that must fire the rule. Checked by check, test and every reload."""
    quiet: tuple[str, ...] = ()
    """Headlines that must not fire the rule."""
    note: str = ""
    """Advice for whoever is notified. It is part of the message."""
    references: Texts = ()
    """Web addresses that the rule is based on."""


class RuleFile(Shape):
    """One file of a pack."""

    tocsin: Literal[1]
    """The version of the rule language."""
    pack: _Pack | None = None
    """The name of the pack. Only one file of the folder has it."""
    lists: _Lists = Field(default_factory=dict)
    """Named words: a list of terms, or a map of such lists whose keys become labels."""
    expressions: _Expressions = Field(default_factory=dict, json_schema_extra=_NAMES)
    """Named expressions, written as @name: a text, or a map with `match` and examples."""
    rules: tuple[_Rule, ...] = ()
    """The rules."""


#: Files of a pack.
MOST_FILES = 500


def read_pack(folder: Path) -> tuple[Files, tuple[Problem, ...]]:
    """Return the YAML files of *folder*, sorted by name, and what could not be read."""
    if not folder.is_dir():
        return (), (Problem(message=f"{shown_path(folder)} is not a folder of rules"),)
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    if len(paths) > MOST_FILES:
        return (), (
            Problem(
                message=f"{shown_path(folder)} holds more than {MOST_FILES} .yaml files, which is too many for a pack"
            ),
        )
    if not paths:
        return (), (Problem(message=f"{shown_path(folder)} holds no .yaml file"),)
    files = []
    problems = []
    for path in paths:
        text, fault = read_text(path)
        if fault:
            problems.append(fault)
        files.append((shown_path(path), text))
    return tuple(files), tuple(problems)


def parse_pack(files: Sequence[tuple[str, str]]) -> tuple[PackSpec | None, tuple[Problem, ...]]:
    """Return the pack in *files*, or None where it has faults; every problem of every file."""
    problems: list[Problem] = []
    lists: list[ListSpec] = []
    expressions: list[ExpressionSpec] = []
    rules: list[RuleSpec] = []
    heads: list[RuleFile] = []
    for path, text in files:
        document = read(text, path)
        problems += document.problems
        if document.root is None:
            continue
        shape = RuleFile.of(document.root, problems)
        problems += _check_lists(document.root)
        problems += _check_expressions(document.root)
        problems += check_conditions(document.root)
        if shape is None:
            continue
        if shape.pack:
            heads.append(shape)
        lists += _lists(document.root)
        expressions += _expressions(document.root)
        rules += map(_rule, shape.rules)
    problems += _check_names(lists, expressions)
    if any(not item.warning for item in problems):
        return None, tuple(problems)
    if len(heads) != 1:
        where = Position(file=files[0][0], line=1, column=1) if files else None
        words = "one file of the folder must name the pack: pack: {id: ..., version: ...}"
        again = "two files of the folder name the pack; keep one"
        fault = problem(_node(heads[1]), again) if heads else Problem(message=words, position=where)
        return None, (*problems, fault)
    head, key = heads[0].pack, _node(heads[0]).key("pack")
    assert head
    assert key
    spec = head.build(
        PackSpec,
        distinguish=_places(_node(head).get("distinguish")),
        lists=tuple(lists),
        expressions=tuple(expressions),
        rules=tuple(rules),
        position=key.place.at(),
        files=tuple(files),
    )
    return spec, tuple(problems)


def _check_lists(root: Node) -> Iterator[Problem]:
    for node in children(member(root, "lists")):
        groups = children(node) if isinstance(node, Pairs) else (node,)
        for group in groups:
            if not isinstance(group, Items):
                yield problem(group, "a list must be terms in square brackets or with dashes, or a map of such lists")
                continue
            for term in group.items:
                if not isinstance(term, Scalar):
                    yield problem(term, "a term must be text")
                elif term.value is None or term.value == "":
                    yield problem(term, "a term must not be empty")
        if not children(node) and isinstance(node, Items | Pairs):
            yield problem(node, "the list is empty")


def _check_expressions(root: Node) -> Iterator[Problem]:
    """Yield faults of the labels of expressions, which the shape leaves to the nodes."""
    for node in children(member(root, "expressions")):
        labels = member(node, "labels")
        texts = scalars(labels)
        if labels is not None and (
            len(texts) < len(children(labels)) or any(not isinstance(t.value, str) for t in texts)
        ):
            yield problem(
                labels, "labels must be names of labels in square brackets, or a map such as {actor: country}"
            )


def _check_names(lists: Sequence[ListSpec], expressions: Sequence[ExpressionSpec]) -> Iterator[Problem]:
    """Yield faults of names: lists and expressions of a pack share one name space."""
    first: dict[str, tuple[str, Located]] = {}
    for kind, name in (*(("list", one.name) for one in lists), *(("expression", one.name) for one in expressions)):
        if not _NAME.fullmatch(name.text):
            yield name.problem(
                f"the name of {'an' if kind == 'expression' else 'a'} {kind} must be small letters, digits and dashes, and begin with a letter"
            )
        if name.text in first:
            before, place = first[name.text][0], first[name.text][1].at()
            where = f"first at {place.file}:{place.line}"
            yield name.problem(
                f"the {kind} {name.text} is defined twice, {where}"
                if before == kind
                else f"{name.text} is the name of a list and of an expression, {where}; they share their names"
            )
        first.setdefault(name.text, (kind, name))


def _lists(root: Node) -> Iterator[ListSpec]:
    for key, node in entries(member(root, "lists")):
        if isinstance(node, Pairs):
            groups = tuple((value.text, _places(group)) for value, group in node.pairs)
        else:
            groups = (("", _places(node)),)
        yield ListSpec(name=key.place, groups=groups)


def _expressions(root: Node) -> Iterator[ExpressionSpec]:
    for key, node in entries(member(root, "expressions")):
        labels = member(node, "labels")
        pairs = [(name.place, own.place) for name, own in entries(labels) if isinstance(own, Scalar)]
        pairs += [(name, name) for name in _places(labels)] if not pairs else []
        yield ExpressionSpec(
            name=key.place,
            match=_place(member(node, "match") if isinstance(node, Pairs) else node),
            fires=_places(member(node, "fires")),
            quiet=_places(member(node, "quiet")),
            labels=tuple(pairs) if labels is not None else None,
        )


def _rule(shape: _Rule) -> RuleSpec:
    node = _node(shape)
    identity = _place(node.get("id"))
    correlation = _correlation(shape, node)
    default = "instrument" if shape.price else "story"
    names = _places(node.get("key"))
    return shape.build(
        RuleSpec,
        id=identity,
        title=shape.title if shape.title is not None else shape.id.replace("-", " ").replace("_", " ").capitalize(),
        event=shape.event or f"custom.{shape.id}",
        news=_news(_node(shape.news)) if shape.news else None,
        price=_price(shape.price) if shape.price else None,
        correlation=correlation,
        key=names or (correlation and correlation.by) or (replace(identity, text=default),),
        cooldown=shape.cooldown if shape.cooldown is not None else shape.within or COOLDOWN,
        fires=_places(node.get("fires")),
        quiet=_places(node.get("quiet")),
        note=shape.note.strip(),
    )


def _news(node: Pairs) -> NewsSpec:
    unless = node.get("unless")
    levels = (pair for item in children(node.get("severity_if")) for pair in entries(item))
    return NewsSpec(
        match=_place(node.get("match")),
        unless=_place(unless) if unless else None,
        severity_if=tuple((Severity(level.text), _place(text)) for level, text in levels),
    )


def _price(shape: _Price) -> PriceSpec:
    node = _node(shape)
    clear, instruments = node.get("clear"), node.get("instruments")
    kind = member(instruments, "class")
    return shape.build(
        PriceSpec,
        when=_place(node.get("when")),
        clear=_place(clear) if clear else None,
        kind=kind.text if isinstance(kind, Scalar) else "",
        instruments=() if kind else _places(instruments),
    )


def _correlation(shape: _Rule, node: Pairs) -> CorrelationSpec | None:
    kind = next((name for name in CorrelationKind if node.key(name)), None)
    if kind is None or shape.within is None:
        return None
    distinct = member(node.get("count"), "distinct")
    return CorrelationSpec(
        kind=kind,
        members=(_place(member(node.get("count"), "rule")),) if shape.count else _places(node.get(kind)),
        within=shape.within,
        at_least=shape.count.at_least if shape.count else shape.at_least or 1,
        distinct=_place(distinct) if distinct else None,
        by=_places(node.get("by")),
        ordered=shape.order,
    )


def _node(shape: Shape) -> Pairs:
    assert shape.node, "it was read from a file"
    return shape.node


def _place(node: Node | None) -> Located:
    assert isinstance(node, Scalar)
    return node.place


def _places(node: Node | None) -> tuple[Located, ...]:
    """Return the texts of a list, or the one that stands for a list."""
    return tuple(item.place for item in scalars(node))
