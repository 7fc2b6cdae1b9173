"""A message as JSON for programs. Later versions may add fields, but never remove one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import DeliveryKind
from tocsin.render.words import one_line, web_link


def hook(tidings: Sequence[AlertContent], *, delivery_id: str, kind: DeliveryKind, subject: str, text: str) -> str:
    """Return the payload: `id` of the delivery, its `type`, `subject` and `text`, and `alerts`, most severe first.

    An alert has `id`, `rule`, `event`, `severity`, `title`, `labels`, `event_time` (ISO 8601, UTC), `detail`, and what
    entry it is about: `headline`, `link` and `publisher`, which are empty for a price.
    """
    content = {
        "id": delivery_id,
        "type": kind.value,
        "subject": subject,
        "text": text,
        "alerts": [_alert(one) for one in sorted(tidings, key=lambda one: -one.alert.severity.rank)],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _alert(tidings: AlertContent) -> dict[str, Any]:
    alert, lead = tidings.alert, tidings.lead
    return {
        "id": alert.id,
        "rule": alert.rule,
        "event": alert.event,
        "severity": alert.severity.value,
        "title": one_line(alert.title),
        "labels": {name: list(values) for name, values in alert.labels.items()},
        "event_time": alert.event_time.isoformat(),
        "detail": one_line(alert.detail),
        "headline": one_line(lead.title) if lead else "",
        "link": web_link(lead.link) if lead else "",
        "publisher": one_line(lead.publisher) if lead else "",
    }
