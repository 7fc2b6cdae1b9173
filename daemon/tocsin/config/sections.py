"""Small sections of the configuration: `http`, `heartbeat`, `self_report` and `translation`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from tocsin.certificates import trusting
from tocsin.config.secrets import Secret
from tocsin.config.values import Hidden, OwnPath, WallTime, hidden, url_fault
from tocsin.config.windows import check_days
from tocsin.config.yaml.nodes import Node, member
from tocsin.config.yaml.shape import TEXT, Duration, Shape, Texts, at_least
from tocsin.errors import FileError, Problem

_PROXY = re.compile(r"http://[^\s/]+:\d{1,5}/?\Z|http://[^\s/]+/?\Z")


def _proxy(value: Any) -> Secret:
    proxy = hidden(value)
    if proxy and proxy.missing is None and not _PROXY.match(proxy.reveal()):
        raise ValueError("must be the address of a proxy, such as http://proxy.example.org:3128")
    return proxy


def _trusted(path: Path | None) -> Path | None:
    try:
        trusting(path)
    except FileError as error:
        raise ValueError(f"{error}; it must be a file of certificates in PEM form") from None
    return path


def _domains(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower().removeprefix("*.") for name in names)


def _watcher(value: Any) -> Secret:
    url = hidden(value)
    if url and url.missing is None and (fault := url_fault(url.reveal())):
        raise ValueError(fault)
    return url


class HttpConfig(Shape):
    """Settings for requests to servers."""

    contact: str = ""
    """An address where the owner of a server can reach you. It is sent in the user agent."""
    proxy: Annotated[Secret, BeforeValidator(_proxy), WithJsonSchema(TEXT)] = Secret("")
    """A proxy such as http://proxy.example.org:3128, for all sources except private ones."""
    ca_file: Annotated[OwnPath, AfterValidator(_trusted)] = None
    """A file of certificates (PEM), relative to this file, to trust in addition to those of the system."""
    groups: Annotated[Texts, AfterValidator(_domains)] = ()
    """Domains such as blogs.example.org whose hosts are one server, to which only one request at a time is made."""


class Heartbeat(Shape):
    """A URL that is requested as long as the daemon works, so that somebody notices when it does not."""

    url: Annotated[Secret, BeforeValidator(_watcher), WithJsonSchema(TEXT)] = Secret("")
    """An address of a monitoring service that notifies you when the calls stop. An empty one turns this off."""
    every: Annotated[Duration, at_least(timedelta(seconds=10))] = timedelta(minutes=5)
    """Time between two calls."""
    allow_private: bool = False
    """True to permit an address in a private network."""


def _translating(value: Any) -> Secret:
    url = _watcher(value)
    if "@" in urlsplit(url.known).netloc:
        raise ValueError("must not hold user and password: write what the server calls an API key as key")
    return url


class TranslationShape(Shape):
    """A server that translates headlines for readers who do not read their language, as LibreTranslate does."""

    url: Annotated[Secret, BeforeValidator(_translating), WithJsonSchema(TEXT)]
    """Its address, such as http://127.0.0.1:5000. An empty one turns this off."""
    key: Hidden = Secret("")
    """The API key that it wants, if it wants one. May be ${NAME}."""


class ReportShape(Shape):
    """`self_report:` in the file."""

    at: WallTime = time(9)
    """The time of day at which it is sent, in the time zone of the file."""
    on: Texts = ("mon",)
    """The days on which it is sent. An empty list switches it off."""


def check_report(root: Node) -> Iterator[Problem]:
    """Yield faults of the days of `self_report:`."""
    yield from check_days(member(member(root, "self_report"), "on"))
