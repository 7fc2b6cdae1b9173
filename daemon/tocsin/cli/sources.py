"""`tocsin sources`: what is polled, and how that goes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import typer

from tocsin.cli import opml, trial
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, opened
from tocsin.cli.output import dump, local, shown, table
from tocsin.errors import UsageError
from tocsin.store import SourceView

app = typer.Typer(help="What is polled, and how that goes.", no_args_is_help=True)
app.command("test")(trial.try_source)
app.command("export")(opml.export)


@app.command("list")
def list_sources(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Every source with its state, its last success and its next poll."""
    with border(), opened(config) as (settings, store):
        views = store.sources()
        if json:
            for view in views:
                dump(view)
            return
        zone = ZoneInfo(settings.timezone)
        rows = [
            (v.name, _state(v), v.entries, local(v.last_success, zone), _next(v, zone), v.last_error) for v in views
        ]
        table(
            ("source", "state", "entries", "last success", "next poll", "last error"),
            rows,
            empty="Nothing was polled yet; start with: tocsin run",
        )


@app.command("show")
def show_source(name: str, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """One source: how it does, when it is polled next, and what it said last."""
    with border(), opened(config) as (settings, store):
        views = {view.name: view for view in store.sources()}
        if name not in views:
            known = ", ".join(views) or "none yet; start with: tocsin run"
            raise UsageError(f"no source is named {name!r}; there are: {known}")
        view = views[name]
        if json:
            dump(view)
            return
        zone = ZoneInfo(settings.timezone)
        address = next(
            (source.address for source in settings.sources if source.name == name), "not configured any more"
        )
        print(f"{view.name}  ({view.kind}, {_state(view)})\n  {shown(address)}")
        print(f"  {view.polls} polls, {view.entries} entries since {local(view.first_polled, zone)}")
        print(f"  last success {local(view.last_success, zone)}, next poll {_next(view, zone)}")
        if view.last_error:
            print(f"  last error: {view.last_fault}: {shown(view.last_error)}")


def _state(view: SourceView) -> str:
    if view.disabled:
        return "removed"
    if view.gone:
        return "gone"
    if view.unhealthy:
        return "unhealthy"
    if view.errors:
        return f"failing ({view.errors})"
    return "ok" if view.last_success else "new"


def _next(view: SourceView, zone: ZoneInfo) -> str:
    if view.disabled:
        return "-"
    return "now" if view.due_at <= datetime.now(UTC) else local(view.due_at, zone)
