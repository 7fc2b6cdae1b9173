"""`tocsin notify-test`: a real message through every receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer

from tocsin.assembly import make_receiver
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config
from tocsin.cli.output import FAILED, PARTLY, dump, say
from tocsin.errors import UsageError
from tocsin.model import Alert, Coverage, Delivery, DeliveryKind, ErrorClass, Outcome, Severity, Tidings
from tocsin.receivers import Receiver
from tocsin.render import render

ReceiverArgument = Annotated[str | None, typer.Argument(help="Only this receiver.")]


def notify_test(
    receiver: ReceiverArgument = None, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Send a test alert through every receiver (or one) and print the server's own words."""
    with border():
        settings = read_config(config)
        chosen = [r for r in settings.receivers if receiver in (None, r.name)]
        if not chosen:
            known = ", ".join(r.name for r in settings.receivers)
            raise UsageError(f"no receiver is named {receiver!r}; the configuration has: {known}")
        zone = ZoneInfo(settings.timezone)
        results = [
            (built.name, recipient, _send(built, recipient, zone))
            for built in map(make_receiver, chosen)
            for recipient in built.recipients
        ]
    for name, recipient, outcome in results:
        if json:
            dump({"receiver": name, "recipient": recipient, "outcome": outcome})
        else:
            mark = "ok    " if outcome.error_class is ErrorClass.OK else "FAILED"
            words = outcome.words or ("delivered" if outcome.error_class is ErrorClass.OK else outcome.error_class)
            say(f"{mark} {name} {recipient} {outcome.code or ''} {words}")
    failed = sum(outcome.error_class is not ErrorClass.OK for _, _, outcome in results)
    if failed:
        raise typer.Exit(FAILED if failed == len(results) else PARTLY)


def _send(receiver: Receiver, recipient: str, zone: ZoneInfo) -> Outcome:
    now = datetime.now(UTC)
    tidings = (_example(now),)
    delivery = Delivery(
        id=uuid4().hex,
        receiver=receiver.name,
        recipient=recipient,
        kind=DeliveryKind.TEST,
        fence=0,
        attempt=1,
        created_at=now,
        due_at=now,
        expires_at=now + timedelta(hours=1),
        tidings=tidings,
    )
    message = render(tidings, kind=receiver.kind, delivery_id=delivery.id, delivery_kind=delivery.kind, zone=zone)
    return receiver.send(delivery, message)


def _example(now: datetime) -> Tidings:
    alert = Alert(
        id=0,
        rule="tocsin/notify-test",
        rule_hash="",
        rule_position="",
        title="Test: this is how an alert arrives",
        event="tocsin.test",
        severity=Severity.INFO,
        labels={"receiver": ("test",)},
        key=("receiver",),
        story_id=0,
        opened_at=now,
        updated_at=now,
        event_time=now,
        note="Nothing happened. Somebody ran `tocsin notify-test`.",
    )
    lead = Coverage(
        title="tocsin can reach you here", link="", publisher="tocsin", source="test", published=now, first_seen=now
    )
    return Tidings(alert=alert, lead=lead)
