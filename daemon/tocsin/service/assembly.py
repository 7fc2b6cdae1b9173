"""The parts of the service that a reload replaces: ingest and delivery, with the links of messages to the page; and what the page may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tocsin.config.additions import Addition, Edit, Propose, propose
from tocsin.config.build import Factories, assemble
from tocsin.config.config import Config
from tocsin.config.discovery import Poll
from tocsin.config.feeds import FeedConfig
from tocsin.deliver.config import DeliveryConfig
from tocsin.errors import StoreError, UsageError
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.pushes import Push
from tocsin.model.deliveries import MessageKind
from tocsin.model.entries import Batch, Cursor
from tocsin.protocols import Clock, Run
from tocsin.rules.ruleset import RuleSet
from tocsin.sources.http.client import HttpClient
from tocsin.store.programs import RequestAnswer
from tocsin.web.daemon import TakePush
from tocsin.web.links import links_of, subscriber_of


async def assembled(
    config: Config, rules: RuleSet, makers: Factories, http: HttpClient, work: Run
) -> tuple[IngestConfig, DeliveryConfig]:
    """Return the configurations of ingest and delivery, from *config* and its *rules*.

    Raises:
        ConfigError: as `assemble`.
    """
    inbound, outbound = assemble(config, rules, makers, http, work)
    # A console has no links, so that a dry run, in which all are consoles, makes no secret.
    if any(receiver.kind is not MessageKind.CONSOLE for receiver in outbound.receivers.values()):
        outbound = replace(outbound, links=await work(links_of, config))
    if not makers.dry:
        inbound = replace(inbound, offered=await work(subscriber_of, config, http))
    return inbound, outbound


def poller(makers: Factories, http: HttpClient, work: Run, clock: Clock) -> Poll:
    """Return what polls a source for the page, by the client that all sources share: its pace and limits are those of any poll."""

    async def poll(source: FeedConfig) -> Batch:
        return await makers.source(source, http, work).poll(Cursor(), clock.now())

    return poll


def proposer(path: Path, env: Mapping[str, str], makers: Factories) -> Propose:
    """Return what proposes additions to the configuration at *path*; in a dry run it refuses all."""

    def proposed(edit: Edit) -> Addition:
        if makers.dry:
            raise UsageError("this is a dry run, which writes no file")
        return propose(path, env, edit)

    return proposed


def taker(makers: Factories, push: TakePush) -> TakePush:
    """Return what takes in what programs hand in; in a dry run it refuses all, because a program forgets what was taken."""

    async def refused(_: Push) -> RequestAnswer:
        raise StoreError("this is a dry run, which keeps nothing: the program has to hand it in again")

    return refused if makers.dry else push
