"""`web:` in the configuration: where the page listens, and who may use it."""

from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.cautions import cautions
from tocsin.config.config import parse_config
from tocsin.config.web import Address, Right
from tocsin.errors import ConfigError

BASE = "sources:\n  wire: {feed: https://example.org/feed}\nreceivers:\n  here: {console: true, operator: true}\n"
LONG = "0123456789abcdef01234567"


def _parse(web: str):
    return parse_config(f"{BASE}{web}\n", Path("/etc/tocsin/config.yaml"), {"STATE_DIRECTORY": "/var/lib/tocsin"})


def test_without_the_section_there_is_no_page():
    """Two daemons on one machine never want one port."""
    assert _parse("").web is None


def test_an_empty_section_is_a_page_on_this_machine_alone():
    """The least that one has to write is safe."""
    web = _parse("web: {}").web
    assert web is not None
    assert web.address == Address(host="127.0.0.1", port=8787)
    assert (web.base, web.url, web.answer_links) == ("", "", timedelta(days=7))
    assert (web.tokens, web.proxy.socket, bool(web.proxy.secret)) == ({}, False, False)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9000", Address(host="127.0.0.1", port=9000)),
        ('"[::1]:9000"', Address(host="::1", port=9000)),
        ("unix:/run/tocsin/web.sock", Address(path=Path("/run/tocsin/web.sock"))),
        ("unix:web.sock", Address(path=Path("/etc/tocsin/web.sock"))),
        ("off", None),
    ],
)
def test_an_address_is_a_port_a_socket_or_off(text, address):
    """Relative sockets lie beside the file, as all paths do."""
    assert _parse(f"web: {{listen: {text}}}").web.address == address


@pytest.mark.parametrize(
    ("web", "words"),
    [
        ("listen: 8787", "must be host:port"),
        ("listen: 127.0.0.1:0", "must have a port from 1 to 65535"),
        ("listen: 127.0.0.1:70000", "must be host:port"),
        ("listen: http://127.0.0.1:1", "must be host:port"),
        ("url: ops.example.org", "must be an address such as https://"),
        ("url: ftp://ops.example.org", "must be an address such as https://"),
        ("url: https://ops.example.org/?a=b", "without a user"),
        ("url: https://me@ops.example.org", "without a user"),
        ("url: https://ops.example.org/../x", "a path of plain letters"),
        ("url: https://ops.example.org/a//b", "a path of plain letters"),
        ("url: 'https://ops.example.org/\"><script>'", "a path of plain letters"),
        ("metrics: unix:/run/x", "must be host:port"),
        ("metrics: off", "must be host:port"),
        ("secret: short", "is too short"),
        ("proxy: {secret: short}", "is too short"),
        ("proxy: {socket: true}", "needs a unix socket"),
        ("proxy: {}", "needs a secret, or socket: true"),
        ("group: www-data", "is for a unix socket only"),
        ("tokens: {panel: {secret: short}}", "is too short"),
        (
            f"tokens: {{panel: {{secret: {'s' * 24}}}, desk: {{secret: {'s' * 24}, may: ingest}}}}",
            "is that of panel, too: give each program a secret of its own",
        ),
        (f"tokens: {{panel: {{secret: {LONG}, may: write}}}}", "must be read, act or ingest"),
        (f"tokens: {{Panel x: {{secret: {LONG}}}}}", "must be letters"),
        ("tokens: {panel: {}}", "secret is missing here"),
        ("answer_links: soon", "must be a whole number and one unit"),
        ("lsten: off", "did you mean listen"),
    ],
)
def test_a_fault_names_its_place_and_remedy(web, words):
    """Before anything listens."""
    with pytest.raises(ConfigError) as caught:
        _parse(f"web:\n  {web}")
    assert words in str(caught.value)
    assert "config.yaml:" in str(caught.value)


def test_a_token_is_a_secret_with_a_right():
    """What may be shown of it is its name and its right."""
    web = _parse(f"web: {{tokens: {{panel: {{secret: {LONG}}}, feed: {{secret: {LONG}2, may: ingest}}}}}}").web
    assert {name: token.may for name, token in web.tokens.items()} == {"panel": Right.READ, "feed": Right.INGEST}
    assert LONG not in repr(web)


@pytest.mark.parametrize(
    ("web", "words"),
    [
        ("web: {listen: 127.0.0.1:8787}", ""),
        ("web: {listen: off}", ""),
        ("web: {listen: '192.0.2.7:80', url: 'https://ops.example.org'}", "pass without TLS"),
        ("web: {listen: '0.0.0.0:80'}", "write the url that people use"),
        ("web: {listen: 'unix:/run/tocsin/web.sock'}", "write the url that people use"),
        ("web: {answer_links: 2d}", "has no effect without a url"),
    ],
)
def test_what_would_surprise_is_a_warning(web, words):
    """A page that nobody reaches, or that everybody reads."""
    config = _parse(web)
    said = "\n".join(map(str, (*config.problems, *cautions(config))))
    assert (words in said) if words else ("web" not in said)


def test_answer_links_can_be_off():
    """The word that people try first."""
    assert _parse("web: {answer_links: off, url: 'https://ops.example.org/alarm/'}").web.answer_links == timedelta(0)
    assert _parse("web: {url: 'https://ops.example.org/alarm/'}").web.base == "/alarm"
