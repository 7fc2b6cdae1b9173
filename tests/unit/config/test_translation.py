"""Translation in the configuration, and what a new user writes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.build import make_translation
from tocsin.config.config import Config, load_config
from tocsin.errors import ConfigError

FILE = """
sources:
  news: {feed: https://example.org/feed}
receivers:
  here: {console: true%s}
"""
ENV = {"KEY": "c4nary-key"}


def load(tmp_path: Path, reads: str, translation: str) -> Config:
    """The configuration with *translation* at its end."""
    path = tmp_path / "config.yaml"
    path.write_text(FILE % reads + translation, encoding="utf-8")
    return load_config(path, ENV)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "http://127.0.0.1:5000/", "http://127.0.0.1:5000/translate"])
def test_the_address_may_end_with_the_path_of_the_question(tmp_path: Path, url: str) -> None:
    """Documents of servers write it in both ways. Neither address nor key is shown."""
    config = load(tmp_path, ", reads: [de, pt-BR]", f"translation: {{url: '{url}', key: '${{KEY}}'}}\n")
    server = make_translation(config)
    assert server
    assert (server.endpoint, server.key) == ("http://127.0.0.1:5000/translate", "c4nary-key")
    assert config.receivers[0].reads == ("de", "pt-BR")
    assert "c4nary" not in repr(config) + repr(server)


def test_an_empty_address_turns_it_off(tmp_path: Path) -> None:
    """As that of a receiver does; a receiver may name its languages nevertheless."""
    config = load(tmp_path, ", reads: de", "translation: {url: '${NONE:-}'}\n")
    assert (config.translation, make_translation(config), config.problems) == (None, None, ())
    assert config.receivers[0].reads == ("de",)


@pytest.mark.parametrize(
    ("reads", "translation", "words"),
    [
        ("", "translation: {url: 'localhost:5000'}", "must be an address that begins with http:// or https://"),
        ("", "translation: {url: 'http://me:word@localhost:5000'}", "must not hold user and password"),
        ("", "translation: http://localhost:5000", "translation"),
        ("", "translation: {url: 'http://localhost:5000', api_key: x}", "key"),
        ("", "translation: {key: x}", "url"),
        (", reads: [english]", "", "must be a language in two letters, such as en or de"),
        (", reads: [cn]", "", "cn is a country; its language is zh"),
        (", read: [en]", "", "did you mean reads?"),
    ],
)
def test_a_mistake_is_explained_at_its_place(tmp_path: Path, reads: str, translation: str, words: str) -> None:
    """Before the first message goes without its translation."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, reads, f"{translation}\n")
    assert words in str(caught.value)
    assert "config.yaml:" in str(caught.value)


def test_languages_without_a_server_are_a_warning(tmp_path: Path) -> None:
    """Somebody expects a translation that will never come."""
    (problem,) = load(tmp_path, ", reads: [de]", "").problems
    assert problem.warning
    assert "has no effect without translation: {url: ...}" in problem.message
