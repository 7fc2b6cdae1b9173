"""Receivers in the file: when they are told, how often, and who stands in for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tocsin.config.cautions import cautions
from tocsin.config.config import load_config
from tocsin.config.contacts import make_receiver
from tocsin.config.receivers import ReceiverConfig
from tocsin.config.secrets import Secret
from tocsin.errors import ConfigError
from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, Fallback
from tocsin.policy.notifying.walltime import Window

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
    assert mail.info.quiet_hours == (
        QuietHours(window=Window(start=time(22), end=time(6, 30)), breaks=Severity.CRITICAL),
    )
    assert mail.info.digest == DigestTimes(at=(time(7),), days=frozenset({0, 3}), below=Severity.CRITICAL)
    assert [secret.reveal() for secret in mail.secrets] == [SECRET, f"{SECRET}2"]
    assert SECRET not in repr(mail)


def test_a_receiver_that_asks_for_nothing_is_told_everything_at_once(tmp_path: Path) -> None:
    """The zone is that of the file; a digest has good defaults of its own."""
    mail = receiver(tmp_path, "")
    assert (mail.info.zone, mail.info.digest, mail.info.quiet_hours) == (ZoneInfo("Europe/London"), None, ())
    assert receiver(tmp_path, "digest: {at: '07:00'}").info.digest == DigestTimes(at=(time(7),))


def test_quiet_hours_are_a_list_of_windows(tmp_path: Path) -> None:
    """Nights, weekends and holidays, each with its own exception."""
    mail = receiver(
        tmp_path,
        "quiet_hours:\n  - {from: '22:00', to: '06:30', on: [mon, tue], except: critical}\n  - {on: [sat, sun], drop: true}\n"
        "  - {dates: [12-24 to 01-01, 2026-05-01]}\ndigest: {at: ['07:00', '16:00']}",
    )
    assert [str(one.window) for one in mail.info.quiet_hours] == [
        "22:00 to 06:30 on mon, tue",
        "all day on sat, sun",
        "all day in 12-24 to 01-01, 2026-05-01",
    ]
    assert [(one.breaks, one.drop) for one in mail.info.quiet_hours] == [
        (Severity.CRITICAL, False),
        (None, True),
        (None, False),
    ]
    assert mail.info.digest == DigestTimes(at=(time(7), time(16)))


PEOPLE = """
receivers:
  mail: {{url: "json://127.0.0.1:9/mail", person: ann{mail}}}
  phone: {{url: "json://127.0.0.1:9/phone", person: ann{phone}}}
  desk: {{console: true, operator: true}}
routes:
  - {{to: [mail, desk]}}
  - {{severity: critical, to: [phone]}}
