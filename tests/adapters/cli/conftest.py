"""The command line in this process: what it prints, and with which status it ends."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.config.loading import load_rules
from tocsin.errors import Fault
from tocsin.ingest.judging import judge
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.retry import Consequence
from tocsin.policy.notifying.route import Route
from tocsin.store import Store
from tocsin.store.values import JudgedBatch, PollFailure, PollRecord

PACK = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
lists: {mineral: {gallium: [gallium], cobalt: [cobalt]}}
rules:
  - id: ban
    title: "{mineral}: ban"
    severity: high
    news: {match: $mineral NEAR/8 (ban~ OR halt~)}
    key: [mineral]
    fires: [China bans gallium exports]
    quiet: [China exports gallium]
"""
CONFIG = """\
timezone: Europe/London
rules: [./rules]
sources:
  wire: {feed: "https://me:s3cret@example.org/feed"}
receivers:
  here: {console: true, operator: true}
"""


@dataclass
class Command:
    """A folder with a configuration, and the program on it."""

    folder: Path

    def __call__(self, *arguments: str, config: bool = True, stdin: str | None = None) -> Any:
        """Run `tocsin ARGUMENTS`; the result has exit_code, stdout and stderr."""
        extra = ("--config", str(self.folder / "config.yaml")) if config else ()
        return CliRunner().invoke(app, [*arguments, *extra], input=stdin, catch_exceptions=False)

    def store(self) -> Store:
        """The database of the configuration."""
        return Store.open(f"sqlite:///{self.folder}/tocsin.db")


@pytest.fixture
def tocsin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The program in an empty folder with a good configuration."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return Command(tmp_path)


@pytest.fixture
def history(tocsin: Command, empty: Path) -> Callable[..., None]:
    """Fill the database: one alert with two deliveries (one dead), a failing source; entries have the *summary* that is given."""

    def fill(summary: str = "") -> None:
        shutil.copy(empty, tocsin.folder)
        store = tocsin.store()
        rules = load_rules([tocsin.folder / "rules"]).rules
        now = datetime.now(UTC)
        policy = Policy(routes=(Route(to=("here", "desk")),), receivers=(_known("here"), _known("desk")))
        store.sync_sources([("wire", "https://example.org/feed", "feed"), ("bad", "https://bad.example/", "feed")], now)
        bad = None
        for title in ("Nothing happened", "\x1b[31mChina bans gallium exports"):
            leases = {one.name: one for one in store.claim_sources(now, timedelta(minutes=1), 10)}
            lease, bad = leases["wire"], bad or leases["bad"]
            entry = Entry(
                source="wire",
                id=title,
                keys=(EntryKey(kind=KeyKind.ID, value=f"{abs(hash(title)):032x}"[:32]),),
                title=title,
                first_seen=now,
                link="https://example.org/1",
                summary=summary,
            )
            batch = Batch(source="wire", entries=(entry,), cursor=Cursor(), changed=True)
            store.commit(
                lease,
                JudgedBatch(batch=batch, judged=judge(rules, [entry], now)),
                policy.decide,
                now,
                PollRecord(due_at=now),
            )
            now += timedelta(minutes=2)
        for delivery in store.claim_deliveries(now, timedelta(minutes=1)):
            message = Message(kind=MessageKind.TEXT, subject="subject", text="the text of the message")
            store.begin_attempt(delivery, message, now)
            good = delivery.receiver == "here"
            store.settle(
                delivery,
                AttemptResult(error_class=ErrorClass.OK if good else ErrorClass.GONE, code=None if good else 404),
                lambda _, good=good: Consequence(settlement=_settlement(now, good=good)),
                now,
            )
        now += timedelta(minutes=2)
        assert bad
        store.fail(
            bad,
            PollFailure(
                error="no such host",
                fault=Fault.NETWORK,
                record=PollRecord(due_at=now + timedelta(hours=1)),
                unhealthy=False,
                gone=False,
            ),
            policy.decide,
            now,
        )
        store.close()

    return fill


def _settlement(now: datetime, *, good: bool) -> Settlement:
    if good:
        return Settlement(state=DeliveryState.DELIVERED, due_at=now)
    return Settlement(state=DeliveryState.DEAD, due_at=now, reason=Reason(cause=Cause.OTHER, words="gone 404"))


def _known(name: str) -> ReceiverInfo:
    return ReceiverInfo(name=name, recipients=("",))


@pytest.fixture
def rewrite(tocsin: Command) -> Callable[..., None]:
    """Give an entry of the history another headline, or withdraw it."""

    def change(title: str | None, *, before: str = "\x1b[31mChina bans gallium exports") -> None:
        store = tocsin.store()
        rules = load_rules([tocsin.folder / "rules"]).rules
        now = datetime.now(UTC) + timedelta(minutes=10)
        (view,) = store.read.find_entries(before)
        rewritten = [rules.evaluate(replace(view.entry, title=title), now)] if title else []
        lease = next(one for one in store.claim_sources(now, timedelta(minutes=1), 10) if one.name == "wire")
        deleted = () if title else (view.entry.id,)
        batch = Batch(source="wire", entries=(), cursor=Cursor(), changed=True, deleted=deleted)
        policy = Policy(routes=(), receivers=(_known("here"),))
        store.commit(lease, JudgedBatch(batch=batch, rewritten=rewritten), policy.decide, now, PollRecord(due_at=now))
        store.close()

    return change
