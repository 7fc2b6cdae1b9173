"""`tocsin receivers` and `tocsin digest`: where messages go, what keeps them from going there, and the next digest."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.logins import TokenOption, log_in_at
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, item, listing, local, say, say_zone
from tocsin.config.config import Config
from tocsin.config.database import place_of
from tocsin.config.logins import make_login
from tocsin.config.receiver_views import receiver_views
from tocsin.config.receivers import ReceiverConfig
from tocsin.errors import UsageError, meant
from tocsin.explain.receivers import ReceiverView, next_digest
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes
from tocsin.policy.notifying.walltime import DAYS, EVERY_DAY
from tocsin.store import Store
from tocsin.units import counted, duration
from tocsin.web.links import unsigned_links

app = typer.Typer(help="List, show and log in receivers: what state they are in, and why.", no_args_is_help=True)
digest_app = typer.Typer(help="Preview digests.", no_args_is_help=True)

OpenOption = Annotated[bool, typer.Option("--open", help="Open the page of a mail in a browser, in place of its text.")]
NameArgument = Annotated[str, typer.Argument(metavar="RECEIVER", help="A receiver of the configuration.")]


@app.command("list")
def list_receivers(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List the receivers with their state, the messages that wait, and the last one that arrived."""
    with opened(config) as (settings, store):
        zone = settings.zone
        listing(
            _views(settings, store),
            {
                "receiver": lambda v: v.name,
                "kind": lambda v: v.kind,
                "state": lambda v: v.state,
                "until": lambda v: local(v.rests, zone),
                "waiting": lambda v: v.waiting,
                "last sent": lambda v: local(v.last_sent, zone),
            },
            json=json,
            empty="There is no receiver; add one to the configuration.",
            zone=zone,
        )


@app.command("show")
def show_receiver(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Show one receiver: its settings, what keeps messages from it, and what ends that."""
    with opened(config) as (settings, store):
        views = {view.name: view for view in _views(settings, store)}
        if name not in views:
            raise _unknown(name, list(views))
        if json:
            dump(views[name])
            return
        found = next((one for one in settings.receivers if one.name == name), None)
        for line in _describe(views[name], found, settings.zone):
            print(line)
        say_zone(settings.zone)


@app.command("login")
def log_in(name: NameArgument, token: TokenOption = None, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Log in at the mail server of RECEIVER by OAuth: show a code to enter in a browser, and keep the refresh token.

    It is kept beside the database, in a file that the daemon alone reads and writes: servers replace such tokens. A daemon
    that runs uses it at once. Run this as the user of the service.
    """
    settings = read_config(config)
    found = next((one for one in settings.receivers if one.name == name), None)
    if found is None:
        raise _unknown(name, [one.name for one in settings.receivers])
    if found.oauth is None:
        raise UsageError(f"receiver {name} has no oauth: only a mail server that wants it has such a login")
    log_in_at(make_login(name, "receivers", found.oauth), token, f"tocsin notify-test {name}")


@digest_app.command("preview")
def preview(
    receiver: NameArgument,
    show_page: OpenOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Print the next digest of RECEIVER as it would be sent with what waits now. Nothing is sent or changed."""
    # Lists do without rules and templates.
    from tocsin.cli.rule_packs import read_rules  # noqa: PLC0415
    from tocsin.config.digests import preview_digests  # noqa: PLC0415

    with opened(config) as (settings, store):
        found = next((one for one in settings.receivers if one.name == receiver), None)
        if found is None:
            raise _unknown(receiver, [one.name for one in settings.receivers])
        now = datetime.now(UTC)
        digests = store.read.next_digests(receiver)
        if not digests:
            say(f"Nothing waits for a digest of {receiver}; {next_digest(found.info, settings.zone, now)}.")
        prices = read_rules(settings).prices if digests else {}
        links = unsigned_links(settings)
        for one in preview_digests(digests, found, config=settings, store=store, rules=prices, links=links, now=now):
            message = one.message
            if json:
                names = {"receiver": receiver, "recipient": one.recipient, "due_at": one.due_at}
                dump({**names, "subject": message.subject, "text": message.text, "html": message.html})
                continue
            say(f"It leaves {local(one.due_at, settings.zone)} to {one.recipient or receiver}:")
            if show_page and message.html:
                _open_page(place_of(settings.database, os.environ).with_name("digest.html"), message.html)
                continue
            print(f"{message.subject}\n\n{message.text}")


def _open_page(page: Path, html: str) -> None:
    """Write *html* to the file *page*, for its owner alone, and open it; an earlier one is replaced.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        page.unlink(missing_ok=True)
        with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(html)
    except OSError as error:
        raise UsageError(f"{page} cannot be written: {error.strerror}") from error
    if not webbrowser.open(page.as_uri()):
        say("There is no browser here. The page is in this file:")
    print(page)


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    names = ", ".join(known) or "none"
    return UsageError(f"no receiver is named {name!r}; the configuration has: {names}{meant(name, known)}")


def _views(settings: Config, store: Store) -> Iterator[ReceiverView]:
    """Yield the receivers of *settings* as people see them now."""
    return receiver_views(settings, store.read.receiver_facts(), datetime.now(UTC))


def _describe(view: ReceiverView, found: ReceiverConfig | None, zone: ZoneInfo) -> Iterator[str]:
    """Yield the lines about a receiver, each at most 80 characters wide unless a word is longer."""
    yield f"{view.name}  ({', '.join(filter(None, (view.kind, view.state)))})"
    yield from item("reason", *filter(None, (view.reason, view.ends and f"what ends it: {view.ends}")))
    yield from item("place", *filter(None, (view.place,)))
    yield from item("recipients", *filter(None, view.recipients))
    if view.operator:
        yield from item("operator", "it is notified of tocsin's own health")
    if found:
        yield from _settings(found)
    yield from item("waiting", f"{counted(view.waiting, 'message')}; see: tocsin deliveries list")
    yield from item("last sent", local(view.last_sent, zone))


def _settings(found: ReceiverConfig) -> Iterator[str]:
    info = found.info
    if info.person:
        yield from item("person", info.person)
    if info.digest:
        yield from item("digest", _digest(info.digest))
    if info.quiet_hours:
        yield from item("quiet hours", *map(_quiet, info.quiet_hours))
    if info.max_per_hour:
        yield from item("limit", f"{counted(info.max_per_hour, 'message')} an hour")
    if info.group_wait:
        yield from item("group wait", duration(info.group_wait))
    if found.fallback:
        yield from item("fallback", f"{found.fallback.to} after {duration(found.fallback.after)}")


def _digest(times: DigestTimes) -> str:
    days = "every day" if times.days == EVERY_DAY else ", ".join(DAYS[day] for day in sorted(times.days))
    at = " and ".join(f"{at:%H:%M}" for at in sorted(times.at))
    return f"at {at} {days}, of alerts below {times.below}"


def _quiet(hours: QuietHours) -> str:
    loud = f", except {hours.breaks} and above" if hours.breaks else ""
    return f"{hours.window}{loud}{', others are dropped' * hours.drop}"
