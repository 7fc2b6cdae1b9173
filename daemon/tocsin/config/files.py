"""Text files from the disk, with what is wrong with them in words."""

from __future__ import annotations

from pathlib import Path

from tocsin.config.yamlfile import LONGEST
from tocsin.errors import Problem


def read_text(path: Path) -> tuple[str, Problem | None]:
    """The text of the file at *path*, or the reason why there is none. Reads no more than a file may be long."""
    try:
        with path.open("rb") as file:
            raw = file.read(4 * LONGEST + 1)
        return raw.decode("utf-8"), None
    except OSError as error:
        return "", Problem(message=f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return "", Problem(message=f"{path}:{line}: this is not UTF-8; save the file as UTF-8")


def shown_path(path: Path) -> str:
    """*path* as messages show it: relative to the working folder where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