"""


def test_receivers_of_a_person_are_fallbacks_of_each_other(tmp_path: Path) -> None:
    """One has the alert alone, so the other has to stand in; a fallback in the file wins."""
    path = tmp_path / "config.yaml"
    path.write_text(PEOPLE.format(mail="", phone=", fallback: {to: desk, after: 5m}"), encoding="utf-8")
    fallbacks = {one.name: one.fallback for one in load_config(path, {}).receivers}
    assert fallbacks == {
        "mail": Fallback(to="phone", after=timedelta(minutes=30)),
        "phone": Fallback(to="desk", after=timedelta(minutes=5)),
        "desk": None,
    }


@pytest.mark.parametrize(
    ("mail", "warns"),
    [
        ("", True),
        (", digest: {at: '07:00'}", False),
        (", quiet_hours: {from: '22:00', to: '06:00'}", False),
        (", group_wait: 1m", False),
    ],
)
def test_a_receiver_that_never_wins_is_warned_of(tmp_path: Path, mail: str, warns: bool) -> None:
    """Who routes what is critical to the phone wants it to ring, and the order of the file decides that."""
    path = tmp_path / "config.yaml"
    path.write_text(PEOPLE.format(mail=mail, phone=""), encoding="utf-8")
    words = [problem.message for problem in cautions(load_config(path, {}))]
    expected = (
        "receiver phone: it gets an alert only if mail fails, which stands above it, belongs to ann too and is as soon: "
        "put phone above mail"
    )
    assert (expected in words) is warns


def test_a_person_has_one_address(tmp_path: Path) -> None:
    """Of several readers of one address nobody knows which is the person."""
    one = receiver(tmp_path, "person: ann")
    url = Secret("ntfy://127.0.0.1:9/metals/prices")
    with pytest.raises(ConfigError, match="receiver mail: a person has one address, and this one names 2"):
        make_receiver(replace(one, url=url))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("person: Ann Lee", "person must be letters"),
        ("digest: {at: 7am}", 'at must be a time of the day such as "07:00"'),
        ("digest: {at: '24:00'}", 'at must be a time of the day such as "07:00"'),
        ("digest: {below: high}", "at is missing here"),
        ("digest: {at: '07:00', on: [monday]}", "must be one of mon, tue, wed, thu, fri, sat, sun; did you mean mon?"),
        ("digest: {at: '07:00', on: []}", "names no day: remove it for every day, or remove the digest"),
        ("quiet_hours: {from: '22:00', to: '22:00'}", "quiet_hours has one time as its begin and its end: give two"),
        ("quiet_hours: {from: '22:00'}", "quiet_hours has no to: give both, or none of them"),
        ("quiet_hours: {except: high}", "quiet_hours needs from and to, or on or dates for whole days"),
        (
            "quiet_hours: {on: [mon, tue, wed, thu, fri, sat, sun]}",
            "quiet_hours names all days of the week, so it would never end: leave one out, or give from and to",
        ),
        ("quiet_hours: 22:00-06:30", "quiet_hours must be a map: keys with values"),
        ("quiet_hours: [{on: [sat, sunday]}]", "must be one of mon, tue, wed, thu, fri, sat, sun; did you mean sun?"),
        ("quiet_hours: {from: '22:00', to: '06:00', on: []}", "names no day: remove it for every day"),
        ("quiet_hours: {dates: 24.12.2026}", "dates must be dates such as 2026-12-24, 12-25 for every year"),
        ("quiet_hours: {dates: 2026-02-30}", "dates names a day that is in no calendar: 2026-02-30"),
        ("quiet_hours: {dates: 2026-12-24 to 01-02}", "dates must have a year in both dates, or in neither"),
        (
            "quiet_hours: {dates: 2027-01-02 to 2026-12-24}",
            "dates ends before it begins: write 2026-12-24 to 2027-01-02",
        ),
        (
            "quiet_hours: [{on: [mon, tue, wed, thu, fri]}, {on: [sat, sun], except: high}]",
            "quiet_hours must end some time, and every hour of the week is in them",
        ),
        ("quiet_hours: [{on: sat, until: '07:00'}]", "unknown key until"),
        ("repeat: {at_most: 3}", "every is missing here: time without an answer"),
        ("repeat: 4h", "repeat is a map: write {every: 4h}"),
        ("repeat: {every: 4h, until: seen}", "until must be acked"),
        ("repeat: {every: 10s}", "every must be 1m or more"),
        ("repeat: {every: 4h, at_most: 0}", "at_most must be 1 or more"),
        ("digest: {at: []}", "at must not be empty"),
        ("digest: {at: ['07:00', noon]}", 'at must be a time of the day such as "07:00"'),
        (
            "quiet_hours: {from: '22:00', to: '06:00', except: urgent}",
            "except must be info, low, medium, high or critical",
        ),
        ("fallback: {to: mail}", "a receiver cannot be its own fallback"),
        ("fallback: {to: hera}", "there is no receiver hera; did you mean here?"),
        ("rate: 0", "rate must be 1 or more"),
        ("max_per_hour: -3", "max_per_hour must be 1 or more"),
        ("secret: short", "is too short: a secret has 24 characters or more"),
        ("headers: {X Key: a}", "is not the name of an HTTP header"),
        ("headers: {Content-type: a}", "is a header that tocsin sets itself: remove it"),
        ("headers: {X-Key: 'a é'}", "a header must be one line of ASCII without blanks at its ends"),
        ('headers: {X-Key: "a\\r\\nX: y"}', "a header must be one line of ASCII without blanks at its ends"),
        ("credentials: desk", "must be name:password"),
        ("token: Bearer abc", "must be one word of ASCII, without Bearer before it"),
        ("token: abc\ncredentials: 'a:b'", "cannot be used together with credentials"),
        ("token: abc\nheaders: {authorization: x}", "cannot be used together with an Authorization header"),
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
