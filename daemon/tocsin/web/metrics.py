"""Metrics in the text format of Prometheus: the counters of the daemon, and the state of now from its database.

No label holds a title or an address: rules, sources, receivers and instruments are named by the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tocsin.model.counters import BOUNDS, LABELS, Counted, Counters, Timed
from tocsin.store.views import Gauges
from tocsin.web.health import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_COUNTS = {
    Counted.POLLS: "Polls of sources.",
    Counted.ENTRIES: "New entries.",
    Counted.ARTICLES: "Articles of entries that were fetched, or given up.",
    Counted.DROPPED: "New entries that the filters of their sources dropped.",
    Counted.MATCHES: "Matches of rules.",
    Counted.ALERTS: "Alerts that were opened.",
    Counted.DELIVERIES: "Deliveries that were settled.",
    Counted.ATTEMPTS: "Attempts to deliver.",
    Counted.TRANSLATIONS: "Headlines that were translated, refused by the translation server, or failed.",
}
_SPANS = {
    Timed.POLL: "Time of a poll until its document was read.",
    Timed.EVALUATION: "Time to evaluate the rules on the news of a document.",
    Timed.COMMIT: "Time to write the news of a document, with its wait for the writer.",
    Timed.NEWS_TO_DELIVERY: "Time from an alert to its delivery; held messages wait for hours.",
}


def metrics(counters: Counters, gauges: Gauges, health: Health, now: datetime) -> bytes:
    """Return all metrics as text, in the format that `CONTENT_TYPE` names."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given([*_counted(counters), *_timed(counters), *_of_health(health), *_of_store(gauges, now)]))
    return generate_latest(registry)


class _Given(Collector):
    """A collector of what it is given."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        """Return it."""
        return self._found


def _counted(counters: Counters) -> Iterator[Metric]:
    found = dict(counters.counts)
    for what, help_ in _COUNTS.items():
        family = CounterMetricFamily(f"tocsin_{what}", help_, labels=LABELS[what])
        for (kind, labels), number in found.items():
            if kind is what:
                family.add_metric(labels, number)
        yield family


def _timed(counters: Counters) -> Iterator[Metric]:
    found = dict(counters.spans)
    for what, help_ in _SPANS.items():
        family = HistogramMetricFamily(f"tocsin_{what}_seconds", help_, labels=LABELS[what])
        names = [*(f"{bound:g}" for bound in BOUNDS[what]), "+Inf"]
        for (kind, labels), spans in found.items():
            if kind is what:
                buckets = list(zip(names, accumulate(spans.buckets), strict=True))
                family.add_metric(labels, buckets, spans.total)
        yield family


def _of_health(health: Health) -> Iterator[Metric]:
    yield _gauge("build_info", "The version that runs.", {health.version: 1}, "version")
    refused = GaugeMetricFamily("tocsin_config_last_reload_successful", "0 if the configuration was refused.")
    refused.add_metric((), 0 if health.refused else 1)
    yield refused
    yield _gauge(
        "pack_kept_back", "1 if the last good version of a pack runs.", dict.fromkeys(health.kept_back, 1), "pack"
    )
    yield _gauge("claim_age_seconds", "Time since a claim ran.", health.claims, "claim")


def _of_store(gauges: Gauges, now: datetime) -> Iterator[Metric]:
    last = {source.name: source.last_success.timestamp() for source in gauges.sources if source.last_success}
    yield _gauge("source_last_success_timestamp_seconds", "The last good poll.", last, "source")
    yield _gauge("source_up", "1 if the last poll succeeded.", {one.name: one.up for one in gauges.sources}, "source")
    yield _gauge("alerts_unanswered", "Alerts of a week that nobody answered.", gauges.unanswered, "severity")
    yield _gauge("outbox_deliveries", "Deliveries that are not settled.", gauges.outbox, "state")
    yield _gauge("receiver_blocked", "1 if a receiver refuses every message.", gauges.receivers, "receiver")
    ages = {name: (now - at).total_seconds() for name, at in gauges.quotes.items()}
    yield _gauge("quote_age_seconds", "Age of the newest price.", ages, "instrument")
    for name, help_, value in (
        ("outbox_oldest_age_seconds", "How long the oldest message is overdue.", gauges.oldest.total_seconds()),
        ("unevaluated_entries", "Entries on which a rule failed.", gauges.unevaluated),
        ("database_size_bytes", "Size of the database.", gauges.size),
    ):
        family = GaugeMetricFamily(f"tocsin_{name}", help_)
        family.add_metric((), value)
        yield family


def _gauge(name: str, help_: str, values: Mapping[Any, float], label: str) -> Metric:
    family = GaugeMetricFamily(f"tocsin_{name}", help_, labels=(label,))
    for key, value in values.items():
        family.add_metric((str(key),), float(value))
    return family
