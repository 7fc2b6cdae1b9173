"""`tocsin notify-test`: send a test message through every receiver, in the same way as alerts."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import FAILED, PARTLY, dump, progress, say
from tocsin.clock import SystemClock
from tocsin.config.config import Config
from tocsin.config.contacts import make_receiver
from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import LockedError, UsageError
from tocsin.model.deliveries import SETTLED, DeliveryState
from tocsin.protocols import P, Runtime, T
from tocsin.receivers import Receiver
from tocsin.receivers.apprise import AppriseReceiver
from tocsin.receivers.classify import remedy
from tocsin.render.reasons import in_words
from tocsin.store import Store
from tocsin.store.inbound.decisions import nobody
from tocsin.store.views import DeliveryDetail

ReceiverArgument = Annotated[str | None, typer.Argument(help="Only this receiver.")]

#: Seconds to wait for a running daemon to send a test. This is longer than one attempt can take.
LONGEST = 150.0


def notify_test(
    receiver: ReceiverArgument = None, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Send a test alert through every receiver (or one) and print the server's answers.

    The test goes through the outbox. If a daemon is running, the daemon sends it. Otherwise this command does.
    Exit code 1: no test was delivered. 3: not all were.
    """
    with opened(config) as (settings, store):
        chosen = [r for r in settings.receivers if receiver in (None, r.name)]
        if not chosen:
            known = ", ".join(r.name for r in settings.receivers)
            raise UsageError(f"no receiver is named {receiver!r}; the configuration has: {known}")
        receivers = [make_receiver(r) for r in chosen]
        now = datetime.now(UTC)
        ids = [store.act.test(r.name, recipient, now) for r in receivers for recipient in r.recipients]
        try:
            store.lock(now, alone=True)
        except LockedError:
            say("A daemon is running on this database and sends the test.")
            with progress("sending") as tick:
                _wait(store, ids, tick)
        else:
            # A console receiver prints on stdout, which is for the objects.
            with redirect_stdout(sys.stderr) if json else nullcontext(), progress("sending"):
                asyncio.run(_send(settings, store, receivers, ids))
        results = [found for number in ids if (found := store.read.delivery(number))]
        by_name = {r.name: r for r in receivers}
        failed = sum(not _report(result, by_name[result.delivery.receiver], json=json) for result in results)
    if failed:
        raise typer.Exit(FAILED if failed == len(results) else PARTLY)


async def _send(settings: Config, store: Store, receivers: Sequence[Receiver], ids: Sequence[str]) -> None:
    outbound = DeliveryConfig(receivers={r.name: r for r in receivers}, zone=settings.zone, decide=nobody)
    runtime = Runtime(clock=SystemClock(), write=_at_once, work=_at_once, random=lambda: 0.5)
    dispatcher = Dispatcher(store, outbound, runtime)
    try:
        await dispatcher.send_only(ids)
    finally:
        dispatcher.close()


def _wait(store: Store, ids: Sequence[str], tick: Callable[[int, int], None]) -> None:
    """Wait until the daemon has sent all of them, at most `LONGEST` seconds. Each look at them is a *tick*."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        found = [store.read.delivery(number) for number in ids]
        left = sum(one is not None and one.delivery.state not in SETTLED for one in found)
        if not left:
            return
        tick(left, len(ids))
        time.sleep(0.2)


def _report(result: DeliveryDetail, receiver: Receiver, *, json: bool) -> bool:
    """Print the result of a test, with advice if it failed. Return whether it arrived."""
    delivery = result.delivery
    last = result.attempts[-1] if result.attempts else None
    words = (last.words if last else "") or in_words(delivery.reason)
    good = delivery.state is DeliveryState.DELIVERED
    place, mode = (receiver.place, receiver.mode) if isinstance(receiver, AppriseReceiver) else ("", "")
    advice = "" if good or not last or not last.outcome else remedy(last.outcome, last.code, mode=mode)
    if json:
        names = {"id": delivery.id, "receiver": delivery.receiver, "recipient": delivery.recipient}
        outcome = {"outcome": last.outcome if last else None, "code": last.code if last else None, "words": words}
        dump({**names, "state": delivery.state, **outcome, "place": place, "remedy": advice})
        return good
    code = last.code if last and last.code else ""
    still = (
        ""
        if delivery.state in SETTLED
        else f"not sent yet ({delivery.state}); see: tocsin deliveries show {delivery.id}"
    )
    parts = ("ok    " if good else "FAILED", delivery.receiver, delivery.recipient, code, words or still or "delivered")
    say(" ".join(str(part) for part in parts if part != ""))
    if place and not good:
        say(f"       tried: {place}{f' ({mode})' if mode else ''}")
    if advice:
        say(f"       what to do: {advice}")
    return good


async def _at_once(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return call(*args, **kwargs)
