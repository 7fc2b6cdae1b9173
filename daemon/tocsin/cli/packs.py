"""`tocsin packs`: the packs that come with the program, and copies of them to edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import JsonOption
from tocsin.cli.output import dump, item, listing, say, shown, table
from tocsin.config.copies import copy_pack
from tocsin.config.library import Library
from tocsin.config.shipped import SHIPPED, among_shipped, find_pack, pack_names
from tocsin.config.yaml.file import shown_path
from tocsin.errors import ConfigError, UsageError
from tocsin.rules.spec import ListSpec, PackSpec, RuleSpec

app = typer.Typer(help="List, show and copy the rule packs that come with tocsin.", no_args_is_help=True)

PackArgument = Annotated[
    str, typer.Argument(help="A shipped pack, or a folder with a slash.", show_default=False, autocompletion=pack_names)
]
ShippedArgument = Annotated[str, typer.Argument(help="A shipped pack.", show_default=False, autocompletion=pack_names)]
IntoArgument = Annotated[Path, typer.Argument(help="The folder for the copy: that of the configuration, usually.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pack:
    """A pack as it is listed. *used* are the packs whose lists and expressions it names."""

    name: str
    version: str
    title: str
    folder: str
    rules: int
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A rule as it is listed. *kind* is news, price or correlation."""

    id: str
    severity: str
    kind: str
    event: str
    title: str


@app.command("list")
def list_packs(json: JsonOption = False) -> None:
    """List the packs that come with tocsin: `rules: [NAME]` in the configuration puts one in force."""
    folders = [SHIPPED / name for name in pack_names()]
    listing(
        map(_pack, _read(folders), folders),
        {
            "name": attrgetter("name"),
            "version": attrgetter("version"),
            "rules": attrgetter("rules"),
            "uses": lambda one: ", ".join(one.used),
            "title": attrgetter("title"),
        },
        json=json,
        empty=f"There are no packs in {SHIPPED}; install tocsin again.",
    )


@app.command("show")
def show_pack(name: PackArgument, json: JsonOption = False) -> None:
    """Show the rules, lists and expressions of the pack NAME."""
    if "/" not in name and not find_pack(name):
        raise UsageError(f"{name} is not among {among_shipped(name)}; a folder needs a slash: ./{name}")
    folder = find_pack(name) or Path(name)
    (spec,) = _read([folder])
    rules = [_rule(rule) for rule in spec.rules]
    expressions = [one.name.text for one in spec.expressions]
    lists = {one.name.text: _size(one) for one in spec.lists}
    pack = _pack(spec, folder)
    if json:
        dump({"pack": pack, "lists": lists, "expressions": expressions, "rules": rules})
        return
    print(shown(f"{pack.name} {pack.version}  {pack.title}".rstrip()))
    parts = {
        "folder": [shown_path(folder)],
        "uses": pack.used,
        "lists": [f"{name} ({terms:,})" for name, terms in lists.items()],
        "expressions": expressions,
    }
    for label, words in parts.items():
        for line in item(label, *filter(None, [", ".join(words)])):
            print(line)
    if rules:
        print()
        columns = ("id", "severity", "kind", "title")
        table(columns, ([getattr(rule, column) for column in columns] for rule in rules), empty="")


@app.command("copy")
def copy(name: ShippedArgument, into: IntoArgument = Path()) -> None:
    """Copy the shipped pack NAME, with the packs that it uses, into a folder to edit it there.

    Nothing is overwritten. `tocsin check` says when the shipped pack is newer than the copy.
    """
    if not find_pack(name):
        raise UsageError(f"{name} is not among {among_shipped(name)}")
    for copied in copy_pack(name, into):
        place = shown_path(copied.folder)
        say(f"{copied.name} was copied to {place}." if copied.new else f"{place} exists and stays as it is.")
    say(
        f"To use the copy, write the path {_with_slash(into / name)} in place of {name} below rules: in the configuration."
    )
    say(f"Words alone need no copy: overrides: {{{name}: {{lists: {{LIST: [WORD]}}}}}} adds them.")


def _with_slash(path: Path) -> str:
    return shown_path(path) if path.is_absolute() else f"./{path}"


def _read(folders: Sequence[Path]) -> list[PackSpec]:
    """Return the packs in *folders*.

    Raises:
        ConfigError: a pack has faults.
    """
    read = Library(folders).packs()
    if problems := [item for pack in read if not pack.spec for item in pack.problems]:
        raise ConfigError(problems)
    return [pack.spec for pack in read if pack.spec]


def _pack(spec: PackSpec, folder: Path) -> _Pack:
    return _Pack(
        name=spec.id,
        version=spec.version,
        title=spec.title,
        folder=str(folder),
        rules=len(spec.rules),
        used=tuple(used.text for used in spec.use),
    )


def _rule(rule: RuleSpec) -> _Rule:
    kind = "news" if rule.news else "price" if rule.price else "correlation"
    return _Rule(id=rule.id.text, severity=rule.severity, kind=kind, event=rule.event, title=rule.title)


def _size(one: ListSpec) -> int:
    return sum(len(terms) for _, terms in one.groups)
