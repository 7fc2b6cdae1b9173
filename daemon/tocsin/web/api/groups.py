"""The groups of addresses of the API. A new one is added here, and nowhere else."""

from tocsin.web.api import (
    alerts,
    dates,
    deliveries,
    entries,
    instruments,
    items,
    matches,
    openapi,
    rules,
    silences,
    sources,
    trials,
    why,
)

GROUPS = (
    alerts,
    entries,
    matches,
    rules,
    sources,
    items,
    instruments,
    deliveries,
    dates,
    silences,
    why,
    trials,
    openapi,
)
