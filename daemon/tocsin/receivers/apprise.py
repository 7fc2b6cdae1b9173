"""Services that apprise supports: the common part of all kinds of receiver, and those that take plain text.

Each attempt gets a new instance of one address with one recipient, because apprise pauses between two messages of the
same instance.
"""

from __future__ import annotations

import copy
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from html import escape
from typing import Any
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode
from apprise.plugins import url_to_dict
from apprise.plugins.base import NotifyBase
from apprise.plugins.ntfy import NotifyNtfy
from apprise.plugins.telegram import NotifyTelegram

from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass, Message, MessageKind
from tocsin.receivers import classify, refusals, urgency
from tocsin.receivers.cards import CARDS, TeamsCard
from tocsin.receivers.exchange import Exchange
from tocsin.receivers.limits import fitted
from tocsin.receivers.logins import OAuth
from tocsin.receivers.redact import redactor
from tocsin.render.answer_links import NAMES, masked_text
from tocsin.render.words import cut, markdown, one_line

#: Seconds to connect and between two reads, if the address sets no others.
TIMEOUTS = {"cto": "10", "rto": "20"}

Fields = dict[str, Any]
#: Services that run on a host of the operator.
_OWN_SERVERS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
#: Schemes of addresses that a service shows to people, which apprise reads as they are.
_WEB = frozenset({"http", "https"})
#: Most characters of a server's answer that are kept.
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Endpoint:
    """The *url* of the receiver *name*, with the *secrets* that sign its messages and the *headers* sent with them.

    A mail server may want a login by *oauth*. An attempt takes at most *limit* seconds.
    """

    name: str
    url: str
    secrets: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    oauth: OAuth | None = None
    limit: float

    @property
    def scheme(self) -> str:
        """The scheme of the address in lower case. Empty if it has none."""
        return self.url.partition("://")[0].lower() if "://" in self.url else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseReceiver:
    """A service that apprise supports. *plugin* returns a new instance that is ready to send one delivery.

    Its words may show *recipients* and *open_words*, but no other part of its address. *place* is host and port if those
    are known to contain no token; *hidden* are further secrets. *mode* is that of a mail server, and *log_in* logs in there without sending.
    """

    endpoint: Endpoint
    kind: MessageKind
    plugin: Callable[[Delivery, Message], NotifyBase]
    recipients: tuple[str, ...] = ("",)
    open_words: tuple[str, ...] = ()
    place: str = ""
    mode: str = ""
    hidden: Callable[[], Iterable[str]] = tuple
    log_in: Callable[[Exchange], AttemptResult] | None = None

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        return self.endpoint.name

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:
        """Send *message* once. The outcome has the server's own words, with every part of the address masked."""
        if delivery.recipient not in self.recipients:
            return AttemptResult(
                error_class=ErrorClass.NOBODY, words="the address of this receiver names no such recipient"
            )
        with Exchange(self.endpoint.limit) as exchange:
            try:
                outcome = self._send(exchange, self.plugin(delivery, message), message)
            except Exception as error:  # noqa: BLE001  # a plugin may raise anything, and the other deliveries must go on
                words = f"{type(error).__name__}: {classify.reason(error)}"
                kind = ErrorClass.AMBIGUOUS if exchange.written else ErrorClass.TRANSIENT
                outcome = AttemptResult(error_class=kind, words=words)
        if outcome.error_class is ErrorClass.NOBODY and self.kind is not MessageKind.MAIL and len(self.recipients) == 1:
            # The only destination is gone, and every message would get the same answer.
            outcome = replace(outcome, error_class=ErrorClass.GONE)
        return self._redacted(outcome)

    def probe(self) -> AttemptResult | None:
        """Connect to its server, with TLS and login as when sending, and send nothing. None if its host is not known.

        Only a mail server has a login that can be tried without a message.
        """
        place = self.place or (urlsplit(self.endpoint.url).netloc if self.endpoint.scheme in _WEB else "")
        if not self.log_in and not place:
            return None
        with Exchange(self.endpoint.limit) as exchange:
            try:
                tls = self.endpoint.scheme.endswith("s")
                outcome = self.log_in(exchange) if self.log_in else _reach(exchange, place, tls=tls)
            except (OSError, ValueError) as error:
                outcome = exchange.lost(error)
        return self._redacted(outcome)

    def _redacted(self, outcome: AttemptResult) -> AttemptResult:
        if not outcome.words:
            return outcome
        hidden = (*self.endpoint.headers.values(), *self.hidden())
        redact = _redactor(self.endpoint.url, hidden, (*self.recipients, *self.open_words))
        return replace(outcome, words=cut(masked_text(redact(outcome.words)), _MOST_WORDS))

    def _send(self, exchange: Exchange, plugin: NotifyBase, message: Message) -> AttemptResult:
        service = Apprise(asset=plugin.asset)
        service.add(plugin)
        title, body, kind = _shown(message, plugin)
        urgency.paint(plugin, message.severity)
        result = service.notify(title=title, body=body, body_format=kind, notify_type=urgency.type_of(message.severity))
        known = exchange.outcome
        if result:
            return replace(
                known or AttemptResult(error_class=ErrorClass.OK), error_class=ErrorClass.OK, retry_after=None
            )
        if known and known.error_class is not ErrorClass.OK:
            return known
        meant = refusals.meant(exchange.body) if known else None
        if known and meant:  # it always answers 200
            return replace(known, error_class=meant)
        logged = "; ".join(log.message for one in result for attempt in one.attempts for log in attempt.logs)
        words = one_line(logged) or "refused without a word"
        return AttemptResult(error_class=ErrorClass.AMBIGUOUS, code=known.code if known else None, words=words)


