"""`tocsin dates`: list the dates that news announces, and confirm or reject them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ByOption, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import listing, say, shown
from tocsin.errors import UsageError
from tocsin.explain.dates import ahead, what
from tocsin.model.dates import DateState

app = typer.Typer(help="List the dates that news announces, and confirm or reject them.", no_args_is_help=True)

NumbersArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="The numbers of dates: 3 4.")]
AllOption = Annotated[bool, typer.Option("--all", help="Include those that are past or were rejected.")]


@app.command("list")
def list_dates(
    config: ConfigOption = DEFAULT_CONFIG, *, everything: AllOption = False, json: JsonOption = False
) -> None:
    """List the dates ahead that entries of alerts announce, with the words around them; the next comes first."""
    with opened(config) as (settings, store):
        today = datetime.now(UTC).astimezone(settings.zone).date()
        states = [one for one in DateState if everything or one is not DateState.REJECTED]
        listing(
            store.read.dates(None if everything else today, states),
            {
                "id": lambda d: d.id,
                "day": lambda d: f"{d.day} {ahead(d.day, today)}",
                "what": what,
                "state": lambda d: f"{d.state} by {d.judged_by}" if d.judged_by else d.state,
                "alert": lambda d: f"{d.alert_id} {d.title}",
                "words": lambda d: d.words,
            },
            json=json,
            empty="No alert announces a date."
            if everything
            else "No alert announces a date ahead; past and rejected ones: tocsin dates list --all",
        )


@app.command("confirm")
def confirm(numbers: NumbersArgument, by: ByOption = "", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Say that dates are right. The last word counts."""
    _judge(config, numbers, DateState.CONFIRMED, by)


@app.command("reject")
def reject(numbers: NumbersArgument, by: ByOption = "", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Say that dates are wrong, so that they leave the lists and the calendar. The last word counts."""
    _judge(config, numbers, DateState.REJECTED, by)


def _judge(config: ConfigOption, given: list[str], state: DateState, by: str) -> None:
    """Store what was said of each date, and print it on stderr."""
    numbers = [_number(one) for one in given]
    with opened(config) as (_, store):
        store.act.judge_dates(numbers, state, datetime.now(UTC), by=by)
        known = {one.id: one for one in store.read.dates()}
        for number in numbers:
            one = known[number]
            say(f"Date {number} is {state}: {one.day} {what(one)}, {shown(one.title)}.")


def _number(text: str) -> int:
    """Return the number of a date.

    Raises:
        UsageError: *text* is not one.
    """
    digits = text.removeprefix("#")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise UsageError(f"{shown(text)!r} is not a date: dates have short numbers such as 3; see: tocsin dates list")
    return int(digits)
