"""Kinds of receiver by the scheme of their address. A new kind is a file beside this one and a line in `_KINDS`."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence

from apprise.plugins.slack import NotifySlack

from tocsin.receivers import Receiver, apprise, exchange, mail, slack, webhook
from tocsin.receivers.apprise import AppriseReceiver, Endpoint
from tocsin.receivers.logins import OAuth

#: Seconds that one attempt may take, counted from the first connection.
LIMIT = 30.0
#: Every other scheme is a service that apprise supports and that takes plain text.
_KINDS: Mapping[str, Callable[[Endpoint], AppriseReceiver]] = {
    **dict.fromkeys(("hook", "hooks"), webhook.build),
    "slack": slack.build,
    **dict.fromkeys(("slack+http", "slack+https"), slack.build_own),
    **dict.fromkeys(("mailto", "mailtos"), mail.build),
}


def build(
    name: str,
    url: str,
    *,
    secrets: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    oauth: OAuth | None = None,
    limit: float = LIMIT,
) -> Receiver:
    """Return the receiver for an apprise *url*.

    `mailto(s)://` is a mail server, `slack://` a Slack webhook or bot, `slack+http(s)://host:port/path` a server that
    understands Slack's webhooks, `hook(s)://host:port/path` a program that takes our JSON, signed with *secrets*
    and with *headers*. Mail servers may want a login by *oauth*. Every other address is handled by apprise. An attempt takes at most *limit* seconds.

    Raises:
        ValueError: apprise does not support the address. The message contains only its scheme.
    """
    _silence()
    exchange.install()
    if re.search(r"\s", url):
        raise ValueError("a receiver must have one address, without spaces")
    endpoint = Endpoint(name=name, url=url, secrets=secrets, headers=headers or {}, oauth=oauth, limit=limit)
    if not re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", endpoint.scheme):
        raise ValueError(
            "this is not the address of a service: it must begin with a scheme such as mailto:// or slack://"
        )
    make = slack.build if NotifySlack.parse_native_url(url) else _KINDS.get(endpoint.scheme, apprise.service)
    if (secrets or headers) and make is not webhook.build:
        what = "a secret" if secrets else "headers, credentials or a token"
        raise ValueError(f"only a webhook (hook:// or hooks://) can have {what}")
    if oauth and make is not mail.build:
        raise ValueError("only mail (mailto:// or mailtos://) can have oauth")
    return make(endpoint)


def _silence() -> None:
    """Silence the loggers that write addresses. apprise's log of an attempt is still captured."""
    for name in ("apprise", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
