"""What the configuration says about asking servers: the proxy, the certificates, the credentials of a source."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.certificates import trusting
from tocsin.config.secrets import Secret
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, member, problem
from tocsin.config.yaml.shape import Shape, Texts
from tocsin.errors import FileError, Problem

_PROXY = re.compile(r"http://[^\s/]+:\d{1,5}/?\Z|http://[^\s/]+/?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """How other people's servers are asked; *contact* is an address that their owners can write to.

    *proxy* is for all but private sources; certificates in *ca_file* are trusted beside those of the system. The hosts
    below a domain of *groups* are one server.
    """

    contact: str = ""
    proxy: Secret | None = None
    ca_file: Path | None = None
    groups: tuple[str, ...] = ()


class HttpShape(Shape):
    """`http:` in the file."""

    contact: str = ""
    """An address that the owner of a server can write to; stands in the user agent."""
    proxy: str = ""
    """A proxy such as http://proxy.example.org:3128, for all sources but private ones."""
    ca_file: str = ""
    """A file of certificates (PEM), relative to this file, to be trusted beside those of the system."""
    groups: Texts = ()
    """Domains such as blogs.example.org whose hosts are one server, which is asked by one source at a time."""


def http_config(shape: HttpShape, folder: Path) -> HttpConfig:
    """The values of *shape*; paths are relative to *folder*."""
    return HttpConfig(
        contact=shape.contact,
        proxy=Secret(shape.proxy) if shape.proxy else None,
        ca_file=folder / Path(shape.ca_file).expanduser() if shape.ca_file else None,
        groups=tuple(name.lower().removeprefix("*.") for name in shape.groups),
    )


def check_http(node: Node | None, folder: Path) -> Iterator[Problem]:
    """What is wrong with `http:`, whose paths are relative to *folder*."""
    proxy, ca_file = _given(member(node, "proxy")), _given(member(node, "ca_file"))
    if proxy and not _PROXY.match(str(proxy.value)):
        yield problem(proxy, "must be the address of a proxy, such as http://proxy.example.org:3128")
    if ca_file:
        path = folder / Path(str(ca_file.value)).expanduser()
        try:
            trusting(path)
        except FileError as error:
            yield problem(ca_file, f"{error}; it must be a file of certificates in PEM form")


def check_credentials(source: Node) -> Iterator[Problem]:
    """What is wrong with the credentials of a source."""
    credentials, headers = _given(member(source, "credentials")), member(source, "headers")
    if credentials is None:
        return
    if ":" not in str(credentials.value) or not str(credentials.value).isprintable():
        yield problem(credentials, "must be name:password")
    if isinstance(headers, Pairs) and any(key.text.lower() == "authorization" for key, _ in headers.pairs):
        yield problem(credentials, "and a header Authorization exclude each other")


def authorization(credentials: str) -> Mapping[str, str]:
    """The header of HTTP Basic (RFC 7617) for name:password."""
    return {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"} if credentials else {}


def url_fault(url: str) -> str:
    """Why *url* cannot be asked; empty when it can."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port != 0
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good:
        return "must be an address that begins with http:// or https://"
    return "must not hold blanks or control characters" if re.search(r"[\s\x00-\x1f]", url) else ""


def _given(node: Node | None) -> Scalar | None:
    return node if isinstance(node, Scalar) and isinstance(node.value, str) and node.value and not node.broken else None
