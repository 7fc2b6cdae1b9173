"""The pipeline: polls of all sources, what programs push, and outages of the network as polls show them.

    claim due sources → source.poll → intake of news or of prices: judge, commit → due again

A tick claims rows and starts tasks, but never waits for them. Every failure is caught here, one source at a time, so that
no source and no rule can stop the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from tocsin.errors import DamagedError, Fault, LeaseLostError, OvertakenError, SourceError, StoreError
from tocsin.ingest.articles import ArticleIntake
from tocsin.ingest.commits import follow_up
from tocsin.ingest.config import IngestConfig, Poll
from tocsin.ingest.news import LEASE, NewsIntake
from tocsin.ingest.prices import PriceIntake
from tocsin.ingest.pushes import Push, PushIntake
from tocsin.log import line
from tocsin.model.counters import Counted, Timed
from tocsin.model.rules import Match
from tocsin.policy.polling import health
from tocsin.policy.polling.aftermath import after_failure
from tocsin.policy.polling.health import PROBE, Network
from tocsin.policy.polling.schedule import Terms
from tocsin.protocols import Runtime
from tocsin.rules import builtin
from tocsin.sources import Source
from tocsin.store import Store
from tocsin.store.programs import RequestAnswer
from tocsin.store.values import Deferral, Fetch, GroupHold, PollFailure, Rest, SourceLease
from tocsin.units import duration

log = logging.getLogger(__name__)

#: Most polls in progress at once. Most of these wait for a server or for their turn, and must not delay the others.
IN_FLIGHT = 512
_OFFLINE = "the network is down"
#: The intake for a kind of source.
_Intake = NewsIntake | PriceIntake


class Pipeline:
    """Pipeline that polls sources, and takes their news and prices into the store.

    *committed* is called after every commit that planned a delivery, and when a delivery is due that waited for the rest
    of its document. *progress* is called after every part of a long document.
    """

    def __init__(
        self,
        store: Store,
        inbound: IngestConfig,
        runtime: Runtime,
        *,
        committed: Callable[[], None],
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.inbound = inbound
        self._store = store
        self._runtime = runtime
        self._committed = committed
        self._tasks: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()  # polls in progress by host group, 0 where they have just ended
        self._resting: list[Rest] = []
        self._deferred: list[Deferral] = []
        self._network = Network()
        self._latest = datetime.min.replace(tzinfo=UTC)  # time that a tick saw on the clock
        self._news = NewsIntake(store, runtime, committed=committed, progress=progress)
        self.market = PriceIntake(store, runtime, committed=committed)
        self._pushes = PushIntake(store, runtime, committed=committed)
        self._articles = ArticleIntake(store, runtime, committed=committed)

    async def resume(self) -> None:
        """Restore what the last run told of and was not over: an outage of the network, blocked hosts, missing prices."""
        since = await self._runtime.write(self._store.read.lasts_since, builtin.OFFLINE.id, builtin.ONLINE.id)
        self._network = Network(offline_since=since)
        await self.market.resume()

    async def tick(self) -> None:
        """Claim what is due and start polling it; then what articles are due."""
        await self._start_due()
        await self._articles.start_due(self.inbound)

    async def run_due(self) -> int:
        """Poll the sources that are due now, wait for the results, and return the number of polls.

        What becomes due meanwhile is left for later: where polls are slow or frequent, there would be no end.
        """
        until, polled = self._runtime.clock.now(), 0
        while polled < len(self.inbound.sources) and (started := await self._start_due(until)):
            log.info(line("polling", sources=started))
            polled += started
            await self.drain(None)
        while await self._articles.start_due(self.inbound):
            await self.drain(None)
        return polled

    async def drain(self, within: float | None) -> None:
        """Wait at most *within* seconds for the polls in progress. What is cut off is repeated after its lease."""
        if running := [*self._tasks, *self._articles.tasks]:
            _, late = await asyncio.wait(running, timeout=within)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1)
        await self._give_back()

    async def tell(self, own: Sequence[Match]) -> None:
        """Commit events of the daemon."""
        decide, now = self.inbound.policy.decide, self._runtime.clock.now()
        committed = await self._runtime.write(self._store.tell, own, decide, now)
        follow_up(committed, self._runtime.counters, self._committed)

    async def report(self, own: Match, since: datetime) -> None:
        """Commit the report *own* on the time since the last one, unless another worker was quicker."""
        decide, now = self.inbound.policy.decide, self._runtime.clock.now()
        committed = await self._runtime.write(self._store.report, own, since, decide, now)
        follow_up(committed, self._runtime.counters, self._committed)

    async def push(self, push: Push) -> RequestAnswer:
        """Take in what a program hands in, and return the answer to it. Errors are those of `PushIntake.take`."""
        return await self._pushes.take(push, self.inbound)

    async def look_for_absences(self) -> None:
        """Find the news that is expected and did not come."""
        waiting = [one for one in self.inbound.rules.correlations.values() if one.none_within is not None]
        now = self._runtime.clock.now()
        found = await self._runtime.work(self._store.read.absences, waiting, now) if waiting else ()
        if found and not await self._runtime.work(self._store.stands_by):
            decide = self.inbound.policy.decide
            committed = await self._runtime.write(self._store.find_absences, waiting, decide, now)
            follow_up(committed, self._runtime.counters, self._committed)

    async def look_at_pushes(self) -> None:
        """Report the sources to which nothing was handed in for far too long."""
        await self._pushes.look(self.inbound)

    async def rejudge(self) -> None:
        """Judge the entries again on which a rule could not be evaluated, if that rule or the program has changed."""
        await self._news.rejudge(self.inbound)

    async def _give_back(self) -> None:
        """Write the results of deferred polls and of polls without news, many in one transaction, as they are not urgent."""
        now = self._runtime.clock.now()
        resting, self._resting = [_asked_again(rest, now) for rest in self._resting], []
        deferred, self._deferred = self._deferred, []
        left = [host for host, polls in self._hosts.items() if not polls] if self._store.shared else []
        if resting or deferred or left:
            lost = await self._runtime.write(self._store.complete_unchanged, resting, now, deferred, left)
            for host in left:
                del self._hosts[host]
            if lost:
                log.warning(line("polls outlived their leases", polls=lost))

    async def _start_due(self, until: datetime | None = None) -> int:
        """Start polling what is due *until* then, or now; return the number of polls."""
        await self._give_back()
        now = self._runtime.clock.now()
        # Repeated until the clock is where it was, because a poll that began before it was set back may end at any time.
        if now < self._latest and (rows := await self._runtime.write(self._store.rewind, now)):
            log.warning(line("the clock was set back", by=self._latest - now, due=rows))
        self._latest = max(now, self._latest)
        room = IN_FLIGHT - len(self._tasks)
        if room <= 0:
            return 0
        leases = await self._runtime.write(self._store.claim_sources, until or now, LEASE, room)
        for lease in leases:
            host = self.inbound.terms.get(lease.name, Terms()).group
            if lease.idle is not None:
                self.inbound.asked_elsewhere(host, lease.idle)
            task = asyncio.create_task(self._poll(lease), name=f"poll {lease.name}")
            self._tasks.add(task)
            self._hosts[host] += 1
            task.add_done_callback(partial(self._end, host))
        return len(leases)

    def _end(self, host: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._hosts[host] -= 1

    async def _poll(self, lease: SourceLease) -> None:
        """Poll one source and commit the result. Every exception ends here."""
        poll = Poll(config=self.inbound, lease=lease, now=self._runtime.clock.now())
        source = poll.config.sources.get(lease.name)
        if source is None:  # removed while it was due: the next synchronisation disables its row
            return
        intake = self.market if poll.terms.prices else self._news
        asked = health.probe(self._network, poll.now) if poll.terms.group else self._network
        if asked is None:
            self._defer(Deferral(lease=lease, due_at=poll.now + PROBE, reason=_OFFLINE))
            return
        self._network = asked
        if deferral := intake.put_off(poll):
            self._defer(deferral)
            return
        started = time.perf_counter()
        try:
            await self._ask(poll, source, intake, started)
        except LeaseLostError:
            log.warning(line("poll outlived its lease", source=lease.name))
        except OvertakenError as error:
            self._defer(Deferral(lease=lease, due_at=poll.now, reason=str(error)))
        except DamagedError as error:
            await self._fail(poll, intake, SourceError(str(error), fault=Fault.INTERNAL), _took(started))
        except StoreError as error:
            self._runtime.trouble.failed(error, source=lease.name)
        except Exception as error:
            log.exception(line("poll failed unexpectedly", source=lease.name))
            fault = SourceError(f"{type(error).__name__}: {error}", fault=Fault.INTERNAL)
            await self._fail(poll, intake, fault, _took(started))

    async def _ask(self, poll: Poll, source: Source, intake: _Intake, started: float) -> None:
        """Poll *source*, let *intake* commit the result, and release the source. Without news it is released later."""
        try:
            batch = await source.poll(poll.lease.cursor, poll.now)
        except SourceError as error:
            await self._fail(poll, intake, error, _took(started))
            return
        await self._note(poll, reached=True)
        if batch.answer.hub:
            poll.config.offered(poll.lease.name, batch.answer.hub, poll.now)
        fetch = Fetch(at=poll.now, status=batch.answer.status, size=batch.size, took=_took(started))
        counters = self._runtime.counters
        counters.observe(Timed.POLL, fetch.took.total_seconds())
        counters.add(Counted.POLLS, poll.lease.name, "changed" if batch.changed else "unchanged")
        answer = await intake.take(poll, batch, fetch)
        if answer is None:
            return
        if answer.after.events:
            await self._news.tell(answer)
            return
        changed = poll.now if batch.changed else None
        rest = Rest(lease=poll.lease, cursor=batch.cursor, record=answer.record, document_at=changed)
        self._resting.append(rest)
        log.debug(line("source rests", source=poll.lease.name, prices=len(batch.prints), next=rest.record.due_at))

    async def _fail(self, poll: Poll, intake: _Intake, error: SourceError, took: timedelta) -> None:
        """Record the failure, release the source, and report it if it becomes unhealthy. While offline, only defer it."""
        lease, now = poll.lease, self._runtime.clock.now()
        if error.fault is Fault.BUSY:
            due_at = now + max(error.retry_after or timedelta(0), PROBE)
            self._defer(Deferral(lease=lease, due_at=due_at, reason=str(error)))
            return
        unreachable = error.fault is Fault.UNREACHABLE
        if unreachable or error.status:
            await self._note(poll, reached=not unreachable)
        if unreachable and poll.terms.group and self._network.offline_since:
            self._defer(Deferral(lease=lease, due_at=now + PROBE, reason=_OFFLINE))
            return
        refusals, own = intake.failed(poll, error, now)
        after = after_failure(poll.before, error, now=now, random=self._runtime.random(), refusals=refusals)
        what = {"source": lease.name, "fault": error.fault, "reason": error, "errors": lease.errors + 1}
        log.warning(line("source failed", **what, next=after.plan.due_at))
        self._runtime.counters.add(Counted.POLLS, lease.name, "failed")
        fetch = Fetch(at=now, status=error.status or 0, took=took, fault=error.fault, error=str(error))
        until, reason = after.others_until, f"another source of that server: {error}"
        committed = await self._runtime.write(
            self._store.fail,
            lease,
            PollFailure(
                error=str(error),
                fault=error.fault,
                record=poll.record(after, fetch),
                unhealthy=after.unhealthy,
                gone=after.gone,
                dead=after.dead,
                hold=GroupHold(group=poll.terms.group, until=until, reason=reason) if until else None,
                own=[*own, *poll.events(after.events, now)],
            ),
            poll.config.policy.decide,
            now,
        )
        follow_up(committed, self._runtime.counters, self._committed)

    def _defer(self, deferral: Deferral) -> None:
        self._deferred.append(deferral)
        log.debug(line("poll put off", source=deferral.lease.name, reason=deferral.reason, next=deferral.due_at))

    async def _note(self, poll: Poll, *, reached: bool) -> None:
        """Note whether a public server was reached, and notify operators when the network went down or came back.

        Private servers, which have no group, do not count. While the network is down no source is blamed, and one poll a
        minute is tried.
        """
        group, now = poll.terms.group, self._runtime.clock.now()
        if not group:
            return
        # Needed only after a failure, and nearly every poll succeeds.
        hosts = 0 if reached else len({terms.group for terms in poll.config.terms.values() if terms.group})
        since = self._network.offline_since
        self._network = health.after_try(self._network, group, reached=reached, hosts=hosts, now=now)
        if self._network.offline_since == since:
            return
        if since is None:
            detail = "None of many servers could be reached. One is tried every minute, and no source is blamed."
        else:
            detail = f"Servers can be reached again, after {duration(now - since)}."
        log.warning(line("online" if since else "offline", detail=detail))
        if since is None:
            await self._runtime.write(self._store.clear_outage_failures, now)
        info = builtin.ONLINE if since else builtin.OFFLINE
        await self.tell([builtin.own_match(info, {"network": ("the internet",)}, detail, now)])


def _asked_again(rest: Rest, now: datetime) -> Rest:
    """Return *rest*, due at once if its poll is in the future, because then the clock was set back after it."""
    fetch = rest.record.fetch
    return replace(rest, record=replace(rest.record, due_at=now)) if fetch is not None and fetch.at > now else rest


def _took(started: float) -> timedelta:
    return timedelta(seconds=time.perf_counter() - started)