@lru_cache(maxsize=128)  # making one takes longer than using it, and a row of messages has the same secrets
def _redactor(url: str, hidden: tuple[str, ...], open_words: tuple[str, ...]) -> Callable[[str], str]:
    return redactor(url, headers=hidden, open_words=open_words)


def _reach(exchange: Exchange, place: str, *, tls: bool) -> AttemptResult:
    """Connect to the host and port *place*.

    Raises:
        OSError: it cannot be reached, or its certificate is not trusted.
    """
    address = urlsplit(f"//{place}")
    host = address.hostname or ""
    with socket.create_connection((host, address.port or (443 if tls else 80)), exchange.limit) as connection:
        exchange.watch(connection)
        if tls:
            ssl.create_default_context().wrap_socket(connection, server_hostname=host).close()
    return AttemptResult(error_class=ErrorClass.OK, words=f"connected, {'with' if tls else 'without'} TLS")


def _shown(message: Message, plugin: NotifyBase) -> tuple[str, str, NotifyFormat | None]:
    """Return title and body as a service accepts them, and the format to declare to apprise.

    Declared as text, Telegram would get a `&nbsp;` for every blank, of which it counts all six characters, and services
    of Markdown a backslash before every mark, which half of them show. Without a declared format, a text is sent as it is.
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


def service(endpoint: Endpoint) -> AppriseReceiver:
    """Return the receiver for any address that apprise supports.

    Raises:
        ValueError: apprise does not support the address.
    """
    scheme = endpoint.scheme
    fields = url_to_dict(endpoint.url, secure_logging=True)
    if not fields:
        raise ValueError(f"apprise knows no service at {scheme}://, or the address is incomplete")
    fields = _settled({"overflow": OverflowMode.TRUNCATE, **fields})
    sample = _instance(fields)
    card = CARDS.get(type(sample))
    make = partial(made, card) if card else _instance
    targets = fields.get("targets")
    several = isinstance(targets, list) and len(targets) > 1 and len(sample) == len(targets)
    recipients = tuple(dict.fromkeys(map(str, targets))) if several and targets else ("",)

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        buttons = {"actions": _taps(message)} if isinstance(sample, NotifyNtfy) and message.answers else {}
        target = {"targets": [delivery.recipient]} if delivery.recipient else {}
        sending = make({**buttons, **urgency.priority(sample, message.severity), **fields, **target})
        if isinstance(sending, TeamsCard):
            sending.severity = message.severity
        return sending

    place = _place(scheme, fields)
    return AppriseReceiver(endpoint=endpoint, kind=MessageKind.TEXT, plugin=plugin, recipients=recipients, place=place)


#: The answers for which ntfy shows a button; it takes three.
_TAPS = (AnswerKind.ACK, AnswerKind.SNOOZE, AnswerKind.NOISE)


def _taps(message: Message) -> str:
    """Return the links to answer as actions of ntfy: a tap on one posts, and so answers at once."""
    wanted = [NAMES[kind] for kind in _TAPS]
    return "; ".join(f"http, {name}, {link}, clear=true" for name, link in message.answers if name in wanted)


def _place(scheme: str, fields: Fields) -> str:
    """Return host and port of the operator's own server. Empty for other services, where a host may be a token."""
    if scheme not in _OWN_SERVERS:
        return ""
    port = fields.get("port") or (443 if scheme.endswith("s") else 80)
    return f"{fields.get('host')}:{port}"


def http_address(address: str, scheme: str) -> str:
    """Return *address* if it is a valid HTTP address. People write it with *scheme*.

    Raises:
        ValueError: *address* is not one.
    """
    if not re.fullmatch(r"https?://[^/?#@]+(/[^#]*)?", address, re.IGNORECASE):
        raise ValueError(f"an address with {scheme}(s):// needs a host, and may have a port and a path")
    return address


def parsed(kind: type[NotifyBase], url: str) -> Fields:
    """Return the fields of an address of *kind*.

    Raises:
        ValueError: the address is incomplete.
    """
    url = url.replace("/#", "/%23")  # a channel, not a fragment
    fields = kind.parse_native_url(url) or kind.parse_url(url)
    if not fields:
        raise ValueError(f"this is not a complete address of {kind.service_name}: see {kind.setup_url}")
    return _settled(fields)


def _settled(fields: Fields) -> Fields:
    """Return *fields* of an address with our own settings: no retries by apprise, and no redirects."""
    return {**TIMEOUTS, **fields, "retry": 0, "redirect": False}


def made(kind: type[NotifyBase], fields: Fields) -> Any:
    """Return an instance of *kind* with *fields*.

    Raises:
        ValueError: one of the fields is wrong.
    """
    try:
        return kind(asset=asset(), **copy.deepcopy(fields))
    except (TypeError, ValueError):  # apprise raises these for a wrong part, and its message contains it
        raise ValueError(f"a part of this address of {kind.service_name} is wrong: see {kind.setup_url}") from None


def _instance(fields: Fields) -> NotifyBase:
    plugin = Apprise.instantiate(copy.deepcopy(fields), asset=asset())
    if plugin is None:
        raise ValueError(
            f"a part of this address at {fields.get('schema')}:// is wrong, or its service needs a package"
        )
    return plugin


def asset() -> AppriseAsset:
    """Return settings of apprise: in our thread, without a pool, redirects or files of its own."""
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
