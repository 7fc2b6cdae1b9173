"""The files of a service of systemd, and the commands that start it: what is written where, before anything is."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin.config.shipped import UNITS
from tocsin.errors import UsageError

#: The name of the unit, of its user and of its folders.
NAME = "tocsin"
UNIT = f"{NAME}.service"
USER_UNIT = f"{NAME}.user.service"
#: Folders that the unit of the system does not see: ProtectHome and PrivateTmp.
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - named to be refused
_CREDENTIAL = re.compile(r"\$\{cred:([^}/]+)\}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-[^}]*)?\}")
_PLAIN = re.compile(r"[\w./@:+,=-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Places of a service: of the system, or of one *user*. Every path is as the service sees it.

    *program* is what the unit starts, *config* its configuration, *unit* and *sysusers* are the files for systemd, and
    *state* is the folder of the database. *sysusers* is None for a user.
    """

    user: bool
    program: Path
    config: Path
    unit: Path
    state: Path
    sysusers: Path | None = None

    @property
    def credentials(self) -> Path:
        """The folder of the credentials, a file each."""
        return self.config.parent / "credentials"

    @property
    def systemctl(self) -> tuple[str, ...]:
        """The command that talks to the manager of the service."""
        return ("systemctl", "--user") if self.user else ("systemctl",)


def system_layout(program: Path) -> Layout:
    """Return the places of a service of the system.

    Raises:
        UsageError: the service could not read *program*.
    """
    if hidden(program):
        raise UsageError(
            f"{program} is in a folder that the service may not read: install tocsin into /opt/tocsin "
            "(python3 -m venv /opt/tocsin && /opt/tocsin/bin/pip install CHECKOUT-OR-WHEEL), "
            "name another with --program, or add --user for a service of your own"
        )
    return Layout(
        user=False,
        program=program,
        config=Path("/etc") / NAME / "config.yaml",
        unit=Path("/etc/systemd/system") / UNIT,
        state=Path("/var/lib") / NAME,
        sysusers=Path("/etc/sysusers.d") / f"{NAME}.conf",
    )


def user_layout(program: Path, config: Path) -> Layout:
    """Return the places of a service of this user, on the configuration where it is."""
    return Layout(
        user=True,
        program=program,
        config=config.resolve(),
        unit=Path.home() / ".config" / "systemd" / "user" / UNIT,
        state=Path.home() / ".local" / "state" / NAME,
    )


def hidden(path: Path) -> bool:
    """Return True if a service of the system does not see *path*."""
    return any(path.is_relative_to(folder) for folder in _HIDDEN)


def this_program() -> Path:
    """Return the path of this program.

    Raises:
        UsageError: it is not installed.
    """
    # Not resolved: the interpreter of an environment is a link, and the program stands beside it.
    found = Path(sys.executable).parent / NAME
    if not os.access(found, os.X_OK):
        raise UsageError(f"there is no program {found}: install tocsin, or name its program with --program")
    return found


def unit_text(layout: Layout, credentials: Sequence[str]) -> str:
    """Return the unit: the shipped one, with the program, the configuration and the *credentials* of this installation."""
    shipped = (UNITS / (USER_UNIT if layout.user else UNIT)).read_text(encoding="utf-8")
    start = f"ExecStart={_word(layout.program)} run --config {_word(layout.config)}"
    text = re.sub(r"^ExecStart=.*$", lambda _: start, shipped, count=1, flags=re.MULTILINE)
    lines = [f"LoadCredential={name}:{_value(layout.credentials / name)}\n" for name in credentials]
    examples = list(re.finditer(r"^#LoadCredential=.*\n", text, flags=re.MULTILINE))
    if not lines:
        return text
    return text[: examples[0].start()] + "".join(lines) + text[examples[-1].end() :]


def sysusers_text() -> str:
    """Return the shipped file that makes the user."""
    return (UNITS / f"{NAME}.sysusers.conf").read_text(encoding="utf-8")


def credentials_in(text: str) -> tuple[str, ...]:
    """Return the names of the credentials in the *text* of a configuration, each once; comments do not count."""
    return tuple(dict.fromkeys(name for line in _written(text) for name in _CREDENTIAL.findall(line)))


def variables_in(text: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables of *env* in the *text* of a configuration, each once: a service does not have them."""
    found = dict.fromkeys(name for line in _written(text) for name in _VARIABLE.findall(line))
    return tuple(name for name in found if env.get(name))


def _written(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.lstrip().startswith("#"))


def starting(layout: Layout, *, changed: bool) -> Iterator[tuple[str, ...]]:
    """Yield the commands that start the service. One that runs is restarted only if its files have *changed*."""
    if changed:
        yield (*layout.systemctl, "daemon-reload")
        yield (*layout.systemctl, "enable", NAME)
        yield (*layout.systemctl, "restart", NAME)
    else:
        yield (*layout.systemctl, "enable", "--now", NAME)


def _value(path: Path) -> str:
    return str(path).replace("%", "%%")


def _word(path: Path) -> str:
    """Return *path* as one word of a command in a unit."""
    text = _value(path).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return text if _PLAIN.match(text) else f'"{text}"'
