"""`tocsin db`: back the database up, put a backup back, upgrade, prune and check it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.input_files import read_span
from tocsin.cli.output import FAILED, dump, progress, say, shown
from tocsin.config.config import Config
from tocsin.config.database import file_of
from tocsin.config.stores import open_copy, open_store
from tocsin.errors import UsageError
from tocsin.store.db import backup as copies
from tocsin.store.db.opening import open_database, upgrade_tables
from tocsin.store.db.place import is_served, is_there, name_of, path_of
from tocsin.store.db.transfer import transfer
from tocsin.store.queries.contents import Contents
from tocsin.units import counted, duration, size

app = typer.Typer(help="Back up, restore, upgrade, prune and check the database.", no_args_is_help=True)

FileArgument = Annotated[Path | None, typer.Argument(help="The file that is written; an earlier backup is replaced.")]
BackupArgument = Annotated[Path, typer.Argument(help="A file that `tocsin db backup` wrote.", show_default=False)]
FromArgument = Annotated[
    str, typer.Argument(metavar="FROM", help="sqlite:///path or postgresql://user@host/name.", show_default=False)
]
ToArgument = Annotated[str, typer.Argument(metavar="TO", help="The same of an empty database.", show_default=False)]
DirOption = Annotated[Path | None, typer.Option("--dir", help="A folder for backups named by their time.")]
KeepOption = Annotated[int, typer.Option("--keep", min=1, help="With --dir: the backups that stay, the newest.")]
OlderOption = Annotated[
    str | None, typer.Option("--older", help="The age, such as 90d. Default: retention of the configuration.")
]
PreviewOption = Annotated[bool, typer.Option("--dry-run", help="Count on a copy what would go.")]
#: Younger texts may still be needed: for a digest, a correction, or a rule that is repaired.
_YOUNGEST = timedelta(days=1)
#: What is pruned, in words.
_NAMES = {
    "entries": "entry that met no rule",
    "texts": "text of an entry",
    "evidence": "proof of a match",
    "messages": "message that was sent",
    "quotes": "quote",
    "keys": "key of an entry long gone",
}


@app.command("backup")
def backup(
    file: FileArgument = None,
    folder: DirOption = None,
    keep: KeepOption = 7,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Copy the database to FILE or into --dir, also while the daemon runs."""
    if (file is None) is (folder is None):
        raise UsageError("name a file, or a folder for dated backups: tocsin db backup --dir DIR --keep 7")
    source = _path(read_config(config), "pg_dump --format=custom --file=FILE")
    target = file or copies.dated(folder or Path(), datetime.now(UTC))
    with progress("backup") as tick:
        copies.backup(source, target, tick)
    gone = copies.thin_out(folder, keep) if folder else ()
    octets = target.stat().st_size
    if json:
        dump({"backup": str(target), "size": octets, "deleted": [str(one) for one in gone]})
        return
    say(f"{target} is a backup of {source} ({size(octets)}).")
    if gone:
        say(f"{counted(len(gone), 'older backup')} deleted.")


