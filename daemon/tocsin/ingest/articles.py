"""Articles: what was promised to be fetched is fetched, and its entry judged once more with the text.

    claim what is due, one a source → fetch → judge → commit, or try again later

A failure is softly taken: the entry was judged without its article before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.errors import Fault, LeaseLostError, OvertakenError, SourceError, StoreError
from tocsin.ingest.commits import follow_up
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.judging import dated, failures, judge
from tocsin.log import line
from tocsin.model.articles import Article, ArticleState, with_article
from tocsin.model.counters import Counted
from tocsin.model.rules import Judged
from tocsin.policy.chunks import Taken
from tocsin.policy.polling.articles import MOST_FAILURES, is_wanted, next_try
from tocsin.protocols import Runtime
from tocsin.rules import builtin
from tocsin.rules.ruleset import RuleSet
from tocsin.store import Store
from tocsin.store.values import ArticleLease

log = logging.getLogger(__name__)

#: Real time after which a fetch counts as lost. It is far above the limits of a request and of its turn.
LEASE = timedelta(minutes=5)
#: Articles in progress at once, each of another source.
_IN_FLIGHT = 8


def wanted(rules: RuleSet, judged: Sequence[Judged], now: datetime) -> Collection[str]:
    """Return the ids of new entries whose articles are worth fetching.

    They met a rule, so that the article is the proof and may announce dates, or one that they did not meet could match it.
    """
    return {
        item.entry.id
        for item in judged
        if not item.entry.dropped and is_wanted(item.entry) and (item.matches or rules.could_match(item, now))
    }


class ArticleIntake:
    """Intake of articles. *committed* is called after every commit that planned a delivery."""

    def __init__(self, store: Store, runtime: Runtime, *, committed: Callable[[], None]) -> None:
        self._store = store
        self._runtime = runtime
        self._committed = committed
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The fetches in progress."""
        return self._tasks

    async def start_due(self, config: IngestConfig) -> int:
        """Start fetching what is due, at most one article of each source; return their number."""
        room = _IN_FLIGHT - len(self._tasks)
        if not config.articles or room <= 0:
            return 0
        now = self._runtime.clock.now()
        leases = await self._runtime.write(
            self._store.claim_articles, now, LEASE, sources=tuple(config.articles), limit=room
        )
        for lease in leases:
            task = asyncio.create_task(self._fetch(lease, config), name=f"article of {lease.entry.source}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(leases)

    async def _fetch(self, lease: ArticleLease, config: IngestConfig) -> None:
        """Fetch one article and commit it. Every exception ends here."""
        try:
            try:
                article = await config.articles[lease.entry.source].fetch(lease.entry.link)
            except SourceError as error:
                await self._fail(lease, error, config)
            else:
                await self._take(lease, article, config)
        except LeaseLostError:
            log.warning(line("article outlived its lease", source=lease.entry.source, entry=lease.entry_id))
        except OvertakenError as error:
            await self._fail(lease, SourceError(str(error), fault=Fault.BUSY), config)
        except StoreError as error:
            self._runtime.trouble.failed(error, source=lease.entry.source)
        except Exception as error:
            log.exception(line("article failed unexpectedly", source=lease.entry.source, entry=lease.entry_id))
            await self._fail(lease, SourceError(f"{type(error).__name__}: {error}", fault=Fault.INTERNAL), config)

    async def _take(self, lease: ArticleLease, article: Article, config: IngestConfig) -> None:
        now, source = self._runtime.clock.now(), lease.entry.source
        body, start = with_article(lease.entry.body, article.text)
        entry = replace(lease.entry, body=body, article_at=start)
        judged = await self._runtime.work(judge, config.rules, [entry], now)
        # The headline may have alerted by a rule that the whole text does not meet.
        with_dates = await self._runtime.work(dated, judged[0])
        own = builtin.own_match(builtin.ARTICLES_READ, {"source": (source,)}, "One was fetched again.", now)
        committed = await self._runtime.write(
            self._store.take_article,
            lease,
            article,
            with_dates,
            config.policy.decide,
            now=now,
            once=failures(judged, now),
            again=[own],
        )
        self._runtime.counters.add(Counted.ARTICLES, source, ArticleState.FETCHED)
        tally = Taken().and_also(0, committed.decision).tally()
        log.info(line("article fetched", source=source, entry=lease.entry_id, characters=len(article.text), **tally))
        follow_up(committed, self._runtime.counters, self._committed)

    async def _fail(self, lease: ArticleLease, error: SourceError, config: IngestConfig) -> None:
        now, source, tried = self._runtime.clock.now(), lease.entry.source, error.fault is not Fault.BUSY
        due_at = next_try(error, lease.tries + tried, lease.promised_at, now)
        if due_at is not None:
            await self._runtime.write(self._store.put_off_article, lease, str(error), due_at, tried=tried)
        else:
            detail = (
                f"None of the last {MOST_FAILURES} was fetched, so its entries are judged without. The last: {error}"
            )
            own = builtin.own_match(builtin.ARTICLES_FAILING, {"source": (source,)}, detail, now)
            decide = config.policy.decide
            told = await self._runtime.write(
                self._store.give_up_article, lease, str(error), decide, now, tried=tried, own=[own]
            )
            self._runtime.counters.add(Counted.ARTICLES, source, ArticleState.FAILED)
            follow_up(told, self._runtime.counters, self._committed)
        level = logging.WARNING if due_at is None else logging.INFO
        what = {"source": source, "entry": lease.entry_id, "fault": error.fault, "reason": error}
        log.log(level, line("article not fetched", **what, next=due_at or "given up"))
