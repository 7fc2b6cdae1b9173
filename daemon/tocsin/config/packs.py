"""Rule packs: a folder of YAML files is read into a PackSpec, with every fault at its position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tocsin.config.conditions import check_conditions
from tocsin.config.pack_file import COOLDOWN, NAME, PriceShape, RuleFile, RuleShape
from tocsin.config.shipped import find_pack
from tocsin.config.yaml.file import read, read_text, shown_path
from tocsin.config.yaml.nodes import Items, Node, Pairs, Scalar, children, entries, member, problem, scalars
from tocsin.config.yaml.shape import Shape
from tocsin.errors import AS_OWNER, Position, Problem
from tocsin.model.rules import CorrelationKind, Located, Severity
from tocsin.rules.spec import CorrelationSpec, ExpressionSpec, ListSpec, NewsSpec, PackSpec, PriceSpec, RuleSpec

#: (path, text) of every file of a pack.
Files = tuple[tuple[str, str], ...]

#: Files of a pack.
MOST_FILES = 500


def read_pack(folder: Path) -> tuple[Files, tuple[Problem, ...]]:
    """Return the YAML files of *folder*, sorted by name, and what could not be read."""
    try:
        found = list(folder.iterdir())
    except PermissionError as error:
        return (), (Problem(message=f"{shown_path(folder)} cannot be read: {error.strerror}{AS_OWNER}"),)
    except OSError:
        shipped = f"; the shipped pack is written {folder.name}, without a path" if find_pack(folder.name) else ""
        return (), (Problem(message=f"{shown_path(folder)} is not a folder of rules{shipped}"),)
    paths = sorted(path for path in found if path.suffix in (".yaml", ".yml"))
    if len(paths) > MOST_FILES:
        return (), (
            Problem(
                message=f"{shown_path(folder)} holds more than {MOST_FILES} .yaml files, which is too many for a pack"
            ),
        )
    if not paths:
        return (), (
            Problem(
                message=f"{shown_path(folder)} holds no .yaml file: write a rule into it, or take it out of rules:"
            ),
        )
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
        problems += check_lists(document.root)
        problems += _check_expressions(document.root)
        problems += check_conditions(document.root)
        if shape is None:
            continue
        if shape.pack:
            heads.append(shape)
        lists += read_lists(document.root)
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
    if head.library and rules:
        fault = rules[0].id.problem(f"{head.id} is a library, which has no rules: leave library out, or move the rules")
        return None, (*problems, fault)
    spec = head.build(
        PackSpec,
        distinguish=_places(_node(head).get("distinguish")),
        use=_places(_node(head).get("use")),
        lists=tuple(lists),
        expressions=tuple(expressions),
        rules=tuple(rules),
        position=key.place.at(),
        files=tuple(files),
    )
    return spec, tuple(problems)


def parse_rules(text: str, path: str) -> tuple[tuple[RuleSpec, ...], tuple[Problem, ...]]:
    """Return the rules in the *text* of one file of a pack, none where it has faults, and its problems."""
    problems: list[Problem] = []
    document = read(text, path)
    problems += document.problems
    shape = RuleFile.of(document.root, problems) if document.root else None
    if document.root:
        problems += check_conditions(document.root)
    faulty = shape is None or any(not item.warning for item in problems)
    return () if faulty or shape is None else tuple(map(_rule, shape.rules)), tuple(problems)


def find_rule(text: str, path: str, rule: str) -> tuple[int, int] | None:
    """Return the first and the last line of the rule with the id *rule* in the *text* of a file.

    None if it is not there, or not alone on its lines.
    """
    root = read(text, path).root
    items = children(member(root, "rules"))
    starts = [item.place.at().line for item in items]
    found = [n for n, item in enumerate(items) if (one := member(item, "id")) and one.place.text == rule]
    if len(found) != 1:
        return None
    first = starts[found[0]]
    later = [line for line in (*starts, *(key.place.at().line for key, _ in entries(root))) if line > first]
    lines = text.split("\n")
    last = min(later, default=len(lines) + 1) - 1
    while last > first and lines[last - 1].strip()[:1] in ("", "#"):
        last -= 1
    alone = starts.count(first) == 1 and lines[first - 1].lstrip().startswith("-")
    return (first, last) if alone else None


def check_lists(root: Node) -> Iterator[Problem]:
    """Yield faults of the terms under `lists`, which the shape leaves to the nodes."""
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
        groups: list[Node | None] = [owns for _, owns in entries(labels)] or [labels]
        if labels is not None and not all(map(_is_texts, groups)):
            yield problem(
                labels, "labels must be names of labels in square brackets, or a map such as {actor: country}"
            )


def _is_texts(node: Node | None) -> bool:
    """Return whether *node* is a text, or a list of nothing but texts."""
    texts = scalars(node)
    single = not isinstance(node, Pairs) and len(texts) >= len(children(node))
    return single and all(isinstance(text.value, str) for text in texts)


def _check_names(lists: Sequence[ListSpec], expressions: Sequence[ExpressionSpec]) -> Iterator[Problem]:
    """Yield faults of names: lists and expressions of a pack share one name space."""
    first: dict[str, tuple[str, Located]] = {}
    for kind, name in (*(("list", one.name) for one in lists), *(("expression", one.name) for one in expressions)):
        if not NAME.fullmatch(name.text):
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


def read_lists(root: Node) -> Iterator[ListSpec]:
    """Yield what stands under `lists`."""
    for key, node in entries(member(root, "lists")):
        if isinstance(node, Pairs):
            groups = tuple((value.text, _places(group)) for value, group in node.pairs)
        else:
            groups = (("", _places(node)),)
        yield ListSpec(name=key.place, groups=groups)


def _expressions(root: Node) -> Iterator[ExpressionSpec]:
    for key, node in entries(member(root, "expressions")):
        labels = member(node, "labels")
        pairs = [(name.place, own) for name, owns in entries(labels) for own in _places(owns)]
        pairs += [(name, name) for name in _places(labels)] if not pairs else []
        yield ExpressionSpec(
            name=key.place,
            match=_place(member(node, "match") if isinstance(node, Pairs) else node),
            fires=_places(member(node, "fires")),
            quiet=_places(member(node, "quiet")),
            labels=tuple(pairs) if labels is not None else None,
        )


def _rule(shape: RuleShape) -> RuleSpec:
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
        key=names or _shared(correlation) or (replace(identity, text=default),),
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


def _price(shape: PriceShape) -> PriceSpec:
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


def _shared(correlation: CorrelationSpec | None) -> tuple[Located, ...]:
    """Return the labels that tell the alerts of a correlation apart."""
    if correlation is None:
        return ()
    return (correlation.new,) if correlation.new else correlation.by


def _correlation(shape: RuleShape, node: Pairs) -> CorrelationSpec | None:
    kind = next((name for name in CorrelationKind if node.key(name)), None)
    new = member(node.get("count"), "new")
    none_within = shape.count.none_within if shape.count else None
    if kind is None or (shape.within is None and new is None and none_within is None):
        return None
    distinct = member(node.get("count"), "distinct")
    return CorrelationSpec(
        kind=kind,
        members=(_place(member(node.get("count"), "rule")),) if shape.count else _places(node.get(kind)),
        within=shape.within or timedelta(0),
        at_least=(shape.count.at_least if shape.count else shape.at_least) or 1,
        distinct=_place(distinct) if distinct else None,
        by=_places(node.get("by")),
        ordered=shape.order,
        more_than=shape.count.more_than if shape.count else None,
        new=_place(new) if new else None,
        none_within=none_within,
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
