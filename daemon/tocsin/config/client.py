"""What the configuration means for asking servers."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.config.config import Config
from tocsin.config.price_feeds import PriceConfig
from tocsin.policy.polling.schedule import Terms
from tocsin.sources.http.client import HttpClient
from tocsin.sources.http.pace import host_group
from tocsin.sources.prices import yahoo


def make_http(config: Config) -> HttpClient:
    """The client that all sources share."""
    http = config.http
    proxy = http.proxy.reveal() if http.proxy else ""
    return HttpClient(http.contact, proxy=proxy, ca_file=http.ca_file, groups=http.groups)


def make_terms(config: Config) -> dict[str, Terms]:
    """What is said about polling each source; one that may reach private addresses is the operator's own."""
    groups = config.http.groups
    feeds = {
        source.name: Terms(
            every=source.every,
            ignore_hints=source.ignore_hints,
            group="" if source.allow_private else host_group(source.url.reveal(), groups),
        )
        for source in config.sources
    }
    prices = {row.name: Terms(every=row.every, group=_group(row, groups), prices=True) for row in config.prices}
    return feeds | prices


def _group(row: PriceConfig, groups: Sequence[str]) -> str:
    if row.allow_private:
        return ""
    asking = row.table.asking if row.table else None
    return host_group(asking.url if asking else yahoo.HOST, groups)
