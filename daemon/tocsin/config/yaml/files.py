"""Text files from the disk, with what is wrong with them in words."""

from __future__ import annotations

from pathlib import Path

from tocsin.config.yaml.file import LONGEST
from tocsin.errors import FileError, Problem
from tocsin.files import read_regular

#: Octets of a file: a character has four at most.
LARGEST = 4 * LONGEST


def read_text(path: Path) -> tuple[str, Problem | None]:
    """The text of the file at *path*, or the reason why there is none. Reads no more than a file may be long."""
    try:
        raw = read_regular(path, LARGEST)
        return raw.decode("utf-8"), None
    except FileError as error:
        return "", Problem(message=f"{path} {error}")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return "", Problem(message=f"{path}:{line}: this is not UTF-8; save the file as UTF-8")


def shown_path(path: Path) -> str:
    """*path* as messages show it: relative to the working folder where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError, RuntimeError):  # RuntimeError: a symbolic link to itself
        return str(path)
