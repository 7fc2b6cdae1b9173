"""What the configuration says about asking servers: proxy, certificates, credentials."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from tocsin.config.build import make_http, make_terms
from tocsin.config.config import Config, load_config
from tocsin.config.show import show
from tocsin.errors import ConfigError

TEXT = "sources: {a: {feed: 'https://blog.substack.com/f'%s}}\nreceivers: {here: {console: true}}\nhttp: {%s}\n"


def load(tmp_path: Path, source: str = "", http: str = "", **env: str) -> Config:
    """A configuration with one source."""
    path = tmp_path / "config.yaml"
    path.write_text(TEXT % (source, http), encoding="utf-8")
    return load_config(path, env)


def test_a_proxy_may_hold_a_secret_that_is_not_shown(tmp_path: Path) -> None:
    """`config show` is pasted into bug reports."""
    config = load(tmp_path, http="proxy: 'http://me:${WORD}@proxy.example:3128'", WORD="s3cret")
    assert config.http.proxy
    assert config.http.proxy.reveal() == "http://me:s3cret@proxy.example:3128"
    assert "s3cret" not in f"{show(config)} {config}"
    assert show(config)["http"]["proxy"] == "***"


def test_a_ca_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    """The client takes it as it was checked."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    config = load(tmp_path, http="ca_file: ca.pem, contact: a@b.c")
    assert config.http.ca_file == tmp_path / "ca.pem"
    make_http(config)


def test_credentials_become_a_header_that_is_a_secret(tmp_path: Path) -> None:
    """name:password of an environment variable, as HTTP Basic."""
    config = load(tmp_path, source=", credentials: '${WHO}'", WHO="me:wörd")
    assert config.sources[0].headers["Authorization"].reveal() == "Basic bWU6d8O2cmQ="
    assert show(config)["sources"]["a"]["credentials"] == "***"


@pytest.mark.parametrize(
    ("source", "http", "words"),
    [
        ("", "proxy: proxy.example", "must be the address of a proxy"),
        ("", "proxy: 'socks5://proxy.example'", "must be the address of a proxy"),
        ("", "ca_file: none.pem", "cannot be read: No such file or directory; it must be a file of certificates"),
        ("", "ca_file: config.yaml", "holds no certificate; it must be a file of certificates in PEM form"),
        (", credentials: word", "", "must be name:password"),
        (', credentials: "a:b\\n"', "", "must be name:password"),
        (
            ", credentials: 'a:b', headers: {authorization: x}",
            "",
            "cannot be used together with an Authorization header",
        ),
        (", ignore_hints: perhaps", "", "ignore_hints must be true or false"),
    ],
)
def test_what_cannot_work_is_told_before_anything_starts(tmp_path: Path, source: str, http: str, words: str) -> None:
    """A daemon that cannot reach anybody is found out by `tocsin check`."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, source, http)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("source", "group", "every", "ignoring"),
    [
        ("", "substack.com", None, False),
        (", every: 5m, ignore_hints: true", "substack.com", timedelta(minutes=5), True),
        (", allow_private: true", "", None, False),
    ],
    ids=["a public source", "with an interval", "a private source"],
)
def test_the_terms_of_a_source_name_the_server_behind_it(
    tmp_path: Path, source: str, group: str, every: timedelta | None, ignoring: bool
) -> None:
    """Sites behind one server are one group; a private source is in none."""
    config = load(tmp_path, source)
    terms = make_terms(config)[config.sources[0].name]
    assert (terms.group, terms.every, terms.ignore_hints) == (group, every, ignoring)


def test_domains_whose_hosts_are_one_server_can_be_named(tmp_path: Path) -> None:
    """A company's thousand blogs are asked one after the other."""
    config = load(tmp_path, http="groups: ['*.Blog.Substack.com', x.org]")
    assert make_terms(config)[config.sources[0].name].group == "blog.substack.com"
    assert show(config)["http"]["groups"] == ["blog.substack.com", "x.org"]


def test_an_address_with_a_secret_in_it_is_known_as_such(tmp_path: Path) -> None:
    """It is not written down again when it redirects."""
    assert not load(tmp_path).sources[0].secret
    path = tmp_path / "other.yaml"
    path.write_text("sources: {a: {feed: 'https://x.org/f?key=${K}'}}\n", encoding="utf-8")
    assert load_config(path, {"K": "s3cret"}).sources[0].secret
