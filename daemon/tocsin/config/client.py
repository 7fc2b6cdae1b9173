"""What the configuration means for asking servers."""

from __future__ import annotations

from tocsin.config.config import Config, FeedConfig
from tocsin.config.web import HttpConfig
from tocsin.policy.schedule import Terms
from tocsin.sources.http import HttpClient
from tocsin.sources.pace import host_group


def make_http(config: Config) -> HttpClient:
    """The client that all sources share."""
    http = config.http
    proxy = http.proxy.reveal() if http.proxy else ""
    return HttpClient(http.contact, proxy=proxy, ca_file=http.ca_file, groups=http.groups)


def make_terms(source: FeedConfig, http: HttpConfig) -> Terms:
    """What is said about polling *source*; one that may reach private addresses is the operator's own."""
    group = "" if source.allow_private else host_group(source.url.reveal(), http.groups)
    return Terms(every=source.every, ignore_hints=source.ignore_hints, group=group)
