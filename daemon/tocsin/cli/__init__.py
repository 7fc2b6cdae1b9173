"""The command line: one file per command group."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tocsin import __version__
from tocsin.cli import (
    alerts,
    backtest,
    configuration,
    database,
    deliveries,
    instruments,
    notify,
    packs,
    receivers,
    rules,
    run,
    silences,
    sources,
    why,
)
from tocsin.cli.common import border
from tocsin.cli.setup import doctor, init, status


class _Commands(TyperGroup):
    """All commands, behind the border where errors become exit codes."""

    def invoke(self, ctx: Any) -> Any:
        with border():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
    name="tocsin",
    help="Watch news and prices, recognise what your rules describe, and notify people once, with the proof.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(run.once)
app.command()(run.demo)
app.command("init")(init.init)
app.command()(configuration.check)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command()(rules.match)
app.command("why")(why.why)
app.command("why-not", help="Show why RULE does not match an entry: the same as why, which shows both.")(why.why)
app.command()(backtest.backtest)
app.command("test")(rules.run_tests)
app.command("notify-test")(notify.notify_test)
app.command("schema")(configuration.print_schema)
app.add_typer(sources.app, name="sources")
app.add_typer(instruments.app, name="instruments")
app.add_typer(alerts.app, name="alerts")
app.add_typer(rules.app, name="rules")
app.add_typer(packs.app, name="packs")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(receivers.app, name="receivers")
app.add_typer(receivers.digest_app, name="digest")
app.add_typer(silences.app, name="silences")
app.add_typer(configuration.app, name="config")
app.add_typer(database.app, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tocsin {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Handle the options of the program itself."""


def main() -> None:
    """Run the program."""
    app()
