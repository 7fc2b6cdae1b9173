"""The heartbeat: asked for as long as claims run, and by nobody else than a daemon that works."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from tocsin.config.secrets import Secret
from tocsin.config.sections import Heartbeat
from tocsin.service.liveness import Liveness

Visit = Callable[..., Any]
MINUTE = 60.0


@dataclass
class Seconds:
    """A clock of seconds, moved by hand."""

    time: float = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.time


def beating(seconds: Seconds) -> Liveness:
    """A pulse of both claims."""
    return Liveness("poll", "deliver", monotonic=seconds)


def run(pulse: Liveness, *names: str) -> None:
    """These claims run."""
    for name in names or ("poll", "deliver"):
        pulse.ran(name)


@pytest.mark.parametrize("stands", ["poll", "deliver"])
def test_a_claim_that_stands_still_stops_the_heartbeat(visit: Visit, stands: str) -> None:
    """A daemon that polls but does not send, or sends but does not poll, sends no heartbeat."""
    seconds = Seconds()

    async def scene(site: Any, http: Any) -> list[int]:
        site.answers["/beat"] = web.Response(text="OK")
        heart = Heartbeat(url=Secret(f"{site.base}/beat"), every=timedelta(minutes=1), allow_private=True)
        pulse, counts = beating(seconds), []
        for minute in range(6):
            seconds.time += MINUTE
            run(pulse, *([name for name in ("poll", "deliver") if name != stands] if 2 <= minute < 4 else ()))
            await pulse.beat(http, heart)
            counts.append(len(site.requests))
        return counts

    assert visit(scene) == [1, 2, 2, 2, 3, 4]


def test_it_is_asked_for_no_more_often_than_is_wanted(visit: Visit) -> None:
    """The service counts what it is sent."""
    seconds = Seconds()

    async def scene(site: Any, http: Any) -> int:
        site.answers["/beat"] = web.Response(status=204)
        heart = Heartbeat(url=Secret(f"{site.base}/beat"), every=timedelta(minutes=5), allow_private=True)
        pulse = beating(seconds)
        for _ in range(60):
            seconds.time += 10
            run(pulse)
            await pulse.beat(http, heart)
        return len(site.requests)

    assert visit(scene) == 2


def test_what_is_not_heard_is_said_once_and_without_the_address(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    """An address of a heartbeat is a secret; and a server that is down for a day is one line, not three hundred."""
    seconds = Seconds()
    caplog.set_level(logging.INFO, "tocsin")

    async def scene(site: Any, http: Any) -> None:
        heart = Heartbeat(url=Secret(f"{site.base}/secret-token"), every=timedelta(minutes=1), allow_private=True)
        pulse = beating(seconds)
        for minute in range(6):
            if minute == 4:
                site.answers["/secret-token"] = web.Response(status=200)
            seconds.time += MINUTE
            run(pulse)
            await pulse.beat(http, heart)

    visit(scene)
    assert [record.message.split("=")[0] for record in caplog.records if "heartbeat" in record.message] == [
        "heartbeat failed reason",
        "heartbeat works again",
    ]
    assert "secret-token" not in caplog.text
    assert "secret-token" not in repr(
        Heartbeat(url=Secret("https://x.example/secret-token"), every=timedelta(minutes=1))
    )


def test_a_heartbeat_reaches_no_private_address_unasked(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    """An address that somebody else gave may not probe the network at home."""

    async def scene(site: Any, http: Any) -> int:
        pulse = beating(Seconds())
        run(pulse)
        await pulse.beat(http, Heartbeat(url=Secret(f"{site.base}/beat"), every=timedelta(minutes=1)))
        return len(site.requests)

    assert visit(scene) == 0
    assert "heartbeat failed" in caplog.text
