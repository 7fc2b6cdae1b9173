"""The daemon's own events: built-in rules, whose alerts are sent like those of the news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tocsin.model.prices import Labels
from tocsin.model.rules import OWN, Evidence, Match, RuleInfo, Severity


def _own(name: str, key: str, severity: Severity, title: str, ends: Sequence[str] = ()) -> RuleInfo:
    return RuleInfo(
        id=f"tocsin/{name}",
        hash=name,
        title=title,
        severity=severity,
        event=f"tocsin.{name.replace('-', '.', 1)}",
        key=(key,),
        # Each is raised only when a state changes, so that there is nothing to hold back.
        cooldown=timedelta(0),
        ends=tuple(f"tocsin/{one}" for one in ends),
    )


#: Troubles of a source that it recovers from.
_ILL = ("source-unhealthy", "source-not-a-feed", "source-gone", "source-dead", "source-silent", "source-empty")
_SOURCE = {
    info.id.removeprefix("tocsin/source-"): info
    for info in (
        _own("source-unhealthy", "source", Severity.MEDIUM, "Source unhealthy: {source}"),
        _own("source-not-a-feed", "source", Severity.MEDIUM, "Source is no feed: {source}"),
        _own("source-gone", "source", Severity.HIGH, "Source gone: {source}"),
        _own("source-dead", "source", Severity.HIGH, "Source dead: {source}"),
        _own("source-silent", "source", Severity.MEDIUM, "Source silent: {source}"),
        _own("source-empty", "source", Severity.MEDIUM, "Source suddenly empty: {source}"),
        _own("source-recovered", "source", Severity.INFO, "Source recovered: {source}", ends=_ILL),
        _own("source-moved", "source", Severity.INFO, "Source moved: {source}"),
        _own("source-moved-back", "source", Severity.MEDIUM, "Source not where it had moved: {source}"),
        _own("source-volatile", "source", Severity.LOW, "Ids that say nothing: {source}"),
        _own("source-flood", "source", Severity.MEDIUM, "Old news all at once: {source}"),
    )
}
#: Events after which a source is not read for a time.
UNREAD = tuple(_SOURCE[name].id for name in ("unhealthy", "not-a-feed", "gone", "dead"))
ARTICLES_FAILING = _own("articles-failing", "source", Severity.MEDIUM, "Articles cannot be read: {source}")
ARTICLES_READ = _own(
    "articles-read", "source", Severity.INFO, "Articles can be read again: {source}", ends=["articles-failing"]
)
OFFLINE = _own("offline", "network", Severity.HIGH, "Offline: {network} cannot be reached")
ONLINE = _own("online", "network", Severity.INFO, "Online again: {network} can be reached", ends=["offline"])
RECEIVER_BLOCKED = _own("receiver-blocked", "receiver", Severity.HIGH, "Receiver blocked: {receiver}")
RECEIVER_FAILING = _own("receiver-failing", "receiver", Severity.HIGH, "Receiver fails: {receiver}")
RECEIVER_DELIVERS = _own(
    "receiver-delivers",
    "receiver",
    Severity.INFO,
    "Receiver delivers again: {receiver}",
    ends=["receiver-blocked", "receiver-failing"],
)
RECEIVER_STORM = _own("receiver-storm", "receiver", Severity.MEDIUM, "Storm: more than {receiver} wants at once")
DELIVERY_DEAD = _own("delivery-dead", "receiver", Severity.HIGH, "Message given up: {receiver}")
DATABASE_LOST = _own("database-lost", "database", Severity.CRITICAL, "Database lost, tocsin stops: {database}")
ROW_DAMAGED = _own("row-damaged", "row", Severity.HIGH, "Damage in the database: {row}")
CONFIGURATION_SHRANK = _own("configuration-shrank", "kind", Severity.MEDIUM, "Gone with the new configuration: {kind}")
PACK_KEPT_BACK = _own("pack-kept-back", "pack", Severity.HIGH, "Rule pack kept back: {pack}")
PRICE_HELD = _own("price-held", "instrument", Severity.MEDIUM, "Price held back: {instrument}")
PRICE_STALE = _own("price-stale", "instrument", Severity.MEDIUM, "No new price: {instrument}")
PRICE_FRESH = _own("price-fresh", "instrument", Severity.INFO, "New prices again: {instrument}", ends=["price-stale"])
PRICE_MISSING = _own("price-missing", "listing", Severity.MEDIUM, "No price where there was one: {listing}")
PRICE_FOUND = _own("price-found", "listing", Severity.INFO, "There is a price again: {listing}", ends=["price-missing"])
HOST_BLOCKED = _own("host-blocked", "host", Severity.HIGH, "Blocked by {host}")
HOST_OPEN = _own("host-open", "host", Severity.INFO, "No longer blocked by {host}", ends=["host-blocked"])
SELF_REPORT = _own("self-report", "verdict", Severity.INFO, "Report: {verdict}")
PAGE_FAILED = _own("page-failed", "page", Severity.MEDIUM, "Not served: {page}")
RULE_UNEVALUATED = _own("rule-unevaluated", "rule", Severity.HIGH, "Rule could not be evaluated: {rule}")


#: The labels of their keys.
LABELS = frozenset(
    name
    for info in (
        *_SOURCE.values(),
        *(OFFLINE, RECEIVER_BLOCKED, PACK_KEPT_BACK, PRICE_HELD, PRICE_MISSING, HOST_BLOCKED, RULE_UNEVALUATED),
    )
    for name in info.key
)


def about_source(news: str, source: str, detail: str, now: datetime) -> Match:
    """Return the event that *news* (such as `silent`) names, about *source*."""
    return own_match(_SOURCE[news], {"source": (source,)}, detail, now)


def about_damage(kind: str, name: str, words: str, now: datetime) -> Match:
    """Return the event that the row of the *kind* and *name* cannot be read and is out of use."""
    remedy = "Put a backup of the database in its place, or name the source anew: it is not used until then."
    return own_match(ROW_DAMAGED, {"row": (f"{kind} {name}",)}, f"{words}. {remedy}", now)


def about_gone(kind: str, names: Sequence[str], now: datetime) -> Match:
    """Return the event that a reload left out what has these *names*."""
    detail = f"The new configuration does not name them any more: {', '.join(names)}."
    return own_match(CONFIGURATION_SHRANK, {"kind": (kind,)}, detail, now)


def about_page(words: str, now: datetime) -> Match:
    """Return the event that the page cannot be served."""
    return own_match(PAGE_FAILED, {"page": ("the page",)}, words, now)


def own_match(
    info: RuleInfo, labels: Labels, detail: str, now: datetime, rows: Iterable[tuple[str, str]] = ()
) -> Match:
    """Return the event *info* about what *labels* name; *detail* says in words what happened, *rows* by name what else."""
    children = tuple(Evidence(op=name, text=words, holds=True) for name, words in rows)
    evidence = Evidence(op=OWN, text=detail, holds=True, children=children)
    return Match(rule=info, severity=info.severity, labels=labels, proof=evidence, event_time=now, detail=detail)
