"""Which faults strike a server, its sessions and its network, and where."""

from __future__ import annotations

import random
import signal
from itertools import cycle, product

from chaos.campaign import LOUD, OUT, STOPS, leading_to
from chaos.faults import Fault, Kill, Stop
from chaos.play import BEGIN, Plans
from chaos.points import Point, Side
from chaos.rivals import Supersede, Upgrade
from chaos.script import SCRIPT, Step, probe
from chaos.server_faults import (
    LOCK,
    OTHERS,
    Crash,
    Cut,
    Deed,
    Hold,
    KillBackend,
    LoseCommit,
    Part,
    StopInside,
    Terminate,
    TerminateInCommit,
    While,
)

#: The whole server, which only one of our own may lose.
CRASHES: tuple[Deed, ...] = (Crash(), Crash(how=signal.SIGINT, seconds=2), KillBackend())
SESSIONS: tuple[Deed, ...] = (Terminate(), Terminate(which=LOCK), Terminate(which=OTHERS), TerminateInCommit())
NETWORK: tuple[Deed, ...] = (Cut(), Hold(seconds=1), Part(seconds=2))
#: What a transaction writes on the way in and on the way out, and the call that it is a part of.
_WRITES = {
    "INSERT INTO entry": "store.commit",
    "INSERT INTO match": "store.commit",
    "INSERT INTO alert": "store.commit",
    "UPDATE source": "store.commit",
    "INSERT INTO quote": "store.observe",
    "INSERT INTO attempt": "store.begin_attempt",
    "UPDATE attempt": "store.settle",
    "UPDATE delivery": "store.claim_deliveries",
}


def each_deed(deeds: tuple[Deed, ...]) -> tuple[list[Step], dict[str, list[Fault]]]:
    """Each of *deeds* at each point where something is under way, in a step of its own."""
    script: list[Step] = []
    plans: dict[str, list[Fault]] = {}
    points = [Point(call=call, side=side) for call in STOPS for side in Side]
    for number, (deed, point) in enumerate(product(deeds, points)):
        step, *after = leading_to(point, probe(number))
        script += [step, *after]
        plans[step.name] = [While(deed=deed, point=point)]
    return script, plans


def lost_commits() -> tuple[list[Step], dict[str, list[Fault]]]:
    """Connections that are lost with a COMMIT, before and behind it, of everything that is written."""
    script: list[Step] = []
    plans: dict[str, list[Fault]] = {}
    for number, ((words, call), side) in enumerate(product(_WRITES.items(), Side)):
        step, *after = leading_to(Point(call=call, side=side), probe(number))
        script += [step, *after]
        plans[step.name] = [LoseCommit(words=words, side=side)]
    return script, plans


def stops_inside() -> dict[str, list[Fault]]:
    """Lives that sleep inside a transaction, with the lock under which all decide."""
    plans = {name: [StopInside(words=words)] for name, words in zip(_loud(), _WRITES, strict=False)}
    return plans | {"edge": [StopInside(words="INSERT INTO quote")]}


def supersessions() -> dict[str, list[Fault]]:
    """Configurations that replace one another, each while a worker with the one before is in the middle of something."""
    points = [Point(call=call, side=side) for call in ("source.poll", "store.commit") for side in Side]
    points += [Point(call=call, side=Side.BEFORE) for call in ("store.claim_sources", *OUT)]
    faults = [Supersede(point=point, returns=returns) for point in points for returns in (False, True)]
    plans: dict[str, list[Fault]] = {"edge": [Supersede(point=Point(call="store.observe", side=Side.BEFORE))]}
    news = (name for name in _loud() if name != "cooldowns end")
    for name, fault in zip(cycle(news), faults, strict=False):
        plans.setdefault(name, []).append(fault)
    return plans


def upgrades() -> dict[str, list[Fault]]:
    """Programs that are newer and newer, each beside the one before."""
    points = [Point(call=call, side=side) for call in STOPS if call != "store.observe" for side in Side]
    faults = [Upgrade(point=point, goes_on=bool(number % 2)) for number, point in enumerate(points)]
    return {name: [fault] for name, fault in zip(_loud(), faults, strict=False)}


def _loud() -> list[str]:
    return [name for name in LOUD if "edge" not in name]


def struck_anywhere(seed: int, deeds: tuple[Deed, ...]) -> dict[str, list[Fault]]:
    """*deeds* at random times, two in each step."""
    dice = random.Random(seed)
    names = [BEGIN, *(step.name for step in SCRIPT)]
    return {name: [While(deed=dice.choice(deeds), seconds=dice.random()) for _ in range(2)] for name in names}


def a_spread_on_server() -> Plans:
    """One fault of each kind, each in a step in which there is something to lose, in little time."""
    begun, settled = Point(call="store.begin_attempt", side=Side.AFTER), Point(call="store.settle", side=Side.BEFORE)
    committed = Point(call="store.commit", side=Side.BEFORE)
    plans: dict[str, list[Fault]] = {
        "story": [While(deed=Crash(), point=settled)],
        "coverage": [While(deed=Terminate(), point=committed)],
        "louder": [LoseCommit(words="INSERT INTO attempt", side=Side.AFTER)],
        "edge": [While(deed=Terminate(which=LOCK), point=Point(call="store.observe", side=Side.BEFORE))],
        "correlation": [LoseCommit(words="INSERT INTO alert", side=Side.AFTER)],
        "syndicated": [LoseCommit(words="INSERT INTO alert", side=Side.BEFORE)],
        "mended": [While(deed=Part(seconds=0.5), point=settled)],
        "mended pack": [While(deed=TerminateInCommit(), point=committed)],
        "second edge": [While(deed=Hold(seconds=0.5), seconds=0.5)],
        "reworded": [While(deed=KillBackend(), point=begun)],
    }
    return plans


def a_spread_over_workers() -> Plans:
    """One fault of each kind that two workers on a server may meet, in about a minute."""
    sent, settled = Point(call="receiver.send", side=Side.AFTER), Point(call="store.settle", side=Side.BEFORE)
    begun, committed = Point(call="store.begin_attempt", side=Side.AFTER), Point(call="store.commit", side=Side.BEFORE)
    return {
        "story": [Kill(point=committed)],
        "coverage": [While(deed=Crash(), seconds=0.5)],
        "louder": [Kill(point=settled, all=True)],
        "edge": [While(deed=Terminate(which=LOCK), point=Point(call="store.observe", side=Side.BEFORE))],
        "correlation": [LoseCommit(words="INSERT INTO alert", side=Side.AFTER)],
        "syndicated": [StopInside(words="INSERT INTO alert")],
        "mended": [Upgrade(point=begun)],
        "mended pack": [While(deed=Part(seconds=0.5), point=settled)],
        "blackout": [Supersede(point=committed, returns=True)],
        "cooldowns end": [Stop(point=sent)],
        "reworded": [While(deed=TerminateInCommit(), point=committed)],
    }


def stops_without_lock() -> dict[str, list[Fault]]:
    """Lives that sleep past their leases, and lose their lock meanwhile."""
    points = [Point(call=call, side=side) for call in STOPS if call != "store.observe" for side in Side]
    return {name: [Stop(point=point, loses=True)] for name, point in zip(_loud(), points, strict=False)}
