"""HTTP headers in the configuration, and what proves to a server who we are."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping

from tocsin.config.secrets import Secret
from tocsin.config.yaml.nodes import Node, Scalar, entries, member, problem
from tocsin.errors import Problem

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
#: A value that HTTP carries as it is (RFC 9110, 5.5).
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?\Z")


def check_headers(node: Node, ours: Collection[str] = ()) -> Iterator[Problem]:
    """Yield faults of the headers, credentials and token of *node*. *ours* are headers that we set, in lower case."""
    named = entries(member(node, "headers"))
    for key, value in named:
        if not _NAME.match(key.text):
            yield problem(key, "is not the name of an HTTP header")
        elif key.text.lower() in ours:
            yield problem(key, "is a header that tocsin sets itself: remove it")
        if isinstance(value, Scalar) and not value.broken and not _VALUE.match(str(value.value)):
            yield problem(value, "a header must be one line of ASCII without blanks at its ends")
    credentials, token = member(node, "credentials"), member(node, "token")
    if isinstance(credentials, Scalar) and credentials.value and not credentials.broken:
        name, colon, password = str(credentials.value).partition(":")
        alone = member(node, "mailbox") and member(node, "oauth")
        if alone and (colon or not name.isprintable()):
            yield problem(credentials, "must be the name alone: with oauth a token takes the place of the password")
        elif not alone and (not colon or not f"{name}{password}".isprintable()):
            yield problem(credentials, "must be name:password")
    if isinstance(token, Scalar) and not token.broken and not re.fullmatch(r"[\x21-\x7e]*", str(token.value)):
        yield problem(token, "must be one word of ASCII, without Bearer before it")
    given = [one for one in (credentials, token) if isinstance(one, Scalar) and one.value]
    if given and any(key.text.lower() == "authorization" for key, _ in named):
        yield problem(given[-1], "cannot be used together with an Authorization header")
    elif len(given) > 1:
        yield problem(given[-1], "cannot be used together with credentials")


def authorization(credentials: Secret, token: Secret | None = None) -> Mapping[str, Secret]:
    """Return the header of HTTP Basic (RFC 7617) for name:password, or of a bearer *token* (RFC 6750)."""
    if credentials:
        return {"Authorization": credentials.become(lambda text: f"Basic {b64encode(text.encode()).decode()}")}
    return {"Authorization": token.become(lambda text: f"Bearer {text}")} if token else {}
