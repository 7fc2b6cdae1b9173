"""`tocsin sources`: what is polled, and how that goes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, opened
from tocsin.cli.output import dump, local, table
from tocsin.store import SourceView

app = typer.Typer(help="What is polled, and how that goes.", no_args_is_help=True)


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
