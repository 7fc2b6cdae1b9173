"""The packs, presets and units that come with the program, and the names by which a configuration names them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tocsin.config.yaml.file import shown_path
from tocsin.config.yaml.nodes import said
from tocsin.errors import meant

_PACKAGE = Path(__file__).resolve().parents[1]
#: The folder of the shipped packs: a wheel holds them in the package, a checkout beside the source code.
SHIPPED = next(filter(Path.is_dir, (_PACKAGE / "packs", _PACKAGE.parents[1] / "rules")), _PACKAGE / "packs")
#: The folder of the files for systemd, found in the same way.
UNITS = next(filter(Path.is_dir, (_PACKAGE / "systemd", _PACKAGE.parents[1] / "systemd")), _PACKAGE / "systemd")
#: Folder of the presets, beside the packs.
PRESETS = "presets"


def pack_names() -> list[str]:
    """Return the names of the shipped packs in alphabetical order."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/pack.yaml"))


def find_pack(name: str) -> Path | None:
    """Return the folder of the shipped pack *name*. None if there is none."""
    return SHIPPED / name if name in pack_names() else None


def among_shipped(name: str) -> str:
    """Return the end of a message about the pack *name*: the place of the shipped ones, and the names of them."""
    names = pack_names()
    return f"the shipped ones in {shown_path(SHIPPED)} ({', '.join(names) or 'none'}){meant(name, names)}"


def pack_folder(written: str, folder: Path) -> Path:
    """Return the folder of the pack that a configuration in *folder* names as *written*.

    What holds a slash is a path, relative to *folder*. Anything else is the name of a shipped pack.

    Raises:
        ValueError: no shipped pack has this name.
    """
    if "/" in written:
        return folder / Path(written).expanduser()
    if found := find_pack(written):
        return found
    remedy = f"write ./{said(written)} for a folder beside this file"
    raise ValueError(f"names the pack {said(written)}, which is not among {among_shipped(written)}; {remedy}")


def preset_files(packs: Iterable[Path]) -> dict[str, Path]:
    """Return the presets by name: those beside *packs* and the shipped ones. The last of one name counts."""
    places = (SHIPPED, *(pack.parent for pack in packs))
    return {file.stem: file for place in dict.fromkeys(places) for file in sorted((place / PRESETS).glob("*.yaml"))}


def as_released(files: Iterable[tuple[str, str]]) -> bool:
    """Return whether *files*, (path, text) each, came with the program and are as they were released.

    The tests of a release try every shipped pack. In a checkout nothing is as released.
    """
    digests = _digests()
    return all(digests.get(str(Path(path).resolve())) == _digest(text) for path, text in files)


@cache
def _digests() -> dict[str, str]:
    """Return the digests of the YAML files of the installed program by path, which its installer has kept."""
    try:
        files = distribution("tocsin").files or ()
    except PackageNotFoundError:
        return {}
    return {
        str(Path(str(file.locate())).resolve()): file.hash.value
        for file in files
        if file.hash and file.suffix == ".yaml"
    }


def _digest(text: str) -> str:
    """Return the digest of a file with this *text*, as the record of an installation has it (PEP 376)."""
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
