"""Receivers and rules as people look at them, and the digest before it is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.loading import load_rules
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.policy.notifying.route import Route
from tocsin.store.outbox import receivers
from tocsin.store.values import JudgedBatch, PollRecord

Tocsin = Any

MORE = """\
receivers:
  here: {console: true, operator: true}
  mail:
    url: "mailtos://user:s3cret@smtp.example.org?from=a@example.org&to=desk@example.org"
    digest: {at: "07:00", on: [mon, thu], below: critical}
    quiet_hours: {from: "22:00", to: "06:30", except: high}
    max_per_hour: 20
    group_wait: 30s
    fallback: {to: here, after: 1h}
  chat: {url: ""}
"""


@pytest.fixture
def more(tocsin: Tocsin, history: Any) -> Tocsin:
    """The program with three receivers and a history."""
    history()
    file = tocsin.folder / "config.yaml"
    file.write_text(file.read_text(encoding="utf-8").partition("receivers:")[0] + MORE, encoding="utf-8")
    return tocsin


def _records(result: Any) -> dict[str, dict[str, Any]]:
    return {record["name"]: record for record in map(json.loads, result.stdout.splitlines())}


def _block(tocsin: Tocsin, **fields: Any) -> None:
    store = tocsin.store()
    status = ReceiverStatus(failures=4, rests=datetime.now(UTC) + timedelta(hours=1), since=datetime.now(UTC))
    with store.database.write() as session:
        receivers.put(session, "mail", replace(status, **fields))
    store.close()


def test_receivers_are_listed_with_their_state(more: Tocsin) -> None:
    """One look shows who gets messages, who does not, and who is off."""
    listed = more("receivers", "list")
    assert listed.exit_code == 0
    assert max(map(len, (line.rstrip() for line in listed.stdout.splitlines()))) <= 80
    found = _records(more("receivers", "list", "--json"))
    assert {name: one["state"] for name, one in found.items()} == {"here": "ok", "mail": "unused", "chat": "off"}
    assert found["here"]["last_sent"]
    assert found["mail"]["recipients"] == ["desk@example.org"]
    assert "s3cret" not in listed.stdout


@pytest.mark.parametrize(
    ("fields", "state", "words"),
    [
        pytest.param(
            {"refused": "535 bad password", "refusals": 3},
            "blocked",
            ("535 bad password", "then: tocsin notify-test mail"),
            id="refused",
        ),
        pytest.param({}, "failing", ("4 failures in a row", "the next message that arrives"), id="failing"),
        pytest.param({"failures": 0}, "limited", ("it limits our rate",), id="limited"),
    ],
)
def test_a_receiver_says_why_it_rests_and_what_ends_that(
    more: Tocsin, fields: dict[str, Any], state: str, words: tuple[str, ...]
) -> None:
    """A person who misses messages needs the cause, the time and the remedy, and no log."""
    _block(more, **fields)
    assert _records(more("receivers", "list", "--json"))["mail"]["state"] == state
    shown = more("receivers", "show", "mail").stdout
    text = " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("is blocked until" if "refused" in fields else "is paused until", *words):
        assert word in text


def test_a_receiver_shows_its_settings(more: Tocsin) -> None:
    """A digest, quiet hours, a limit and a fallback explain why a message is not there yet."""
    shown = more("receivers", "show", "mail").stdout
    for words in (
        "desk@example.org",
        "at 07:00 mon, thu, of alerts below critical",
        "22:00 to 06:30, except high and above",
        "20 messages an hour",
        "30s",
        "here after 1h",
    ):
        assert words in shown
    assert "what ends it: an address in its url" in more("receivers", "show", "chat").stdout
    assert "tocsin's own health" in more("receivers", "show", "here").stdout
    missing = more("receivers", "show", "mial")
    assert missing.exit_code == 2
    assert "the configuration has: here, mail, chat; did you mean mail?" in missing.stderr


def test_the_next_digest_is_shown_as_it_would_be_sent(more: Tocsin) -> None:
    """Nothing is sent or changed by it, and it can be looked at twice."""
    assert "Nothing waits for a digest of mail; the next one leaves" in more("digest", "preview", "mail").stderr
    assert "it has no digest, so everything is sent at once" in more("digest", "preview", "here").stderr
    assert more("digest", "preview", "nobody").exit_code == 2
    _digest(more)
    first = more("digest", "preview", "mail")
    assert first.exit_code == 0
    assert "to desk@example.org:" in first.stderr
    assert "cobalt: ban" in first.stdout
    assert more("digest", "preview", "mail").stdout == first.stdout
    record = json.loads(more("digest", "preview", "mail", "--json").stdout)
    assert record["recipient"] == "desk@example.org"
    assert "<html" in record["html"]
    (held,) = map(json.loads, more("deliveries", "list", "--state", "held", "--json").stdout.splitlines())
    assert held["attempts"] == 0


@pytest.mark.parametrize("browser", [True, False], ids=["a browser", "no browser"])
def test_the_page_of_a_digest_is_opened(more: Tocsin, monkeypatch: pytest.MonkeyPatch, browser: bool) -> None:
    """A mail is judged by its looks; what it says is private, and its place is named where there is no browser."""
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: asked.append(address) or browser)
    _digest(more)
    for _ in range(2):  # the page of before is replaced
        done = more("digest", "preview", "mail", "--open")
    page = Path(more.folder) / "digest.html"
    assert (done.exit_code, done.stdout) == (0, f"{page}\n")
    assert "cobalt: ban" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert asked == [page.as_uri()] * 2
    assert ("There is no browser here" in done.stderr) is not browser


def _digest(tocsin: Tocsin) -> None:
    """Let news wait for the digest of mail."""
    store, now = tocsin.store(), datetime.now(UTC) + timedelta(minutes=10)
    info = ReceiverInfo(
        name="mail", recipients=("desk@example.org",), digest=DigestTimes(at=(time(7),), below=Severity.CRITICAL)
    )
    policy = Policy(routes=(Route(to=("mail",)),), receivers=(info,))
    keys = (EntryKey(kind=KeyKind.ID, value="c" * 32),)
    entry = Entry(source="wire", id="c", keys=keys, title="Congo bans cobalt exports", first_seen=now)
    lease = next(one for one in store.claim_sources(now, timedelta(minutes=1), 10) if one.name == "wire")
    judged = [load_rules([tocsin.folder / "rules"]).rules.evaluate(entry, now)]
    batch = Batch(source="wire", entries=(entry,), cursor=Cursor(), changed=True)
    store.commit(lease, JudgedBatch(batch=batch, judged=judged), policy.decide, now, PollRecord(due_at=now))
    store.close()


def test_rules_are_listed_and_shown(more: Tocsin) -> None:
    """What is in force, what it says, where it is written, to whom it goes, and what came of it."""
    assert more("rules", "list").stdout.split() == (
        ["rule", "severity", "kind", "cooldown", "metals/ban", "high", "news", "12h"]
    )
    assert "There is no pack nope" in more("rules", "list", "--pack", "nope").stderr
    shown = more("rules", "show", "ban").stdout
    for words in (
        "metals/ban  (news, high)",
        "$mineral NEAR/8 (ban~ OR halt~)",
        "pack.yaml:",
        "here, mail",
        "1 alert, 1",
    ):
        assert words in shown
    assert max(len(line) for line in shown.splitlines() if "pack.yaml" not in line) <= 80
    record = json.loads(more("rules", "show", "metals/ban", "--json").stdout)
    assert (record["kind"], record["stats"]["alerts"], record["enabled"]) == ("news", 1, True)
    assert "did you mean" in more("rules", "show", "metals/bam").stderr


def test_a_rule_that_is_off_or_changed_says_so(more: Tocsin) -> None:
    """Otherwise a person waits for alerts that cannot come."""
    with (more.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("overrides: {ban: {disable: true}}\n")
    assert "metals/ban  off" in more("rules", "list").stdout
    assert "(news, high, off)" in more("rules", "show", "ban").stdout


def test_rules_about_prices_and_other_rules_show_their_condition_too(more: Tocsin) -> None:
    """All kinds are looked up with one command, also those that an override sends elsewhere."""
    with (more.folder / "rules" / "pack.yaml").open("a", encoding="utf-8") as pack:
        pack.write(
            "  - id: jump\n    title: A jump\n    severity: low\n"
            "    price: {instruments: [tin], when: change(1td) > 5%}\n"
            "  - id: both\n    title: Both\n    severity: high\n"
            "    all_of: [ban, jump]\n    by: [mineral]\n    within: 2d\n"
        )
    with (more.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("overrides: {jump: {to: mail}}\n")
    jump, both = more("rules", "show", "jump").stdout, more("rules", "show", "both").stdout
    assert "metals/jump  (price, low)" in jump
    assert "change(1td) > 5%" in jump
    assert "mail, by an override" in jump
    assert "metals/both  (correlation, high)" in both
    assert "ban and jump within 48 h by mineral" in both
