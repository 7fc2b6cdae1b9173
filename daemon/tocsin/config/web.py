"""What the configuration says about asking servers: the proxy, the certificates, the credentials of a source."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path

from tocsin.config.nodes import Node, Pairs, Scalar, member, problem
from tocsin.errors import Problem

_PROXY = re.compile(r"http://[^\s/]+:\d{1,5}/?\Z|http://[^\s/]+/?\Z")


def check_http(node: Node | None, folder: Path) -> Iterator[Problem]:
    """What is wrong with `http:`, whose paths are relative to *folder*."""
    proxy, ca_file = _given(member(node, "proxy")), _given(member(node, "ca_file"))
    if proxy and not _PROXY.match(str(proxy.value)):
        yield problem(proxy, "must be the address of a proxy, such as http://proxy.example.org:3128")
    if ca_file:
        try:
            ssl.create_default_context(cafile=folder / Path(str(ca_file.value)).expanduser())
        except OSError as error:
            words = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            yield problem(ca_file, f"cannot be used ({words}); it must be a file of certificates in PEM form")


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


def _given(node: Node | None) -> Scalar | None:
    return node if isinstance(node, Scalar) and isinstance(node.value, str) and node.value and not node.broken else None
