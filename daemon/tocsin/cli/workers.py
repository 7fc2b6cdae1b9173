"""`tocsin workers`: the daemons that work on one database, and the configuration by which they work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, local, say
from tocsin.config.fingerprint import fingerprint
from tocsin.config.loading import rules_of
from tocsin.errors import UsageError
from tocsin.store.db.lock import Running
from tocsin.store.db.opening import running
from tocsin.store.db.place import is_served
from tocsin.units import duration

app = typer.Typer(help="List the workers of the database, and choose their configuration.", no_args_is_help=True)


@app.command("list")
def list_workers(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List the workers that run, the oldest first, and say which of them stand by."""
    with opened(config) as (settings, store):
        active = store.read.generation()
        found = [worker for worker in running(settings.database) if worker.started]
        now = datetime.now(UTC)
        for worker in found:
            waits = bool(active and worker.generation and worker.generation != active)
            if json:
                dump({**_shown(worker), "stands_by": waits})
                continue
            up = duration(max(now - worker.started, timedelta(0))) if worker.started else ""
            words = f"{worker.name or 'worker'}  process {worker.pid} on {worker.host or 'this machine'}, up {up}"
            print(f"{words}, configuration {worker.generation or '-'}{', stands by' if waits else ''}")
            if worker.refused:
                print(f"  refused {local(worker.refused, settings.zone)}: {worker.words}")
        if not found:
            say("No worker runs: start one with tocsin run.")


@app.command("activate")
def activate(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Make this configuration the active one, although it was replaced by another before.

    Workers that have it go on; those with other files stand by until they have it too.
    """
    with opened(config) as (settings, store):
        if not is_served(settings.database):
            raise UsageError("one daemon works on a file, and its configuration is the active one")
        digest = fingerprint(settings, rules_of(settings, store.read.kept_pack, known=store.read.kept_hash))
        store.act.activate(digest)
        if json:
            dump({"configuration": digest})
        else:
            say(f"The configuration {digest} is active.")


def _shown(worker: Running) -> dict[str, object]:
    names = ("name", "pid", "host", "version", "started", "loaded", "refused", "words")
    return {**{name: getattr(worker, name) for name in names}, "configuration": worker.generation}
