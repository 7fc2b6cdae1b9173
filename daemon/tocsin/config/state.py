"""The place of the database where the configuration names none: the folder that the system keeps for a program's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tocsin.errors import Problem
from tocsin.files import there

_NAME = "tocsin.db"


def default_database(env: Mapping[str, str]) -> Path:
    """Return the path of the database in the first folder of $STATE_DIRECTORY, which systemd sets for a service.

    Otherwise it is in the folder of the XDG Base Directory Specification, which ignores relative paths.
    """
    if given := env.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(given) / _NAME
    state = Path(env.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "tocsin" / _NAME


def left_behind(path: Path, env: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a fault if the configuration at *path* names no database, and one is near it while the default is not there.

    Earlier versions kept it there. To begin with an empty one would forget what was sent, and what was not.
    """
    default = default_database(env)
    for name in (_NAME, f"var/{_NAME}"):
        near = path.resolve().parent / name
        if there(near) and not there(default):
            yield Problem(
                message=f"{path} names no database, so it would be {default}, but {near} is there: "
                f"write database: sqlite:///{name} to keep it, or move it and the files that begin with its name"
            )
