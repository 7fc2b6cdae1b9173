"""Which faults strike in which step: a spread that fits into the tests, and all of them for the long form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice

from chaos.faults import Fault, Fill, Hang, Jump, Kill, KillWhenTaken, Replace, Second, Stop, somewhere
from chaos.play import BEGIN
from chaos.points import Point, Side
from chaos.script import SCRIPT, Step, dull, everywhere, probe, several

Passed = Mapping[str, Sequence[Point]]

#: What a life passes on its way to its first poll: it can be cut off there in any step.
_START = frozenset({"lock", "sync_sources", "kept_hash", "keep_pack", "unevaluated", "note"})
#: Calls with which a delivery goes out, in order.
OUT = ("store.claim_deliveries", "store.begin_attempt", "receiver.send", "store.settle")
#: The steps that lead to calls which are not made in all of them.
_LEADS = {
    "go_on": "several at once",
    "sources": "story",
    "market": "edge",
    "observe": "edge",
    "close": "calm",
    "unseen": "coverage",
    "commit": "mended pack",
    "commit_together": "at one moment",
    "take_in": "long document",
    "fail": "out of order",
    "tell": "faulty pack",
    "kept_pack": "faulty pack",
    "series": "refused for good",
    "report": "cooldowns end",
    "statistics": "cooldowns end",
    "roundup": "evening",
}
#: What only a later time leads to: an evening, and a week after.
_LONG = {
    "before store.read.roundup": timedelta(hours=19),
    "after store.read.roundup": timedelta(hours=24),
    "before store.report": timedelta(days=7),
    "after store.report": timedelta(days=7),
    "before store.read.statistics": timedelta(days=7),
    "after store.read.statistics": timedelta(days=7),
}
#: Where a life is stopped: in the middle of a poll, of a decision, of a try.
STOPS = ("source.poll", "store.commit", "store.observe", *OUT)
#: Steps after which somebody is told something.
LOUD = (
    "story", "louder", "edge", "correlation", "syndicated", "mended", "refused for a while", "refused for good",
    "asked for quiet", "stood in", "cooldowns end", "taken and not said", "second edge", "reworded",
)  # fmt: skip


def in_line(passed: Passed) -> list[Point]:
    """The points of a run in the order in which they were first passed: the way of an entry through the daemon."""
    return list(dict.fromkeys(point for points in passed.values() for point in points))


def a_spread(passed: Passed) -> dict[str, list[Fault]]:
    """One side of every call that a run *passed*, each in a step in which there is something to lose, and other faults."""
    plans: dict[str, list[Fault]] = {
        "second edge": [Fill(room=0)],
        "within cooldown": [Second()],
        "refused for a while": [Hang(seconds=1)],
        "reworded": [KillWhenTaken(), Stop(point=Point(call="receiver.send", side=Side.AFTER))],
        "all cooldowns end": [Jump(by=timedelta(hours=-1))],
    }
    loud = cycle(("louder", "correlation", "mended", "taken and not said"))
    for place, call in enumerate(dict.fromkeys(point.call for point in in_line(passed))):
        point = Point(call=call, side=tuple(Side)[place % 2])
        name = point.call.rpartition(".")[2]
        if name in _START or name in {"claim_sources", "complete_unchanged", "expire", "fail_over"}:
            step = BEGIN if point.side is Side.BEFORE else "story"
        elif name in _LEADS:
            step = _LEADS[name]
        elif point.call in OUT:
            step = next(loud)
        else:
            step = "story" if point.side is Side.BEFORE else "syndicated"
        plans.setdefault(step, []).append(Kill(point=point))
    return plans


def each_point(passed: Passed) -> tuple[list[Step], dict[str, list[Fault]]]:
    """Both sides of every call that a run *passed*, each in a step of its own, so that there is something to lose there."""
    script: list[Step] = []
    plans: dict[str, list[Fault]] = {}
    # What takes days comes last: an evening, the next one, a week, another week.
    line = sorted(in_line(passed), key=lambda point: _LONG.get(str(point), timedelta(0)))
    for number, point in enumerate(line):
        step, *after = leading_to(point, probe(number))
        script += [step, *after]
        plans[step.name] = [Kill(point=point)]
    return script, plans


def leading_to(point: Point, news: Step) -> list[Step]:
    """The steps of which the first leads a life to *point*, as a rule *news*."""
    news = replace(news, name=f"{news.name}: {point}")
    mended = f"{news.name}, mended"
    if point.call == "store.fail":
        ((_, guid, title),) = news.items
        broken, later = replace(news, items=(), broken=("flaky",)), timedelta(minutes=20)
        return [broken, replace(news, name=mended, mended=("flaky",), items=(("flaky", guid, title),), later=later)]
    if point.call in {"store.tell", "store.read.kept_pack"}:
        faulty = next(step for step in SCRIPT if step.pack)
        return [replace(faulty, name=news.name), replace(news, name=mended, pack_mended=True)]
    if point.call == "store.go_on":
        return [replace(news, items=several(news.items[0][1]))]
    if point.call == "store.commit_together":
        return [replace(news, items=everywhere(news.items[0][1]), together=True)]
    if point.call == "store.take_in":
        ((feed, guid, _),) = news.items
        return [replace(news, beside=dull(feed, guid, 24))]
    if point.call in {"store.observe", "store.read.market"}:
        return [replace(news, prices=(("tin", f"100.{news.name.split(':')[0].split()[1]}"),))]
    return [replace(news, later=_LONG.get(str(point), timedelta(0)))]


def every_step(passed: Passed) -> dict[str, list[Fault]]:
    """Both sides of every call, in every step in which it can be passed."""
    line = in_line(passed)
    outbound = [point for point in line if point.call in OUT]
    plans: dict[str, list[Fault]] = {BEGIN: [Kill(point=point) for point in passed[BEGIN]]}
    for step in SCRIPT:
        inward = [point for point in line if point.call in _way_in(step)]
        plans[step.name] = [Kill(point=point) for point in inward]
        if step.name in LOUD:
            # Once each: every try that is cut off makes the wait after the next refusal longer.
            plans[step.name] += [Kill(point=point) for point in outbound]
            plans[step.name] += [KillWhenTaken(count=count) for count in (2, 1)]
    plans["calm"] += [Kill(point=point) for point in line if point.call == "store.close"]
    return plans


def _way_in(step: Step) -> tuple[str, ...]:
    """The calls that bring what happens in *step* into the store."""
    way = ["store.lock", "store.sync_sources", "store.keep_pack", "store.unevaluated"] if step is SCRIPT[0] else []
    way += ["store.read.kept_pack", "store.tell"] if step.pack else []
    if step.items or step.prices or step.broken:
        way += ["store.claim_sources", "source.poll", "store.expire"]
    way += ["store.unseen", "store.commit"] if step.items else []
    way += ["store.commit_together"] if step.together else []
    way += ["store.take_in"] if step.name == _LEADS["take_in"] else []
    way += ["store.read.market", "store.observe"] if step.prices else []
    way += ["store.fail"] if step.broken else []
    return tuple(way)


def anywhere(seed: int, count: int, longest: float = 1.2) -> dict[str, list[Fault]]:
    """*count* deaths at random times, spread over all steps."""
    dice = somewhere(seed, count, longest)
    names = [BEGIN, *(step.name for step in SCRIPT)]
    return {name: list[Fault](dice[place :: len(names)]) for place, name in enumerate(names)}


def stops() -> dict[str, list[Fault]]:
    """Lives that sleep past their leases in the middle of something."""
    points = [Point(call=call, side=side) for call in STOPS for side in Side]
    plans: dict[str, list[Fault]] = {}
    for name, point in zip(islice(cycle(_news()), len(points)), points, strict=True):
        step = "edge" if point.call == "store.observe" else name
        plans.setdefault(step, []).append(Stop(point=point))
    return plans


def replacements() -> dict[str, list[Fault]]:
    """Lives that sleep while another daemon does their work."""
    points = [Point(call=call, side=side) for call in STOPS if call != "store.observe" for side in Side]
    return {name: [Replace(point=point)] for name, point in zip(_news(), points, strict=False)}


def full_disks() -> dict[str, list[Fault]]:
    """Disks with no room, and with room for a part of what a step writes."""
    rooms = cycle((0, 4_000, 20_000, 40_000, 60_000, 90_000, 130_000, 180_000))
    return {name: [Fill(room=next(rooms))] for name in LOUD}


def jumps() -> dict[str, list[Fault]]:
    """Clocks that are set an hour forward or back, and right again."""
    hour = timedelta(hours=1)
    return {
        "story": [Jump(by=hour)],
        "louder": [Jump(by=-hour)],
        "syndicated": [Jump(by=-hour)],
        "mended": [Jump(by=hour)],
        "taken and not said": [Jump(by=-hour)],
    }


def neighbours() -> dict[str, list[Fault]]:
    """A second daemon on the database, which is refused."""
    return {"story": [Second()], "edge": [Second()]}


def hanging() -> dict[str, list[Fault]]:
    """A receiver that hangs."""
    return {"louder": [Hang()], "correlation": [Hang()], "mended": [Hang()]}


def take_overs() -> dict[str, list[Fault]]:
    """The end of one of several daemons, while it has leased something for long; the others go on with it."""
    points = [Point(call=call, side=side) for call in STOPS if call != "store.observe" for side in Side]
    return {name: [Kill(point=point)] for name, point in zip(_news(), points, strict=False)}


def ends_at_once() -> dict[str, list[Fault]]:
    """The end of all daemons at the same point."""
    points = [Point(call=call, side=side) for call in STOPS if call != "store.observe" for side in Side]
    return {name: [Kill(point=point, all=True)] for name, point in zip(_news(), points, strict=False)}


def _news() -> list[str]:
    return [name for name in LOUD if "edge" not in name]
