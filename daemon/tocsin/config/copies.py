"""Copies of shipped packs for people to edit: how they are made, and which of them are older than what is shipped."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, rmtree

from tocsin import __version__
from tocsin.config.shipped import SHIPPED, find_pack
from tocsin.config.yaml.file import load, shown_path
from tocsin.config.yaml.nodes import Node, Scalar, member, problem, scalars
from tocsin.errors import Problem, UsageError

#: The file of a copy that says what it was copied from. It is a file of the pack without lists and rules.
ORIGIN = "origin.yaml"
_ORIGIN = """\
# Written by `tocsin packs copy`. `tocsin check` warns when the shipped pack is newer than the version here.
tocsin: 1
x-origin: {{pack: {name}, version: "{version}", program: "{program}"}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """The *folder* of a copy. It is not *new* if a folder of this name was there before."""

    name: str
    folder: Path
    new: bool = True


def copy_pack(name: str, into: Path) -> list[Copied]:
    """Copy the shipped pack *name*, and those that it uses, each to a folder of its name in *into*.

    A folder of a used pack that is there already is left as it is.

    Raises:
        UsageError: there is no such pack, its copy exists, or a file cannot be written.
    """
    if (into / name).exists():
        raise UsageError(f"{shown_path(into / name)} exists, and nothing is overwritten: name another folder")
    copied = []
    for pack in reversed(_with_used(name)):  # the pack itself last: it is whole when it is there
        folder = into / pack
        copied.append(Copied(name=pack, folder=folder, new=not folder.exists()))
        if copied[-1].new:
            try:
                _copy(pack, folder)
            except OSError as error:
                raise UsageError(f"{shown_path(folder)} cannot be written: {error.strerror}") from error
    return copied[::-1]


def _with_used(name: str) -> list[str]:
    """Return *name* and the shipped packs that it uses, directly or not."""
    names = [name]
    for one in names:
        names += (used.text for used in scalars(_head(one, "use")) if used.text not in names and find_pack(used.text))
    return names


def _copy(name: str, folder: Path) -> None:
    """Copy one pack. Its folder appears when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        half.chmod(0o755)
        # The modes of installed files may forbid to edit them, so only the content is copied.
        for path in sorted((SHIPPED / name).rglob("*")):
            target = half / path.relative_to(SHIPPED / name)
            if path.is_dir():
                target.mkdir()
            else:
                copyfile(path, target)
        origin = _ORIGIN.format(name=name, version=version_of(name), program=__version__)
        (half / ORIGIN).write_text(origin, encoding="utf-8")
        half.rename(folder)
    except OSError:
        rmtree(half, ignore_errors=True)
        raise


def version_of(name: str) -> str:
    """Return the version of the shipped pack *name*."""
    version = _head(name, "version")
    return version.text if isinstance(version, Scalar) else ""


def _head(name: str, key: str) -> Node | None:
    """Return the value of a key in the head of the shipped pack *name*."""
    return member(member(load(SHIPPED / name / "pack.yaml").root, "pack"), key)


def outdated(folders: Iterable[Path]) -> Iterator[Problem]:
    """Yield a warning for each of the packs in *folders* that is a copy of an older version than is shipped."""
    for folder in folders:
        origin = member(load(folder / ORIGIN).root, "x-origin") if (folder / ORIGIN).is_file() else None
        name, version = member(origin, "pack"), member(origin, "version")
        if not isinstance(name, Scalar) or not isinstance(version, Scalar) or not find_pack(name.text):
            continue
        shipped = version_of(name.text)
        if _order(shipped) > _order(version.text):
            words = (
                f"this is a copy of {name.text} {version.text}, and {shipped} is shipped: compare it with "
                f"{shown_path(SHIPPED / name.text)}, then write {shipped} here"
            )
            yield problem(version, words, warning=True)


def _order(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: 1.10 is newer than 1.9."""
    return tuple(int(number[:9]) for number in re.findall(r"[0-9]+", version))
