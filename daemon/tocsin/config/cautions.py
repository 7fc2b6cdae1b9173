"""Warnings about a configuration that is valid but would probably not do what its author wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address

from tocsin.config.config import Config, idleness
from tocsin.config.feeds import FeedConfig
from tocsin.config.receivers import ReceiverConfig
from tocsin.config.shipped import SHIPPED
from tocsin.config.yaml.file import shown_path
from tocsin.errors import Problem
from tocsin.policy.notifying.route import Selection
from tocsin.sources.documents.article import missing
from tocsin.sources.http import urls
from tocsin.sources.http.address import check
from tocsin.sources.http.contact import needs_contact
from tocsin.units import counted


def cautions(config: Config) -> Iterator[Problem]:
    """Yield warnings about *config*. A configuration that can never do anything is a fault.

    A secret is one too if its file cannot be read. If a credential of the service is missing, that is a warning.
    """
    if fault := idleness(config):
        yield fault
    elif config.receivers and not any(receiver.info.operator for receiver in config.receivers):
        names = ", ".join(receiver.name for receiver in config.receivers)
        yield _warning(
            f"nobody is notified of tocsin's own health, such as a failing source: give one of {names} operator: true"
        )
    yield from _never_first(config)
    yield from _unread(config)
    yield from _reachable(config)
    # The credentials of the service are nobody else's.
    yield from (replace(one.problem, warning=bool(one.credential)) for one in config.missing)
    for source in config.sources:
        reason = "" if source.allow_private else _private(_host(source))
        if reason:
            yield _warning(
                f"source {source.name}: {_host(source)} is a {reason} address: allow_private: true permits it"
            )
    fetching = [source.name for source in config.sources if source.articles]
    if fetching and (libraries := missing()):
        yield _warning(
            f"no article of {', '.join(fetching)} is fetched, because {' and '.join(libraries)} "
            f"{'is' if len(libraries) == 1 else 'are'} not installed: pip install 'tocsin[articles]'"
        )
    if not config.http.contact:
        yield from _nameless(config.sources)


def _unread(config: Config) -> Iterator[Problem]:
    """Yield a warning for each folder beside the file that is named like a shipped pack of `rules`, and is not read."""
    here = config.path.resolve().parent
    for pack in config.rules:
        beside = here / pack.name
        if pack.parent == SHIPPED and beside.is_dir() and beside.resolve() != pack.resolve():
            yield _warning(
                f"{shown_path(beside)} is not read, because rules: [{pack.name}] is the shipped pack: "
                f"write ./{pack.name} for the folder"
            )


def _never_first(config: Config) -> Iterator[Problem]:
    """Yield a warning for each receiver that never wins against another one of the same person."""
    overridden = {name for override in config.overrides for name in override.to}
    for number, one in enumerate(config.receivers):
        first = next((other for other in config.receivers[:number] if _always_wins(config, other, one)), None)
        if first and one.name not in overridden:
            yield _warning(
                f"receiver {one.name}: it gets an alert only if {first.name} fails, which stands above it, belongs to "
                f"{one.info.person} too and is as soon: put {one.name} above {first.name}"
            )


def _always_wins(config: Config, first: ReceiverConfig, other: ReceiverConfig) -> bool:
    """Return whether *first*, which stands above *other*, gets each alert of their person."""
    person, waits = first.info.person, first.info.quiet_hours or first.info.digest or first.info.group_wait
    if person is None or person != other.info.person or waits:
        return False
    both = [first.name in route.to for route in config.routes if other.name in route.to]
    return any(first.name in route.to and route.which == Selection() for route in config.routes) or (
        bool(both) and all(both)
    )


def _reachable(config: Config) -> Iterator[Problem]:
    """Yield a warning if the page listens where nobody can use it, or where others can read what is sent."""
    web = config.web
    if web is None or web.address is None:
        return
    here = not web.address.path and _private(web.address.host) == "loopback"
    if not web.address.path and not here:
        yield _warning(
            f"web: {web.listen} is not an address of this machine alone, and pages pass without TLS: "
            "listen on 127.0.0.1 behind a proxy that has it"
        )
    if not here and not web.url:
        yield _warning(f"web: {web.listen} answers to no name but those of loopback: write the url that people use")


def _nameless(sources: Sequence[FeedConfig]) -> Iterator[Problem]:
    """Yield one warning per server that will refuse *sources* because they name no contact."""
    refused: dict[str, list[str]] = {}
    for source in sources:
        own = any(name.lower() == "user-agent" for name in source.headers)
        if not own and needs_contact(_host(source)):
            refused.setdefault(_host(source), []).append(source.name)
    for host, names in refused.items():
        several = f"{counted(len(names), 'source')} ({', '.join(names)})" if len(names) > 1 else f"source {names[0]}"
        yield _warning(f"{several}: {host} refuses clients without a contact address: http: {{contact: ...}}")


def _host(source: FeedConfig) -> str:
    return urls.host(urls.escape(source.server))


def _private(host: str) -> str:
    """Return why *host*, a literal address or localhost, may not be reached. Empty for every other name."""
    if host == "localhost" or host.endswith(".localhost"):
        return "loopback"
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return ""
    reason = check(host.strip("[]"))
    return reason if reason and not check(host.strip("[]"), allow_private=True) else ""


def _warning(words: str) -> Problem:
    return Problem(message=words, warning=True)
