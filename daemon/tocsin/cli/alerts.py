"""`tocsin alerts`: what was found, and why."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, opened
from tocsin.cli.output import dump, local, revision, shown, table
from tocsin.cli.tree import console, tree
from tocsin.errors import UsageError
from tocsin.prices import Labels
from tocsin.store import AlertDetail

app = typer.Typer(help="What was found, and why.", no_args_is_help=True)

LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, the newest first.")]


@app.command("list")
def list_alerts(config: ConfigOption = DEFAULT_CONFIG, limit: LimitOption = 50, json: JsonOption = False) -> None:
    """The newest alerts."""
    with border(), opened(config) as (settings, store):
        alerts = store.alerts(limit=limit)
        if json:
            for alert in alerts:
                dump(alert)
            return
        zone = ZoneInfo(settings.timezone)
        table(
            ("id", "opened", "severity", "alert", "labels", "rule"),
            [(a.id, local(a.opened_at, zone), a.severity, a.title, _labels(a.labels), a.rule) for a in alerts],
            empty="No alerts yet.",
        )


@app.command("show")
def show_alert(number: int, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """One alert: its proof, the coverage that belongs to it, and who was told."""
    with border(), opened(config) as (settings, store):
        detail = store.alert(number)
        if detail is None:
            raise UsageError(f"there is no alert {number}; see: tocsin alerts list")
        if json:
            dump(detail)
            return
        _print(detail, ZoneInfo(settings.timezone))


def _print(detail: AlertDetail, zone: ZoneInfo) -> None:
    alert, lead = detail.tidings.alert, detail.tidings.lead
    print(f"{alert.severity.upper()} {shown(alert.title)}  ({alert.rule}, {alert.rule_position})")
    if lead:
        print(f"  {shown(lead.title)}\n  {shown(lead.link)}")
        if lead.revised:
            print(f"  {revision(lead.revised, zone)}")
    print(f"  event {local(alert.event_time, zone)}, opened {local(alert.opened_at, zone)}, {_labels(alert.labels)}")
    for member in detail.members:
        print(f"  {member.fate}: {shown(member.title or member.detail)} [{member.source}] {shown(member.reason)}")
    for delivery in detail.deliveries:
        print(
            f"  {delivery.state} to {delivery.receiver} {delivery.recipient} {shown(delivery.reason)} ({delivery.id})"
        )
    if detail.tidings.evidence:
        texts = {name: getattr(lead, name) for name in ("title", "summary", "body")} if lead else {}
        console().print(tree(detail.tidings.evidence, texts))


def _labels(labels: Labels) -> str:
    return " ".join(f"{name}={','.join(values)}" for name, values in labels.items())
