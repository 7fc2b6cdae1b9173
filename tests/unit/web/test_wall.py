"""The decisions of the wall, of values alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.config.secrets import Secret
from tocsin.config.web import Proxy, Right, Token, WebConfig
from tocsin.web.wall import checks
from tocsin.web.wall.keys import derive, own_secret, seal, unseal
from tocsin.web.wall.site import site_of
from tocsin.web.wall.throttle import DELAY, Throttle

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG = "0123456789abcdef01234567"


def _site(url="", port=8787, **more):
    return site_of(WebConfig(url=url, **more), LONG, port)


def test_keys_are_those_of_the_standard():
    """HKDF-SHA256 without a salt (RFC 5869): another program can derive them, and purposes differ."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    known = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tocsin/cookie").derive(LONG.encode())
    assert derive(LONG, "cookie") == known
    assert derive(LONG, "login") != known


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.text(max_size=20))
def test_what_was_sealed_is_opened_and_nothing_else(fields, about):
    """Whatever a name holds, it comes back, and only with the key and the purpose that it was sealed with."""
    key = derive(LONG, "cookie")
    text = seal(key, fields, about=about)
    clean = tuple(field.encode("utf-8", "replace").decode() for field in fields)
    assert unseal(key, text, about=about) == clean
    assert unseal(derive(LONG, "login"), text, about=about) is None
    assert unseal(key, text, about=f"{about}0") is None
    assert not set(text) & set("\"'{}<>#&? ;,")


@given(st.text(max_size=200))
def test_what_nobody_sealed_is_nothing(text):
    """Any text may stand in a cookie."""
    assert unseal(derive(LONG, "cookie"), text) is None


def test_a_secret_that_was_cut_off_is_not_used(tmp_path):
    """Half a secret could be guessed, and an empty one is known."""
    from tocsin.errors import StoreError

    path = tmp_path / "secret"
    assert own_secret(path) == own_secret(path)
    path.write_text("")
    with pytest.raises(StoreError, match="is cut off: remove the file"):
        own_secret(path)
    with pytest.raises(StoreError, match="cannot be made at"):
        own_secret(path / "none" / "secret")  # there is a file where a folder would be


@pytest.mark.parametrize(
    ("url", "port", "cookie", "base"),
    [
        ("", 8787, "tocsin-8787", ""),
        ("https://ops.example.org", 8787, "tocsin-8787", ""),
        ("https://ops.example.org/alarm", 8787, "tocsin-alarm", "/alarm"),
        ("https://ops.example.org/a/b.c", None, "tocsin-a-b-c", "/a/b.c"),
        ("https://ops.example.org", None, "tocsin-socket", ""),
    ],
)
def test_a_cookie_is_named_by_its_path_or_port(url, port, cookie, base):
    """A browser sends the cookies of a host to each of its ports."""
    site = _site(url, port)
    assert (site.cookie, site.base) == (cookie, base)


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("ops.example.org:8443", True),
        ("OPS.example.org:8443", True),
        ("ops.example.org", False),
        ("localhost:8787", True),
        ("localhost", False),
        ("", False),
    ],
)
def test_a_name_is_served_with_its_port(host, served):
    """Another port is another service."""
    assert checks.is_served(host, _site("https://ops.example.org:8443")) == served


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("127.0.0.1", "", True, "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1", False, "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1", True, "192.0.2.1"),
        ("127.0.0.1", "10.0.0.1, 192.0.2.1", True, "192.0.2.1"),
        ("127.0.0.1", "192.0.2.1,", True, "127.0.0.1"),
        ("socket", "x" * 500, True, "x" * 64),
    ],
)
def test_the_last_address_is_the_client(peer, forwarded, trusted, client):
    """The proxy wrote it; those before it came with the request."""
    assert checks.client_of(peer, forwarded, trusted=trusted) == client


def test_a_user_is_a_name_on_one_line():
    """It stands beside answers, in the log and on pages."""
    assert checks.user_of(["ann\r\nSet-Cookie: x"], trusted=True).name == "annSet-Cookie: x"
    assert checks.user_of(["\x00 "], trusted=True) is None


def test_a_token_has_its_rights_alone():
    """No token of a kind does what another kind is for."""
    tokens = {right.value: Token(secret=Secret(f"{right}-{LONG}"), may=right) for right in Right}
    site = _site(tokens=tokens)
    rights = {right: checks.by_token(f"Bearer {right}-{LONG}", site).rights for right in Right}
    assert rights == {
        Right.READ: {Right.READ},
        Right.ACT: {Right.READ, Right.ACT},
        Right.INGEST: {Right.INGEST},
    }


def test_the_socket_is_trusted_only_if_it_is_one():
    """Behind a port the same configuration trusts nobody."""
    site = _site(proxy=Proxy(socket=True))
    assert checks.is_trusted({}, site, over_socket=True)
    assert not checks.is_trusted({}, site, over_socket=False)
    assert not checks.is_trusted({checks.PROXY_SECRET: ""}, site, over_socket=False)


def test_failures_are_forgotten_after_a_minute():
    """Nobody is locked out."""
    throttle = Throttle()
    for n in range(5):
        assert throttle.delay("a", NOON) == timedelta(0), n
        throttle.failed("a", NOON)
    assert throttle.delay("a", NOON) == DELAY
    assert throttle.delay("b", NOON) == timedelta(0)
    assert throttle.delay("a", NOON + timedelta(seconds=60)) == timedelta(0)
