"""Packs with the packs that they use: where these are found, and what is wrong with the way they use each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

from tocsin.config.packs import Files, parse_pack, read_pack
from tocsin.config.shipped import among_shipped, find_pack
from tocsin.config.yaml.file import shown_path
from tocsin.errors import Problem
from tocsin.rules.spec import PackSpec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadPack:
    """The pack in a *folder*; *spec* is None where it or a pack that it uses has a fault of shape.

    *files* are its own, and behind them those of all that it uses: what is kept as one version.
    """

    folder: Path
    files: Files
    spec: PackSpec | None
    problems: tuple[Problem, ...]


#: Finds a pack by its id for the pack that uses it.
_Find = Callable[[str, ReadPack], ReadPack | None]


class Library:
    """Reads each pack once, and those that it uses.

    A pack that is used is looked for among those of *folders*, then beside the one that uses it, then among the shipped ones.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._alone: dict[Path, ReadPack] = {}
        self._joined: dict[int, ReadPack] = {}
        self._listed = [self._read(folder) for folder in folders]

    def packs(self) -> list[ReadPack]:
        """Return the packs of the folders."""
        return [_join(pack, self._find, self._joined) for pack in self._listed]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all packs that were read."""
        return tuple(self._alone)

    def _read(self, folder: Path) -> ReadPack:
        if folder not in self._alone:
            files, unread = read_pack(folder)
            spec, problems = (None, unread) if unread else parse_pack(files)
            self._alone[folder] = ReadPack(folder=folder, files=files, spec=spec, problems=tuple(problems))
        return self._alone[folder]

    def _find(self, name: str, user: ReadPack) -> ReadPack | None:
        for pack in self._listed:
            # A pack that cannot be read is known by its folder.
            if name == (pack.spec.id if pack.spec else pack.folder.name):
                return pack
        beside = user.folder.parent / name
        folder = beside if beside.is_dir() else find_pack(name)
        return self._read(folder) if folder else None


def kept_version(files: Files) -> ReadPack:
    """Return the pack that was kept as *files*: a pack and all that it uses, each in its own folder."""
    folders = [(Path(folder), tuple(group)) for folder, group in groupby(files, lambda file: str(Path(file[0]).parent))]
    packs = []
    for folder, group in folders:
        spec, problems = parse_pack(group)
        packs.append(ReadPack(folder=folder, files=group, spec=spec, problems=tuple(problems)))
    ids = {pack.spec.id: pack for pack in packs if pack.spec}
    return _join(packs[0], lambda name, _: ids.get(name), {})


def _join(pack: ReadPack, find: _Find, done: dict[int, ReadPack], users: tuple[ReadPack, ...] = ()) -> ReadPack:
    """Return *pack* with the packs that it uses; *users* are those on the way to it, *done* those that were joined before."""
    if id(pack) in done:
        return done[id(pack)]
    names = pack.spec.use if pack.spec else ()
    users = (*users, pack)
    used: list[ReadPack] = []
    faults: list[Problem] = []
    for name in names:
        found = find(name.text, pack)
        if words := _fault(name.text, found, users):
            faults.append(name.problem(words))
        elif found:
            used.append(_join(found, find, done, users))
    specs = tuple(one.spec for one in used if one.spec)
    done[id(pack)] = replace(
        pack,
        files=tuple(dict.fromkeys((*pack.files, *(file for one in used for file in one.files)))),
        spec=replace(pack.spec, used=specs) if pack.spec and len(specs) == len(names) else None,
        problems=(*pack.problems, *faults, *(problem for one in used for problem in one.problems)),
    )
    return done[id(pack)]


def _fault(name: str, found: ReadPack | None, users: Sequence[ReadPack]) -> str:
    """Return why the last of *users* cannot use the pack *found* under this *name*; empty if it can."""
    if found is None:
        beside = shown_path(users[-1].folder.parent)
        return (
            f"there is no pack {name}: neither among those of rules, nor in {beside}, nor among {among_shipped(name)}"
        )
    if found.spec and found.spec.id != name:
        return f"{shown_path(found.folder)} holds the pack {found.spec.id}, and not {name}"
    if found not in users:
        return ""
    circle = [pack.spec.id for pack in users[users.index(found) :] if pack.spec]
    steps = ", ".join(f"{one} uses {other}" for one, other in pairwise([*circle, circle[0]]))
    return f"the pack {name} is used by itself: {steps}"
