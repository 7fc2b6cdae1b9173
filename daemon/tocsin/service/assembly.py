"""The parts of the service that a reload replaces: ingest and delivery, with the links of messages to the page."""

from __future__ import annotations

from dataclasses import replace

from tocsin.config.build import Factories, assemble
from tocsin.config.config import Config
from tocsin.deliver.dispatcher import DeliveryConfig
from tocsin.ingest.config import IngestConfig
from tocsin.model.deliveries import MessageKind
from tocsin.protocols import Run
from tocsin.rules.ruleset import RuleSet
from tocsin.sources.http.client import HttpClient
from tocsin.web.links import links_of


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
    return inbound, outbound
