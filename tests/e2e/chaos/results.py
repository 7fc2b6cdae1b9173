"""The table of a campaign: a row for each kind of fault, and what became of the invariants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chaos.evidence import Evidence
from chaos.invariants import CHECKS, COMPARISONS, judge, unheard
from chaos.points import ELSEWHERE, points

#: Ends that are no fault: a life is replaced by one that has other orders.
_BETWEEN = ("between two", "another one", "behind", "not reached")
_HEAD = f"{'':16}{'time':>6} {'lives':>6}{'kills':>6}{'others':>7}  {'published':>9}{'unheard':>8}  {'accepted':>8}{'doubled':>8}{'ambiguous':>10}  broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One kind of fault: what came of it, or why it *failed*, after so many *seconds* and *lives*.

    *reference* is the same script undisturbed.
    """

    kind: str
    seconds: float
    lives: int
    run: Evidence | None
    reference: Evidence
    failed: str = ""

    def broken(self) -> dict[str, tuple[str, ...]]:
        """The violations by invariant; of a run that did not end, why."""
        if self.run is None:
            return {"it ends": (self.failed,)}
        return judge(self.run, self.reference)


def head() -> str:
    """The names of the columns."""
    return _HEAD


def row(result: Result) -> str:
    """One row of the table; how a run failed that did."""
    run = result.run
    if run is None:
        return f"{result.kind:16}{result.seconds:4.0f} s  FAILED: {_ends(result.failed)}"
    faults = [cut.point for cut in run.cuts if not cut.point.startswith(_BETWEEN)]
    others = sum(point.startswith(("stop", "replace", "meanwhile")) for point in faults)
    keys = Counter(message.key for message in run.accepted)
    doubtful = sum(row["outcome"] == "ambiguous" for row in run.tables["attempt"])
    broken = sum(bool(found) for found in result.broken().values())
    stories = sum(bool(told.rule) for told in run.published)
    return (
        f"{result.kind:16}{result.seconds:4.0f} s {result.lives:6}{len(faults) - others:6}{others:7}  "
        f"{stories:9}{len(unheard(run)):8}  {len(keys):8}{len(run.accepted) - len(keys):8}{doubtful:10}  {broken:6}"
    )


def _ends(words: str) -> str:
    return words if len(words) < 4000 else f"{words[:300]}\n...\n{words[-3500:]}"


def where(results: Sequence[Result]) -> tuple[list[str], list[str]]:
    """Where lives were cut off, and how often; the points at which none was although the script leads there."""
    cuts = Counter(cut.point for result in results if result.run for cut in result.run.cuts)
    known = [str(point) for point in points()]
    lines = [
        f"  {cuts[point]:4}  {point}"
        for point in [*known, *sorted(set(cuts) - set(known))]
        if cuts[point] and not point.startswith(("not reached", "behind"))
    ]
    return lines, [str(point) for point in points() if point.call not in ELSEWHERE and not cuts[str(point)]]


def verdicts(results: Sequence[Result]) -> tuple[list[str], Collection[str]]:
    """Whether each invariant held everywhere, with the first violations; and the kinds in which one did not."""
    lines, broken = [], [result.kind for result in results if result.run is None]
    judged = [(result.kind, result.broken()) for result in results if result.run]
    for name in (*CHECKS, *COMPARISONS):
        found = [f"{kind}: {violation}" for kind, violations in judged for violation in violations[name]]
        broken += found
        lines.append(f"  {'BROKEN' if found else 'held  '}  {name}")
        lines += [f"            {violation[:300]}" for violation in found[:5]]
    return lines, broken
