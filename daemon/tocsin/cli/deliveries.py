"""`tocsin deliveries`: who was told, who was not, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, opened
from tocsin.cli.output import dump, local, say, shown, table
from tocsin.errors import UsageError
from tocsin.model import DeliveryState

app = typer.Typer(help="Who was told, who was not, and why.", no_args_is_help=True)

StateOption = Annotated[DeliveryState | None, typer.Option("--state", help="Only those in this state.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, the newest first.")]


@app.command("list")
def list_deliveries(
    config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, limit: LimitOption = 50, json: JsonOption = False
) -> None:
    """The newest deliveries."""
    with border(), opened(config) as (settings, store):
        views = store.deliveries(state=state, limit=limit)
        if json:
            for view in views:
                dump(view)
            return
        zone = ZoneInfo(settings.timezone)
        rows = [
            (v.id, v.state, v.receiver, v.recipient, local(v.created_at, zone), v.attempts, v.title, v.reason)
            for v in views
        ]
        table(
            ("id", "state", "receiver", "recipient", "created", "tries", "alert", "reason"),
            rows,
            empty="No deliveries yet.",
        )


@app.command("show")
def show_delivery(delivery: str, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """One delivery: what it says, every try and every change of state."""
    with border(), opened(config) as (settings, store):
        detail = store.delivery(delivery)
        if detail is None:
            raise UsageError(f"there is no delivery {delivery}; see: tocsin deliveries list")
        if json:
            dump(detail)
            return
        zone = ZoneInfo(settings.timezone)
        view = detail.delivery
        print(f"{view.id} {view.state} to {view.receiver} {view.recipient}: {shown(view.title)}")
        for change in detail.transitions:
            print(f"  {local(change.at, zone)} {change.state} {shown(change.reason)}")
        for attempt in detail.attempts:
            outcome = attempt.outcome or "under way"
            print(
                f"  try {attempt.n} at {local(attempt.started_at, zone)}: {outcome} {attempt.code or ''} {shown(attempt.words)}"
            )
        if detail.message:
            print(f"\n{detail.message.subject}\n\n{detail.message.text}")


@app.command("resend")
def resend(delivery: str, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Send a delivery that is settled (dead, suppressed or delivered) once more, as a new one."""
    with border(), opened(config) as (_, store):
        new = store.resend(delivery, datetime.now(UTC))
        say(f"{new} goes out in place of {delivery} at the daemon's next tick.")
