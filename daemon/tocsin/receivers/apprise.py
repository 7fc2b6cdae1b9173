"""Every service that apprise knows; the only importer of apprise.

Mail and Slack get messages that we build ourselves; every other service gets title and body as plain text. One address
with one recipient an instance, a new instance for each attempt: apprise pauses between two messages of the same one.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode
from apprise.plugins import url_to_dict
from apprise.plugins.base import NotifyBase
from apprise.plugins.email.base import NotifyEmail, PGPMode
from apprise.plugins.slack import NotifySlack, SlackMode
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.workflows import NotifyWorkflows

from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass, Message, MessageKind
from tocsin.receivers import Receiver, classify, refusals, web
from tocsin.receivers.exchange import Exchange, current
from tocsin.receivers.limits import fitted
from tocsin.receivers.mail import smtp
from tocsin.receivers.mail.letter import letter
from tocsin.receivers.redact import redactor
from tocsin.receivers.webhook import Hook, key_of, signed
from tocsin.render.markdown import linked, markdown
from tocsin.render.words import cut, one_line

#: Seconds that one attempt may take from the first connection on.
LIMIT = 30.0
#: Seconds to connect and between two reads, where the address says nothing else.
_TIMEOUTS = {"cto": "10", "rto": "20"}

Fields = dict[str, Any]
#: Services that are at a host of the operator.
_OWN_SERVERS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
#: Characters of a server's own words that are kept.
_MOST_WORDS = 300


def build(name: str, url: str, *, secrets: Sequence[str] = (), limit: float = LIMIT) -> Receiver:
    """Return the receiver behind an apprise *url*.

    `mailto(s)://` is a mail server, `slack://` a Slack webhook or bot, `slack+http(s)://host:port/path` a server that
    understands Slack's webhooks, `hook(s)://host:port/path` a program that takes our JSON, signed with *secrets*; every
    other address is what apprise makes of it. An attempt takes at most *limit* seconds.

    Raises:
        ValueError: apprise can do nothing with it; the words hold nothing of the address but its scheme.
    """
    _silence()
    web.install()
    if re.search(r"\s", url):
        raise ValueError("a receiver has one address, without blanks")
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", scheme):
        raise ValueError("this is no address of a service: it must begin with a scheme, like mailto:// or slack://")
    if scheme in ("hook", "hooks"):
        return _hook(name, url, secrets, limit)
    if secrets:
        raise ValueError("only a webhook, at hook:// or hooks://, is signed with a secret")
    if scheme in ("slack+http", "slack+https"):
        return _webhook(name, url, limit)
    if scheme in ("mailto", "mailtos"):
        return _mail(name, url, limit)
    slack = _slack(name, url, limit) if scheme == "slack" or NotifySlack.parse_native_url(url) else None
    return slack or _service(name, url, scheme, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseReceiver:
    """A service behind apprise; *plugin* gives a new instance that is ready to send one delivery.

    *place* is host and port, where those are known to hold no token; *mode* is that of a mail server.
    """

    name: str
    kind: MessageKind
    recipients: tuple[str, ...]
    plugin: Callable[[Delivery, Message], NotifyBase]
    redact: Callable[[str], str]
    limit: float
    place: str = ""
    mode: str = ""

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:
        """Send *message* once; the outcome's words are the server's own, with everything of the address masked."""
        if delivery.recipient not in self.recipients:
            return AttemptResult(
                error_class=ErrorClass.NOBODY, words="the address of this receiver names no such recipient"
            )
        with Exchange(self.limit) as exchange:
            try:
                outcome = self._send(exchange, self.plugin(delivery, message), message)
            except Exception as error:  # noqa: BLE001  # a plugin may raise anything, and a lane must go on
                words = f"{type(error).__name__}: {classify.reason(error)}"
                kind = ErrorClass.AMBIGUOUS if exchange.written else ErrorClass.TRANSIENT
                outcome = AttemptResult(error_class=kind, words=words)
        if outcome.error_class is ErrorClass.NOBODY and self.kind is not MessageKind.MAIL and len(self.recipients) == 1:
            # The only destination is gone, and every message would meet the same answer.
            outcome = replace(outcome, error_class=ErrorClass.GONE)
        return replace(outcome, words=cut(self.redact(outcome.words), _MOST_WORDS))

    def _send(self, exchange: Exchange, plugin: NotifyBase, message: Message) -> AttemptResult:
        service = Apprise(asset=plugin.asset)
        service.add(plugin)
        title, body, kind = _shown(message, plugin)
        result = service.notify(title=title, body=body, body_format=kind)
        known = exchange.outcome
        if result:
            return replace(
                known or AttemptResult(error_class=ErrorClass.OK), error_class=ErrorClass.OK, retry_after=None
            )
        if known and known.error_class is not ErrorClass.OK:
            return known
        meant = refusals.meant(exchange.body) if known else None
        if known and meant:  # it answers 200 whatever happened
            return replace(known, error_class=meant)
        logged = "; ".join(log.message for one in result for attempt in one.attempts for log in attempt.logs)
        words = one_line(logged) or "refused without a word"
        return AttemptResult(error_class=ErrorClass.AMBIGUOUS, code=known.code if known else None, words=words)


def _shown(message: Message, plugin: NotifyBase) -> tuple[str, str, NotifyFormat | None]:
    """Return title and body as a service takes them, and how they are declared to apprise.

    Declared as text, Telegram would get a `&nbsp;` for every blank, of which it counts all six characters, and services
    of Markdown a backslash before every mark, which half of them show: undeclared, a text goes out as it is.
    """
    wanted = plugin.resolve_format(NotifyFormat.TEXT)
    if message.kind is not MessageKind.TEXT:
        return *fitted(message, plugin), NotifyFormat.TEXT
    if isinstance(plugin, NotifyTelegram):
        title, body = fitted(message, plugin)
        if wanted is NotifyFormat.MARKDOWN:
            return title, body, NotifyFormat.TEXT
        return "", f"<b>{escape(title, quote=False)}</b>\n{escape(body, quote=False)}", None
    if wanted is not NotifyFormat.MARKDOWN:
        return *fitted(message, plugin), NotifyFormat.TEXT
    message = replace(message, subject=markdown(message.subject), text=markdown(message.text))
    return *fitted(message, plugin), None


class _Mail(NotifyEmail):
    """apprise's reading of mail addresses, with a letter and a conversation of our own."""

    octets = b""

    def send(self, *_: Any, **__: Any) -> bool:
        server = smtp.Server(
            host=self.smtp_host,
            port=self.port or 0,
            mode=self.secure_mode or "",
            user=self.user or "",
            password=self.password or "",
            verify=self.verify_certificate,
        )
        exchange = current()
        assert exchange is not None
        exchange.outcome = smtp.send(server, str(self.from_addr[1]), self.targets[0][1], self.octets, exchange)
        return exchange.outcome.error_class is ErrorClass.OK


