"""Slack with blocks: its webhooks and bots, and servers that understand its webhooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from apprise.plugins.base import NotifyBase
from apprise.plugins.slack import NotifySlack, SlackMode

from tocsin.model.deliveries import Delivery, ErrorClass, Message, MessageKind
from tocsin.receivers import classify
from tocsin.receivers.apprise import TIMEOUTS, AppriseReceiver, Endpoint, Fields, http_address, made, parsed, service
from tocsin.receivers.exchange import current


class _Slack(NotifySlack):
    """apprise's Slack with our payload: only its channel and name stay. *address* replaces Slack's own."""

    content: Mapping[str, Any] = {}
    address = ""

    def _send(self, url: str, payload: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        kept = {name: payload[name] for name in ("channel", "thread_ts", "username") if name in payload}
        answer = super()._send(self.address or url, {**self.content, **kept}, *args, **kwargs)
        exchange = current()
        if not answer and exchange and exchange.outcome and exchange.outcome.error_class is ErrorClass.OK:
            late, code = exchange.expired, exchange.outcome.code
            exchange.outcome = exchange.lost(TimeoutError()) if late else classify.slack(code, exchange.body)
        return answer


def build(endpoint: Endpoint) -> AppriseReceiver:
    """Return the receiver for Slack. Slack's workflows take only text, and are handled like any other service.

    Raises:
        ValueError: the address is wrong.
    """
    fields = parsed(NotifySlack, endpoint.url)
    sample = made(_Slack, fields)
    if sample.mode in (SlackMode.WORKFLOW, SlackMode.WORKFLOW_TRIGGER):
        return service(endpoint)
    return _blocks(endpoint, fields, tuple(channel or "" for channel in sample.channels))


def build_own(endpoint: Endpoint) -> AppriseReceiver:
    """Return the receiver for an operator's own server that understands Slack's webhooks.

    Raises:
        ValueError: the address is wrong.
    """
    address = http_address(endpoint.url[len("slack+") :], "slack+http")
    # Placeholder tokens: apprise builds Slack's address from them, which our address replaces.
    fields = {"schema": "slack", "token_a": "T0", "token_b": "B0", "token_c": "0", "targets": [], **TIMEOUTS}
    return _blocks(endpoint, fields, ("",), address)


def _blocks(endpoint: Endpoint, fields: Fields, recipients: tuple[str, ...], address: str = "") -> AppriseReceiver:
    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        slack: _Slack = made(_Slack, {**fields, "targets": [delivery.recipient] if delivery.recipient else []})
        slack.address = address
        slack.content = json.loads(message.payload)
        return slack

    place = urlsplit(address).netloc
    return AppriseReceiver(endpoint=endpoint, kind=MessageKind.SLACK, plugin=plugin, recipients=recipients, place=place)
