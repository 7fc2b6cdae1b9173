"""Builders of the service's parts from a configuration.

Nothing is decided here. A test or the demo passes `Factories` to replace a source, a receiver or the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.config.config import Config
from tocsin.config.contacts import make_receiver, make_receivers
from tocsin.config.feeds import FeedConfig
from tocsin.config.mailbox_tokens import MailboxTokens
from tocsin.config.price_feeds import PriceConfig
from tocsin.config.receivers import ReceiverConfig
from tocsin.config.secrets import unread
from tocsin.config.stores import open_copy, open_upgraded
from tocsin.deliver.config import DeliveryConfig
from tocsin.ingest.config import IngestConfig
from tocsin.model.deliveries import MessageKind
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.date_reminders import DateReminders
from tocsin.policy.notifying.reminders import Reminders
from tocsin.policy.polling.schedule import Terms
from tocsin.protocols import Run
from tocsin.receivers import Receiver
from tocsin.receivers.console import ConsoleReceiver
from tocsin.rules.ruleset import RuleSet
from tocsin.sources import Source
from tocsin.sources.articles import LinkedArticles
from tocsin.sources.documents.article import missing
from tocsin.sources.documents.item_labels import ItemLabels
from tocsin.sources.feeds.feed import FeedSource
from tocsin.sources.feeds.imap import ImapFolder
from tocsin.sources.feeds.imap_connection import folder_of
from tocsin.sources.feeds.mailbox import MailboxSource
from tocsin.sources.http.client import HttpClient
from tocsin.sources.http.pace import host_group
from tocsin.sources.prices.source import PriceSource, WatchedFile
from tocsin.sources.prices.table import Table
from tocsin.sources.prices.yahoo import Yahoo
from tocsin.store import Store

if TYPE_CHECKING:
    from tocsin.receivers.translation import TranslationServer

#: Attempts a minute that a service allows if none are configured: mail providers and Slack count them.
RATES = {MessageKind.MAIL: 30, MessageKind.SLACK: 60}
USUAL_RATE = 120


def make_http(config: Config, client: Callable[..., HttpClient] = HttpClient) -> HttpClient:
    """Return the *client* that all sources share."""
    http = config.http
    return client(http.contact, proxy=http.proxy.reveal(), ca_file=http.ca_file, groups=http.groups)


def make_terms(config: Config) -> dict[str, Terms]:
    """Return the polling terms of each source. A source that may reach private addresses is the operator's own."""
    groups = config.http.groups

    def group(source: FeedConfig | PriceConfig, url: str) -> str:
        return "" if source.allow_private else host_group(url, groups)

    feeds = {
        source.name: Terms(
            every=source.every,
            ignore_hints=source.ignore_hints,
            group=group(source, source.server),
            watched=source.watch is not None,
        )
        for source in config.sources
    }
    prices = {row.name: Terms(every=row.every, group=group(row, row.host), prices=True) for row in config.prices}
    return feeds | prices


def make_source(config: FeedConfig, http: HttpClient, work: Run) -> Source:
    """Return the source that *config* describes."""
    labels_of = ItemLabels(config.find, config.headline)
    if config.mails and config.login:
        folder = ImapFolder(
            folder_of(config.url.reveal()),
            config.login.reveal(),
            trust=http.trust,
            allow_private=config.allow_private,
            tokens=MailboxTokens(config.name, config.oauth) if config.oauth else None,
        )
        return MailboxSource(
            config.name, folder, run=work, mails=config.mails, labels=config.labels, labels_of=labels_of
        )
    return FeedSource(
        config.name,
        config.url.reveal(),
        http=http,
        run=work,
        labels=config.labels,
        allow_private=config.allow_private,
        headers={name: value.reveal() for name, value in config.headers.items()},
        secret=config.secret,
        selectors=config.selectors,
        watch=config.watch,
        items=config.items,
        labels_of=labels_of,
    )


def make_articles(config: FeedConfig, http: HttpClient, work: Run) -> LinkedArticles:
    """Return the fetcher of the articles of the source that *config* describes."""
    return LinkedArticles(
        config.url.reveal(),
        http=http,
        run=work,
        headers={name: value.reveal() for name, value in config.headers.items()},
        allow_private=config.allow_private,
    )


