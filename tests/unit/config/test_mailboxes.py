"""Folders of mail in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config.build import make_terms
from tocsin.config.config import parse_config
from tocsin.errors import ConfigError
from tocsin.sources.documents.mail import Mails

RECEIVERS = "receivers:\n  here: {console: true, operator: true}\n"
BOX = "mailbox: imaps://imap.example.org/News"


def parse(keys: str):
    """The configuration of one source, `letters`."""
    return parse_config(f"sources:\n  letters: {{{keys}}}\n{RECEIVERS}", Path("/etc/tocsin/config.yaml"), {})


def test_a_folder_is_a_source_that_is_polled() -> None:
    """By its address, in which there is no secret."""
    config = parse(f'{BOX}, credentials: "me:c4nary", entries: links, senders: "@Letter.example"')
    [source] = config.sources
    assert (source.kind, source.address) == ("mailbox", "imaps://imap.example.org/News")
    assert source.mails == Mails(links=True, senders=("@letter.example",))
    assert "c4nary" not in repr(config)
    assert make_terms(config)["letters"].group == "imap.example.org"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('mailbox: https://mail.example.org, credentials: "a:b"', "imaps://imap.example.org/Newsletters"),
        ('mailbox: imap.example.org, credentials: "a:b"', "imaps://imap.example.org/Newsletters"),
        ('mailbox: "imaps://me:c4nary@imap.example.org/", credentials: "a:b"', "write credentials: name:password"),
        ('mailbox: imaps://imap.example.org/a%0d%0ab, credentials: "a:b"', "control characters"),
        ('mailbox: imap://imap.example.org/, credentials: "a:b"', "would send the password in the open"),
        (BOX, "credentials is missing"),
        (f"{BOX}, credentials: c4nary", "must be name:password"),
        (f'{BOX}, credentials: "a:b", senders: letter.example', "@example.org for all of a domain"),
        (f'{BOX}, credentials: "a:b", headers: {{X: y}}', "unknown key headers"),
    ],
)
def test_the_first_mistakes_have_remedies(keys: str, words: str) -> None:
    """They are found before a password is sent, and never show it."""
    with pytest.raises(ConfigError) as caught:
        parse(keys)
    assert words in str(caught.value)
