"""`tocsin web`: how people get to the page, and how all of them are logged out."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ByOption, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, say
from tocsin.config.config import Config
from tocsin.config.web import WebConfig
from tocsin.errors import UsageError
from tocsin.store.db.opening import running
from tocsin.units import duration
from tocsin.web.links import login_link
from tocsin.web.wall.sessions import LINK_LASTS

app = typer.Typer(help="Log in to the page in a browser, and log everybody out.", no_args_is_help=True)


@app.command("link")
def print_link(config: ConfigOption = DEFAULT_CONFIG, by: ByOption = "web", json: JsonOption = False) -> None:
    """Print an address that logs one browser in: it works once, within five minutes."""
    with opened(config) as (settings, store):
        web = _wanted(settings)
        now = datetime.now(UTC)
        link = login_link(web, settings.database, by, epoch=store.read.session_epoch(), now=now)
        if json:
            dump({"link": link, "until": now + LINK_LASTS})
        else:
            print(link)
        say(f"It works once, within {duration(LINK_LASTS)}.")
        if not running(settings.database):
            say("tocsin does not run: start it first, with tocsin run")


@app.command("logout-all")
def log_out_all(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """End all sessions: every browser has to log in again, by a new link."""
    with opened(config) as (_, store):
        store.act.end_sessions()
        say("All sessions have ended.")


def _wanted(settings: Config) -> WebConfig:
    if settings.web is None or settings.web.address is None:
        raise UsageError(f"{settings.path} has no page: add a section such as web: {{listen: 127.0.0.1:8787}}")
    return settings.web