def make_price_source(config: PriceConfig, http: HttpClient, work: Run) -> Source:
    """Return the source of prices that *config* describes.

    Raises:
        ConfigError: a secret of it could not be read.
    """
    table = config.table
    if table and table.missing:
        raise unread(table.missing)
    if table and table.path:
        return WatchedFile(config.name, table.path, config.symbols, Table(table.columns), run=work)
    provider = Table(table.columns, table.asking) if table else Yahoo(extended=config.extended)
    return PriceSource(config.name, config.symbols, provider, http=http, run=work, allow_private=config.allow_private)


def make_policy(config: Config, receivers: Mapping[str, Receiver]) -> Policy:
    """Return the policy: the routes of *config*, and its *receivers* by name."""
    infos = [replace(r.info, recipients=receivers[r.name].recipients) for r in config.receivers]
    return Policy(routes=config.routes, receivers=infos)


def make_translation(config: Config) -> TranslationServer | None:
    """Return the server that translates headlines, if *config* has one."""
    if config.translation is None:
        return None
    from tocsin.receivers.translation import TranslationServer  # noqa: PLC0415  # requests is a part of each start

    return TranslationServer(url=config.translation.url.reveal(), key=config.translation.key.reveal())


@dataclass(frozen=True, slots=True, kw_only=True)
class Factories:
    """Factories of the service's edges: sources, receivers, HTTP client and store. In a *dry* run no file may change."""

    source: Callable[[FeedConfig, HttpClient, Run], Source] = make_source
    prices: Callable[[PriceConfig, HttpClient, Run], Source] = make_price_source
    receiver: Callable[[ReceiverConfig], Receiver] = make_receiver
    store: Callable[[Config], Store] = open_upgraded
    http: Callable[[Config], HttpClient] = make_http
    dry: bool = False


def dry_makers() -> Factories:
    """Return factories that change nothing: a copy of the database, and the console in place of every receiver."""
    return Factories(receiver=lambda config: ConsoleReceiver(config.name), store=open_copy, dry=True)


def assemble(
    config: Config, rules: RuleSet, makers: Factories, http: HttpClient, work: Run
) -> tuple[IngestConfig, DeliveryConfig]:
    """Return the configurations of ingest and delivery, from *config* and its *rules*.

    Raises:
        ConfigError: as `make_receiver`.
    """
    receivers = make_receivers(config, makers.receiver)
    inbound = IngestConfig(
        rules=rules,
        policy=make_policy(config, receivers),
        sources={
            **{s.name: makers.source(s, http, work) for s in config.sources},
            **{s.name: makers.prices(s, http, work) for s in config.prices},
        },
        terms=make_terms(config),
        instruments={item.id: item for item in config.instruments},
        articles={s.name: make_articles(s, http, work) for s in config.sources if s.articles and not missing()},
        filters=config.filters,
        asked_elsewhere=http.asked_elsewhere,
    )
    instead = {name: info.to for name, info in rules.infos.items()}
    outbound = DeliveryConfig(
        receivers=receivers,
        zone=config.zone,
        decide=inbound.policy.decide,
        people=inbound.policy.receivers,
        silences=config.silences,
        inhibitions=config.inhibitions,
        reminders=Reminders(people=inbound.policy.receivers, escalations=config.escalations),
        dates=DateReminders(people=inbound.policy.receivers, zone=config.zone),
        routed=lambda alert: inbound.policy.routed(alert, instead.get(alert.rule, ())),
        instruments=config.instruments,
        price_rules=rules.prices,
        fallbacks={
            r.name: (r.fallback, receivers[r.fallback.to].recipients)
            for r in config.receivers
            if r.fallback and r.fallback.to in receivers
        },
        translation=make_translation(config),
        reads={r.name: r.reads for r in config.receivers},
        rates={r.name: r.rate or RATES.get(receivers[r.name].kind, USUAL_RATE) for r in config.receivers if r.url},
    )
    return inbound, outbound
