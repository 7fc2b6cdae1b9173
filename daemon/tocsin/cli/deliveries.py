"""`tocsin deliveries`: messages that were sent or not sent, and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, LimitOption, SinceOption
from tocsin.cli.input_files import read_since
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, listing, local, print_line, say, say_zone, shown
from tocsin.config.config import Config
from tocsin.errors import UsageError
from tocsin.explain.receivers import explain_waiting
from tocsin.model.deliveries import DeliveryState
from tocsin.model.records import DeliveryView
from tocsin.render.answer_links import masked
from tocsin.render.reasons import in_words
from tocsin.store import Store

app = typer.Typer(help="List, show and resend deliveries.", no_args_is_help=True)

StateOption = Annotated[DeliveryState | None, typer.Option("--state", help="Only those in this state.")]
DeadOption = Annotated[bool, typer.Option("--dead", help="All dead deliveries that were not resent since.")]
#: Characters of an id that a terminal shows, where a whole one would fill half a line.
_SHORT = 8
#: The most copies that one command makes.
MOST_AGAIN = 1000


@app.command("list")
def list_deliveries(
    config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, limit: LimitOption = 50, json: JsonOption = False
) -> None:
    """List the newest deliveries."""
    with opened(config) as (settings, store):
        views = _explained(store.read.deliveries(state=state, limit=limit), store, settings.zone)
        _list(views, settings, json=json, empty="No deliveries yet.")


@app.command("dead")
def list_dead(
    config: ConfigOption = DEFAULT_CONFIG, since: SinceOption = None, limit: LimitOption = 50, json: JsonOption = False
) -> None:
    """List the newest dead deliveries, and why they failed. `resend --dead` sends them again."""
    with opened(config) as (settings, store):
        _list(_dead(store, since, limit), settings, json=json, empty="There are no dead deliveries.")


def _dead(store: Store, since: str | None, limit: int) -> tuple[DeliveryView, ...]:
    from_then_on = read_since(since, datetime.now(UTC))
    views = store.read.deliveries(state=DeliveryState.DEAD, limit=limit)
    return tuple(view for view in views if from_then_on is None or view.created_at >= from_then_on)


def _explained(views: Sequence[DeliveryView], store: Store, zone: ZoneInfo) -> list[DeliveryView]:
    return explain_waiting(views, store.read.receivers(), datetime.now(UTC), zone)


def _list(views: Sequence[DeliveryView], settings: Config, *, json: bool, empty: str) -> None:
    zone = settings.zone
    listing(
        views,
        {
            "id": lambda v: v.id[:_SHORT] if sys.stdout.isatty() else v.id,
            "state": lambda v: v.state,
            "receiver": lambda v: v.receiver,
            "recipient": lambda v: v.recipient,
            "created": lambda v: local(v.created_at, zone),
            "tries": lambda v: v.attempts,
            "alert": lambda v: v.title,
            "reason": lambda v: in_words(v.reason, zone),
        },
        json=json,
        empty=empty,
        zone=zone,
    )


@app.command("show")
def show_delivery(
    delivery: Annotated[
        str,
        typer.Argument(metavar="ID", help="The id of a delivery, or its beginning, as `deliveries list` prints it."),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Show one delivery: its text, its attempts and its changes of state."""
    with opened(config) as (settings, store):
        detail = store.read.delivery(_whole(delivery, store))
        assert detail, "its id was found just now"
        if json:
            dump(detail)
            return
        zone = settings.zone
        view = _explained([detail.delivery], store, zone)[0]
        print_line(f"{view.id} {view.state} to {view.receiver} {view.recipient}: {view.title}")
        if view.reason:
            print_line(f"  {in_words(view.reason, zone)}")
        for change in detail.transitions:
            print_line(f"  {local(change.at, zone)} {change.state} {in_words(change.reason, zone)}")
        for attempt in detail.attempts:
            outcome = attempt.outcome or "under way"
            print_line(
                f"  try {attempt.n} at {local(attempt.started_at, zone)}: {outcome} {attempt.code or ''} {attempt.words}"
            )
        say_zone(zone)
        if detail.message:
            message = masked(detail.message)
            print(f"\n{message.subject}\n\n{message.text}")


def _whole(beginning: str, store: Store) -> str:
    """Return the id of the one delivery that *beginning* means.

    Raises:
        UsageError: it means none, or several.
    """
    found = store.read.delivery_ids(beginning)
    if not found:
        raise UsageError(f"there is no delivery {shown(beginning)}; see: tocsin deliveries list")
    if len(found) > 1:
        raise UsageError(f"several deliveries begin with {shown(beginning)}: write more of the id")
    return found[0]


@app.command("resend")
def resend(
    deliveries: Annotated[
        list[str] | None, typer.Argument(metavar="[DELIVERY]...", help="Ids of deliveries, or their beginnings.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    dead: DeadOption = False,
    since: SinceOption = None,
) -> None:
    """Send settled deliveries (dead, suppressed or delivered) again, as new ones."""
    if bool(deliveries) is dead:
        raise typer.BadParameter("name deliveries, or use --dead for all dead ones (with --since for recent ones only)")
    with opened(config) as (_, store):
        chosen = [_whole(one, store) for one in deliveries or ()] or [
            view.id for view in _dead(store, since, MOST_AGAIN) if not view.resent
        ]
        if not chosen:
            say("There are no dead deliveries left to resend.")
        for delivery in chosen:
            new = store.act.resend(delivery, datetime.now(UTC))
            say(f"{new} replaces {delivery} and is sent at the daemon's next tick.")
