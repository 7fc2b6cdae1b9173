"""Rule packs: a folder of YAML files to a PackSpec, every fault at its place (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from tocsin.config.files import read_text, shown_path
from tocsin.config.nodes import Items, Node, Pairs, Scalar, children, member, problem
from tocsin.config.shape import Duration, Shape, Texts, find
from tocsin.config.yamlfile import read
from tocsin.errors import Position, Problem
from tocsin.model import Located, Severity
from tocsin.rules.spec import ListSpec, NewsSpec, PackSpec, PriceSpec, RuleSpec

COOLDOWN = timedelta(hours=12)
#: A quote older than this in market time is not judged, and neither is a move before so many closes are known.
STALE_AFTER = timedelta(hours=48)
MIN_OBS = 10
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

#: (path, text) of every file of a pack.
Files = tuple[tuple[str, str], ...]


class _Pack(Shape):
    id: _Id
    version: str = ""
    title: str = ""
    note: str = ""


class _News(Shape):
    match: str
    unless: str | None = None
    severity_if: tuple[dict[Severity, str], ...] = ()


class _Price(Shape):
    instruments: Any  # a class, or ids: see _check_prices
    when: str
    clear: str | None = None
    stale_after: Duration = STALE_AFTER
    min_obs: Annotated[int, Field(ge=0, le=300)] = MIN_OBS
    confirm: Annotated[int, Field(ge=1, le=100)] = 1


class _Rule(Shape):
    id: _Id
    news: _News | None = None
    price: _Price | None = None
    title: str | None = None
    severity: Severity = Severity.MEDIUM
    event: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] | None = None
    key: Texts | None = None
    cooldown: Duration = COOLDOWN
    fires: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    note: str = ""
    references: Texts = ()


class _File(Shape):
    tocsin: Literal[1]
    pack: _Pack | None = None
    lists: dict[str, Any] = Field(default_factory=dict)
    rules: tuple[_Rule, ...] = ()


def read_pack(folder: Path) -> tuple[Files, tuple[Problem, ...]]:
    """The YAML files of *folder*, sorted by name, and what could not be read."""
    if not folder.is_dir():
        return (), (Problem(message=f"{shown_path(folder)} is not a folder of rules"),)
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
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
    """The pack in *files*, or None where it has faults; every problem of every file."""
    problems: list[Problem] = []
    lists: list[ListSpec] = []
    rules: list[RuleSpec] = []
    heads: list[tuple[_Pack, Node]] = []
    for path, text in files:
        document = read(text, path)
        problems += document.problems
        if document.root is None:
            continue
        shape = _File.of(document.root, problems)
        problems += _check_lists(document.root)
        problems += _check_conditions(document.root)
        if shape is None:
            continue
        if shape.pack:
            heads.append((shape.pack, document.root))
        lists += _lists(document.root)
        rules += [_rule(rule, find(document.root, ("rules", n))) for n, rule in enumerate(shape.rules)]
    problems += _check_twice(lists)
    if any(not item.warning for item in problems):
        return None, tuple(problems)
    if len(heads) != 1:
        where = Position(file=files[0][0], line=1, column=1) if files else None
        words = "one file of the folder must name the pack: pack: {id: ..., version: ...}"
        again = "two files of the folder name the pack; keep one"
        fault = problem(heads[1][1], again) if heads else Problem(message=words, position=where)
        return None, (*problems, fault)
    head, root = heads[0]
    spec = PackSpec(
        id=head.id,
        version=head.version,
        lists=tuple(lists),
        rules=tuple(rules),
        position=_key_position(root, "pack"),
        files=tuple(files),
    )
    return spec, tuple(problems)


def _check_lists(root: Node) -> Iterator[Problem]:
    for node in children(member(root, "lists")):
        groups = children(node) if isinstance(node, Pairs) else (node,)
        for group in groups:
            if not isinstance(group, Items):
                yield problem(group, "a list is terms in square brackets or with dashes, or a map of such lists")
                continue
            for term in group.items:
                if not isinstance(term, Scalar):
                    yield problem(term, "a term is text")
                elif term.value is None or term.value == "":
                    yield problem(term, "a term must not be empty")
        if not children(node) and isinstance(node, Items | Pairs):
            yield problem(node, "the list is empty")


def _check_conditions(root: Node) -> Iterator[Problem]:
    """A rule has one kind of condition, and a price condition says which instruments it is about."""
    for rule in children(member(root, "rules")):
        if not isinstance(rule, Pairs):
            continue
        news, price = rule.key("news"), rule.key("price")
        if news and price:
            yield problem(price, "a rule is about news or about a price; write two rules and join them with all_of")
        elif not news and not price:
            yield problem(rule.pairs[0][0] if rule.pairs else rule, "news or price is missing here")
        instruments = member(member(rule, "price"), "instruments")
        if instruments is not None and not _about_instruments(instruments):
            words = "say which instruments are meant: {class: metal}, or a list of their ids: [copper, tin]"
            yield problem(instruments, words)


def _about_instruments(node: Node) -> bool:
    if isinstance(node, Pairs):
        kind = node.get("class")
        return len(node.pairs) == 1 and isinstance(kind, Scalar) and bool(kind.text)
    items = (node,) if isinstance(node, Scalar) else node.items
    return bool(items) and all(isinstance(item, Scalar) and item.text for item in items)


def _check_twice(lists: Sequence[ListSpec]) -> Iterator[Problem]:
    first: dict[str, Located] = {}
    for spec in lists:
        name = spec.name
        if name.text in first:
            place = first[name.text].at()
            words = f"the list {name.text} stands here twice, first at {place.file}:{place.line}"
            yield Problem(message=words, position=name.at(), excerpt=name.excerpt(), length=len(name.text))
        first.setdefault(name.text, name)


def _lists(root: Node) -> Iterator[ListSpec]:
    lists = member(root, "lists")
    for key, node in lists.pairs if isinstance(lists, Pairs) else ():
        if isinstance(node, Pairs):
            groups = tuple((value.text, _located(group)) for value, group in node.pairs)
        else:
            groups = (("", _located(node)),)
        yield ListSpec(name=key.place, groups=groups)


def _rule(shape: _Rule, node: Node | None) -> RuleSpec:
    assert isinstance(node, Pairs)
    identity = node.get("id")
    assert isinstance(identity, Scalar)
    key = node.get("key")
    names = (key.place,) if isinstance(key, Scalar) else _located(key)
    return RuleSpec(
        id=identity.place,
        title=shape.title if shape.title is not None else shape.id.replace("-", " ").replace("_", " ").capitalize(),
        severity=shape.severity,
        event=shape.event or f"custom.{shape.id}",
        news=_news(node.get("news")) if shape.news else None,
        price=_price(shape.price, node.get("price")) if shape.price else None,
        key=names or (replace(identity.place, text="instrument" if shape.price else "story"),),
        cooldown=shape.cooldown,
        fires=_located(node.get("fires")),
        quiet=_located(node.get("quiet")),
        note=shape.note.strip(),
        references=shape.references,
    )


def _news(node: Node | None) -> NewsSpec:
    unless = member(node, "unless")
    levels = (pair for item in children(member(node, "severity_if")) if isinstance(item, Pairs) for pair in item.pairs)
    return NewsSpec(
        match=_place(member(node, "match")),
        unless=_place(unless) if unless else None,
        severity_if=tuple((Severity(level.text), _place(text)) for level, text in levels),
    )


def _price(shape: _Price, node: Node | None) -> PriceSpec:
    clear = member(node, "clear")
    instruments = member(node, "instruments")
    kind = member(instruments, "class")
    ids = (instruments,) if isinstance(instruments, Scalar) else children(instruments)
    return PriceSpec(
        when=_place(member(node, "when")),
        clear=_place(clear) if clear else None,
        kind=kind.text if isinstance(kind, Scalar) else "",
        instruments=() if kind else tuple(item.place for item in ids if isinstance(item, Scalar)),
        stale_after=shape.stale_after,
        min_obs=shape.min_obs,
        confirm=shape.confirm,
    )


def _place(node: Node | None) -> Located:
    assert isinstance(node, Scalar)
    return node.place


def _located(node: Node | None) -> tuple[Located, ...]:
    return tuple(item.place for item in children(node))


def _key_position(root: Node, name: str) -> Position | None:
    key = root.key(name) if isinstance(root, Pairs) else None
    return key.place.at() if key else None
