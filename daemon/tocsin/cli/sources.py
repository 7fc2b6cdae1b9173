"""`tocsin sources`: the sources, their state, and why each is polled when it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli import adding, one_poll
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.logins import TokenOption, log_in_at
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, item, listing, local, say_zone, table
from tocsin.config.logins import make_login
from tocsin.config.source_objects import address_of, source_object
from tocsin.errors import UsageError, meant
from tocsin.explain.articles import summary
from tocsin.explain.sources import rhythm, server_hints
from tocsin.model.entries import PUSH
from tocsin.store.values import Fetch
from tocsin.store.views import SourceDetail, SourceView
from tocsin.units import counted, duration, size

app = typer.Typer(help="List, show, test, add, import and export sources.", no_args_is_help=True)
app.command("test")(one_poll.try_source)
app.command("add")(adding.add)
app.command("import")(adding.import_opml)
app.command("export")(adding.export)


@app.command("list")
def list_sources(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List every source with its state, its last success and its next poll."""
    with opened(config) as (settings, store):
        now = datetime.now(UTC)
        listing(
            store.read.sources(),
            {
                "source": lambda v: v.name,
                "state": lambda v: v.shown_state,
                "entries": lambda v: v.entries,
                "dropped": lambda v: v.dropped,
                "last success": lambda v: _ago(v.last_success, now),
                "next poll": lambda v: _next(v, now),
                "last error": lambda v: v.last_error,
            },
            json=json,
            empty="Nothing was polled yet; start with: tocsin run",
            more=lambda v: source_object(v, settings),
        )


@app.command("show")
def show_source(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="A source, as `sources list` names it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Show one source: its state, its next poll and why it is then, and its last fetches."""
    with opened(config) as (settings, store):
        detail = store.read.source(name)
        if detail is None:
            known = ", ".join(view.name for view in store.read.sources()) or "none yet; start with: tocsin run"
            raise UsageError(f"no source is named {name!r}; there are: {known}")
        if json:
            dump(source_object(detail.source, settings, fetches=detail.fetches))
            return
        address = address_of(name, settings) or "not configured any more"
        zone = settings.zone
        for line in describe(detail, address, zone, datetime.now(UTC)):
            print(line)
        if detail.fetches:
            print()
            rows = [_fetch(fetch, zone) for fetch in detail.fetches]
            table(("fetched", "status", "new", "size", "took", "error"), rows, empty="")
        say_zone(zone)


@app.command("login")
def log_in(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="A mailbox of the configuration.")],
    token: TokenOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Log in at the mailbox SOURCE by OAuth: show a code to enter in a browser, and keep the refresh token.

    It is kept beside the database, in a file that the daemon alone reads and writes: servers replace such tokens. A daemon
    that runs uses it at once. Run this as the user of the service.
    """
    settings = read_config(config)
    found = next((one for one in settings.sources if one.name == name), None)
    if found is None:
        names = [one.name for one in settings.sources]
        raise UsageError(f"no source is named {name!r}; there are: {', '.join(names) or 'none'}{meant(name, names)}")
    if found.oauth is None:
        raise UsageError(f"source {name} has no oauth: only a mailbox that wants it has such a login")
    log_in_at(make_login(name, "sources", found.oauth), token, f"tocsin sources test {name}")


def describe(detail: SourceDetail, address: str, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    """Yield the lines about a source, each at most 80 characters wide unless a word is longer."""
    view = detail.source
    yield f"{view.name}  ({view.kind}, {view.shown_state})"
    yield from item("address", address)
    if moved := view.habits.moved:
        seen = f"{counted(moved.count, 'time')} since {local(moved.since, zone)}"
        words = "now polled there instead of the address above" if moved.used else "not polled there yet"
        yield from item("moved to", moved.url, f"permanent redirect, seen {seen}: {words}")
    polls = counted(view.polls, "push" if view.kind == PUSH else "poll")
    so_far = f"{polls}, {counted(view.entries, 'entry')} since {local(view.first_polled, zone)}"
    yield from item("so far", so_far if view.first_polled else "nothing yet")
    yield from item("last success", f"{local(view.last_success, zone)}{_aside(_ago(view.last_success, now))}")
    if view.articles:
        yield from item("articles", summary(view.articles))
    if view.dropped:
        yield from item("dropped", f"{counted(view.dropped, 'entry')} by its filter")
    if view.polled:
        yield from item("next poll", f"{local(view.due_at, zone)}{_aside(_next(view, now))}", *view.reasons)
    yield from item("rhythm", *rhythm(view.habits, zone))
    yield from item("server asks", *server_hints(view.habits))
    if view.last_error:
        yield from item("last error", f"{view.last_fault}: {view.last_error}")


def _fetch(fetch: Fetch, zone: ZoneInfo) -> tuple[object, ...]:
    error = f"{fetch.fault}: {fetch.error}" if fetch.fault else ""
    took = f"{fetch.took.total_seconds():.2f}s"
    return (local(fetch.at, zone), fetch.status or "-", fetch.new, size(fetch.size), took, error)


def _aside(words: str) -> str:
    return "" if words == "-" else f" ({words})"


def _ago(time: datetime | None, now: datetime) -> str:
    return "-" if time is None else f"{duration(now - time)} ago"


def _next(view: SourceView, now: datetime) -> str:
    if not view.polled:
        return "-"
    return "now" if view.due_at <= now else f"in {duration(view.due_at - now)}"