@app.command("restore")
def restore(file: BackupArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Put the backup FILE in the place of the database. The daemon must not run."""
    target = _path(read_config(config), "pg_restore --clean --if-exists --single-transaction FILE")
    with progress("restore") as tick:
        aside = copies.restore(file, target, datetime.now(UTC), tick)
    if json:
        dump({"database": str(target), "restored": str(file), "before": str(aside) if aside else None})
        return
    say(f"{target} is as {file} was.")
    if aside:
        say(f"What was there before is kept in {aside}.")
    say("News since that backup is new again, and messages that waited then are sent at the start.")


@app.command("upgrade")
def upgrade(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Bring the tables to this version of tocsin, after a backup beside a file. The daemon must not run."""
    settings = read_config(config)
    name = name_of(settings.database)
    with progress("upgrade") as tick:
        done = upgrade_tables(settings.database, datetime.now(UTC), tick)
    if json:
        backup = str(done[1]) if done and done[1] else None
        dump({"database": name, "from": done and done[0], "backup": backup})
    elif done is None:
        say(f"{name} is up to date.")
    else:
        say(f"{name} was of version {done[0]} and is up to date now.")
        if done[1]:
            say(f"Its backup is {done[1]}.")


@app.command("copy")
def copy(source: FromArgument, target: ToArgument, json: JsonOption = False) -> None:
    """Copy all rows of the database FROM to the empty database TO, and compare them. No daemon may work on either.

    Both are addresses, as in the configuration. A copy that was interrupted goes on when it is called again.
    """
    if not is_served(source) and not is_there(path_of(source)):
        raise UsageError(f"there is no database at {path_of(source)}: check the name")
    with closing(open_database(source)) as old, closing(open_database(target)) as new, progress("copy") as tick:
        rows = transfer(old, new, tick)
        names = (old.name, new.name)
    if json:
        dump({"from": names[0], "to": names[1], "rows": rows})
        return
    say(f"{counted(rows, 'row')} copied from {names[0]} to {names[1]}, and compared.")
    say("Name it in database: of the configuration before the next start.")


@app.command("prune")
def prune(
    older: OlderOption = None,
    dry_run: PreviewOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Delete texts and evidence of a certain age, also while the daemon runs. Alerts and their headlines stay."""
    settings = read_config(config)
    age = settings.retention if older is None else read_span(older, "--older")
    if age < _YOUNGEST:
        raise UsageError("--older must be at least 1d: digests and corrections still need what is younger")
    with closing(open_copy(settings) if dry_run else open_store(settings)) as store, progress("prune") as tick:
        now = datetime.now(UTC)
        before = store.read.contents()
        while store.sweep(now, age):
            tick(0, 0)
        after = store.read.contents()
    _report_pruned(before, after, age, dry_run=dry_run, json=json)


def _report_pruned(before: Contents, after: Contents, age: timedelta, *, dry_run: bool, json: bool) -> None:
    # The daemon may have added rows meanwhile.
    less = {name: max(0, count - getattr(after, name)) for name, count in asdict(before).items()}
    gone = {name: less[name] for name in _NAMES}
    if json:
        dump({"dry_run": dry_run, "older": age, "gone": gone, "alerts": after.alerts})
        return
    if not any(gone.values()):
        say(f"Nothing is older than {duration(age)}.")
        return
    say(f"{'Would be deleted' if dry_run else 'Deleted'}, older than {duration(age)}:")
    for name, words in _NAMES.items():
        if gone[name]:
            print(f"{gone[name]:>9,}  {_several(words, gone[name])}")
    say(f"{counted(after.alerts, 'alert')} and the headlines of their entries stay.")


def _several(words: str, count: int) -> str:
    noun, space, rest = words.partition(" ")
    return f"{counted(count, noun).partition(' ')[2]}{space}{rest}"


@app.command("check")
def check(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Read every page, index and reference of the database, also while the daemon runs.

    Exit code 1: it is damaged.
    """
    path = _path(read_config(config), "pg_amcheck --heapallindexed")
    with progress("check") as tick:
        found = copies.faults(path, tick)
    if json:
        dump({"database": str(path), "size": copies.octets(path), "faults": found})
    elif not found:
        say(f"{path} is sound ({size(copies.octets(path))}).")
    for words in () if json else found:
        say(shown(words))
    if found:
        say("what to do: stop the daemon, then: tocsin db restore BACKUP")
        raise typer.Exit(FAILED)


def _path(settings: Config, instead: str) -> Path:
    """Return the file of the database.

    Raises:
        UsageError: it is on a server, whose own programs do it.
    """
    if file_of(settings.database) is None:
        name = name_of(settings.database)
        raise UsageError(f"{name} is on a server: use its own program, such as: {instead} --dbname={name}")
    return path_of(settings.database)
