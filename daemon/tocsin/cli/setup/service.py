"""`tocsin service`: install, print and remove the service of systemd."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, say_problems
from tocsin.cli.output import item, progress, say
from tocsin.cli.setup.unit import (
    NAME,
    Layout,
    credentials_in,
    hidden,
    starting,
    system_layout,
    sysusers_text,
    this_program,
    unit_text,
    user_layout,
    variables_in,
)
from tocsin.config.cautions import cautions
from tocsin.config.config import Config, complete, load_config
from tocsin.config.database import file_of
from tocsin.config.loading import rules_of
from tocsin.config.shipped import SHIPPED
from tocsin.config.yaml.file import read_text
from tocsin.errors import ConfigError, Problem, UsageError

app = typer.Typer(help="Install, print and remove a service of systemd.", no_args_is_help=True)

UserOption = Annotated[
    bool | None,
    typer.Option(
        "--user/--system", help="A service of yours alone, or of the machine.", show_default="--system for root"
    ),
]
ProgramOption = Annotated[
    Path | None, typer.Option("--program", help="The program that the unit starts.", show_default="this one")
]
RootOption = Annotated[
    Path, typer.Option("--root", help="Write below this folder, as for an image, and run no command.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be written and run, and do nothing.")]
_FILE = re.compile(r"\$\{file:([^}]+)\}")
_NONE = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file of the service: *path* as the service sees it. One that is *kept* is never overwritten."""

    path: Path
    content: bytes
    mode: int = 0o644
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """All that an installation writes and runs, below the folder *root*."""

    layout: Layout
    root: Path
    files: tuple[_File, ...]

    def place(self, path: Path) -> Path:
        """Return where *path* is written."""
        return self.root / path.relative_to("/")

    def is_new(self, file: _File) -> bool:
        """Return True if *file* will be written."""
        place = self.place(file.path)
        return not place.exists() or (not file.kept and place.read_bytes() != file.content)

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands, in order."""
        users = (("systemd-sysusers", str(self.layout.sysusers)),) if self.layout.sysusers else ()
        return (*users, *starting(self.layout, changed=any(map(self.is_new, self.files))))


@app.command("install")
def install(
    config: ConfigOption = DEFAULT_CONFIG,
    user: UserOption = None,
    program: ProgramOption = None,
    root: RootOption = _NONE,
    dry_run: DryOption = False,
) -> None:
    """Install and start the service, with its configuration; nothing is installed that `tocsin check` refuses.

    A service of the system gets a copy of the configuration in /etc/tocsin; one that is there already stays as it is.
    """
    plan = _plan(config, program, root, user=_is_user(user))
    if dry_run:
        _describe(plan, "would be written", "would be run")
        return
    if not plan.layout.user and root == _NONE and os.geteuid() != 0:
        raise UsageError("only root may install a service of the system: use sudo, or add --user")
    if root == _NONE:
        _needs_systemd()
    _carry_out(plan)
    for line in _next(plan):
        say(line)


@app.command("print")
def print_service(
    config: ConfigOption = DEFAULT_CONFIG,
    user: UserOption = None,
    program: ProgramOption = None,
    root: RootOption = _NONE,
) -> None:
    """Print the files that `install` would write, and the commands that it would run."""
    plan = _plan(config, program, root, user=_is_user(user))
    for file in plan.files:
        print(f"# ---- {plan.place(file.path)} ({file.mode:o})")
        if file.mode == 0o600:
            print("# (a secret, which is not shown)\n")
        else:
            print(file.content.decode("utf-8", "replace"))
    print("# ---- commands")
    for command in plan.commands:
        print(shlex.join(command))


@app.command("remove")
def remove(user: UserOption = None, root: RootOption = _NONE, dry_run: DryOption = False) -> None:
    """Stop the service and delete its unit. Configuration, database and user stay."""
    alone = _is_user(user)
    layout = user_layout(Path("/"), DEFAULT_CONFIG) if alone else system_layout(Path("/usr/bin/tocsin"))
    place = root / layout.unit.relative_to("/")
    if not place.exists():
        say(f"There is no unit {place}.")
        return
    first, last = (*layout.systemctl, "disable", "--now", "tocsin"), (*layout.systemctl, "daemon-reload")
    if dry_run:
        say(f"Would be run: {shlex.join(first)}\nWould be deleted: {place}\nWould be run: {shlex.join(last)}")
        return
    if root == _NONE:
        _run(first)
    place.unlink()
    if root == _NONE:
        _run(last)
    say(f"{place} is deleted, and the service does not run any more. What stays:")
    for line in _kept(layout):
        say(line)


def _kept(layout: Layout) -> Iterator[str]:
    if not layout.user:
        yield from item("configuration", str(layout.config.parent))
        yield from item("user", f"tocsin, by {layout.sysusers}")
    yield from item("database", f"in {layout.state}, unless the configuration names another")


def _is_user(chosen: bool | None) -> bool:
    return os.geteuid() != 0 if chosen is None else chosen


# ---- the plan ------------------------------------------------------------------------------------------------------


def _plan(config: Path, program: Path | None, root: Path, *, user: bool) -> _Plan:
    """Return the plan of an installation.

    Raises:
        ConfigError: the service would refuse its configuration.
        UsageError: the service could not read the program.
    """
    root = root.resolve()
    started = (program or this_program()).absolute()
    layout = user_layout(started, config) if user else system_layout(started)
    installed = root / layout.config.relative_to("/")
    source = config if layout.user or not installed.exists() else installed
    settings = _checked(source, layout, root)
    text, _ = read_text(source)
    own = [] if layout.user else list(_copies(source, settings, text, layout))
    unit = _File(path=layout.unit, content=unit_text(layout, credentials_in(text)).encode())
    users = [_File(path=layout.sysusers, content=sysusers_text().encode())] if layout.sysusers else []
    return _Plan(layout=layout, root=root, files=(*users, *own, unit))


def _checked(source: Path, layout: Layout, root: Path) -> Config:
    """Return the configuration at *source*, as the service will read it, if `tocsin check` has nothing against it.

    Raises:
        ConfigError: with every fault.
    """
    env = {"CREDENTIALS_DIRECTORY": str(root / layout.credentials.relative_to("/"))}
    if not layout.user:
        env["STATE_DIRECTORY"] = str(layout.state)
    text, _ = read_text(source)
    unseen = list(_unseen(text))
    try:
        settings = complete(load_config(source, env))
        with progress("checking the rules"):
            loaded = rules_of(settings)
        problems = [*cautions(settings), *loaded.warnings, *unseen]
    except ConfigError as error:
        raise ConfigError([*error.problems, *unseen]) from error
    if not layout.user:
        problems += _unreachable(settings, text, layout)
    if any(not problem.warning for problem in problems):
        raise ConfigError(problems)
    say_problems(problems)
    return settings


def _unseen(text: str) -> Iterator[Problem]:
    """Yield the variables of this shell that the configuration *text* names."""
    for name in variables_in(text, os.environ):
        credential = name.lower().replace("_", "-")
        remedy = f"write ${{cred:{credential}}}, or add Environment={name}=... with: systemctl edit tocsin"
        yield Problem(message=f"{name} is set here, but the service does not see it: {remedy}", warning=True)


def _unreachable(settings: Config, text: str, layout: Layout) -> Iterator[Problem]:
    """Yield what the service of the system could not read or write."""
    database = file_of(settings.database)
    if database and not database.is_relative_to(layout.state):
        yield Problem(message=f"database: the service may write only below {layout.state}: remove the line database:")
    outside = [path for path in settings.rules if not path.resolve().is_relative_to(settings.path.resolve().parent)]
    named = [Path(name) for name in _FILE.findall(text) if Path(name).is_absolute()]
    for path in (*(one.resolve() for one in outside if not one.is_relative_to(SHIPPED)), *named):
        if hidden(path):
            words = f"{path} is in a folder that the service may not read"
            yield Problem(message=f"{words}: move it beside the configuration, and name it relative to that")


def _copies(source: Path, settings: Config, text: str, layout: Layout) -> Iterator[_File]:
    """Yield the configuration and what it names below its own folder: packs and secrets."""
    folder, target = source.resolve().parent, layout.config.parent
    yield _File(path=layout.config, content=source.read_bytes(), mode=0o640, kept=True)
    for name in dict.fromkeys(name for name in _FILE.findall(text) if not Path(name).is_absolute()):
        yield _File(path=target / name, content=(folder / name).read_bytes(), mode=0o600, kept=True)
    for pack in settings.rules:
        if pack.resolve().is_relative_to(folder):
            for file in sorted(one for one in pack.rglob("*") if one.is_file()):
                place = target / file.resolve().relative_to(folder)
                yield _File(path=place, content=file.read_bytes(), mode=0o640, kept=True)


# ---- carrying it out -----------------------------------------------------------------------------------------------


def _describe(plan: _Plan, written: str, run: str) -> None:
    for file in plan.files:
        place = plan.place(file.path)
        changed = "" if not place.exists() else "; the one of before is kept" if plan.is_new(file) else "as it is"
        say(f"{place} stays as it is" if changed == "as it is" else f"{written}: {place}{changed}")
    for command in plan.commands:
        say(f"{run}: {shlex.join(command)}")


def _carry_out(plan: _Plan) -> None:
    """Write the files and run the commands of *plan*; the user is made before files are given to it."""
    commands = plan.commands
    new = [file for file in plan.files if plan.is_new(file)]
    try:
        for file in plan.files:
            if file in new:
                _write(plan, file)
                say(f"written: {plan.place(file.path)}")
            else:
                say(f"stays as it is: {plan.place(file.path)}")
            if file.path == plan.layout.sysusers and plan.root == _NONE:
                _run(commands[0])
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}; correct it and run this again") from error
    if plan.root != _NONE:
        for command in commands:
            say(f"to be run there: {shlex.join(command)}")
        return
    for command in commands[1:] if plan.layout.sysusers else commands:
        _run(command)


def _write(plan: _Plan, file: _File) -> None:
    place = plan.place(file.path)
    own = file.path.is_relative_to(plan.layout.config.parent)
    made = [folder for folder in (place.parent, *place.parent.parents) if not folder.exists()]
    place.parent.mkdir(mode=0o750 if own else 0o755, parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, file.mode), "wb") as handle:
        handle.write(file.content)
    if own and plan.layout.sysusers and plan.root == _NONE:
        # The service reads its configuration, and owns its secrets alone.
        shutil.chown(part, *((NAME, NAME) if file.mode == 0o600 else ("root", NAME)))
        for folder in made:
            shutil.chown(folder, "root", NAME)
            folder.chmod(0o750)
    if place.exists():
        shutil.copy2(place, f"{place}.before")
    part.replace(place)


def _needs_systemd() -> None:
    if not Path("/run/systemd/system").is_dir():
        raise UsageError(
            "systemd does not run here: tocsin service print shows its files, "
            "and tocsin run is the daemon for any other manager of services"
        )


def _run(command: Sequence[str]) -> None:
    """Run *command*, saying so.

    Raises:
        UsageError: it failed.
    """
    say(f"running: {shlex.join(command)}")
    try:
        done = subprocess.run(command, check=False)  # noqa: S603 - the words are ours, and no shell reads them
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        user = " --user" * ("--user" in command)
        raise UsageError(f"{shlex.join(command)} failed; see: journalctl{user} -u tocsin -n 20")


def _next(plan: _Plan) -> Iterator[str]:
    """Yield what to do now."""
    yield ""
    if plan.layout.user:
        yield "To let it run while you are not logged in: loginctl enable-linger"
        yield "  journalctl --user -u tocsin -f    its log"
        yield f"  tocsin status --config {shlex.quote(str(plan.layout.config))}"
        return
    yield f"The configuration is {plan.layout.config}, the database is in {plan.layout.state}."
    yield "  journalctl -u tocsin -f           its log"
    yield "  systemctl reload tocsin           after a change of the configuration"
    yield f"  sudo -u tocsin STATE_DIRECTORY={plan.layout.state} \\"
    yield f"    {plan.layout.program} status --config {plan.layout.config}"
