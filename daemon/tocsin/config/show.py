"""The configuration as it was understood, without its secrets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tocsin.config.config import Config
from tocsin.config.durations import write_duration
from tocsin.config.instruments import write_hours
from tocsin.config.secrets import HIDDEN


def show(config: Config) -> dict[str, Any]:
    """*config* with its defaults filled in, in the shape of the file."""
    return {
        "timezone": config.timezone,
        "database": config.database,
        "rules": [str(path) for path in config.rules],
        "http": {
            "contact": config.http.contact,
            "proxy": HIDDEN if config.http.proxy else "",
            "ca_file": str(config.http.ca_file or ""),
            "groups": config.http.groups,
        },
        "retention": write_duration(config.retention),
        "sources": {
            source.name: {
                source.kind: source.address,
                **({"selectors": asdict(source.selectors)} if source.selectors else {}),
                "every": write_duration(source.every) if source.every else None,
                "ignore_hints": source.ignore_hints,
                "allow_private": source.allow_private,
                "labels": source.labels,
                "headers": dict.fromkeys(source.headers, HIDDEN),
            }
            for source in config.sources
        },
        "prices": {
            row.name: {
                row.kind: row.address,
                "symbols": row.symbols,
                "every": write_duration(row.every),
                "allow_private": row.allow_private,
            }
            for row in config.prices
        },
        "instruments": {
            item.id: {
                "class": item.kind,
                "currency": item.currency,
                "unit": item.unit,
                "labels": item.labels,
                "session": write_hours(item.session) if item.session else None,
                "sources": [listing.row for listing in item.sources],
                "stale_after": write_duration(item.stale_after) if item.stale_after else None,
                "negative": item.negative,
            }
            for item in config.instruments
        },
        "receivers": {
            receiver.name: {
                "url": HIDDEN if receiver.url else None,
                "console": receiver.console,
                "operator": receiver.operator,
            }
            for receiver in config.receivers
        },
        "routes": [
            {
                "severity": " ".join(route.severity) if route.severity else None,
                "labels": route.labels,
                "event": route.event,
                "rule": route.rule,
                "to": route.to,
            }
            for route in config.routes
        ],
        "overrides": {
            override.rule.text: {
                "disable": override.disable,
                "severity": override.severity,
                "unless": override.unless.text.strip() if override.unless else None,
                "to": override.to,
            }
            for override in config.overrides
        },
    }
