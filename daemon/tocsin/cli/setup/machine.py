"""Checks of this machine: configuration, files, database and unit. Nothing is changed, and the network is not used."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from tocsin.cli.setup.finding import Finding, fail, ok, warn
from tocsin.cli.setup.unit import UNIT, USER_UNIT, user_layout
from tocsin.config.cautions import cautions
from tocsin.config.changes import route_in_words
from tocsin.config.config import Config
from tocsin.config.database import file_of
from tocsin.config.loading import rules_of
from tocsin.config.shipped import PRESETS, UNITS
from tocsin.config.yaml.file import read_text, shown_path
from tocsin.errors import ConfigError, Position, Problem, StoreError
from tocsin.redaction import masked
from tocsin.service.selfreport import NO_ROOM
from tocsin.store.db import schema
from tocsin.store.db.opening import open_database, running
from tocsin.store.db.place import files_of, is_there
from tocsin.store.db.sqlite import SqliteDatabase
from tocsin.units import counted, size

#: Findings about rules that are shown: a large pack may have thousands.
_MOST = 10
#: Folders within a pack that hold no rules.
_NO_RULES = frozenset({"tests", PRESETS})
#: Octets of free disk below which there soon will be too little.
_LITTLE_ROOM = 10**9
#: A log that is larger than this is not folded into its database any more.
_LARGE_LOG = 64 * 10**6
#: Seconds for the check of the database.
_PATIENCE = 30.0
_FILE = re.compile(r"\$\{file:([^}]+)\}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
#: Where units of the system are installed.
INSTALLED = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"))
#: Settings that are each installation's own.
_OWN = frozenset({"ExecStart", "User", "Group", "LoadCredential", "Environment", "Documentation", "WorkingDirectory"})


def configuration(config: Config) -> Iterator[Finding]:
    """Yield what is wrong with *config* and its rules, as `tocsin check` does."""
    try:
        loaded = rules_of(config)
    except ConfigError as error:
        yield from problems("rules", error.problems)
        return
    sources, receivers = counted(len(config.names), "source"), counted(len(config.receivers), "receiver")
    yield ok("configuration", f"{sources}, {receivers}, {loaded}")
    yield from problems("configuration", (*config.problems, *cautions(config)))
    yield from problems("rules", loaded.warnings)
    yield from (ok("rules", words) for words in loaded.waiting)
    yield from _unread(config, loaded.folders)
    for route in config.routes:
        if not route.to:
            words = f"a route notifies nobody: {route_in_words(route)}"
            yield warn("routes", words, "name a receiver that is on, or remove the route")


def _unread(config: Config, read: Collection[Path]) -> Iterator[Finding]:
    """Yield the folders within packs of *config* whose rules are not among those of the folders *read*."""
    known = {folder.resolve() for folder in read}
    for pack in config.rules:
        inner = {file.parent for file in pack.glob("*/*.y*ml")}
        for folder in sorted(one for one in inner if one.name not in _NO_RULES and one.resolve() not in known):
            words = f"{shown_path(folder)} is not read, because only files directly in a pack are"
            yield warn("rules", words, f"name {shown_path(folder)} in rules:, or move its files up")


def problems(subject: str, found: Iterable[Problem]) -> Iterator[Finding]:
    """Yield *found* as findings, at most ten, those with the same words together; the words name the remedy."""
    together: dict[tuple[bool, str], list[Position]] = {}
    for problem in sorted(found, key=lambda problem: problem.warning):
        places = together.setdefault((problem.warning, problem.message), [])
        places += [problem.position] if problem.position else []
    for (warning, message), places in list(together.items())[:_MOST]:
        more = f" and {counted(len(places) - 1, 'other place')}" if len(places) > 1 else ""
        where = f"{places[0]}{more}: " if places else ""
        yield (warn if warning else fail)(subject, f"{where}{message}")
    if len(together) > _MOST:
        yield warn(subject, counted(len(together) - _MOST, "more problem"), "tocsin check")


def secrets(path: Path) -> Iterator[Finding]:
    """Yield the files with secrets that others may read: the configuration at *path*, and those that it names."""
    text, _ = read_text(path)
    if _has_secrets(text) and path.stat().st_mode & stat.S_IRWXO:
        remedy = f"chmod 640 {path}, or write ${{file:secrets/NAME}} in their place"
        yield warn("secrets", f"{path} holds secrets, and can be read by other users", remedy)
    named = [path.parent / name for name in dict.fromkeys(_FILE.findall(text))]
    modes: dict[Path, int] = {}
    for file in named:
        with suppress(OSError):  # one that cannot be read is a fault of the configuration
            modes[file] = file.stat().st_mode
    open_ones = [file for file, mode in modes.items() if mode & _OTHERS]
    for file in open_ones:
        yield fail("secrets", f"{file} can be read by other users", f"chmod 600 {file}")
    if modes and not open_ones:
        yield ok("secrets", f"{counted(len(modes), 'file')}, readable by the owner alone")


def _has_secrets(text: str) -> bool:
    """Return True if an address in *text*, the lines of a configuration, has a secret of its own."""
    return any(
        masked(line) != line for line in text.splitlines() if "${" not in line and not line.lstrip().startswith("#")
    )


def zone(config: Config) -> Finding:
    """Return whether the rules of the zone are known."""
    key = config.zone.key
    if key not in available_timezones():
        return fail("zone data", f"there is no zone {key} on this machine", "install tzdata")
    return ok("zone data", f"{ZoneInfo(key).key} and {len(available_timezones())} more zones")


def certificates(config: Config) -> Finding:
    """Return whether this machine has authorities by which it believes certificates."""
    found = ssl.get_default_verify_paths()
    if not found.cafile and not (found.capath and any(Path(found.capath).iterdir())):
        return fail("certificates", "no authority is trusted on this machine", "install ca-certificates")
    more = f", and {config.http.ca_file}" if config.http.ca_file else ""
    return ok("certificates", f"those of {found.cafile or found.capath}{more}")


def database(config: Config) -> Iterator[Finding]:
    """Yield the state of the database: owner and mode, lock, pages, tables, log and disk."""
    path = file_of(config.database)
    if path is None:
        yield from _on_server(config)
        return
    there = is_there(path)
    folder = next(parent for parent in path.parents if parent.is_dir())
    yield _room(folder)
    if not there:
        if os.access(folder, os.W_OK):
            yield ok("database", f"{path} is made at the first start")
        else:
            yield fail("database", f"{folder} may not be written", "give it to the user that tocsin runs as")
        return
    yield _mode(path)
    yield _lock(config)
    yield from _content(path)


def _on_server(config: Config) -> Iterator[Finding]:
    with closing(open_database(config.database)) as opened:
        found = schema.version(opened)
        yield ok("database", f"{opened.name} answers")
        yield _tables(found) if found else ok("tables", "they are made at the first start")
    yield _lock(config)


def _lock(config: Config) -> Finding:
    found = running(config.database)
    if not found:
        return ok("lock", "nobody works on the database")
    named = ", ".join(f"process {one.pid}{f' on {one.host}' if one.host else ''}" for one in found)
    return ok("lock", f"{named} {'works' if len(found) == 1 else 'work'} on the database")


def _content(path: Path) -> Iterator[Finding]:
    log = files_of(path.resolve())[1]
    octets = log.stat().st_size if log.exists() else 0
    if octets > _LARGE_LOG:
        words = f"the log of the database has {size(octets)}"
        yield warn("log", words, "end the program that keeps the database open, or restart tocsin")
    try:
        with closing(SqliteDatabase(path)) as opened:
            found = schema.version(opened)
            whole = opened.check(_PATIENCE)
    except StoreError as error:
        yield fail("database", str(error), "see: tocsin db check, tocsin db restore")
        return
    yield _tables(found)
    pages = f"sound ({size(path.stat().st_size)}, its log {size(octets)})"
    yield ok("database", pages) if whole else warn("database", "checked in part only", "tocsin db check")


def _tables(found: str | None) -> Finding:
    if found == schema.newest():
        return ok("tables", f"of version {found}")
    return warn("tables", f"of version {found or 'none'}, and not {schema.newest()}", "tocsin db upgrade")


def _mode(path: Path) -> Finding:
    found = path.stat()
    if found.st_uid != os.geteuid():
        return fail("owner", f"{path} belongs to user {found.st_uid}, and this is user {os.geteuid()}", _AS_OWNER)
    if found.st_mode & _OTHERS:
        return warn("owner", f"{path} can be read by other users", f"chmod 600 {path}")
    return ok("owner", f"{path}, readable by its owner alone")


_AS_OWNER = "run this as the user that tocsin runs as, such as: sudo -u tocsin tocsin doctor"


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    words = f"{size(free)} free in {folder}"
    remedy = "free some, or: tocsin db prune --older 30d"
    if free < NO_ROOM:
        return fail("disk", words, remedy)
    return warn("disk", words, remedy) if free < _LITTLE_ROOM else ok("disk", words)


def unit() -> Iterator[Finding]:
    """Yield how each installed unit of systemd differs from the shipped one; nothing if there is none."""
    user = user_layout(Path(), Path()).unit
    for installed, name in (*((folder / UNIT, UNIT) for folder in INSTALLED), (user, USER_UNIT)):
        shipped = UNITS / name
        if not installed.exists() or not shipped.exists():
            continue
        ours, theirs = _lines(shipped), _lines(installed)
        other = sorted({name for name in {*ours, *theirs} - _OWN if ours.get(name) != theirs.get(name)})
        if other:
            words = f"{installed} differs from the shipped one in {', '.join(other)}"
            yield warn("unit", words, f"compare it with {shipped}, or: tocsin service install")
        else:
            yield ok("unit", f"{installed} is as shipped")


def _lines(file: Path) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in read_text(file)[0].splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            found.setdefault(name.strip(), []).append(value.strip())
    return found