class _Slack(NotifySlack):
    """apprise's Slack, of whose payload only the channel and the name stay; *address* overrides Slack's own."""

    content: Mapping[str, Any] = {}
    address = ""

    def _send(self, url: str, payload: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        kept = {name: payload[name] for name in ("channel", "thread_ts", "username") if name in payload}
        answer = super()._send(self.address or url, {**self.content, **kept}, *args, **kwargs)
        exchange = current()
        if not answer and exchange and exchange.outcome and exchange.outcome.error_class is ErrorClass.OK:
            exchange.outcome = (
                classify.lost(TimeoutError(), written=True, expired=True, limit=exchange.limit)
                if exchange.expired
                else classify.slack(exchange.outcome.code, exchange.body)
            )
        return answer


class _Teams(NotifyWorkflows):
    """apprise's Teams, whose cards wrap every text, end lines where they end, and lead where they say."""

    def gen_payload(self, body: str, title: str = "", *args: Any, **kwargs: Any) -> Any:
        lines = linked(body).replace("  \n", "\n\n")
        payload = super().gen_payload(lines, title, *args, **kwargs)
        for attachment in payload["attachments"] if payload and not self.template else ():
            for block in attachment["content"]["body"]:
                if block["type"] == "TextBlock":
                    block["wrap"] = True
        return payload


def _mail(name: str, url: str, limit: float) -> Receiver:
    fields = _parsed(NotifyEmail, url)
    sample = _made(_Mail, fields)
    if sample.pgp_mode != PGPMode.NONE:
        raise ValueError("tocsin does not encrypt mail: take pgp= and wkd= out of the address")
    people = dict((*((address, who or "") for who, address in sample.targets), *_named(sample)))
    reply_to = sorted(sample.reply_to)
    if not people:
        raise ValueError("no recipient of this mail address is a mail address")

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        mail: _Mail = _made(_Mail, {**fields, "targets": [delivery.recipient], "cc": None, "bcc": None})
        mail.octets = letter(
            message,
            delivery_id=delivery.id,
            receiver=name,
            date=message.dated or delivery.created_at,
            sender=(str(mail.from_addr[0] or "tocsin"), str(mail.from_addr[1])),
            recipient=(people.get(delivery.recipient, ""), delivery.recipient),
            reply_to=reply_to,
            headers=mail.headers,
        )
        return mail

    open_words = (*people, *(address.rpartition("@")[2] for address in people), sample.smtp_host, sample.from_addr[1])
    return AppriseReceiver(
        name=name,
        kind=MessageKind.MAIL,
        recipients=tuple(people),
        plugin=plugin,
        redact=redactor(url, open_words=open_words),
        limit=limit,
        place=f"{sample.smtp_host}:{sample.port}",
        mode=sample.secure_mode or "",
    )


def _named(sample: Any) -> list[tuple[str, str]]:
    """Return the recipients of copies, who get a mail each: a server may take one recipient and refuse another."""
    return [(address, sample.names.get(address) or "") for address in sorted(sample.cc | sample.bcc)]


def _slack(name: str, url: str, limit: float) -> Receiver | None:
    """Slack by blocks, or None for its workflows, which take a text only."""
    fields = _parsed(NotifySlack, url)
    sample = _made(_Slack, fields)
    if sample.mode in (SlackMode.WORKFLOW, SlackMode.WORKFLOW_TRIGGER):
        return None
    recipients = tuple(channel or "" for channel in sample.channels)
    return _blocks(name, url, limit, fields=fields, recipients=recipients)


def _hook(name: str, url: str, secrets: Sequence[str], limit: float) -> Receiver:
    address = re.sub("^hook", "http", url, flags=re.IGNORECASE)
    if not re.fullmatch(r"https?://[^/?#@]+(/[^#]*)?", address, re.IGNORECASE):
        raise ValueError("an address with hook(s):// needs a host, and may have a port and a path")
    keys = [key_of(secret) for secret in secrets]

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        hook = Hook(asset=_asset())
        hook.address, hook.octets = address, message.payload.encode()
        hook.headers = signed(hook.octets, keys, delivery_id=delivery.id)
        return hook

    return AppriseReceiver(
        name=name,
        kind=MessageKind.HOOK,
        recipients=("",),
        plugin=plugin,
        redact=redactor(url),
        limit=limit,
        place=urlsplit(address).netloc,
    )


def _place(scheme: str, fields: Fields) -> str:
    """Return host and port of a server of one's own; with other services a host may be a token."""
    if scheme not in _OWN_SERVERS:
        return ""
    port = fields.get("port") or (443 if scheme.endswith("s") else 80)
    return f"{fields.get('host')}:{port}"


def _webhook(name: str, url: str, limit: float) -> Receiver:
    address = url[len("slack+") :]
    if not re.fullmatch(r"https?://[^/?#@]+(/[^#]*)?", address, re.IGNORECASE):
        raise ValueError("an address with slack+http(s):// needs a host, and may have a port and a path")
    # Tokens that nobody sees: apprise makes Slack's address of them, and ours takes its place.
    fields = {"schema": "slack", "token_a": "T0", "token_b": "B0", "token_c": "0", "targets": [], **_TIMEOUTS}
    return _blocks(name, url, limit, fields=fields, recipients=("",), address=address)


def _blocks(
    name: str, url: str, limit: float, *, fields: Fields, recipients: tuple[str, ...], address: str = ""
) -> Receiver:
    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        slack: _Slack = _made(_Slack, {**fields, "targets": [delivery.recipient] if delivery.recipient else []})
        slack.address = address
        slack.content = json.loads(message.payload)
        return slack

    return AppriseReceiver(
        name=name,
        kind=MessageKind.SLACK,
        recipients=recipients,
        plugin=plugin,
        redact=redactor(url, open_words=recipients),
        limit=limit,
        place=urlsplit(address).netloc,
    )


def _service(name: str, url: str, scheme: str, limit: float) -> Receiver:
    fields = url_to_dict(url, secure_logging=True)
    if not fields:
        raise ValueError(f"apprise knows no service at {scheme}://, or the address is not complete")
    fields = _settled({"overflow": OverflowMode.TRUNCATE, **fields})
    make = partial(_made, _Teams) if isinstance(sample := _instance(fields), NotifyWorkflows) else _instance
    targets = fields.get("targets")
    several = isinstance(targets, list) and len(targets) > 1 and len(sample) == len(targets)
    recipients = tuple(dict.fromkeys(map(str, targets))) if several and targets else ("",)

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:  # noqa: ARG001  # apprise is handed the text
        return make({**fields, "targets": [delivery.recipient]} if delivery.recipient else fields)

    return AppriseReceiver(
        name=name,
        kind=MessageKind.TEXT,
        recipients=recipients,
        plugin=plugin,
        redact=redactor(url, open_words=recipients),
        limit=limit,
        place=_place(scheme, fields),
    )


def _parsed(kind: type[NotifyBase], url: str) -> Fields:
    url = url.replace("/#", "/%23")  # a channel, not a fragment
    fields = kind.parse_native_url(url) or kind.parse_url(url)
    if not fields:
        raise ValueError(f"this is no complete address of {kind.service_name}: see {kind.setup_url}")
    return _settled(fields)


def _settled(fields: Fields) -> Fields:
    """Return *fields* of an address with what is ours to decide: we try again ourselves, and follow no redirect."""
    return {**_TIMEOUTS, **fields, "retry": 0, "redirect": False}


def _made(kind: type[NotifyBase], fields: Fields) -> Any:
    try:
        return kind(asset=_asset(), **copy.deepcopy(fields))
    except (TypeError, ValueError):  # what apprise raises for a wrong part, which its words name
        raise ValueError(f"a part of this address of {kind.service_name} is wrong: see {kind.setup_url}") from None


def _instance(fields: Fields) -> NotifyBase:
    plugin = Apprise.instantiate(copy.deepcopy(fields), asset=_asset())
    if plugin is None:
        raise ValueError(
            f"a part of this address at {fields.get('schema')}:// is wrong, or its service needs a package"
        )
    return plugin


def _asset() -> AppriseAsset:
    """Settings of apprise: in our thread, without a pool, redirects or files of its own."""
    return AppriseAsset(
        app_id="tocsin",
        app_desc="tocsin",
        service_timeout=0,
        http_redirects=False,
        default_service_retry=0,
        async_mode=False,
        storage_mode="memory",
        secure_logging=True,
    )


def _silence() -> None:
    """Keep the loggers that write addresses to themselves; what apprise logs of an attempt is captured all the same."""
    for name in ("apprise", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
