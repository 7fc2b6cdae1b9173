"""Receivers in the file: when they are told, how often, and who stands in for them."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tocsin.config.config import load_config
from tocsin.config.receivers import ReceiverConfig
from tocsin.errors import ConfigError
from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, Fallback

SECRET = "whsec_0123456789abcdef0123456789"
FILE = """
timezone: Europe/London
sources:
  news: {feed: https://example.org/feed}
receivers:
  here: {console: true}
  mail:
    url: mailto://x
"""


def receiver(tmp_path: Path, keys: str) -> ReceiverConfig:
    """The receiver `mail` with *keys*, one a line."""
    path = tmp_path / "config.yaml"
    path.write_text(FILE + "".join(f"    {line}\n" for line in keys.splitlines()), encoding="utf-8")
    config = load_config(path, {})
    return next(item for item in config.receivers if item.name == "mail")


def test_a_receiver_says_when_it_wants_to_be_told(tmp_path: Path) -> None:
    """Every key becomes a value; times are those of the receiver's own clock."""
    mail = receiver(
        tmp_path,
        "timezone: Asia/Tokyo\nrate: 30\nmax_per_hour: 20\ngroup_wait: 30s\nfallback: {to: here, after: 1h}\n"
        "quiet_hours: {from: '22:00', to: '6:30', except: critical}\n"
        f"digest: {{at: '07:00', on: [mon, thu], below: critical}}\nsecret: [{SECRET}, {SECRET}2]",
    )
    assert mail.info.zone == ZoneInfo("Asia/Tokyo")
    assert (mail.rate, mail.info.max_per_hour, mail.info.group_wait) == (30, 20, timedelta(seconds=30))
    assert mail.fallback == Fallback(to="here", after=timedelta(hours=1))
    assert mail.info.quiet_hours == QuietHours(start=time(22), end=time(6, 30), breaks=Severity.CRITICAL)
    assert mail.info.digest == DigestTimes(at=time(7), days=frozenset({0, 3}), below=Severity.CRITICAL)
    assert [secret.reveal() for secret in mail.secrets] == [SECRET, f"{SECRET}2"]
    assert SECRET not in repr(mail)


def test_a_receiver_that_asks_for_nothing_is_told_everything_at_once(tmp_path: Path) -> None:
    """The zone is that of the file; a digest has good defaults of its own."""
    mail = receiver(tmp_path, "")
    assert (mail.info.zone, mail.info.digest, mail.info.quiet_hours) == (ZoneInfo("Europe/London"), None, None)
    assert receiver(tmp_path, "digest: {at: '07:00'}").info.digest == DigestTimes(at=time(7))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("digest: {at: 7am}", 'at must be a time of the day such as "07:00"'),
        ("digest: {at: '24:00'}", 'at must be a time of the day such as "07:00"'),
        ("digest: {below: high}", "at is missing here"),
        ("digest: {at: '07:00', on: [monday]}", "must be one of mon, tue, wed, thu, fri, sat, sun; did you mean mon?"),
        ("digest: {at: '07:00', on: []}", "names no day: remove it for every day, or remove the digest"),
        ("quiet_hours: {from: '22:00', to: '22:00'}", "the quiet hours end when they begin: give two different times"),
        ("quiet_hours: {from: '22:00'}", "to is missing here"),
        (
            "quiet_hours: {from: '22:00', to: '06:00', except: urgent}",
            "except must be info, low, medium, high or critical",
        ),
        ("fallback: {to: mail}", "a receiver cannot be its own fallback"),
        ("fallback: {to: hera}", "there is no receiver hera; did you mean here?"),
        ("rate: 0", "rate must be 1 or more"),
        ("max_per_hour: -3", "max_per_hour must be 1 or more"),
        ("secret: short", "is too short: a secret has 24 characters or more"),
        ("timezone: Mars/Base", "timezone must be a time zone such as Europe/London or UTC"),
        ("quiet_ours: {}", "unknown key quiet_ours; did you mean quiet_hours?"),
    ],
)
def test_a_fault_is_told_with_its_line_and_remedy(tmp_path: Path, keys: str, words: str) -> None:
    """What cannot be meant is refused before anything runs."""
    with pytest.raises(ConfigError) as caught:
        receiver(tmp_path, keys)
    (problem,) = caught.value.problems
    assert words in problem.message
    assert problem.position is not None
    assert problem.position.line == 9
