"""The links of messages to the page of a configuration."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from tocsin.config.config import Config
from tocsin.errors import StoreError
from tocsin.log import line
from tocsin.model.alerts import AnswerLinks, no_links
from tocsin.web.listener import secret_of
from tocsin.web.wall.answer_links import Signer
from tocsin.web.wall.keys import derive
from tocsin.web.wall.site import ANSWER_KEY

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


def _none(_: str, __: datetime) -> AnswerLinks:
    return no_links
