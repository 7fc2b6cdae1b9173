"""News that a service refuses, and news that a thousand rules find: the others behind them are told all the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.loopback import Quiet, serving
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.receivers.kinds import build

POISON = "Chile bans lithium exports to everybody"
NEWS = (POISON, "China bans gallium exports", "Congo bans cobalt exports")
EACH = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: ban
    severity: high
    news: {match: bans}
    cooldown: 0s
"""
OK = AttemptResult(error_class=ErrorClass.OK)


@dataclass
class Chat:
    """A service that refuses every message with *poison* in it."""

    poison: str = ""
    url: str = ""
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@pytest.fixture
def chat() -> Iterator[Chat]:
    """A chat on loopback that understands Slack's webhooks."""
    state = Chat()

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            bad = bool(state.poison) and state.poison in body
            (state.refused if bad else state.accepted).append(body)
            answer = b"invalid_blocks" if bad else b"ok"
            self.send_response(400 if bad else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with serving(Handler) as address:
        state.url = f"{address.replace('http:', 'slack+http:', 1)}/hook"
        yield state


def outbox(line: Any, pack: str, news: tuple[str, ...], *receivers: Any) -> Dispatcher:
    """A dispatcher with these lanes, after alerts about *news* were committed."""
    pipeline = line.pipeline(line.list_source("wire", [[], news]), ruleset=line.rules(pack))
    asyncio.run(pipeline.run_due())
    line.clock.move(minutes=16)
    asyncio.run(pipeline.run_due())
    return line.dispatcher(pipeline.inbound.policy.decide, *receivers)


def test_a_message_that_is_always_refused_holds_up_no_other(line: Any, chat: Chat) -> None:
    """It is tried once more as a short plain text, and given up; the news behind it never waited."""
    chat.poison = "lithium"
    ops = line.list_receiver("ops", [OK])
    out = outbox(line, EACH, NEWS, build("desk", chat.url), ops)
    asyncio.run(out.run_due())
    assert [sum(title in body for body in chat.accepted) for title in NEWS] == [0, 1, 1]
    for _ in range(5):
        line.clock.move(hours=1)
        asyncio.run(out.run_due())
    out.close()
    first, second = map(json.loads, chat.refused)
    assert (len(first["blocks"]) > 2, second["blocks"][-1]["text"]["type"]) == (True, "plain_text")
    assert len(chat.accepted) == 2
    dead = [view for view in line.store.read.deliveries() if view.state is DeliveryState.DEAD]
    assert [(view.receiver, view.attempts) for view in dead] == [("desk", 2)]
    assert [("invalid_blocks" in message.text) for _, message in ops.sent] == [True]


@pytest.mark.no_cover
def test_what_a_thousand_rules_find_in_one_entry_is_one_message(line: Any, chat: Chat) -> None:
    """A careless pack must not send a thousand messages about a headline, nor one that no service takes."""
    rules = "".join(
        f"  - {{id: ban-{n}, event: trade.ban{n}.x, severity: high, news: {{match: bans}}}}\n" for n in range(1000)
    )
    head = EACH.partition("  - id")[0]
    ops = line.list_receiver("ops", [OK])
    out = outbox(line, head + rules, NEWS[1:2], build("desk", chat.url), ops)
    asyncio.run(out.run_due())
    out.close()
    (body,) = chat.accepted
    payload = json.loads(body)
    assert len(payload["blocks"]) <= 50
    assert payload["text"].endswith("(+999 more)")
    assert all(view.state is DeliveryState.DELIVERED for view in line.store.read.deliveries(limit=2000))
