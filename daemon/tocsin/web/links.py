"""The links to the page of a configuration: those of messages, and the one that logs in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from tocsin.config.config import Config
from tocsin.config.web import WebConfig
from tocsin.errors import StoreError, UsageError
from tocsin.hints import Hub
from tocsin.log import line
from tocsin.model.alerts import AnswerLinks, no_links
from tocsin.web.hubs import Subscriber
from tocsin.web.wall.answer_links import Signer
from tocsin.web.wall.keys import derive, secret_of
from tocsin.web.wall.sessions import new_code
from tocsin.web.wall.site import ANSWER_KEY, HUB_KEY, LOGIN_KEY

if TYPE_CHECKING:
    from tocsin.sources.http.client import HttpClient

log = logging.getLogger(__name__)


def links_of(config: Config) -> Callable[[str, datetime], AnswerLinks]:
    """Return what makes the links to answer for the messages of *config*; without them messages still leave."""
    web = config.web
    if web is None or not web.gives_links:
        return _none
    try:
        secret = secret_of(web, config.database)
    except StoreError as error:
        log.warning(line("messages have no links to answer", reason=error))
        return _none
    return Signer(url=web.url, lasts=web.answer_links, key=derive(secret, ANSWER_KEY)).links


def subscriber_of(config: Config, http: HttpClient) -> Callable[[str, Hub, datetime], None]:
    """Return what subscribes to the hubs of the feeds of *config*; without it they are polled all the same."""
    web = config.web
    if web is None or not (web.websub and web.address):
        return lambda *_: None
    try:
        secret = secret_of(web, config.database)
    except StoreError as error:
        log.warning(line("no hub is asked", reason=error))
        return lambda *_: None
    private = {source.name for source in config.sources if source.allow_private}
    return Subscriber(http, url=web.url, key=derive(secret, HUB_KEY), private=private).offer


def unsigned_links(config: Config) -> Callable[[str, datetime], AnswerLinks]:
    """Return what makes the links of messages that are only shown: they look like those of *config*, and answer nothing."""
    web = config.web
    if web is None or not web.gives_links:
        return _none
    return Signer(url=web.url, lasts=web.answer_links, key=b"").links


def login_link(web: WebConfig, database: str, by: str, *, epoch: int, now: datetime) -> str:
    """Return an address that logs one browser in as *by*, once and soon after the real time *now*.

    *epoch* is the number of the sessions that are valid now: at an end of all of them the address ends, too.

    Raises:
        UsageError: the page has no address that a browser could open.
        StoreError: the secret beside the *database* cannot be read or made.
    """
    key = derive(secret_of(web, database), LOGIN_KEY)
    return f"{_where(web)}/login?code={new_code(by, key, epoch=epoch, now=now)}"


def _where(web: WebConfig) -> str:
    """Return the address of the page."""
    if web.url:
        return web.url
    if web.address is None or web.address.path:
        raise UsageError("the page listens on a unix socket: write the address of its proxy as web: {url: ...}")
    return f"http://127.0.0.1:{web.address.port}"


def _none(_: str, __: datetime) -> AnswerLinks:
    return no_links
