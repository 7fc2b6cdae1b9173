"""Ticks that leave out a claim, and those that must not."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from adapters.hand_clock import NOON, HandClock
from tocsin.service.lull import MOST_LEFT_OUT, Lull


@dataclass
class Scene:
    """A database by the number of its commits and its next due row, and the times of the claims on it."""

    clock: HandClock = field(default_factory=HandClock)
    commits: int | None = 7
    due_at: object = NOON + timedelta(hours=1)
    claims: list = field(default_factory=list)
    writes: bool = False

    def __post_init__(self):
        self.lull = Lull(lambda: self.commits, lambda _: self.due_at, self._work, self.clock)

    async def _work(self, call, /, *args):
        return call(*args)

    async def _claim(self):
        self.claims.append(self.clock.now())
        if self.writes:
            self.commits += 1

    def ticks(self, number):
        """Tick, and return how many claims that made."""
        before = len(self.claims)

        async def run():
            for _ in range(number):
                await self.lull.tick(self._claim)

        asyncio.run(run())
        return len(self.claims) - before


def test_while_nothing_happens_few_ticks_claim():
    """A daemon that waits for its next poll took more than a hundredth of a processor for claims in vain."""
    assert Scene().ticks(1 + MOST_LEFT_OUT) == 1


def test_what_nothing_tells_is_late_by_a_bounded_number_of_ticks():
    """The silence of a configuration is shown once it has begun, and a lease ends by a clock of its own."""
    assert Scene().ticks(2 * (1 + MOST_LEFT_OUT)) == 2


@pytest.mark.parametrize(
    "happen",
    [
        pytest.param(lambda scene: setattr(scene, "commits", 8), id="a commit, such as of a command"),
        pytest.param(lambda scene: scene.clock.move(hours=1), id="a row becomes due"),
        pytest.param(lambda scene: scene.clock.move(seconds=-1), id="the clock is set back"),
    ],
)
def test_whatever_may_make_a_row_due_ends_a_lull(happen):
    """A poll or a message is as prompt as if every tick claimed."""
    scene = Scene()
    scene.ticks(3)
    happen(scene)
    assert scene.ticks(1) == 1


def test_a_row_that_is_due_and_was_not_claimed_is_tried_at_every_tick():
    """A message waits for the rate of its receiver, and a source for the end of a poll in progress."""
    assert Scene(due_at=NOON).ticks(5) == 5


def test_a_claim_that_wrote_is_followed_by_another():
    """There may have been more than it could take."""
    assert Scene(writes=True).ticks(5) == 5


def test_where_commits_are_not_counted_every_tick_claims():
    """On a server other workers write, and nobody here would know."""
    assert Scene(commits=None).ticks(5) == 5


def test_a_database_without_a_row_that_waits_has_a_lull():
    """The first start has no sources yet, and a quiet one no messages."""
    assert Scene(due_at=None).ticks(5) == 1
